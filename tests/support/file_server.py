"""An HTTP server of one file, which can be as bad as servers and networks are."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.support.servers import in_background

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1 << 16


@dataclass
class FileServer:
    """What is served, and how. Whatever is changed counts from the next request on."""

    content: bytes
    port: int = 0
    etag: str = '"one"'
    modified: str = ""
    tells_length: bool = True
    claims_length: int | None = None
    knows_ranges: bool = True
    knows_if_range: bool = True
    tells_version_of_parts: bool = True
    statuses: list[int] = field(default_factory=list)
    """Answers of the next requests, before the file is given."""
    cuts: list[int] = field(default_factory=list)
    """After how many bytes the next requests' connections break."""
    hold_after: int | None = None
    """After how many bytes it says nothing any more, until `go_on` is set."""
    is_silent: bool = False
    """Whether it does not even answer, until `go_on` is set."""
    pause: float = 0.0
    """Seconds after each chunk."""
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    """Path, Range and If-Range of each request."""
    go_on: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ranges(self) -> list[str]:
        return [found for _, found, _ in self.requests]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Any

    def do_GET(self) -> None:
        served: FileServer = self.server.served
        wanted, condition = self.headers.get("Range", ""), self.headers.get("If-Range", "")
        served.requests.append((self.path, wanted, condition))
        if served.is_silent:
            served.go_on.wait(60)
        if served.statuses:
            self._refuse(served.statuses.pop(0))
            return
        begin = int(re.sub(r"\D", "", wanted)) if wanted and served.knows_ranges else 0
        if condition not in ("", served.etag, served.modified) and served.knows_if_range:
            begin = 0
        if begin >= len(served.content) > 0:
            self._refuse(416)
            return
        self._head(served, begin)
        with contextlib.suppress(OSError):
            self._send(served, served.content[begin:])

    def _head(self, served: FileServer, begin: int) -> None:
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(served.content) - 1}/{len(served.content)}")
        if not begin or served.tells_version_of_parts:
            for name, value in (("ETag", served.etag), ("Last-Modified", served.modified)):
                if value:
                    self.send_header(name, value)
        if served.tells_length:
            self.send_header("Content-Length", str(served.claims_length or len(served.content) - begin))
        self.end_headers()

    def _send(self, served: FileServer, rest: bytes) -> None:
        cut = served.cuts.pop(0) if served.cuts else None
        sent = 0
        for at in range(0, len(rest), CHUNK):
            chunk = rest[at : at + CHUNK]
            end = min((limit for limit in (cut, served.hold_after) if limit is not None), default=len(rest)) - sent
            self.wfile.write(chunk[: max(end, 0)])
            sent += len(chunk)
            if cut is not None and sent >= cut:
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if served.hold_after is not None and sent >= served.hold_after:
                self.wfile.flush()
                served.go_on.wait(60)
                return
            if served.pause:
                served.go_on.wait(served.pause)

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"no\n")

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(content: bytes) -> Iterator[FileServer]:
    """Have a server within the block."""
    served = FileServer(content)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    vars(server)["served"] = served
    served.port = server.server_port
    with in_background(server):
        try:
            yield served
        finally:
            served.go_on.set()
