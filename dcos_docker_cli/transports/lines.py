"""Output as lines, each as soon as it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 1 << 16
"""Bytes after which what has no end yet is passed on as a line, so that nothing grows without bound."""


class Lines:
    """Takes output in pieces, and passes it on in lines, each without its end."""

    def __init__(self, on_line: Callable[[bytes], object]) -> None:
        self._on_line = on_line
        self._rest = bytearray()

    def write(self, data: bytes) -> None:
        """Take a piece."""
        self._rest += data
        *whole, rest = self._rest.split(b"\n")
        for line in whole:
            self._on_line(bytes(line))
        self._rest = bytearray(rest)
        if len(self._rest) > LONGEST:
            self.end()

    def end(self) -> None:
        """Pass on what has no end."""
        if self._rest:
            self._on_line(bytes(self._rest))
            self._rest = bytearray()
