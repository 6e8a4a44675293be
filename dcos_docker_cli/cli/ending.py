"""How the program begins and ends: every failure is said on stderr and has its exit code."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import click

from dcos_docker_cli import __version__
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.progress import say
from dcos_docker_cli.exceptions import Cancelled, DcosDockerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

OWN_BUG = 3
INTERRUPTED = 128 + signal.SIGINT
FROM_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Terminated(BaseException):
    """The process was told to end by a signal."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


class ReaderGone(BaseException):
    """Nobody reads our output any more. Not an OSError, for click takes a broken pipe for a failure."""


@contextmanager
def ending() -> Iterator[None]:
    """Turn what leaves the block into words and an exit code."""
    for number in FROM_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup's choice stands
            signal.signal(number, _terminate)
    try:
        yield
    except click.ClickException as error:
        error.show()
        _show_example(error)
        sys.exit(error.exit_code)
    except DcosDockerError as error:
        show(error)
        sys.exit(error.exit_code)
    except Terminated as signalled:
        sys.exit(signalled.exit_code)
    except (KeyboardInterrupt, click.Abort, Cancelled):
        sys.exit(INTERRUPTED)
    except (ReaderGone, BrokenPipeError):
        _end_unread()
    except Exception:
        _own_bug()
    finally:
        for number in FROM_SIGNALS:
            if signal.getsignal(number) is _terminate:
                signal.signal(number, signal.SIG_DFL)


def open_closed_streams() -> None:
    """Give the standard streams that we were started without (`<&-`) somewhere to go."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free: this one
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def show(error: DcosDockerError) -> None:
    """Say what failed, why, and what to do next."""
    say(f"Error: {error.message}", colour="red")
    for line in error.details:
        say(f"  {line}")
    if error.hint:
        say(f"Next: {error.hint}")


def _show_example(error: click.ClickException) -> None:
    """Show how the command is written, where it is known which one was meant."""
    meant = error.ctx.command if isinstance(error, click.UsageError) and error.ctx else None
    if isinstance(meant, Command) and meant.example():
        say(f"Example: {meant.example()}")


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated(number)


def _end_unread() -> NoReturn:
    """End as programs do whose output nobody reads any more, without a second error while Python flushes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(128 + signal.SIGPIPE)


def _own_bug() -> NoReturn:
    with tempfile.NamedTemporaryFile("w", prefix="dcos-docker-error-", suffix=".txt", delete=False) as file:
        file.write(f"dcos-docker {__version__}, Python {sys.version}\n{traceback.format_exc()}")
    last = traceback.format_exc().strip().splitlines()[-1]
    say(f"Error: this is a bug of dcos-docker: {last}", colour="red")
    say(f"Next: report it with the file {file.name}")
    sys.exit(OWN_BUG)
