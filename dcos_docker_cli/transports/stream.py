"""One connection on which the engine carries an exec's streams both ways."""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

STDERR = 2
CHUNK = 1 << 16


class StreamBrokenError(Exception):
    """The connection failed. Not an OSError: those are of whoever takes the output."""


class HijackedStream:
    """What is left of an HTTP response when the engine has upgraded its connection to a raw stream.

    Output can arrive in the same packet as the response's headers. It is then in the buffer of the reader that parsed
    those, so reading goes through that reader; reading from the bare socket, as docker-py does, would lose it.
    """

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        fp: Any = response.raw._fp
        self._reader = fp.fp  # the BufferedReader of http.client, for which requests has no name
        self._socket: socket.socket = self._reader.raw._sock
        self._socket.settimeout(None)

    def write(self, data: bytes) -> None:
        """Send standard input."""
        self._socket.sendall(data)

    def end_input(self) -> None:
        """Tell the command that its input has ended."""
        # Not SSLSocket's own method, which makes of the half-closed connection one that cannot be read.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_WR)

    def abort(self) -> None:
        """End all reading and writing, from any thread."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the connection up."""
        self._response.close()

    def raw(self) -> Iterator[bytes]:
        """Yield output as it comes, of an exec with a terminal."""
        while data := self._read(self._reader.read1, CHUNK):
            yield data

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Yield (1 for stdout or 2 for stderr, output) as it comes.

        Each frame has 8 bytes before it: the stream, three zeros, and the length in big-endian order
        (Docker's API, "Attach to a container", stream format).
        """
        while len(header := self._read(self._reader.read, 8)) == 8:
            stream, length = struct.unpack(">BxxxL", header)
            yield stream, self._read(self._reader.read, length)

    def _read(self, read: Callable[[int], bytes], count: int) -> bytes:
        try:
            return read(count)
        except OSError as error:
            raise StreamBrokenError(str(error)) from error
