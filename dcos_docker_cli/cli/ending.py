"""How the program begins and ends: every failure is said on stderr and has its exit code."""

from __future__ import annotations

import errno
import os
import signal
import sys
import tempfile
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import click
from click.core import ParameterSource

from dcos_docker_cli import __version__
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.progress import say
from dcos_docker_cli.exceptions import Cancelled, DcosDockerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

OWN_BUG = 3
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What writing the output fails with when a disk is full or broken; all else that writes has words of its own."""
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
    except Exception as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            _end_unwritten(error)
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
    """Show how the command is written, where it is known which one was meant, and the variable that is to blame."""
    if isinstance(error, click.BadParameter) and (name := _variable_of(error)):
        say(f"The value is that of the variable {name}.")
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    if ctx and isinstance(ctx.command, Command) and (example := ctx.command.example(ctx)):
        say(f"Example: {example}")


def _variable_of(error: click.BadParameter) -> str:
    """Return the variable that a value came from; nothing where it was typed."""
    parameter, ctx = error.param, error.ctx
    if not parameter or not ctx or ctx.get_parameter_source(parameter.name or "") is not ParameterSource.ENVIRONMENT:
        return ""
    own = [parameter.envvar] if isinstance(parameter.envvar, str) else list(parameter.envvar or ())
    names = [*own, f"{ctx.auto_envvar_prefix}_{parameter.name}".upper()]
    return next((name for name in names if os.environ.get(name)), "")


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise Terminated(number)


def _end_unread() -> NoReturn:
    """End as programs do whose output nobody reads any more."""
    _drop_output()
    sys.exit(128 + signal.SIGPIPE)


def _end_unwritten(error: OSError) -> NoReturn:
    show(DcosDockerError(f"The output cannot be written: {error.strerror}."))
    _drop_output()
    sys.exit(DcosDockerError.exit_code)


def _drop_output() -> None:
    """Let what is left of the output go, without a second error while Python flushes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _own_bug() -> NoReturn:
    with tempfile.NamedTemporaryFile("w", prefix="dcos-docker-error-", suffix=".txt", delete=False) as file:
        file.write(f"dcos-docker {__version__}, Python {sys.version}\n{traceback.format_exc()}")
    last = traceback.format_exc().strip().splitlines()[-1]
    say(f"Error: this is a bug of dcos-docker: {last}", colour="red")
    say(f"Next: report it with the file {file.name}")
    sys.exit(OWN_BUG)
