"""HTTP, both sides, in the little that the services need. ``http.server`` does the protocol."""

from __future__ import annotations

import http.client
import json
import re
import socketserver
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# A service that does not answer within this many seconds is down.
TIMEOUT = 2.0


class Response(NamedTuple):
    """An answer, as it was received or is to be sent."""

    status: int
    body: bytes
    content_type: str = "application/json"

    def json(self) -> Any:
        """Return the body, decoded; None when there is none or it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Request(NamedTuple):
    """What a handler is given.

    ``path`` is decoded and has no query; ``target`` is as it was sent. The names of headers are in lower case.
    """

    method: str
    target: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    peer: str = "127.0.0.1"

    def json(self) -> dict[str, Any]:
        """Return the body's map, or an empty one."""
        value = Response(0, self.body).json()
        return value if isinstance(value, dict) else {}


def reply(value: Any, status: int = 200) -> Response:
    """JSON, or an empty answer for None."""
    return Response(status, b"" if value is None else json.dumps(value).encode() + b"\n")


def text(value: str, status: int = 200, content_type: str = "text/plain; charset=utf-8") -> Response:
    """Text, such as a page."""
    return Response(status, value.encode(), content_type)


def error(status: int, message: str) -> Response:
    """Return an answer that says what is wrong."""
    return reply({"message": message}, status)


class App:
    """Handlers by method and pattern; the pattern's groups become the handler's arguments."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Response]]] = []

    def route(self, method: str, pattern: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
        """Register a handler. The method ``*`` is any; the pattern must match the whole path."""

        def register(handler: Callable[..., Response]) -> Callable[..., Response]:
            self._routes.append((method, re.compile(pattern), handler))
            return handler

        return register

    def answer(self, request: Request) -> Response:
        """Find the handler and call it."""
        known = False
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method in ("*", request.method):
                return handler(request, *match.groups())
            known = known or match is not None
        return error(405, "Method not allowed") if known else error(404, "Not found")

    def serve(self, port: int, address: str = "0.0.0.0") -> None:  # noqa: S104 - a service of the cluster
        """Answer for ever, each connection in a thread of its own."""
        _Server((address, port), _handler_class(self)).serve_forever()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        # HTTPServer's own would look up this host's full name, which can take seconds.
        socketserver.TCPServer.server_bind(self)


def _handler_class(app: App) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "dcos-docker-sample"
        sys_version = ""
        timeout = 30  # an idle connection is closed
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            request = Request(
                method="GET" if self.command == "HEAD" else self.command,
                target=self.path,
                path=unquote(urlsplit(self.path).path),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length),
                peer=self.client_address[0],
            )
            try:
                response = app.answer(request)
            except Exception as exception:
                log(f"{request.method} {request.target}: {exception!r}")
                response = error(500, "Internal error; see the unit's journal")
            self.send_response(response.status)
            if response.body:
                self.send_header("Content-Type", response.content_type)
            if response.status != 204:
                self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(response.body)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: object) -> None:
            """Log no requests: readiness is asked for many times a second."""

    return Handler


def call(
    host: str,
    port: int,
    target: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
) -> Response:
    """Send one request; ``OSError`` when there is no proper answer in time."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request(method, target, body, dict(headers or {}))
        answer = connection.getresponse()
        return Response(answer.status, answer.read(), answer.getheader("Content-Type") or "")
    except http.client.HTTPException as exception:
        raise OSError(str(exception)) from exception
    finally:
        connection.close()


def call_json(host: str, port: int, target: str, value: Any = None, *, method: str = "GET") -> Any:
    """Send JSON and return the JSON of the answer; None when nothing answers properly."""
    body = None if method in ("GET", "DELETE") else json.dumps(value).encode()
    try:
        return call(host, port, target, method=method, body=body).json()
    except OSError:
        return None


def log(message: str) -> None:
    """Write a line to the unit's journal."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
