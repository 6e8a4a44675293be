"""How the core tells what it is doing; who shows it, and how, is not its business."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Progress(Protocol):
    """Receives what an operation does."""

    def step(self, title: str) -> AbstractContextManager[None]:
        """Enclose a step that takes a while; the title says what is being done, as in "Starting 4 nodes"."""

    def note(self, text: str) -> None:
        """Tell something that the user should know and need not act on."""

    def detail(self, text: str) -> None:
        """Tell what only somebody who looks for a fault wants to read."""


class Silent:
    """A `Progress` that shows nothing."""

    def step(self, title: str) -> AbstractContextManager[None]:
        """Show nothing."""
        return nullcontext()

    def note(self, text: str) -> None:
        """Show nothing."""

    def detail(self, text: str) -> None:
        """Show nothing."""
