"""An engine that hangs: from a call on it takes whatever comes, and says nothing any more."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.support.proxy import REQUEST, EngineProxy

if TYPE_CHECKING:
    import re
    import socket
    from collections.abc import Callable
    from types import TracebackType


class HangingProxy(EngineProxy):
    """Leads to an engine, until the `nth` call that matches comes: from then on nothing passes, either way.

    Connections are taken all the same, as the kernel does it for a process that is stopped.
    """

    def __init__(self, engine: str, pattern: re.Pattern[str] | None = None, nth: int = 1, *, tcp: bool = False) -> None:
        super().__init__(engine, tcp=tcp)
        self._pattern = pattern
        self._left = nth
        self._counting = threading.Lock()
        self._going_on = threading.Event()
        self._going_on.set()
        self.has_hung = threading.Event()

    def __enter__(self) -> HangingProxy:
        super().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._closed = True
        self._going_on.set()
        super().__exit__(kind, error, trace)

    def hang(self) -> None:
        """Pass nothing on any more."""
        self._going_on.clear()
        self.has_hung.set()

    def go_on(self) -> None:
        """Pass all on that was held back, and whatever comes."""
        self._left = 0
        self._going_on.set()

    def _look(self, chunk: bytes) -> None:
        super()._look(chunk)
        call = REQUEST.match(chunk)
        if not call or self._pattern is None:
            return
        with self._counting:
            if self._pattern.search(chunk.split(b"\r\n", 1)[0].decode()):
                self._left -= 1
                if self._left == 0:
                    self.hang()

    def _pump(
        self,
        source: socket.socket,
        target: socket.socket,
        left: threading.Barrier,
        look: Callable[[bytes], None] | None,
    ) -> None:
        def held(chunk: bytes) -> None:
            if look:
                look(chunk)
            self._going_on.wait()
            if self._closed:
                raise OSError("closed")

        super()._pump(source, target, left, held)
