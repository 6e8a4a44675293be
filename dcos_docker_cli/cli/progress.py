"""Progress on stderr: a spinner on a terminal, one plain line for each step elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from dcos_docker_cli.progress import Progress, Silent

if TYPE_CHECKING:
    from collections.abc import Iterator

TICK = 0.1


class Lines:
    """A line for each step, with the seconds since the start before it."""

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose
        self._start = time.monotonic()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Tell that a step begins."""
        click.echo(f"[{time.monotonic() - self._start:6.1f}s] {title}", err=True)
        yield

    def note(self, text: str) -> None:
        """Tell it."""
        click.echo(text, err=True)

    def detail(self, text: str) -> None:
        """Tell it to those who asked for it."""
        if self._verbose:
            for line in text.splitlines():
                click.echo(f"           {line}", err=True)


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
        self._current = spinner = Halo(text=label(), spinner="dots", stream=sys.stderr).start()
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
            (spinner.succeed if succeeded else spinner.fail)(label())

    def note(self, text: str) -> None:
        """Tell it on a line of its own, above the spinner."""
        spinner = self._current
        if spinner:
            spinner.stop()
        click.echo(text, err=True)
        if spinner:
            spinner.start()

    def detail(self, text: str) -> None:
        """Not on a terminal: `--verbose` gets lines."""


def progress_for(*, quiet: bool, verbose: bool) -> Progress:
    """Return what shows progress here."""
    if quiet:
        return Silent()
    if verbose or not sys.stderr.isatty():
        return Lines(verbose=verbose)
    return Spinner()


if TYPE_CHECKING:
    from halo import Halo
