"""A command on a node with the terminal of this process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dcos_docker_cli.transports.descriptors import reader, writer
from dcos_docker_cli.transports.docker_exec import DockerExec
from dcos_docker_cli.transports.ssh import SSH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dcos_docker_cli.transports.base import NodeTransport

# The engine starts a command on a terminal without a size, and takes ours a moment later.
WITH_A_SIZE = 'for try in $(seq 50); do [ "$(stty size)" = "0 0" ] || break; sleep 0.01; done; exec "$@"'
LOGIN_SHELL = ["sh", "-c", "cd; command -v bash >/dev/null && exec bash -l; exec sh -l"]


def has_terminal() -> bool:
    """Whether keys come from a terminal and output goes to one."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def reads_in_background() -> bool:
    """Whether standard input is a terminal that we may not read from: the shell would stop us."""
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) != os.getpgrp()
    except OSError:  # a terminal, but not the one that our session belongs to: its shell has no say
        return False


def on_terminal(transport: NodeTransport, args: Sequence[str], *, user: str, env: Mapping[str, str]) -> int:
    """Give the command a terminal of the size of ours; every key, Ctrl-C too, goes to it. Return its exit code."""
    variables = {"TERM": os.environ.get("TERM", "xterm"), **env}
    if isinstance(transport, SSH):  # ssh itself does all of this
        return subprocess.call(transport.on_terminal(args, env=variables, user=user))
    assert isinstance(transport, DockerExec)

    def on_start(exec_id: str) -> None:
        def resize(*_: object) -> None:
            size = shutil.get_terminal_size()
            transport.resize(exec_id, rows=size.lines, columns=size.columns)

        resize()
        signal.signal(signal.SIGWINCH, resize)

    show = writer(sys.stdout.fileno())
    with _raw_keys():
        args = ["sh", "-c", WITH_A_SIZE, "sh", *args]
        return transport.stream(
            args,
            stdin=reader(sys.stdin.fileno()),
            stdout=show,
            stderr=show,
            user=user,
            env=variables,
            tty=True,
            on_start=on_start,
        )


@contextmanager
def _raw_keys() -> Iterator[None]:
    """Within the block keys are passed on as they are pressed; then the terminal is as before."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setraw(sys.stdin, termios.TCSADRAIN)  # and what has been typed already is kept
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
