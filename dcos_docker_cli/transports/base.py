"""What every way to a node can do, and what is built on it once for all of them."""

from __future__ import annotations

import io
import subprocess
import tarfile
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from dcos_docker_cli.exceptions import Cancelled, CommandError
from dcos_docker_cli.transports.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Write = Callable[[bytes], None]
    Feed = Callable[[Write], None]
    """Writes a command's whole standard input with the `Write` that it is given."""

PRESS_SECONDS = 0.5
FAILED_UNITS = """
# Of all that runs on it: what the kernel kills is not always a unit's main process. cgroup v2 and v1.
killed=$(find /sys/fs/cgroup '(' -name memory.events -o -name memory.oom_control ')' -exec \
    grep -lE '^oom_kill [1-9]' '{}' + 2>/dev/null)
[ -z "$killed" ] || echo "Out of memory: the kernel has killed processes there."
# With v1 the count of a unit goes when that ends.
used=$(cat /sys/fs/cgroup/memory/memory.max_usage_in_bytes 2>/dev/null)
limit=$(cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null)
[ -n "$killed" ] || [ "${used:-0}" -lt "${limit:-1}" ] ||
    echo "Out of memory: all of the $((limit / 1048576)) MiB that it may have were in use."
# Before systemd 230 a failed unit has a dot in front of it here.
failed=$(systemctl list-units --state failed,auto-restart --no-legend --plain |
    sed 's/^[^a-zA-Z0-9]* //' | cut -d ' ' -f 1)
# The end of its journal, without what has gone well. What systemd says each time that it starts it in vain is there
# once: the reason for that is to be in it.
show() {
    echo "$1 $2:"
    journalctl --unit "$1" --boot --lines 60 --no-pager --output cat |
        grep -vE 'level=(debug|info)|Scheduled restart job' |
        tac | cat -n | sort -u -k 2 | sort -n | cut -f 2- | head -n 8 | tac | sed 's/^/  /'
}
for unit in $failed; do show "$unit" "has failed"; done
for unit in "$@"; do
    case " $(echo $failed) " in *" $unit "*) continue ;; esac
    state=$(systemctl is-active "$unit") && continue
    show "$unit" "is $state since $(systemctl show --property StateChangeTimestamp "$unit" | cut -d = -f 2)"
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
        """Run a command in `/`, passing its output on as it comes; return its exit code (128 + n after signal n).

        Without `stdin` it reads end-of-file at once. What it does not read is dropped, as in a pipe. With `tty` all
        output is on stdout, and what ends the input is a key, Ctrl-D, as on every terminal.
        """

    def popen(
        self, args: Sequence[str], *, env: Mapping[str, str] | None = None, user: str = "root"
    ) -> subprocess.Popen[bytes]:
        """Start a command, as a process here that stands for it: its three streams are pipes, its exit code the same.

        Ending that process leaves the command running on the node, as with `docker exec`.
        """


def run(
    transport: NodeTransport,
    args: Sequence[str],
    *,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    on_line: Callable[[str], object] = lambda _: None,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command as root and keep its output; `on_line` is told each line of it as it comes."""
    stdout, stderr = bytearray(), bytearray()
    streams = [(kept, Lines(lambda line: on_line(line.decode(errors="replace")))) for kept in (stdout, stderr)]
    out, err = (_both(kept.extend, lines.write) for kept, lines in streams)
    code = transport.stream(
        args,
        stdout=out,
        stderr=err,
        stdin=None if stdin is None else lambda write: write(stdin),
        env=env,
    )
    for _, lines in streams:
        lines.end()
    return subprocess.CompletedProcess(list(args), code, bytes(stdout), bytes(stderr))


def _both(first: Write, second: Write) -> Write:
    def write(data: bytes) -> None:
        first(data)
        second(data)

    return write


def check(
    transport: NodeTransport, args: Sequence[str], *, doing: str, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a command as root that must succeed; `doing` says in the error what it was for."""
    result = run(transport, args, stdin=stdin)
    if result.returncode != 0:
        lines = (result.stderr or result.stdout).decode(errors="replace").splitlines()
        raise CommandError(f"{doing} failed with status {result.returncode}.", details=lines[-20:])
    return result


def failed_units(transport: NodeTransport, others: Sequence[str] = ()) -> list[str]:
    """Return a node's failed units of systemd, each with the end of its journal; of others those that do not run.

    Before them it says so where the node has run out of memory.
    """
    result = run(transport, ["sh", "-c", FAILED_UNITS, "sh", *others])
    return result.stdout.decode(errors="replace").splitlines()


def write_files(transport: NodeTransport, files: Mapping[str, bytes], *, doing: str, mode: int = 0o644) -> None:
    """Write small files at absolute paths, parents included."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path.lstrip("/"))
            member.size, member.mode = len(content), mode
            tar.addfile(member, io.BytesIO(content))
    check(transport, ["tar", "-x", "--no-same-owner", "-C", "/"], stdin=archive.getvalue(), doing=doing)


def press_end(write: Write) -> None:
    """Press Ctrl-D: the input of a terminal at which nobody is. Again and again, for a program may not listen yet."""
    while True:
        write(b"\x04")
        time.sleep(PRESS_SECONDS)


class _NotWantedError(Exception):
    """The command reads no more input."""


@contextmanager
def feeding(feed: Feed | None, *, write: Write, end: Callable[[], None], abort: Callable[[], None]) -> Iterator[None]:
    """Write the input from a thread of its own, and its end, while the block reads the output.

    When the command ends before it has read everything, `write` raises `OSError`, and the rest is dropped. The thread
    is not waited for then: it may sit in a read from a terminal. A failure of `feed` calls `abort` and is raised.
    """
    if feed is None:
        yield
        return
    failures: list[Exception] = []

    def write_wanted(data: bytes) -> None:
        try:
            write(data)
        except OSError as error:
            raise _NotWantedError from error

    def work() -> None:
        try:
            feed(write_wanted)
        except (_NotWantedError, Cancelled):  # who waits for the command is cancelled too
            pass
        except Exception as failure:  # it belongs to the thread that waits for the command
            failures.append(failure)
            abort()
        end()

    thread = threading.Thread(target=work, name="stdin", daemon=True)
    thread.start()
    try:
        yield
    except Exception:
        if failures:  # the rest follows from it
            raise failures[0] from None
        raise
    if failures:
        raise failures[0]
