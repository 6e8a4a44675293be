"""Which runs of the tests there are on this machine: what one that was killed leaves, the next one removes."""

from __future__ import annotations

import fcntl
import tempfile
from pathlib import Path
from typing import IO, Any

from tests.support.ids import name_run

PREFIX = "dcos-docker-test-run-"


class Run:
    """This run: while it lasts it holds a file of its name, which is left unheld by one that was killed."""

    def __init__(self) -> None:
        self.name = name_run()
        self._held = _hold(_directory() / (PREFIX + self.name), "w")

    def end(self) -> None:
        """Let go of it."""
        Path(self._held.name).unlink(missing_ok=True)
        self._held.close()


def killed_runs() -> list[str]:
    """Return the names of runs that have not ended as they should; they are forgotten then."""
    names = []
    for path in _directory().glob(f"{PREFIX}*"):
        try:
            held = _hold(path, "r")
        except OSError:  # it lasts, has gone just now, or is another user's
            continue
        path.unlink(missing_ok=True)
        held.close()
        names.append(path.name.removeprefix(PREFIX))
    return names


def _directory() -> Path:
    return Path(tempfile.gettempdir())


def _hold(path: Path, mode: str) -> IO[Any]:
    """Open and lock a file. A lock goes with its process, however that ends.

    Raises:
        OSError: It is another's.
    """
    file = path.open(mode)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file
