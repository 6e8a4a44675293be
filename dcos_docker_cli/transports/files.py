"""Files to and from a node as a stream of tar, over any transport: nothing is held in memory or on a disk on the way.

The engine's own archive call puts nothing on a node: it silently loses what is to be on a tmpfs such as `/tmp`.
It gives large files, where it sees the same as the node.
"""

from __future__ import annotations

import os
import re
import tarfile
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from dcos_docker_cli.exceptions import CommandError, PathError
from dcos_docker_cli.transports.archive import REMARKS, Archive, Counted, Writer, extract, nobody, stream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from io import FileIO

    from dcos_docker_cli.transports.archive import Told
    from dcos_docker_cli.transports.base import NodeTransport, Write

BATCH = 64
"""Files that go in one stream: all their names must be shorter than an argument may be, 128 KiB."""
OCCUPIED = 71
MISSING = 72
UNSIZED = 73
SOCKET = 74
ELSEWHERE = 75
LARGE = 64 << 20
"""Bytes from which on a file is worth the calls that it takes to have the engine give it."""
NEVER = 1 << 62
WHERE = re.compile(rb"(\d{1,19}) (\d+\.\d{9})\n(/.*)\n", re.DOTALL)
"""What a node says then: its size, when it was changed, and its path without links."""
CLOSED = -1
FEED_SECONDS = 10.0
"""How long after the end of a command the thread that fed it may take to end too."""
NO_ARCHIVE = (tarfile.TarError, ValueError, ArithmeticError, LookupError, RecursionError)
"""What tarfile raises for what no tar writes, and pathlib for a name that is not below the top."""
CHANGED = 1
"""What tar ends with when a file has grown while it was read, as logs do: all is there that was there before."""
# All is unpacked beside its place first, so that what is there stays until the rest has come; the names are asked for,
# as tar takes an archive that is cut between two files for a whole one. What is there is then written in its place:
# it keeps its owner, and may be a mount, as a container's /etc/hosts, which cannot be removed and made anew.
# Where nothing can be made beside it, as for a user's own file in a directory of root's, tar writes it at once,
# through links (-h), as cp does it. No signal ends the script once it puts things in their place.
TAKE_FILES = f"""
fits() {{  # NEW THERE: writing it in its place would not end half-way for want of room
    [ -f "$2" ] || return 0
    more=$(($(stat -c %s -- "$1") - $(stat -L -c '%b * %B' -- "$2")))
    [ $more -le 0 ] || [ $more -le $(($(stat -f -c '%a * %S' -- "$2"))) ] || {{
        echo "$2: No space left on device"
        return 1
    }}
}}

directory=$1
shift
mkdir -p -- "$directory" || exit 1
for name do
    if [ -d "$directory/$name" ] && [ ! -L "$directory/$name" ]; then printf '%s\\n' "$name"; exit {OCCUPIED}; fi
done
trap 'exit 1' HUP INT TERM PIPE
trap '[ ! -d "$stage" ] || rm -rf -- "$stage"' EXIT
if ! stage=$(LC_ALL=C mktemp -d -- "$directory/.dcos-docker-XXXXXXXXXX" 2>&1); then
    case $stage in *"No space left"*) echo "$stage"; exit 1 ;; esac
    exec tar -x -h --no-same-owner --overwrite -C "$directory"
fi
tar -x --no-same-owner -C "$stage" || {{
    code=$?  # of a disk that is full tar may say only that it wrote less than it wanted to
    [ $(($(stat -f -c '%a * %S' -- "$stage"))) -ge 1048576 ] || echo "$directory: No space left on device" >&2
    exit $code
}}
for name do
    there=$directory/$name
    [ ! -L "$stage/$name" ] || continue
    [ -e "$stage/$name" ] || {{ echo "The connection was cut."; exit 1; }}
    [ ! -d "$there" ] || {{ printf '%s\\n' "$name"; exit {OCCUPIED}; }}
    [ ! -e "$there" ] || [ -w "$there" ] || {{ echo "$there: Permission denied"; exit 1; }}
done
trap '' HUP INT TERM PIPE
for name do
    new=$stage/$name there=$directory/$name
    if [ -L "$new" ] || {{ [ ! -e "$there" ] && [ ! -L "$there" ]; }}; then
        mv -fT -- "$new" "$there" || exit 1
    else
        fits "$new" "$there" && cat -- "$new" >"$there" || exit 1
    fi
done
"""
# Into the directory itself, not by its name: tar would put a directory in the place of a link to one.
TAKE_DIRECTORY = (
    f'if [ -d "$1" ]; then keep=--no-overwrite-dir; elif [ -e "$1" ]; then exit {OCCUPIED}; '
    'else keep=--overwrite-dir; mkdir -p -- "$1" || exit 1; fi; exec tar -x --no-same-owner $keep -C "$1"'
)
# What has no size and yet content, as in /proc, would come as an empty file.
GIVE = (
    f'[ -e "$1" ] || [ -L "$1" ] || exit {MISSING}; [ ! -S "$1" ] || [ -L "$1" ] || exit {SOCKET}; '
    'if [ -f "$1" ] && [ ! -s "$1" ] && [ "$(timeout 2 head -c 1 -- "$1" | wc -c)" != 0 ]; '
    f"then exit {UNSIZED}; fi; "
    # A large file on what may be a disk of the engine's: it is told where it is, and which.
    'if [ -f "$1" ] && [ ! -L "$1" ] && [ "$(stat -c %s -- "$1")" -ge "$4" ]; then '
    'stat -c "%s %.9Y" -- "$1" >&2; '
    f'readlink -f -- "$1" >&2; exit {ELSEWHERE}; fi; '
    'exec tar -c -b 128 -C "$2" -- "$3"'
)
# The file or directory that a link leads to, in place of the link.
FOLLOW = (
    f'[ -e "$1" ] || exit {MISSING}; real=$(readlink -f -- "$1") || exit 1; '
    f'set -- "$real" "${{real%/*}}/" "${{real##*/}}" "$4"; {GIVE}'
)


