"""Names for the calls to an engine that are the same in each run: no ids in them, and execs by what they run."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from docker import APIClient

VERSION = re.compile(r"^/v1\.\d+")
NODE = re.compile(r"-(master|agent|public-agent)-\d+$")
KINDS = ("reservation", "bootstrap")
COMMANDS = {
    "is-system-running": "is it up",
    "docker version": "is its Docker up",
    "--genconf": "genconf",
    "--version": "which version",
    "--generate-node-upgrade-script": "genconf of the upgrade",
    "dcos_install.sh": "install",
    "dcos_node_upgrade.sh": "upgrade",
    "dcos-version.json": "which DC/OS",
    "/cache/whole": "keep the cache",
    "! -name genconf": "empty the cache",
    "systemctl list-units": "failed units",
    "dcos_generate_config.sh": "receive the installer",
    "tar": "receive files",
}
"""What is in a command, and what it is called; the first that fits."""


@dataclass(frozen=True)
class Call:
    """The `ordinal`-th call of this name, counted from 1."""

    name: str
    ordinal: int

    def __str__(self) -> str:
        return f"{self.name} #{self.ordinal}"


class Names:
    """Gives calls their names. Ids are learnt from what the engine answers."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def learn_all(self, client: APIClient) -> None:
        """Learn what is on an engine already."""
        for item in client.containers(all=True):
            self._known[item["Id"]] = _kind(item["Names"][0]) if item["Names"] else "container"
        for item in client.networks():
            self._known[item["Id"]] = "network"
        for item in client.volumes()["Volumes"] or ():
            self._known[item["Name"]] = "cache" if "-cache-" in item["Name"] else "volume"

    def call(self, method: str, target: str, body: bytes) -> Call:
        """Name a call, and count it."""
        url = urlsplit(target)
        path = VERSION.sub("", url.path)
        said = _json(body)
        words = [self._part(part) for part in path.split("/")]
        more = self._more(path, parse_qs(url.query), said)
        name = " ".join([method, "/".join(words), *([more] if more else [])])
        with self._lock:
            self._seen[name] += 1
            return Call(name, self._seen[name])

    def answered(self, target: str, body: bytes, answer: bytes) -> None:
        """Learn from the answer to a call what an id stands for."""
        path = VERSION.sub("", urlsplit(target).path)
        said, told = _json(body), _json(answer)
        if path == "/containers/create" and "Id" in told:
            self._known[told["Id"]] = _kind(parse_qs(urlsplit(target).query).get("name", [""])[0])
        elif path.endswith("/exec") and "Id" in told:
            where = self._known.get(path.split("/")[2], "container")
            self._known[told["Id"]] = f"{where}: {_command(said)}"
        elif path == "/networks/create" and "Id" in told:
            self._known[told["Id"]] = "network"
        elif path == "/volumes/create" and "Name" in told:
            self._known[told["Name"]] = "cache" if "-cache-" in told["Name"] else "volume"

    def _part(self, part: str) -> str:
        if part in self._known:
            return f"({self._known[part]})"
        if re.fullmatch(r"[0-9a-f]{64}", part):
            return "(volume)"
        if part.startswith("dcos-docker-cache-"):
            return "(cache)"
        return "node image" if part.startswith("node:") else part

    def _more(self, path: str, query: dict[str, list[str]], said: dict[str, Any]) -> str:
        if path == "/containers/create":
            return _kind(query.get("name", [""])[0])
        if path == "/volumes/create":
            return "cache" if "-cache-" in said.get("Name", "") else "volume"
        if path.endswith("/exec"):
            return _command(said)
        if "filters" in query:
            return _filters(json.loads(query["filters"][0]))
        return ""


def _json(text: bytes) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _kind(name: str) -> str:
    if NODE.search(name):
        return "node"
    return next((kind for kind in KINDS if name.endswith(f"-{kind}")), "container")


def _command(said: dict[str, Any]) -> str:
    words = " ".join(said.get("Cmd", ()))
    return next((name for text, name in COMMANDS.items() if text in words), words[:30].replace("\n", " "))


def _filters(filters: dict[str, Any]) -> str:
    """Tell the labels that are asked for, less the ids."""
    wanted = [text for values in filters.values() for text in (values if isinstance(values, list) else list(values))]
    told = [_label(text) for text in wanted if text != "dcos_docker.schema"]
    return " ".join([*(["of ours"] if "dcos_docker.schema" in wanted else []), *told])


def _label(text: str) -> str:
    if text.startswith("dcos-docker/"):
        return text.partition(":")[0]
    key, _, value = text.removeprefix("dcos_docker.").partition("=")
    return f"{key}={value}" if key == "kind" else key
