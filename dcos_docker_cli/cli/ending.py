"""How the program begins and ends: every failure is said on stderr and has its exit code."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

import click
from click.core import ParameterSource

from dcos_docker_cli import __version__
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.saying import say
from dcos_docker_cli.exceptions import Cancelled, DcosDockerError, EngineError, UsageError, without_passwords

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

OWN_BUG = 3
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What writing the output fails with when a disk is full or broken; all else that writes has words of its own."""
NO_NAMES = (errno.ENAMETOOLONG, errno.ELOOP)
"""What any look at a path that somebody has given can fail with, before anything is made."""
INTERRUPTED = 128 + signal.SIGINT
LOOK_AT_ENGINE = "The engine's own log says more (as in: journalctl -u docker), and `dcos-docker doctor` checks it."
"""What to do about a refusal of the engine that nothing else is known of."""
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
        words = io.StringIO()
        error.show(words)  # what was typed is in them
        say(words.getvalue().rstrip("\n"))
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
        if isinstance(error, OSError):
            _end_of_system(error)
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
    if hint := error.hint or (LOOK_AT_ENGINE if isinstance(error, EngineError) else ""):
        say(f"Next: {hint}")


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


def _end_of_system(error: OSError) -> None:
    """End where the system's refusal is no bug of ours."""
    if error.errno in NO_ROOM:
        _end_unwritten(error)
    if error.errno in NO_NAMES:
        show(UsageError(f"{error.filename!r} cannot be a path: {error.strerror}."))
        sys.exit(UsageError.exit_code)


def _end_unwritten(error: OSError) -> NoReturn:
    show(DcosDockerError(f"The output cannot be written: {error.strerror}."))
    _drop_output()
    sys.exit(DcosDockerError.exit_code)


def _drop_output() -> None:
    """Let what is left of the output go, without a second error while Python flushes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _own_bug() -> NoReturn:
    import traceback

    report = f"dcos-docker {__version__}, Python {sys.version}\n{without_passwords(traceback.format_exc())}"
    last = traceback.format_exc().strip().splitlines()[-1]
    say(f"Error: this is a bug of dcos-docker: {last}", colour="red")
    say(f"Next: report it with {_kept(report)}")
    sys.exit(OWN_BUG)


def _kept(report: str) -> str:
    """Return the name of a file with a report, or where there is no room for one the report itself."""
    import tempfile

    name = ""
    try:
        with tempfile.NamedTemporaryFile("w", prefix="dcos-docker-error-", suffix=".txt", delete=False) as file:
            name = file.name
            file.write(report)
    except OSError:
        with suppress(OSError):
            os.unlink(name)  # noqa: PTH108 - a str is at hand
        return f"this:\n{report.rstrip()}"
    return f"the file {name}"
