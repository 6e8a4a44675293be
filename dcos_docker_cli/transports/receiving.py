"""Files from a node: as a stream of tar over any transport, or, when they are much, by the engine, which is quicker."""

from __future__ import annotations

import os
import re
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import CommandError, PathError
from dcos_docker_cli.transports.archive import CLOSED, LARGE, Archives, extract, lines, nobody, reader, why

if TYPE_CHECKING:
    from collections.abc import Sequence
    from io import FileIO

    from dcos_docker_cli.transports.archive import Told
    from dcos_docker_cli.transports.base import NodeTransport, Write

MISSING = 72
UNSIZED = 73
SOCKET = 74
ELSEWHERE = 75
NEVER = 1 << 62
WHERE = re.compile(rb"(\d{1,19}) (\d+\.\d{9})\n(/.*)\n", re.DOTALL)
"""What a node says then: its size, when it was changed, and its path without links."""
NO_ARCHIVE = (tarfile.TarError, ValueError, ArithmeticError, LookupError, RecursionError)
"""What tarfile raises for what no tar writes, and pathlib for a name that is not below the top."""
LONGEST_END = 1 << 20
"""Bytes of zeros that may fill an archive's last block; more is none of tar's."""
CHANGED = 1
"""What tar ends with when a file has grown while it was read, as logs do: all is there that was there before."""
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
    large = LARGE if isinstance(transport, Archives) else NEVER

    def fetch() -> int:
        script = FOLLOW if follow else GIVE
        args = [*prefix, "sh", "-c", script, "sh", str(source), str(source.parent), source.name]
        # The pipe is closed early when what comes out of it is refused.
        with os.fdopen(write_end, "wb", buffering=0) as pipe:
            out = _Out(pipe)
            try:
                code = transport.stream([*args, str(large)], stdout=out.write, stderr=errors.extend, user=user)
                if code != ELSEWHERE or out.has_written or not isinstance(transport, Archives):
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
            with os.fdopen(read_end, "rb") as pipe, reader(pipe, moved) as tar:
                left_out = extract(tar, part, expect)
                pipe.read(LONGEST_END)
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
            f"{remote} could not be fetched from {node}{refused or '.'}", details=why(code, lines(errors))
        )
    return [*lines(errors), *left_out]


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


def _given(transport: Archives, said: bytes, write: Write) -> bool:
    """Have the engine give a file of which a node has said what and where it is; return whether it did."""
    told = WHERE.fullmatch(said)
    return told is not None and transport.give_file(told[3], int(told[1]), told[2].decode(), write)
