"""Temporary files that may grow large."""

from __future__ import annotations

import errno
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import DcosDockerError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

FULL = (errno.ENOSPC, errno.EDQUOT)


def told_when_full(file: IO[bytes]) -> Callable[[bytes], None]:
    """Return what writes all of its data to a temporary file, and says whose disk is full when it is."""

    def write(data: bytes) -> None:
        try:
            file.write(data)
            file.flush()
        except OSError as error:
            if error.errno not in FULL:
                raise
            _drop(file)
            raise DcosDockerError(
                f"There is no room for temporary files in {tempfile.gettempdir()}.",
                hint="Make room there, or name another place with TMPDIR.",
            ) from error

    return write


def _drop(file: IO[bytes]) -> None:
    """Have the file's end not fail for what it still has in its buffer."""
    with suppress(OSError):
        file.close()
