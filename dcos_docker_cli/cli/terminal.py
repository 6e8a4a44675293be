"""A command on a node with this process' own standard streams, and its terminal if it has one."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dcos_docker_cli.transports.base import Write
    from dcos_docker_cli.transports.docker_exec import DockerExec

CHUNK = 1 << 16


def run_with_our_streams(
    transport: DockerExec, args: Sequence[str], *, user: str, env: Mapping[str, str], with_stdin: bool
) -> int:
    """Run a command as if it were run here; return its exit code."""
    with_stdin = with_stdin and not _in_background()
    if with_stdin and sys.stdin.isatty() and sys.stdout.isatty():
        return _on_terminal(transport, args, user=user, env=env)
    return transport.stream(
        args,
        stdin=_send_stdin if with_stdin else None,
        stdout=_writer(sys.stdout.fileno()),
        stderr=_writer(sys.stderr.fileno()),
        user=user,
        env=env,
    )


def _in_background() -> bool:
    """Whether standard input is a terminal that we may not read from: the shell would stop us."""
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) != os.getpgrp()
    except OSError:  # a terminal, but not the one that our session belongs to: its shell has no say
        return False


def _on_terminal(transport: DockerExec, args: Sequence[str], *, user: str, env: Mapping[str, str]) -> int:
    """Give the command a terminal of the size of ours; every key, Ctrl-C too, goes to it."""

    def on_start(exec_id: str) -> None:
        def resize(*_: object) -> None:
            size = shutil.get_terminal_size()
            transport.resize(exec_id, rows=size.lines, columns=size.columns)

        resize()
        signal.signal(signal.SIGWINCH, resize)

    write = _writer(sys.stdout.fileno())
    variables = {"TERM": os.environ.get("TERM", "xterm"), **env}
    with _raw_keys():
        return transport.stream(
            args, stdin=_send_stdin, stdout=write, stderr=write, user=user, env=variables, tty=True, on_start=on_start
        )


@contextmanager
def _raw_keys() -> Iterator[None]:
    """Within the block keys are passed on as they are pressed; then the terminal is as before."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setraw(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _send_stdin(write: Write) -> None:
    while data := os.read(sys.stdin.fileno(), CHUNK):
        write(data)


def _writer(descriptor: int) -> Callable[[bytes], None]:
    def write(data: bytes) -> None:
        while data:
            data = data[os.write(descriptor, data) :]

    return write
