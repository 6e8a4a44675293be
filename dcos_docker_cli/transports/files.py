"""Files to and from a node as a stream of tar, over any transport: nothing is held in memory or on a disk on the way.

The engine's own archive call is not used: it silently loses what it is to put on a tmpfs such as `/tmp`.
"""

from __future__ import annotations

import os
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.exceptions import CommandError, PathError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from io import FileIO

    from dcos_docker_cli.transports.base import NodeTransport, Write

CHUNK = 1 << 20
OCCUPIED = 71
MISSING = 72
CLOSED = -1
CHANGED = 1
"""What tar ends with when a file has grown while it was read, as logs do: all is there that was there before."""
MAKE_PARENT = 'mkdir -p -- "$1" || exit 1; '
# In place, because some files, as a container's /etc/hosts, are mounts: they cannot be removed and made anew.
TAKE_FILE = (
    f'{MAKE_PARENT} [ -d "$1/$2" ] && [ ! -L "$1/$2" ] && exit {OCCUPIED}; '
    'exec tar -x --no-same-owner --overwrite -C "$1"'
)
TAKE_DIRECTORY = (
    f'{MAKE_PARENT} [ -e "$1/$2" ] && [ ! -d "$1/$2" ] && exit {OCCUPIED}; '
    'exec tar -x --no-same-owner --no-overwrite-dir -C "$1"'
)
GIVE = f'[ -e "$1" ] || [ -L "$1" ] || exit {MISSING}; exec tar -c -C "$2" -- "$3"'


class _Writer:
    """The file object that tarfile writes to."""

    def __init__(self, write: Write) -> None:
        self.write = write


def send(transport: NodeTransport, local: Path, remote: str, *, user: str = "root", prefix: Sequence[str] = ()) -> None:
    """Send a file or a directory so that it is `remote`; parents are made.

    What is new belongs to `user`; a file that is there is overwritten in its place, and so keeps its owner. `prefix` is
    put before the commands on the node, as for sudo. Raises `PathError` without the local file, and when one of the two
    is a directory and the other is none; `CommandError` when the node cannot take it.
    """
    if not os.path.lexists(local):
        raise PathError(f"There is no {local}.")
    is_directory = local.is_dir() and not local.is_symlink()
    target = PurePosixPath(remote)

    def feed(write: Write) -> None:
        with _stream(_Writer(write), "w|") as tar:
            tar.add(local, arcname=target.name)

    errors = bytearray()
    script = TAKE_DIRECTORY if is_directory else TAKE_FILE
    args = [*prefix, "sh", "-c", script, "sh", str(target.parent), target.name]
    code = transport.stream(args, stdin=feed, stdout=errors.extend, stderr=errors.extend, user=user)
    if code == OCCUPIED:
        here, there = ("a directory", "none") if is_directory else ("no directory", "one")
        raise PathError(f"{local} is {here}, and {remote} on the node is {there}.", hint="Name the target itself.")
    if code != 0:
        raise CommandError(f"{local} could not be sent to {remote}.", details=_lines(errors))


def receive(
    transport: NodeTransport, remote: str, local: Path, *, user: str = "root", prefix: Sequence[str] = ()
) -> None:
    """Fetch a file or a directory so that it is `local`.

    Its archive may not write outside of it, nor make devices: `CommandError` then.
    Raises `PathError` without the remote file, and when `local` is there already.
    """
    if os.path.lexists(local):
        raise PathError(f"{local} is there already.")
    source = PurePosixPath(remote)
    errors = bytearray()
    read_end, write_end = os.pipe()

    def fetch() -> int:
        args = [*prefix, "sh", "-c", GIVE, "sh", str(source), str(source.parent), source.name]
        # The pipe is closed early when what comes out of it is refused.
        with os.fdopen(write_end, "wb", buffering=0) as pipe:
            try:
                return transport.stream(args, stdout=lambda data: _write(pipe, data), stderr=errors.extend, user=user)
            except BrokenPipeError:
                return CLOSED

    refused = ""
    with ThreadPoolExecutor(max_workers=1) as executor:
        fetching = executor.submit(fetch)
        try:
            with os.fdopen(read_end, "rb") as pipe, _stream(pipe, "r|") as tar:
                _extract(tar, source.name, local)
        except (tarfile.TarError, ValueError) as error:  # the second for a name that is not below the top
            refused = f": {error}"
    code = fetching.result()  # raises what the transport has raised
    if code == MISSING:
        raise PathError(f"There is no {remote} on the node.")
    if refused or code not in (0, CHANGED):
        raise CommandError(f"{remote} could not be fetched{refused or '.'}", details=_lines(errors))


def _stream(file: Any, mode: Any) -> tarfile.TarFile:
    """Open a tar as a stream. With Python's own buffers of some KiB it would take twice the time."""
    sizes: dict[str, Any] = {"bufsize": CHUNK, "copybufsize": CHUNK}
    return tarfile.open(fileobj=file, mode=mode, format=tarfile.PAX_FORMAT, **sizes)


def _extract(tar: tarfile.TarFile, name: str, local: Path) -> None:
    """Extract the archive, whose top is `name`, so that its top is `local`."""
    tar.extraction_filter = staticmethod(lambda member, _: member)  # ours is used, which every Python has

    def renamed(path: str) -> str:
        return str(PurePosixPath(local.name) / PurePosixPath(path).relative_to(name))

    for member in tar:
        member.name = renamed(member.name)
        if member.islnk():
            member.linkname = renamed(member.linkname)
        _check(member, local.parent)
        member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        member.mode &= 0o777
        if member.isdir():
            member.mode |= 0o700  # what is in it comes after it
        tar.extract(member, local.parent)


def _check(member: tarfile.TarInfo, directory: Path) -> None:
    """Refuse what an archive may not do here; a link may lead anywhere, but nothing is written through it."""
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        raise tarfile.ExtractError(f"{member.name} is neither a file, a directory nor a link")
    base = directory.resolve()
    # Where a symbolic link leads does not matter, only where it is put.
    path = directory / member.name
    places = [path.parent.resolve() if member.issym() else path.resolve()]
    if member.islnk():
        places.append((directory / member.linkname).resolve())
    if ".." in path.parts or not all(place.is_relative_to(base) for place in places):
        raise tarfile.ExtractError(f"{member.name} would be outside of {directory}")


def _write(pipe: FileIO, data: bytes) -> None:
    """Write all of it: a pipe takes what it has room for."""
    view = memoryview(data)
    while view:
        view = view[pipe.write(view) :]


def _lines(output: bytearray) -> list[str]:
    return output.decode(errors="replace").splitlines()[-20:]