@runtime_checkable
class Giver(Protocol):
    """A way to a node by which there is a quicker one for files."""

    def give_file(self, path: bytes, size: int, mtime: str, stdout: Write) -> bool:
        """See `DockerExec.give_file`."""


def send(
    transport: NodeTransport,
    local: Path,
    remote: str,
    *,
    user: str = "root",
    prefix: Sequence[str] = (),
    moved: Told = nobody,
    node: str = "the node",
) -> None:
    """Send a file or a directory so that it is `remote`; parents are made.

    What is new belongs to `user`; a file that is there is overwritten in its place, once all has come, and so keeps its
    owner and mode; of a directory each file is written at once. `prefix` is put before the commands on the node, as for
    sudo; `moved` is told the bytes as they go; `node` is for messages.
    Raises `PathError` without the local file, and when one of the two is a directory and the other is none;
    `CommandError` when the node cannot take it.
    """
    if not os.path.lexists(local):
        raise PathError(f"There is no {local}.")
    target = PurePosixPath(remote)
    if not local.is_dir() or local.is_symlink():
        files, where = {target.name: local}, str(target.parent)
        send_files(transport, files, where, user=user, prefix=prefix, moved=moved, node=node)
        return
    args = [*prefix, "sh", "-c", TAKE_DIRECTORY, "sh", remote]
    code, said = _stream_to(transport, {".": local}, args, user, moved)
    if code == OCCUPIED:
        raise PathError(f"{local} is a directory, and {remote} on {node} is none.")
    if code != 0:
        raise CommandError(f"{local} could not be sent to {remote} on {node}.", details=_why(code, said))


def send_files(
    transport: NodeTransport,
    files: Mapping[str, Path],
    directory: str,
    *,
    user: str = "root",
    prefix: Sequence[str] = (),
    moved: Told = nobody,
    node: str = "the node",
) -> None:
    """Send files, or links as such, into a directory, by the names they are to have there. See `send`."""
    names = sorted(files)
    for batch in (names[begin : begin + BATCH] for begin in range(0, len(names), BATCH)):
        args = [*prefix, "sh", "-c", TAKE_FILES, "sh", directory, *batch]
        code, said = _stream_to(transport, {name: files[name] for name in batch}, args, user, moved)
        if code == OCCUPIED:
            name = "\n".join(said)
            raise PathError(
                f"{files.get(name, name)} is no directory, and {PurePosixPath(directory, name)} on {node} is one.",
                hint="Name the target itself.",
            )
        if code != 0:
            what = f"{files[batch[0]]} could" if len(batch) == 1 else f"{len(batch)} files could"
            raise CommandError(f"{what} not be sent to {_named(directory, batch)} on {node}.", details=_why(code, said))


def _named(directory: str, names: Sequence[str]) -> str:
    return str(PurePosixPath(directory, names[0])) if len(names) == 1 else directory


def _stream_to(
    transport: NodeTransport, members: Mapping[str, Path], args: Sequence[str], user: str, moved: Told
) -> tuple[int, list[str]]:
    """Send an archive to a command, each member under its name in it; return the exit code and the last output."""
    over, whole = threading.Event(), False

    def feed(write: Write) -> None:
        nonlocal whole
        path = None
        try:
            with stream(Writer(write), "w|", Archive) as archive:
                archive.moved = moved
                for name, path in members.items():
                    archive.add(path, arcname=name)
            whole = True
        except OSError as error:  # of a file here: what the transport raises is none
            raise PathError(f"{error.filename or path} could not be read: {error.strerror or error}.") from error
        finally:
            over.set()

    said = bytearray()
    code = transport.stream(args, stdin=feed, stdout=said.extend, stderr=said.extend, user=user)
    if code == 0 and not (over.wait(FEED_SECONDS) and whole):
        return CLOSED, [*_lines(said), "The connection was cut."]  # tar takes what came for all, if it ends at a file
    return code, _lines(said)


