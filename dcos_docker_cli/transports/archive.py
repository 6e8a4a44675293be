"""Archives of tar as streams: what is told of them while they go, and what one that comes may do here."""

from __future__ import annotations

import os
import tarfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dcos_docker_cli.transports.base import Write

    Told = Callable[[int], object]
    """Is told a number of bytes."""

CHUNK = 1 << 16
"""With a megabyte the memory itself takes more time than there are calls less."""
BEFORE_MEMBERS = (
    tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK
)  # fmt: skip
LONGEST_HEADER = 1 << 20
LATEST = 1 << 34
"""Seconds. Times beyond are of no file system's."""
LARGE = 64 << 20
"""Bytes from which on files are worth the calls that it takes to have the engine give or take them."""
MANY = 500
"""Files from which on they are."""
CLOSED = -1
REMARKS = 20
"""Lines in which to say what was left out; /dev has a hundred devices."""


def nobody(_: int) -> None:
    """Tell nobody."""


class Forward:
    """The file that tarfile reads an archive from as it comes, without the copies that its own streams make.

    It is read from its beginning to its end, and `moved` is told how much.
    """

    def __init__(self, file: BinaryIO, moved: Told) -> None:
        self._file = file
        self._moved = moved
        self._position = 0

    def read(self, size: int) -> bytes:
        """Read so many bytes, or what there is."""
        data = self._file.read(size)
        self._position += len(data)
        self._moved(len(data))
        return data

    def tell(self) -> int:
        """Return how much was read."""
        return self._position

    def seek(self, position: int) -> None:
        """Read on to a position; raise `tarfile.StreamError` for one that is behind."""
        if position < self._position:
            raise tarfile.StreamError("an archive that comes is read once")
        while self._position < position and self.read(min(position - self._position, CHUNK)):
            pass


class Member(tarfile.TarInfo):
    """A member of an archive that comes; what precedes one and is read as a whole may not fill our memory."""

    def _proc_member(self, tarfile: Any) -> Any:  # where Python's documentation in the source has subclasses come in
        if self.type in BEFORE_MEMBERS and not 0 <= self.size <= LONGEST_HEADER:
            raise HeaderError(f"a header of {self.size} bytes")
        return super()._proc_member(tarfile)  # type: ignore[misc]


class HeaderError(tarfile.TarError):
    """A header that no tar writes."""


@runtime_checkable
class Archives(Protocol):
    """A way to a node by which the engine itself gives and takes archives."""

    def give_file(self, path: bytes, size: int, mtime: str, stdout: Write) -> bool:
        """See `DockerExec.give_file`."""

    def take_archive(self, directory: bytes, archive: Iterator[bytes]) -> bool:
        """See `DockerExec.take_archive`."""


class Coming(tarfile.TarFile):
    """A tar that comes: what a link names is not looked for in it, where it was not checked, and may come yet."""

    def _find_link_target(self, tarinfo: tarfile.TarInfo) -> tarfile.TarInfo:
        raise tarfile.ReadError(f"{tarinfo.name} could not be made as a link to {tarinfo.linkname}")


def reader(file: BinaryIO, moved: Told) -> tarfile.TarFile:
    """Open a tar that comes."""
    return Coming(fileobj=cast("Any", Forward(file, moved)), mode="r", tarinfo=Member, copybufsize=CHUNK)


def extract(tar: tarfile.TarFile, local: Path, expect: Told) -> list[str]:
    """Extract an archive so that its top, which comes first, is `local`; return what of it was left out, and why.

    That are the FIFOs and devices in a directory; GNU tar itself leaves out sockets.
    """
    tar.extraction_filter = staticmethod(lambda member, _: member)  # ours is used, which every Python has
    top = None
    real = {local.parent}
    left_out: dict[str, str] = {}

    def renamed(path: str) -> str:
        return str(PurePosixPath(local.name) / PurePosixPath(path).relative_to(top or path))

    for member in tar:
        if top is None:
            top = member.name
            if member.isreg():
                expect(member.size)
        kind = left_out.get(member.linkname, "") if member.islnk() else _special(member)
        if kind and member.name != top:
            left_out[member.name] = kind
            continue
        member.name = renamed(member.name)
        if member.islnk():
            member.linkname = renamed(member.linkname)
        _check(member, local.parent, real)
        member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        member.mode &= 0o777
        if not 0 <= member.mtime < LATEST:
            member.mtime = 0
        if member.isdir():
            member.mode |= 0o700  # what is in it comes after it
        tar.extract(member, local.parent)
        path = local.parent / member.name
        # tarfile takes a link or a file for the directory that it was to make; another link could take its place.
        if member.isdir() and path.parent in real and path.is_dir() and not path.is_symlink():
            real.add(path)
    said = [f"{name}: {kind} left out" for name, kind in left_out.items()]
    return said if len(said) <= REMARKS else [*said[: REMARKS - 1], f"{len(said) - REMARKS + 1} more were left out"]


def _special(member: tarfile.TarInfo) -> str:
    """Return what a member is that has no content, or nothing."""
    return "FIFO" if member.isfifo() else "device" if member.isdev() else ""


def _check(member: tarfile.TarInfo, directory: Path, real: set[Path]) -> None:
    """Refuse what an archive may not do here; a link may lead anywhere, but nothing is written through it.

    `real` are directories that were made here, so that no link is on the way to them.
    """
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        raise tarfile.ExtractError(f"{member.name} is neither a file, a directory nor a link")
    path = directory / member.name
    if path.parent in real and path.name != ".." and not member.islnk() and not path.is_symlink():
        return
    base = directory.resolve()
    # Where a symbolic link leads does not matter, only where it is put.
    places = [path.parent.resolve() if member.issym() else path.resolve()]
    if member.islnk():
        target = directory / member.linkname
        if not os.path.lexists(target):  # tarfile would look for it in the archive, where a stream does not go back
            raise tarfile.ExtractError(f"{member.name} is a link to {member.linkname}, which is not there")
        places.append(target.resolve())
    if ".." in path.parts or not all(place.is_relative_to(base) for place in places):
        raise tarfile.ExtractError(f"{member.name} would be outside of {directory}")


def why(code: int, said: list[str]) -> list[str]:
    """Return what tar has said; one that was killed says nothing, as when its node is stopped."""
    return said or ([f"The node's tar ended with status {code}."] if code > 0 else [])


def lines(output: bytearray) -> list[str]:
    """Return the last lines of what a command has said."""
    return output.decode(errors="replace").splitlines()[-REMARKS:]
