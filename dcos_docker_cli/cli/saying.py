"""Lines on stderr.

Nobody may be there to read them: the terminal is closed, the pipe's reader has gone. The work, and even more its
undoing, must go on then, so an error of writing is never one of the operation.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from dcos_docker_cli.exceptions import without_passwords

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""All but tabs and the ends of lines."""


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


def safe(text: str) -> str:
    """Return a text less what a terminal would obey, and less the logins of URLs."""
    return without_passwords(CONTROL.sub(lambda found: repr(found[0])[1:-1], text))


def say(text: str, *, colour: str | None = None) -> None:
    """Write a line to stderr; `colour` is for terminals, and not with NO_COLOR.

    What a node, an engine or an archive has said can be in it: that tells the terminal nothing.
    """
    text = safe(text)
    if colour and sys.stderr.isatty() and not no_colour():
        text = click.style(text, fg=colour)
    stream = Stderr()
    stream.write(f"{text}\n")
    stream.flush()
