"""What has come of a file, kept beside the place where it is to be until all of it is there.

For FILE that is FILE.part, and FILE.part.json, which tells of which file of which server it is the beginning.
"""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import json
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from dcos_docker_cli.downloads.transfer import Version
from dcos_docker_cli.exceptions import DownloadError, PathError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)
ROOM_HINT = "Make room."


class Partial:
    """The beginning of a file. `version` is what its server said of it; without that it cannot be continued."""

    def __init__(self, target: Path, file: BinaryIO) -> None:
        self.target = target
        self.path, self._note_path = _beside(target)
        self._file = file
        self._url, self.version = self._read_note()

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return os.fstat(self._file.fileno()).st_size

    def can_continue(self, url: str) -> bool:
        """Whether the rest can be asked for."""
        return bool(self.size and self._url == url and self.version.condition)

    def begin(self, url: str, version: Version) -> None:
        """Begin anew."""
        with self._errors():
            self._note_path.unlink(missing_ok=True)  # it must never tell of what is no longer there
            self._file.truncate(0)
            self._file.seek(0)
            self._note_path.write_text(json.dumps({"url": url, **dataclasses.asdict(version)}), encoding="utf-8")
        self._url, self.version = url, version

    def go_to(self, offset: int) -> None:
        """Have what is written next come there."""
        with self._errors():
            self._file.truncate(offset)
            self._file.seek(offset)

    def check_room(self, wanted: int) -> None:
        """Raise `DownloadError` when the disk has not so many bytes free."""
        with self._errors():
            free = shutil.disk_usage(self.path.parent).free
        if free < wanted:
            raise DownloadError(
                f"{self.target} has no room: {wanted} bytes are to come, and its disk has {free} free.", hint=ROOM_HINT
            )

    def write(self, data: bytes) -> None:
        """Write all of it."""
        rest = memoryview(data)
        with self._errors():
            while rest:
                rest = rest[self._file.write(rest) :]

    def finish(self, *, replace: bool) -> None:
        """Put it where it is to be; raise `PathError` when something else has come there meanwhile."""
        if not replace and os.path.lexists(self.target):
            raise PathError(f"{self.target} has come to be there meanwhile; what was downloaded is {self.path}.")
        with self._errors():
            self.path.replace(self.target)
            self._note_path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove it."""
        with self._errors():
            self._note_path.unlink(missing_ok=True)
            self.path.unlink(missing_ok=True)

    def _read_note(self) -> tuple[str, Version]:
        try:
            note = json.loads(self._note_path.read_text(encoding="utf-8"))
            size = None if note["size"] is None else int(note["size"])
            return str(note["url"]), Version(str(note["etag"]), str(note["modified"]), size)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return "", Version()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _cannot_write(self.target, error) from error


@contextmanager
def partial(target: Path) -> Iterator[Partial]:
    """Have what there is of a file within the block, and no other program at it."""
    path, _ = _beside(target)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise _cannot_write(path if os.path.lexists(path) else target, error) from error
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_it = os.path.samestat(os.fstat(descriptor), path.stat())  # who had it may have finished just now
        except OSError:
            is_it = False
        if not is_it:
            raise PathError(f"Another download to {target} is going on.")
        yield Partial(target, file)


def _beside(target: Path) -> tuple[Path, Path]:
    return target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.part.json")


def _cannot_write(path: Path, error: OSError) -> DownloadError:
    hint = ROOM_HINT if error.errno in FULL else ""
    return DownloadError(f"{path} cannot be written: {error.strerror or error}.", hint=hint)
