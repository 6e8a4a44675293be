"""A way to the engine on which one call fails in a chosen way.

It reads each request and each answer, also on connections that are used again, so that it knows which call a byte
belongs to; what follows an upgrade it passes on as it comes.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.faults.wire import Peer

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tests.faults.calls import Call, Names
    from tests.faults.wire import Head

DELAY_SECONDS = 2.0
REFUSAL = b'{"message":"fault of a test"}'
REFUSED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(REFUSAL),
    REFUSAL,
)


class Fault(Enum):
    """What happens to a call."""

    REFUSED = "refused"
    """The answer is 500, and the engine has not seen the call."""
    CUT = "cut"
    """The connection ends before the engine has seen the call."""
    LOST = "answer lost"
    """The engine has done it, and the connection ends before its answer comes."""
    RESET = "reset"
    """The connection is reset in the middle of the answer."""
    STREAM = "stream cut"
    """The streams of a command end in the middle of what it says first."""
    DELAYED = "delayed"
    """It takes some seconds longer."""
    GONE = "engine gone"
    """From this call on nobody answers, and streams that are open end."""


class _CutError(Exception):
    """This connection ends here."""


@dataclass
class FaultProxy:
    """A TCP port that leads to the engine's. `fault` befalls the calls `at`, or `action` comes before them."""

    engine: tuple[str, int] | str
    """A host and a port, or the path of a Unix socket."""
    names: Names
    at: frozenset[Call] = frozenset()
    fault: Fault | None = None
    action: Callable[[], None] | None = None
    calls: list[Call] = field(default_factory=list)
    failed: int = 0
    """Calls that had a fault."""
    fired: threading.Event = field(default_factory=threading.Event)
    passed_on: threading.Event = field(default_factory=threading.Event)
    """Set when the engine has begun to answer one of the calls `at`."""
    _gone: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: set[socket.socket] = field(default_factory=set)
    _resets: set[socket.socket] = field(default_factory=set)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> FaultProxy:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gone.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._cut_all()
        for thread in self._threads:
            thread.join(10)

    def _start(self, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(lambda client=client: self._serve(client))  # type: ignore[misc]

    def _serve(self, client: socket.socket) -> None:
        """Serve one connection, of which there is one to the engine."""
        if self._gone.is_set():
            self._count()
            client.close()
            return
        engine = _connected(self.engine)
        with self._lock:
            self._open |= {client, engine}
        try:
            one, other = Peer(client), Peer(engine)
            while head := one.head():
                self._one_call(one, other, head)
        except (_CutError, OSError):
            pass
        finally:
            with self._lock:
                self._open -= {client, engine}
                for end in (client, engine):
                    if end not in self._resets:
                        _shut(end, socket.SHUT_RDWR)
                    end.close()

    def _one_call(self, client: Peer, engine: Peer, head: Head) -> None:
        method, target = head.words[:2]
        body = b"".join(client.body(head, of_answer=False))
        if self._gone.is_set():
            self._count()
            raise _CutError
        call = self.names.call(method, target, body)
        with self._lock:
            self.calls.append(call)
        fault = self._fault_of(call)
        if fault is Fault.REFUSED:
            client.socket.sendall(REFUSED)
            return
        engine.socket.sendall(head.raw + body)
        answer = engine.head()
        if call in self.at:
            self.passed_on.set()
        if answer is None:
            raise _CutError
        if answer.words[1] == "101":
            self._streams(client, engine, answer, fault)
            raise _CutError
        self._answer(client, engine, answer, fault, lambda told: self.names.answered(target, body, told), method)

    def _fault_of(self, call: Call) -> Fault | None:
        """Do what comes before a call is passed on; return what is to happen after that."""
        if call not in self.at:
            return None
        self.fired.set()
        if self.action:
            self.action()
        if self.fault:
            self._count()
        if self.fault is Fault.DELAYED:
            time.sleep(DELAY_SECONDS)
        elif self.fault is Fault.GONE:
            self._gone.set()
            self._cut_all()
            raise _CutError
        elif self.fault is Fault.CUT:
            raise _CutError
        return self.fault

    def _answer(
        self, client: Peer, engine: Peer, head: Head, fault: Fault | None, learn: Callable[[bytes], None], method: str
    ) -> None:
        """Pass an answer on, piece by piece where it is a stream."""
        pieces = engine.body(head, of_answer=True, method=method)
        if fault in (Fault.LOST, Fault.RESET) or head.value("content-length"):
            whole = b"".join(pieces)
            learn(whole)
            if fault is Fault.LOST:
                raise _CutError
            if fault is Fault.RESET:
                message = head.raw + whole
                client.socket.sendall(message[: len(message) - max(len(whole), len(message)) // 2])
                self._reset(client.socket)
                raise _CutError
            client.socket.sendall(head.raw + whole)
            return
        client.socket.sendall(head.raw)
        for piece in pieces:
            client.socket.sendall(piece)

    def _streams(self, client: Peer, engine: Peer, head: Head, fault: Fault | None) -> None:
        """Pass streams on, both ways, until both have ended."""
        if fault is Fault.LOST:
            raise _CutError
        client.socket.sendall(head.raw)
        if fault in (Fault.RESET, Fault.STREAM):
            self._cut_streams(client, engine, fault)
        way = self._start(lambda: _pump(client, engine))
        _pump(engine, client)
        way.join(60)

    def _cut_streams(self, client: Peer, engine: Peer, fault: Fault) -> None:
        """Let half of what comes first get through, and no more, be it of the input or of the output."""
        cut = threading.Event()

        def pass_half(source: Peer, target: Peer) -> None:
            with contextlib.suppress(OSError):
                piece = source.some()
                if not cut.is_set():
                    target.socket.sendall(piece[: len(piece) // 2])
            cut.set()

        ways = [self._start(lambda: pass_half(client, engine)), self._start(lambda: pass_half(engine, client))]
        cut.wait()
        if fault is Fault.RESET:
            self._reset(client.socket)
        else:
            _shut(client.socket, socket.SHUT_RDWR)
        _shut(engine.socket, socket.SHUT_RDWR)
        for way in ways:
            way.join(10)
        raise _CutError

    def _reset(self, connection: socket.socket) -> None:
        """Have the connection end with a reset when it is closed. Who still reads from it is woken up."""
        with self._lock:
            self._resets.add(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        _shut(connection, socket.SHUT_RD)

    def _count(self) -> None:
        with self._lock:
            self.failed += 1

    def _cut_all(self) -> None:
        with self._lock:
            for end in self._open:
                _shut(end, socket.SHUT_RDWR)


def _pump(source: Peer, target: Peer) -> None:
    """Pass on until the end, and then the end itself."""
    with contextlib.suppress(OSError):
        for data in source.rest():
            target.socket.sendall(data)
    _shut(target.socket, socket.SHUT_WR)


def _shut(connection: socket.socket, how: int) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(how)


def _connected(to: tuple[str, int] | str) -> socket.socket:
    if isinstance(to, str):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(to)
        return connection
    connection = socket.create_connection(to)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def address(url: str) -> tuple[str, int] | str:
    """Return where the engine of a URL as in `tcp://host:port` or `unix:///path` is."""
    parts = urlsplit(url)
    return parts.path if parts.scheme == "unix" else (str(parts.hostname), int(parts.port or 0))
