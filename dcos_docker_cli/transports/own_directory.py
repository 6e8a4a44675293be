"""Directories for sockets, logs and keys of this process, of which none stays: a killed one's the next one removes."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PREFIX = "dcos-docker-own-"
"""Such a directory is locked by who has made it: the lock ends with the process, whatever ends that."""
YOUNG_SECONDS = 60
"""Who has just made one may not have come to lock it."""
LONGEST = 50
"""A Unix socket's path has room for 104 characters, of which ssh adds 17 while it makes the socket."""


def own_directory(what: str, *, for_socket: bool = True) -> tuple[Path, Callable[[], object]]:
    """Make a directory for this user alone; return it, and what removes it. `what` is in its name, for people."""
    parent = Path(tempfile.gettempdir())
    if for_socket and len(str(parent)) > LONGEST:
        parent = Path("/tmp")  # noqa: S108 - in it, mkdtemp makes one that is ours
    _remove_dead(parent)
    directory = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{what}-", dir=parent))
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    with suppress(OSError):  # a file system without locks: then it is never taken for a dead one's
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def remove() -> None:
        shutil.rmtree(directory, ignore_errors=True)
        with suppress(OSError):
            os.close(descriptor)

    return directory, remove


def _remove_dead(parent: Path) -> None:
    """Remove the directories of processes of this user that have ended without doing so."""
    with suppress(OSError):
        for path in parent.glob(f"{PREFIX}*"):
            with suppress(OSError), _locked(path):
                shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Have a directory that nobody has locked; raise `OSError` for one that is in use, or not ours."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        found = os.fstat(descriptor)
        is_old = time.time() - found.st_mtime > YOUNG_SECONDS
        if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) != stat.S_IRWXU or not is_old:
            raise PermissionError
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
