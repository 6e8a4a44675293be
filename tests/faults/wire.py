"""HTTP/1.1 as it goes over a connection to the engine: heads, bodies in all their forms, and streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

END_OF_HEAD = b"\r\n\r\n"
CHUNK = 1 << 16


@dataclass(frozen=True)
class Head:
    """The first lines of a request or an answer."""

    raw: bytes

    @property
    def words(self) -> list[str]:
        """The first line's words: of a request its method and its target, of an answer its status as the second."""
        return self.raw.split(b"\r\n", 1)[0].decode("latin-1").split(" ")

    def value(self, name: str) -> str:
        """Return a header's value in small letters; empty when it is not there."""
        for line in self.raw.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name:
                return value.strip().lower()
        return ""


class Peer:
    """One end of a connection, read through a buffer, so that nothing that comes early is lost."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._buffer = b""

    def head(self) -> Head | None:
        """Return the next head; None when the connection has ended."""
        while END_OF_HEAD not in self._buffer:
            if not self._more():
                return None
        head, _, self._buffer = self._buffer.partition(END_OF_HEAD)
        return Head(head + END_OF_HEAD)

    def body(self, head: Head, *, of_answer: bool, method: str = "") -> Iterator[bytes]:
        """Yield a body as it is on the wire, in pieces as they come."""
        if of_answer and (method == "HEAD" or head.words[1] in ("204", "304")):
            return
        if head.value("transfer-encoding") == "chunked":
            yield from self._chunked()
        elif length := head.value("content-length"):
            yield from self._exactly(int(length))
        elif of_answer:
            yield from self.rest()

    def rest(self) -> Iterator[bytes]:
        """Yield all until the end of the connection, as it comes."""
        while data := self.some():
            yield data

    def some(self) -> bytes:
        """Return what is there, at least a byte, or nothing at the end."""
        if not self._buffer and not self._more():
            return b""
        data, self._buffer = self._buffer, b""
        return data

    def _chunked(self) -> Iterator[bytes]:
        while True:
            line = self._line()
            size = int(line.split(b";")[0], 16)
            yield line + b"".join(self._exactly(size)) + self._line()
            if not size:
                return

    def _line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            if not self._more():
                raise ConnectionResetError
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line + b"\r\n"

    def _exactly(self, count: int) -> Iterator[bytes]:
        while count:
            if not self._buffer and not self._more():
                raise ConnectionResetError
            piece, self._buffer = self._buffer[:count], self._buffer[count:]
            count -= len(piece)
            yield piece

    def _more(self) -> bool:
        data = self.socket.recv(CHUNK)
        self._buffer += data
        return bool(data)
