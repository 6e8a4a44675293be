"""One connection on which the engine carries an exec's streams both ways."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

STDERR = 2
CHUNK = 1 << 16
SILENCE = 30.0
"""Seconds without output after which the engine is asked whether it is still there."""


class StreamBrokenError(Exception):
    """The connection failed. Not an OSError: those are of whoever takes the output."""


class HijackedStream:
    """What is left of an HTTP response when the engine has upgraded its connection to a raw stream.

    Output can arrive in the same packet as the response's headers. It is then in the buffer of the reader that parsed
    those, so it is taken from there; reading from the bare socket alone, as docker-py does, would lose it.

    While nothing comes, `on_silence` is called from time to time, and can raise: a command may be silent for hours, but
    an engine that is asked something may not.
    """

    def __init__(self, response: requests.Response, on_silence: Callable[[], object], silence: float = SILENCE) -> None:
        self._response = response
        self._on_silence = on_silence
        self._silence = silence
        fp: Any = response.raw._fp
        reader = fp.fp  # the BufferedReader of http.client, for which requests has no name
        self._socket: socket.socket = reader.raw._sock
        self._rest = bytearray(_buffered(reader, self._socket))
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
        while data := self._take(len(self._rest)) or self._receive():
            yield data

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Yield (1 for stdout or 2 for stderr, output) as it comes.

        Each frame has 8 bytes before it: the stream, three zeros, and the length in big-endian order
        (Docker's API, "Attach to a container", stream format).
        """
        while header := self._exactly(8):
            stream, length = struct.unpack(">BxxxL", header)
            yield stream, self._exactly(length, is_begun=True)

    def _exactly(self, count: int, *, is_begun: bool = False) -> bytes:
        """Return so many bytes, or none at the end; an end in the midst of a frame is a failure of the connection."""
        while len(self._rest) < count and (data := self._receive()):
            self._rest += data
        if len(self._rest) < count and (self._rest or is_begun):
            raise StreamBrokenError("The output ended in the midst of what was being told.")
        return self._take(count)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._rest[:count])
        del self._rest[:count]
        return taken

    def _receive(self) -> bytes:
        """Return what comes next; nothing at the end."""
        try:
            while not self._is_readable():
                self._on_silence()
            return self._socket.recv(CHUNK)
        except OSError as error:
            raise StreamBrokenError(str(error)) from error

    def _is_readable(self) -> bool:
        """Wait until there is something, for a while."""
        pending = getattr(self._socket, "pending", None)  # of TLS: what has come and is not yet taken
        if pending and pending():
            return True
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(self._silence * 1000))


def _buffered(reader: Any, connection: socket.socket) -> bytes:
    """Return what a reader has in its buffer, and what has come meanwhile, without waiting."""
    connection.settimeout(0)
    try:
        return bytes(reader.read(len(reader.peek(1))))
    except OSError:  # TLS has nothing yet, or the connection has failed, which the next reading tells
        return b""
