"""What every way to a node can do, and what is built on it once for all of them."""

from __future__ import annotations

import io
import subprocess
import tarfile
from typing import TYPE_CHECKING, Protocol

from dcos_docker_cli.exceptions import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Write = Callable[[bytes], None]
    Feed = Callable[[Write], None]
    """Writes a command's whole standard input with the `Write` that it is given."""

FAILED_UNITS = """
for unit in $(systemctl list-units --failed --no-legend --plain | cut -d ' ' -f 1); do
    echo "$unit has failed:"
    journalctl --unit "$unit" --boot --lines 8 --no-pager --output cat | sed 's/^/  /'
done
"""


class NodeTransport(Protocol):
    """A way to one node."""

    def stream(
        self,
        args: Sequence[str],
        *,
        stdout: Write,
        stderr: Write,
        stdin: Feed | None = None,
        env: Mapping[str, str] | None = None,
        user: str = "root",
        tty: bool = False,
    ) -> int:
        """Run a command, passing its output on as it comes; return its exit code (128 + n when signal n ended it).

        Without `stdin` it reads end-of-file at once. With `tty` all output is on stdout.
        """


def run(
    transport: NodeTransport,
    args: Sequence[str],
    *,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command as root and keep its output."""
    stdout, stderr = io.BytesIO(), io.BytesIO()
    code = transport.stream(
        args,
        stdout=lambda data: _append(stdout, data),
        stderr=lambda data: _append(stderr, data),
        stdin=None if stdin is None else lambda write: write(stdin),
        env=env,
    )
    return subprocess.CompletedProcess(list(args), code, stdout.getvalue(), stderr.getvalue())


def check(
    transport: NodeTransport, args: Sequence[str], *, doing: str, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a command as root that must succeed; `doing` says in the error what it was for."""
    result = run(transport, args, stdin=stdin)
    if result.returncode != 0:
        lines = (result.stderr or result.stdout).decode(errors="replace").splitlines()
        raise CommandError(f"{doing} failed with status {result.returncode}.", details=lines[-20:])
    return result


def failed_units(transport: NodeTransport) -> list[str]:
    """Return a node's failed units of systemd, each with the end of its journal."""
    result = run(transport, ["sh", "-c", FAILED_UNITS])
    return result.stdout.decode(errors="replace").splitlines()


def write_files(transport: NodeTransport, files: Mapping[str, bytes], *, doing: str) -> None:
    """Write small files at absolute paths, parents included, readable by all."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path.lstrip("/"))
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    check(transport, ["tar", "-x", "--no-same-owner", "-C", "/"], stdin=archive.getvalue(), doing=doing)


def _append(buffer: io.BytesIO, data: bytes) -> None:
    buffer.write(data)
