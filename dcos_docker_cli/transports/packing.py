"""An archive of files that are here, in pieces, as they are read."""

from __future__ import annotations

import os
import tarfile
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, cast

from dcos_docker_cli.exceptions import PathError
from dcos_docker_cli.transports.archive import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from dcos_docker_cli.transports.archive import Told


def pack(members: Mapping[str, Path], moved: Told) -> Iterator[bytes]:
    """Yield a tar of files and directories, each under its name in it; all belongs to root. Sockets are left out.

    `moved` is told the bytes of the files as they go. Raises `PathError` for what cannot be read.
    """
    path = None
    kept = bytearray()
    try:
        known = tarfile.TarFile(fileobj=cast("Any", _Nothing()), mode="w")  # it knows which files are one
        for name, top in members.items():
            for path, member in _below(known, top, name):
                kept += member.tobuf(tarfile.PAX_FORMAT, tarfile.ENCODING, "surrogateescape")
                if member.isreg():
                    yield from _content(path, member.size, kept, moved)
                if len(kept) >= CHUNK:
                    yield bytes(kept)
                    kept.clear()
    except OSError as error:
        raise PathError(f"{error.filename or path} could not be read: {error.strerror or error}.") from error
    yield bytes(kept) + bytes(2 * tarfile.BLOCKSIZE)


def is_much(paths: Iterable[Path], size: int, count: int) -> bool:
    """Whether these are at least so many bytes, or files; what cannot be looked at does not count."""
    entries = chain.from_iterable(chain([top], top.rglob("*")) for top in paths)
    try:
        sizes = [entry.lstat().st_size for entry in islice(entries, count)]
    except OSError:
        return False
    return len(sizes) == count or sum(sizes) >= size


def _below(known: tarfile.TarFile, path: Path, name: str) -> Iterator[tuple[Path, tarfile.TarInfo]]:
    """Yield a path and all below it, each with its header; what is in a directory comes after it."""
    member = known.gettarinfo(path, name)
    if member is None:  # a socket
        return
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    yield path, member
    if member.isdir():
        for entry in sorted(os.listdir(path)):  # noqa: PTH208 - names are enough
            yield from _below(known, path / entry, f"{name}/{entry}")


def _content(path: Path, size: int, kept: bytearray, moved: Told) -> Iterator[bytes]:
    """Yield a file's content after what is `kept`; small files are kept until they are worth a call together."""
    with path.open("rb", buffering=0) as file:
        left = size
        while left:
            data = file.read(min(CHUNK, left))
            if not data:
                raise PathError(f"{path} could not be read: it has become shorter meanwhile.")
            left -= len(data)
            moved(len(data))
            if len(kept) + len(data) < CHUNK:
                kept += data
                continue
            if kept:
                yield bytes(kept)
                kept.clear()
            yield data
    kept += bytes(-size % tarfile.BLOCKSIZE)


class _Nothing:
    """The file of an archive that is not written."""

    def tell(self) -> int:
        """Stand at the beginning."""
        return 0
