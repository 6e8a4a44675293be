"""Commands on nodes with this process' own standard streams."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from dcos_docker_cli.cli.ending import show
from dcos_docker_cli.cli.terminal import has_terminal, on_terminal, reads_in_background
from dcos_docker_cli.concurrency import WAKE_SECONDS
from dcos_docker_cli.exceptions import DcosDockerError
from dcos_docker_cli.transports.descriptors import reader, writer
from dcos_docker_cli.transports.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dcos_docker_cli.transports.base import NodeTransport, Write

OWN_FAILURE = 125
"""What `docker run` ends with when the failure is its own, so that it is not taken for the command's."""


def run_with_our_streams(
    transport: NodeTransport, args: Sequence[str], *, user: str, env: Mapping[str, str], with_stdin: bool
) -> int:
    """Run a command as if it were run here; return its exit code."""
    with_stdin = with_stdin and not reads_in_background()
    if with_stdin and has_terminal():
        return on_terminal(transport, args, user=user, env=env)
    return transport.stream(
        args,
        stdin=reader(sys.stdin.fileno()) if with_stdin else None,
        stdout=writer(sys.stdout.fileno()),
        stderr=writer(sys.stderr.fileno()),
        user=user,
        env=env,
    )


def run_on_each(
    ways: Mapping[str, NodeTransport], args: Sequence[str], *, user: str, env: Mapping[str, str], at_once: bool
) -> int:
    """Run a command on nodes, by name; each line of output begins with its node's.

    The command reads no input. Returns 0 when it has ended so everywhere, or else how the first has that did not, in
    the order given. A node that cannot be reached counts as `OWN_FAILURE`, and the others go on.
    """
    width = max(map(len, ways))
    lock = threading.Lock()
    outputs = [_in_one_piece(writer(stream.fileno()), lock) for stream in (sys.stdout, sys.stderr)]

    def run(name: str) -> int:
        streams = [
            Lines(lambda line, write=write: write(f"{name:{width}} | ".encode() + line + b"\n"))  # type: ignore[misc]
            for write in outputs
        ]
        try:
            code = ways[name].stream(args, stdout=streams[0].write, stderr=streams[1].write, user=user, env=env)
        except DcosDockerError as error:
            show(error)
            code = OWN_FAILURE
        for stream in streams:
            stream.end()
        return code

    codes = _at_once(run, list(ways)) if at_once else [run(name) for name in ways]
    return next((code for code in codes if code), 0)


def _at_once(run: Callable[[str], int], names: Sequence[str]) -> list[int]:
    """Call it for all names, in threads that do not keep an interrupt, or the end of the program, waiting."""
    codes: dict[str, int] = {}

    def work(name: str) -> None:
        codes[name] = run(name)

    threads = [threading.Thread(target=work, args=[name], daemon=True) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(WAKE_SECONDS)  # one wait without end would keep signals that another thread gets
    return [codes.get(name, OWN_FAILURE) for name in names]


def _in_one_piece(write: Write, lock: threading.Lock) -> Write:
    """Return what writes all of its data before anybody else does."""

    def write_whole(data: bytes) -> None:
        with lock:
            write(data)

    return write_whole
