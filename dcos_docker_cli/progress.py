"""How the core tells what it is doing; who shows it, and how, is not its business."""

from __future__ import annotations

import logging
import sys
import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

logger = logging.getLogger("dcos_docker_cli")


class Amount:
    """Bytes that have been moved, and of how many, once each of the parts has told its size. Any thread may tell."""

    def __init__(self, parts: int = 1) -> None:
        self.done = 0
        self._parts = parts
        self._expected: list[int] = []
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        """Tell of bytes that have been moved."""
        with self._lock:
            self.done += count

    def expect(self, count: int) -> None:
        """Tell the size of a part; one whose size is not known tells nothing."""
        with self._lock:
            self._expected.append(count)

    @property
    def total(self) -> int | None:
        """How many it will be; None while that is not known."""
        with self._lock:
            return sum(self._expected) if len(self._expected) == self._parts else None


class Progress(Protocol):
    """Receives what an operation does."""

    def step(self, title: str) -> AbstractContextManager[None]:
        """Enclose a step that takes a while; the title says what is being done, as in "Starting 4 nodes"."""

    def transfer(self, title: str, parts: int = 1) -> AbstractContextManager[Amount]:
        """Enclose a step that moves bytes, and is told how many; one that is soon over need not be shown."""

    def note(self, text: str) -> None:
        """Tell something that the user should know and need not act on."""

    def detail(self, text: str) -> None:
        """Tell what only somebody who looks for a fault wants to read."""

    def output(self, source: str, line: str) -> None:
        """Tell a line that a program on a node has printed, as it comes; `source` is the node's name."""


class Silent:
    """A `Progress` that shows nothing."""

    def step(self, title: str) -> AbstractContextManager[None]:
        """Show nothing."""
        return nullcontext()

    def transfer(self, title: str, parts: int = 1) -> AbstractContextManager[Amount]:
        """Show nothing."""
        return nullcontext(Amount(parts))

    def note(self, text: str) -> None:
        """Show nothing."""

    def detail(self, text: str) -> None:
        """Show nothing."""

    def output(self, source: str, line: str) -> None:
        """Show nothing."""


class Logged:
    """A `Progress` for programs: steps are logged at info level, details at debug level."""

    def step(self, title: str) -> AbstractContextManager[None]:
        """Log what is being done."""
        logger.info("%s", title)
        return nullcontext()

    def transfer(self, title: str, parts: int = 1) -> AbstractContextManager[Amount]:
        """Log what is being moved."""
        logger.info("%s", title)
        return nullcontext(Amount(parts))

    def note(self, text: str) -> None:
        """Log what the user should know."""
        logger.info("%s", text)

    def detail(self, text: str) -> None:
        """Log each line."""
        for line in text.splitlines():
            logger.debug("%s", line)

    def output(self, source: str, line: str) -> None:
        """Log it."""
        logger.debug("%s: %s", source, line)


class LoggedSteps(Logged):
    """A `Progress` that logs steps alone."""

    def detail(self, text: str) -> None:
        """Tell nothing."""

    def output(self, source: str, line: str) -> None:
        """Tell nothing."""


class Printed(Logged):
    """A `Progress` that also prints the details, where this program prints."""

    def detail(self, text: str) -> None:
        """Print it."""
        sys.stdout.write(text.rstrip("\n") + "\n")
        sys.stdout.flush()

    def output(self, source: str, line: str) -> None:
        """Print it."""
        self.detail(f"{source}: {line}")
