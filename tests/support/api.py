"""Something that stands between the program and the engine and changes what that says. It passes on questions alone."""

from __future__ import annotations

import http.client
import socket
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.support.servers import in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOP_BY_HOP = ("connection", "transfer-encoding", "content-length")


@dataclass
class Answer:
    """What the engine answers."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@contextmanager
def changed(engine_socket: str, change: Callable[[str, Answer], Answer]) -> Iterator[str]:
    """Have an engine whose answers to GET are what `change` makes of a path and the answer; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = change(self.path, asked(engine_socket, self.path))
            self.send_response(answer.status)
            for key, value in answer.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with in_background(server):
        yield f"tcp://127.0.0.1:{server.server_port}"


def asked(engine_socket: str, path: str) -> Answer:
    """Ask the engine."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(engine_socket)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        headers = {key: value for key, value in response.getheaders() if key.lower() not in HOP_BY_HOP}
        return Answer(response.status, headers, response.read())
    finally:
        connection.close()
