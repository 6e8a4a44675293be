"""HTTP to DC/OS from its own master, with that node's curl: so it also works where nodes cannot be reached directly."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.transports.base import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dcos_docker_cli.transports.base import NodeTransport

END_OF_ANSWER = "--- dcos-docker, status "


@dataclass(frozen=True)
class Request:
    """A request. `body` is sent as JSON."""

    url: str
    method: str = "GET"
    body: object = None


@dataclass(frozen=True)
class Answer:
    """An answer; status 0 when there was none."""

    status: int
    text: str

    @property
    def ok(self) -> bool:
        """Whether the request succeeded."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the body; None when it is not JSON."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None


def fetch(node: NodeTransport, requests: Sequence[Request], token: str = "") -> list[Answer]:
    """Make requests one after the other, in one call; return their answers.

    Everything is handed over on standard input, so that neither token nor password is in the list of processes. A
    certificate is not checked: that it is DC/OS' own is not in question on its own master.
    """
    options = "\nnext\n".join(_curl_options(request, token) for request in requests)
    output = run(node, ["curl", "--config", "-"], stdin=options.encode()).stdout.decode(errors="replace")
    parts = output.split(END_OF_ANSWER)
    answers = []
    for number, _ in enumerate(requests):
        if number + 1 >= len(parts):
            answers.append(Answer(0, ""))
            continue
        text = parts[number].split("\n", 1)[1] if number else parts[number]
        answers.append(Answer(int(parts[number + 1].split("\n", 1)[0]), text.rstrip("\n")))
    return answers


def _curl_options(request: Request, token: str) -> str:
    options = {"url": request.url, "request": request.method, "max-time": "10"}
    if token:
        options["header"] = f"Authorization: token={token}"
    lines = [f"{name} = {json.dumps(value)}" for name, value in options.items()]
    if request.body is not None:
        lines += [f"data = {json.dumps(json.dumps(request.body))}", 'header = "Content-Type: application/json"']
    return "\n".join([*lines, "silent", "insecure", f'write-out = "\\n{END_OF_ANSWER}%{{http_code}}\\n"'])
