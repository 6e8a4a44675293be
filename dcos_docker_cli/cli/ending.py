"""How the program ends: every failure is said on stderr and has its exit code."""

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
from dcos_docker_cli.exceptions import Cancelled, DcosDockerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

OWN_BUG = 3
INTERRUPTED = 130
FROM_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Terminated(BaseException):
    """The process was told to end by a signal other than Ctrl-C's."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


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
        sys.exit(error.exit_code)
    except DcosDockerError as error:
        show(error)
        sys.exit(error.exit_code)
    except Terminated as signalled:
        sys.exit(signalled.exit_code)
    except (KeyboardInterrupt, click.Abort, Cancelled):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        _reader_has_gone()
    except Exception:
        _own_bug()


def show(error: DcosDockerError) -> None:
    """Say what failed, why, and what to do next."""
    click.secho(f"Error: {error.message}", fg="red", err=True)
    for line in error.details:
        click.echo(f"  {line}", err=True)
    if error.hint:
        click.echo(f"Next: {error.hint}", err=True)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated(number)


def _reader_has_gone() -> NoReturn:
    """End as programs do whose output nobody reads any more, without a second error while Python flushes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(128 + signal.SIGPIPE)


def _own_bug() -> NoReturn:
    with tempfile.NamedTemporaryFile("w", prefix="dcos-docker-error-", suffix=".txt", delete=False) as file:
        file.write(f"dcos-docker {__version__}, Python {sys.version}\n{traceback.format_exc()}")
    last = traceback.format_exc().strip().splitlines()[-1]
    click.secho(f"Error: this is a bug of dcos-docker: {last}", fg="red", err=True)
    click.echo(f"Next: report it with the file {file.name}", err=True)
    sys.exit(OWN_BUG)
