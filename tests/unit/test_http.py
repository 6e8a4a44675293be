"""HTTP by curl, as it is done on a master, here against a server of the test's own."""

from __future__ import annotations

import json
import ssl
import subprocess
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dcos_docker_cli.dcos.http import Answer, Request, fetch
from tests.support.servers import in_background

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dcos_docker_cli.transports.base import Feed, Write

TEXTS = {
    "/empty": "",
    "/lines": "one\ntwo\n\nfour",
    "/ends": "with a newline\n",
    "/unicode": '{"a": "ä € \U0001f600"}',
    "/like": "--- dcos-docker, sta\n--- nothing",
}


class Here:
    """A transport that runs the command on this machine, and remembers it."""

    def __init__(self) -> None:
        self.args: list[str] = []
        self.calls = 0

    def stream(
        self,
        args: Sequence[str],
        *,
        stdout: Write,
        stderr: Write,
        stdin: Feed | None = None,
        env: Mapping[str, str] | None = None,
        user: str = "root",
        tty: bool = False,
    ) -> int:
        assert (env, user, tty) == (None, "root", False)
        self.args += args
        self.calls += 1
        given_input = bytearray()
        if stdin:
            stdin(given_input.extend)
        # -q comes first of all: the developer's own ~/.curlrc must not matter. `noproxy` is for a developer's proxy.
        command = [args[0], "-q", "--noproxy", "*", *args[1:]]
        done = subprocess.run(command, input=bytes(given_input), capture_output=True, check=False, timeout=60)
        stdout(done.stdout)
        stderr(done.stderr)
        return done.returncode

    def popen(self, *_: object, **__: object) -> subprocess.Popen[bytes]:
        raise NotImplementedError


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length).decode()
            text = TEXTS.get(self.path)
            if text is None:
                seen = {
                    "method": self.command,
                    "path": self.path,
                    "body": body,
                    "type": self.headers.get("Content-Type"),
                    "authorization": self.headers.get("Authorization"),
                }
                text = json.dumps(seen)
            status = int(self.path.removeprefix("/status/")) if self.path.startswith("/status/") else 200
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - http.server's names

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    with in_background(server):
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving() as url:
        yield url


def test_statuses_of_several_requests_in_one_call(server: str) -> None:
    here = Here()
    statuses = [200, 201, 404, 500, 302, 503]
    answers = fetch(here, [Request(f"{server}/status/{status}") for status in statuses])
    assert [answer.status for answer in answers] == statuses
    assert [answer.ok for answer in answers] == [True, True, False, False, False, False]
    assert here.calls == 1


def test_texts_come_as_they_are(server: str) -> None:
    answers = fetch(Here(), [Request(server + path) for path in TEXTS])
    assert [answer.text for answer in answers] == [text.rstrip("\n") for text in TEXTS.values()]
    assert answers[list(TEXTS).index("/unicode")].json() == {"a": "ä € \U0001f600"}
    assert answers[0].json() is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
        st.text(st.sampled_from("\"'\\\n\r\t\v\x00@=;$`# ä😀a"), max_size=10),
        max_size=3,
    )
)
def test_any_body_arrives(server: str, body: dict[str, str]) -> None:
    (answer,) = fetch(Here(), [Request(f"{server}/echo", "POST", body)])
    seen = answer.json()
    assert seen["method"] == "POST"
    assert seen["type"] == "application/json"
    assert json.loads(seen["body"]) == body


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_methods(server: str, method: str) -> None:
    (answer,) = fetch(Here(), [Request(f"{server}/echo", method)])
    assert (answer.json()["method"], answer.json()["body"]) == (method, "")


def test_no_request_takes_over_what_is_of_another(server: str) -> None:
    requests = [
        Request(f"{server}/one", "PUT", {"secret": 1}),
        Request(f"{server}/two"),
        Request(f"{server}/three", "DELETE"),
    ]
    seen = [answer.json() for answer in fetch(Here(), requests, token="TOKEN")]
    assert [(item["method"], item["path"], item["body"]) for item in seen] == [
        ("PUT", "/one", '{"secret": 1}'), ("GET", "/two", ""), ("DELETE", "/three", ""),
    ]  # fmt: skip
    assert [item["authorization"] for item in seen] == ["token=TOKEN"] * 3


def test_neither_token_nor_body_is_on_the_command_line(server: str) -> None:
    here = Here()
    fetch(here, [Request(f"{server}/one", "POST", {"password": "deleteme"})], token="TOKEN")
    assert "TOKEN" not in " ".join(here.args)
    assert "deleteme" not in " ".join(here.args)
    (answer,) = fetch(here, [Request(f"{server}/one")])
    assert answer.json()["authorization"] is None


def test_where_nobody_answers(server: str) -> None:
    nobody = "http://127.0.0.1:1/"
    answers = fetch(Here(), [Request(nobody), Request(f"{server}/lines"), Request(nobody)])
    assert answers == [Answer(0, ""), Answer(200, TEXTS["/lines"]), Answer(0, "")]
    assert not answers[0].ok


def test_a_certificate_of_dc_os_own_is_taken(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", "/CN=somebody.else", "-days", "2", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving(context) as url:
        assert fetch(Here(), [Request(f"{url}/lines"), Request(f"{url}/status/404")])[0] == Answer(200, TEXTS["/lines"])


class Dead(Here):
    """A node on which curl cannot be run."""

    def stream(self, args: Sequence[str], *, stdout: Write, stderr: Write, **_: object) -> int:
        del args, stdout
        stderr(b"no curl")
        return 127


def test_without_curl_there_is_no_answer() -> None:
    assert fetch(Dead(), [Request("http://x/"), Request("http://y/")]) == [Answer(0, ""), Answer(0, "")]


@pytest.mark.parametrize("text", ["", "{", "not JSON"])
def test_what_is_no_json(text: str) -> None:
    assert Answer(200, text).json() is None
