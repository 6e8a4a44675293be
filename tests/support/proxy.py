"""Something that stands between the program and the engine: it sees every call, and can hold it, or cut all lines."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

REQUEST = re.compile(rb"(?:GET|POST|PUT|DELETE|HEAD) (\S+) HTTP/1\.1\r\n")
CHUNK = 1 << 16


def _connected(engine: str) -> socket.socket:
    """Connect to an engine, by its socket's path or by its `tcp://` URL."""
    if engine.startswith("tcp://"):
        host, _, port = engine.removeprefix("tcp://").rpartition(":")
        return socket.create_connection((host, int(port)), timeout=None)
    made = socket.socket(socket.AF_UNIX)
    made.connect(engine)
    return made


@dataclass
class Trigger:
    """Calls `action` once, before the `nth` chunk from the client that matches `pattern` goes on to the engine."""

    pattern: re.Pattern[bytes]
    action: Callable[[], None]
    nth: int = 1
    fired: threading.Event = field(default_factory=threading.Event)
    _seen: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, chunk: bytes) -> None:
        """Look at what the client sends."""
        with self._lock:
            if not self.pattern.search(chunk):
                return
            self._seen += 1
            if self._seen != self.nth:
                return
        self.fired.set()
        self.action()


class EngineProxy:
    """A Unix or TCP socket that leads to the engine's. It passes bytes on, so a connection can be upgraded."""

    def __init__(self, engine: str, *, tcp: bool = False) -> None:
        self._engine = engine
        self._tcp = tcp
        # pytest's own directories can have longer paths than a Unix socket's address takes.
        self._directory = Path(tempfile.mkdtemp(prefix="dcos-docker-proxy-"))
        self._triggers: list[Trigger] = []
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._closed = False
        self.requests: list[str] = []

    def __enter__(self) -> EngineProxy:
        if self._tcp:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.url = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        else:
            path = self._directory / "engine.sock"
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(path))
            self._listener.listen(64)
            self.url = f"unix://{path}"
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        for thread in self._threads:
            thread.join(10)
        shutil.rmtree(self._directory, ignore_errors=True)

    def when(self, pattern: str, action: Callable[[], None], *, nth: int = 1) -> Trigger:
        """Do something before the `nth` piece that the client sends and that matches reaches the engine."""
        trigger = Trigger(re.compile(pattern.encode(), re.DOTALL), action, nth)
        self._triggers.append(trigger)
        return trigger

    def cut(self) -> None:
        """Cut all lines: nobody answers here any more."""
        with self._lock:
            self._closed = True
            sockets = list(self._sockets)
        (self._directory / "engine.sock").unlink(missing_ok=True)
        for end in (self._listener, *sockets):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                engine = _connected(self._engine)
            except OSError:  # there is none at this moment
                client.close()
                continue
            with self._lock:
                if self._closed:
                    client.close()
                    engine.close()
                    return
                self._sockets |= {client, engine}
            left = threading.Barrier(2)
            self._start(lambda client=client, engine=engine, left=left: self._pump(client, engine, left, self._look))  # type: ignore[misc]
            self._start(lambda client=client, engine=engine, left=left: self._pump(engine, client, left, None))  # type: ignore[misc]

    def _look(self, chunk: bytes) -> None:
        if match := REQUEST.match(chunk):
            self.requests.append(f"{chunk.split(b' ', 1)[0].decode()} {match[1].decode()}")
        for trigger in self._triggers:
            trigger.look(chunk)

    def _pump(
        self,
        source: socket.socket,
        target: socket.socket,
        left: threading.Barrier,
        look: Callable[[bytes], None] | None,
    ) -> None:
        """Pass on until the end, and then the end itself; the last of a pair closes both."""
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                if look:
                    look(data)
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
        if left.wait() == 0:
            with self._lock:
                self._sockets -= {source, target}
            source.close()
            target.close()
