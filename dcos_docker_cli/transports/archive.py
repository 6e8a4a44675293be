"""Archives of tar as streams: what is told of them while they go, and what one that comes may do here."""

from __future__ import annotations

import os
import tarfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
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
REMARKS = 20
"""Lines in which to say what was left out; /dev has a hundred devices."""


def nobody(_: int) -> None:
    """Tell nobody."""


class Writer:
    """The file object that tarfile writes to."""

    def __init__(self, write: Write) -> None:
        self.write = write


class Counted:
    """A file object that tells how much is read of it."""

    def __init__(self, file: Any, moved: Told) -> None:
        self._file = file
        self._moved = moved

    def read(self, size: int = -1) -> bytes:
        """Read."""
        data: bytes = self._file.read(size)
        self._moved(len(data))
        return data


class Member(tarfile.TarInfo):
    """A member of an archive that comes; what precedes one and is read as a whole may not fill our memory."""

    def _proc_member(self, tarfile: Any) -> Any:  # where Python's documentation in the source has subclasses come in
        if self.type in BEFORE_MEMBERS and not 0 <= self.size <= LONGEST_HEADER:
            raise HeaderError(f"a header of {self.size} bytes")
        return super()._proc_member(tarfile)  # type: ignore[misc]


class HeaderError(tarfile.TarError):
    """A header that no tar writes."""


class Archive(tarfile.TarFile):
    """An archive that tells how much of the files it has taken."""

    moved: Told = staticmethod(nobody)

    def addfile(self, tarinfo: tarfile.TarInfo, fileobj: Any = None) -> None:
        """Add a member."""
        super().addfile(tarinfo, fileobj and Counted(fileobj, self.moved))


def stream(file: Any, mode: Any, kind: type[Any] = tarfile.TarFile) -> Any:
    """Open a tar as a stream. With Python's own buffers of some KiB it would take twice the time."""
    sizes: dict[str, Any] = {"bufsize": CHUNK, "copybufsize": CHUNK}
    return kind.open(fileobj=file, mode=mode, format=tarfile.PAX_FORMAT, tarinfo=Member, **sizes)


def extract(tar: tarfile.TarFile, local: Path, expect: Told) -> list[str]:
    """Extract an archive so that its top, which comes first, is `local`; return what of it was left out, and why.

    That are the FIFOs and devices in a directory; GNU tar itself leaves out sockets.
    """
    tar.extraction_filter = staticmethod(lambda member, _: member)  # ours is used, which every Python has
    top = None
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
        _check(member, local.parent)
        member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        member.mode &= 0o777
        if not 0 <= member.mtime < LATEST:
            member.mtime = 0
        if member.isdir():
            member.mode |= 0o700  # what is in it comes after it
        tar.extract(member, local.parent)
    said = [f"{name}: {kind} left out" for name, kind in left_out.items()]
    return said if len(said) <= REMARKS else [*said[: REMARKS - 1], f"{len(said) - REMARKS + 1} more were left out"]


def _special(member: tarfile.TarInfo) -> str:
    """Return what a member is that has no content, or nothing."""
    return "FIFO" if member.isfifo() else "device" if member.isdev() else ""


def _check(member: tarfile.TarInfo, directory: Path) -> None:
    """Refuse what an archive may not do here; a link may lead anywhere, but nothing is written through it."""
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        raise tarfile.ExtractError(f"{member.name} is neither a file, a directory nor a link")
    base = directory.resolve()
    # Where a symbolic link leads does not matter, only where it is put.
    path = directory / member.name
    places = [path.parent.resolve() if member.issym() else path.resolve()]
    if member.islnk():
        target = directory / member.linkname
        if not os.path.lexists(target):  # tarfile would look for it in the archive, where a stream does not go back
            raise tarfile.ExtractError(f"{member.name} is a link to {member.linkname}, which is not there")
        places.append(target.resolve())
    if ".." in path.parts or not all(place.is_relative_to(base) for place in places):
        raise tarfile.ExtractError(f"{member.name} would be outside of {directory}")
