"""The program on a terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import time
from typing import TYPE_CHECKING

from tests.support.program import PROGRAM, TIMEOUT, environment, shell_code

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType


class OnTerminal:
    """The program with a pseudo-terminal as its standard input, output and error, or as some of them."""

    def __init__(
        self,
        *args: str | Path,
        rows: int = 24,
        columns: int = 80,
        env: Mapping[str, str | None] | None = None,
        stdout: int | None = None,
    ) -> None:
        self._ours, theirs = os.openpty()
        self.resize(rows, columns)
        try:
            self.process = subprocess.Popen(
                [PROGRAM, *args],
                stdin=theirs,
                stdout=theirs if stdout is None else stdout,
                stderr=theirs,
                env=environment({"TERM": "xterm-256color", **(env or {})}),
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        self._seen = bytearray()

    def __enter__(self) -> OnTerminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(TIMEOUT)
        if self.process.stdout:
            self.process.stdout.close()
        os.close(self._ours)

    @property
    def seen(self) -> str:
        """What the terminal shows, with its control sequences."""
        return self._seen.decode(errors="replace")

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def resize(self, rows: int, columns: int) -> None:
        """Set the size."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def window_changed(self) -> None:
        """Tell the program and its children, which the kernel tells only where this is their controlling terminal."""
        os.killpg(self.process.pid, signal.SIGWINCH)

    def settings(self) -> list[object]:
        """Return how the terminal treats keys."""
        return termios.tcgetattr(self._ours)

    def wait_for(self, text: str, timeout: float = 30.0, times: int = 1) -> None:
        """Wait until this has been shown."""
        deadline = time.monotonic() + timeout
        while self.seen.count(text) < times:
            assert time.monotonic() < deadline, f"{text!r} did not come within {timeout} s, but {self.seen!r}"
            if not self._read(0.1):
                break
        assert text in self.seen, f"It ended without {text!r}: {self.seen!r}"

    def end(self, timeout: float = TIMEOUT) -> int:
        """Wait until it ends; return its exit code."""
        deadline = time.monotonic() + timeout
        while self._read(0.1):
            assert time.monotonic() < deadline, f"It did not end within {timeout} s; it showed {self.seen!r}"
        return shell_code(self.process.wait(TIMEOUT))

    def _read(self, timeout: float) -> bool:
        """Take what there is; false when the program has left the terminal."""
        if not select.select([self._ours], [], [], timeout)[0]:
            return True
        data = b""
        with contextlib.suppress(OSError):  # EIO: nobody has the other side open any more
            data = os.read(self._ours, 1 << 16)
        self._seen.extend(data)
        return bool(data)


def plain(shown: str) -> str:
    """Return text as it was printed: without the carriage returns that a terminal adds."""
    return shown.replace("\r\n", "\n")