def receive(
    transport: NodeTransport,
    remote: str,
    local: Path,
    *,
    user: str = "root",
    prefix: Sequence[str] = (),
    follow: bool = False,
    replace: bool = False,
    moved: Told = nobody,
    expect: Told = nobody,
    node: str = "the node",
) -> list[str]:
    """Fetch a file or a directory so that it is `local`, which is not there before all of it has come.

    Its archive may not write outside of it, nor be a device: `CommandError` then. `follow` fetches what `remote` leads
    to if that is a link; `replace` lets a file take the place of a file. `expect` is told the size of a single file,
    `moved` the bytes as they come. Returns what there is to remark, as of files that grew meanwhile or were left out.
    Raises `PathError` without the remote file, and when `local` is there already.
    """
    check_free(local, replace=replace)
    try:
        with tempfile.TemporaryDirectory(prefix=".dcos-docker-", dir=local.parent) as beside:
            part = Path(beside, local.name)
            remarks = _fetch(transport, remote, part, user=user, prefix=prefix, follow=follow, moved=moved,
                             expect=expect, node=node)  # fmt: skip
            _put(part, local, replace=replace)
    except OSError as error:
        raise PathError(f"{local} could not be written: {error.strerror or error}.") from error
    return remarks


def check_free(local: Path, *, replace: bool) -> None:
    """Raise `PathError` when nothing may be put at a path; with `replace` a file may be there."""
    if os.path.lexists(local) and not (replace and is_plain_file(local)):
        raise PathError(f"{local} is there already{', and is no file' if replace else ''}.")


def is_plain_file(path: Path) -> bool:
    """Whether it is a file, and no link to one."""
    return path.is_file() and not path.is_symlink()


def _put(part: Path, local: Path, *, replace: bool) -> None:
    """Give what has come its place."""
    check_free(local, replace=replace and is_plain_file(part))
    part.rename(local)


def _fetch(
    transport: NodeTransport,
    remote: str,
    part: Path,
    *,
    user: str,
    prefix: Sequence[str],
    follow: bool,
    moved: Told,
    expect: Told,
    node: str,
) -> list[str]:
    source = PurePosixPath(remote)
    errors = bytearray()
    read_end, write_end = os.pipe()
    large = LARGE if isinstance(transport, Giver) else NEVER

    def fetch() -> int:
        script = FOLLOW if follow else GIVE
        args = [*prefix, "sh", "-c", script, "sh", str(source), str(source.parent), source.name]
        # The pipe is closed early when what comes out of it is refused.
        with os.fdopen(write_end, "wb", buffering=0) as pipe:
            out = _Out(pipe)
            try:
                code = transport.stream([*args, str(large)], stdout=out.write, stderr=errors.extend, user=user)
                if code != ELSEWHERE or out.has_written or not isinstance(transport, Giver):
                    return code
                said = bytes(errors)
                errors.clear()
                if _given(transport, said, out.write):
                    return 0
                return transport.stream([*args, str(NEVER)], stdout=out.write, stderr=errors.extend, user=user)
            except BrokenPipeError:
                return CLOSED

    refused, left_out = "", list[str]()
    with ThreadPoolExecutor(max_workers=1) as executor:
        fetching = executor.submit(fetch)
        try:
            with os.fdopen(read_end, "rb") as pipe, stream(Counted(pipe, moved), "r|") as tar:
                left_out = extract(tar, part, expect)
        except NO_ARCHIVE as error:
            refused = f": {error}"
    code = fetching.result()  # raises what the transport has raised
    if code == MISSING:
        raise PathError(f"There is no {remote} on {node}.")
    if code == SOCKET:
        raise PathError(f"{remote} on {node} is a socket: there is nothing in it to fetch.")
    if code == UNSIZED:
        raise PathError(f"{remote} on {node} is no file of a disk: it has content, but no size.", hint="Read it there.")
    if refused or code not in (0, CHANGED):
        raise CommandError(
            f"{remote} could not be fetched from {node}{refused or '.'}", details=_why(code, _lines(errors))
        )
    return [*_lines(errors), *left_out]


class _Out:
    """A pipe into which all is written: it takes what it has room for."""

    def __init__(self, pipe: FileIO) -> None:
        self._pipe = pipe
        self.has_written = False

    def write(self, data: bytes) -> None:
        self.has_written = True
        view = memoryview(data)
        while view:
            view = view[self._pipe.write(view) :]


def _given(transport: Giver, said: bytes, write: Write) -> bool:
    """Have the engine give a file of which a node has said what and where it is; return whether it did."""
    told = WHERE.fullmatch(said)
    return told is not None and transport.give_file(told[3], int(told[1]), told[2].decode(), write)


def _why(code: int, said: list[str]) -> list[str]:
    """Return what tar has said; one that was killed says nothing, as when its node is stopped."""
    return said or ([f"The node's tar ended with status {code}."] if code > 0 else [])


def _lines(output: bytearray) -> list[str]:
    return output.decode(errors="replace").splitlines()[-REMARKS:]
