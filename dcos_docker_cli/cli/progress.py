"""Progress on stderr: a spinner on a terminal, one plain line for each step elsewhere."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from dcos_docker_cli.cli.saying import Stderr, no_colour, safe, say
from dcos_docker_cli.progress import Amount, Progress, Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from halo import Halo

TICK = 0.1
BRIEF = 1.0
"""Seconds: a transfer that takes no longer leaves nothing on a terminal."""
ROOM_FOR_AMOUNT = 48
"""Columns that the longest amount, with its rate and seconds, needs beside a title."""
ROOM_FOR_SPINNER = 4
"""Columns of the spinner itself, and of what keeps a terminal from beginning a new line."""
UNITS = ("kB", "MB", "GB", "TB")


def size_text(count: float) -> str:
    """Return a number of bytes as people read it, in powers of 1000 as docker writes it."""
    if count < 1000:
        return f"{count:.0f} B"
    power = 1
    while count >= 999.95 * 1000**power and power < len(UNITS):  # what is a bit below would be written 1000.0
        power += 1
    return f"{count / 1000**power:.1f} {UNITS[power - 1]}"


def amount_text(amount: Amount, seconds: float) -> str:
    """Return what has been moved so far, and how fast."""
    done, total = amount.done, amount.total
    rate = f"{size_text(done / seconds)}/s" if seconds > 0 else ""
    if total is None:
        return f"{size_text(done)}, {rate}"
    # With what an archive adds to its files it can be a bit more.
    return f"{size_text(min(done, total))} of {size_text(total)}, {rate}"


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

    @contextmanager
    def transfer(self, title: str, parts: int = 1) -> Iterator[Amount]:
        """Tell that it begins, and to those who asked for details how much it was."""
        begin, amount = time.monotonic(), Amount(parts)
        with self.step(title):
            yield amount
        self.detail(amount_text(amount, time.monotonic() - begin))

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
        self._within = ""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Spin while the step runs."""
        self._within = ""

        def label(seconds: float) -> str:
            within = f": {self._within}" if self._within else ""
            return _shortened(f"{title} ({seconds:.1f} s){within}", room=ROOM_FOR_SPINNER)

        with self._spinning(label, persistent=lambda seconds: f"{title} ({seconds:.1f} s)"):
            yield

    @contextmanager
    def transfer(self, title: str, parts: int = 1) -> Iterator[Amount]:
        """Show how much has been moved; when it was brief, nothing of it stays."""
        amount = Amount(parts)

        def label(seconds: float) -> str:
            what = (
                f"{_shortened(title, room=ROOM_FOR_AMOUNT)}: {amount_text(amount, seconds)}" if amount.done else title
            )
            return f"{what} ({seconds:.1f} s)"

        with self._spinning(label, brief=BRIEF):
            yield amount

    @contextmanager
    def _spinning(
        self, label: Callable[[float], str], *, persistent: Callable[[float], str] | None = None, brief: float = 0.0
    ) -> Iterator[None]:
        """Spin with a label, which is told the seconds so far.

        It, or `persistent`, stays unless all went well in a `brief` time.
        """
        from halo import Halo

        begin = time.monotonic()
        over = threading.Event()

        def text() -> str:
            return safe(label(time.monotonic() - begin))

        def tick() -> None:
            while not over.wait(TICK):
                spinner.text = text()

        # Halo would write to the stdout that it saw at its import.
        colour = None if no_colour() else "cyan"
        self._current = spinner = Halo(text=text(), spinner="dots", color=colour, stream=Stderr()).start()
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
            if succeeded and time.monotonic() - begin < brief:
                spinner.stop()
            else:
                # Halo's own symbols have colours, also when none is wanted.
                symbol, symbol_colour = ("✔", "green") if succeeded else ("✖", "red")
                spinner.stop_and_persist(
                    symbol if no_colour() else click.style(symbol, fg=symbol_colour),
                    safe((persistent or label)(time.monotonic() - begin)),
                )

    def note(self, text: str) -> None:
        """Tell it on a line of its own, above the spinner."""
        spinner = self._current
        if spinner:
            spinner.stop()
        say(text)
        if spinner:
            spinner.start()

    def detail(self, text: str) -> None:
        """Show beside the step what happens in it, or is waited for, as far as there is room."""
        self._within = (text.strip().splitlines() or [""])[-1]

    def output(self, source: str, line: str) -> None:
        """Not on a terminal: `--verbose` gets lines."""


def _shortened(text: str, *, room: int) -> str:
    """Return a text that leaves room for so many columns beside it; Halo would cut off the end of a longer line."""
    columns = 80
    with suppress(OSError, ValueError):
        columns = os.get_terminal_size(sys.stderr.fileno()).columns or columns
    longest = max(columns - room, 20)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def progress_for(*, quiet: bool, verbosity: int, spinner: bool) -> Progress:
    """Return what shows progress here; `verbosity` is 1 for details, 2 for what nodes print too."""
    if quiet:
        return Silent()
    if spinner and not verbosity and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return Spinner()
    return Lines(verbosity=verbosity)
