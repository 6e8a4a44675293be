"""Progress on stderr: a spinner on a terminal, one plain line for each step elsewhere.

Nobody may be there to read it: the terminal is closed, the pipe's reader has gone. The work, and even more its undoing,
must go on then, so an error of writing is never one of the operation.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from dcos_docker_cli.progress import Progress, Silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from halo import Halo

TICK = 0.1


def no_colour() -> bool:
    """Whether the user wants none (no-color.org)."""
    return bool(os.environ.get("NO_COLOR"))


@contextmanager
def _without_errors() -> Iterator[None]:
    """Let what cannot be written go; when nobody reads any more all of it goes, or Python would fail at the end."""
    try:
        yield
    except BrokenPipeError:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    except (OSError, ValueError):
        pass


class Stderr:
    """The standard error stream, without its errors."""

    def write(self, text: str) -> int:
        """Write what can be written."""
        with _without_errors():
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush it."""
        with _without_errors():
            sys.stderr.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)


def say(text: str, *, colour: str | None = None) -> None:
    """Write a line to stderr; `colour` is for terminals, and not with NO_COLOR."""
    if colour and sys.stderr.isatty() and not no_colour():
        text = click.style(text, fg=colour)
    stream = Stderr()
    stream.write(f"{text}\n")
    stream.flush()


class Lines:
    """A line for each step, with the seconds since the start before it."""

    def __init__(self, *, verbosity: int) -> None:
        self._verbosity = verbosity
        self._start = time.monotonic()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Tell that a step begins."""
        say(f"[{time.monotonic() - self._start:6.1f}s] {title}")
        yield

    def note(self, text: str) -> None:
        """Tell it."""
        say(text)

    def detail(self, text: str) -> None:
        """Tell it to those who asked for it."""
        if self._verbosity:
            for line in text.splitlines():
                say(f"           {line}")

    def output(self, source: str, line: str) -> None:
        """Tell it to those who asked twice."""
        if self._verbosity > 1:
            say(f"           {source} | {line}")


class Spinner:
    """A spinner for each step, which ends as a line with the seconds that the step took."""

    def __init__(self) -> None:
        self._current: Halo | None = None

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Spin while the step runs."""
        from halo import Halo

        begin = time.monotonic()
        over = threading.Event()

        def label() -> str:
            return f"{title} ({time.monotonic() - begin:.1f} s)"

        def tick() -> None:
            while not over.wait(TICK):
                spinner.text = label()

        # Halo would write to the stdout that it saw at its import.
        colour = None if no_colour() else "cyan"
        self._current = spinner = Halo(text=label(), spinner="dots", color=colour, stream=Stderr()).start()
        ticker = threading.Thread(target=tick, daemon=True)
        ticker.start()
        succeeded = False
        try:
            yield
            succeeded = True
        finally:
            over.set()
            ticker.join()
            self._current = None
            # Halo's own symbols have colours, also when none is wanted.
            symbol, symbol_colour = ("✔", "green") if succeeded else ("✖", "red")
            spinner.stop_and_persist(symbol if no_colour() else click.style(symbol, fg=symbol_colour), label())

    def note(self, text: str) -> None:
        """Tell it on a line of its own, above the spinner."""
        spinner = self._current
        if spinner:
            spinner.stop()
        say(text)
        if spinner:
            spinner.start()

    def detail(self, text: str) -> None:
        """Not on a terminal: `--verbose` gets lines."""

    def output(self, source: str, line: str) -> None:
        """Not on a terminal: `--verbose` gets lines."""


def progress_for(*, quiet: bool, verbosity: int, spinner: bool) -> Progress:
    """Return what shows progress here; `verbosity` is 1 for details, 2 for what nodes print too."""
    if quiet:
        return Silent()
    if spinner and not verbosity and sys.stderr.isatty():
        return Spinner()
    return Lines(verbosity=verbosity)
