"""Tar files that users give, looked at before an engine gets them."""

from __future__ import annotations

import stat
import tarfile
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNREADABLE: tuple[type[Exception], ...] = (OSError, EOFError, ValueError, tarfile.TarError, zlib.error)
"""What tarfile raises for what is damaged; not all of it is its own."""
with suppress(ImportError):  # Python can be built without it
    from lzma import LZMAError

    UNREADABLE += (LZMAError,)
CHUNK = 1 << 20


@contextmanager
def opened(path: Path, what: str, hint: str, *, to_its_end: bool = True, origin: str = "") -> Iterator[tarfile.TarFile]:
    """Have a tar, compressed or not, within the block; raise `UsageError` when it cannot be read.

    `what` it should be, and, if users do not know it by its path, its `origin`, are for messages.
    The sum of what is compressed is compared only at the very end, which is behind the end of the tar.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe could be read only once
            raise UsageError(f"{path} is not a file.")
        with tarfile.open(path) as tar:
            yield tar
            while to_its_end and tar.fileobj and tar.fileobj.read(CHUNK):
                pass
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.") from None
    except UNREADABLE as error:
        raise UsageError(f"{origin or path} cannot be read as {what}: {_in_short(error)}.", hint=hint) from error


def _in_short(error: Exception) -> str:
    """Return why; for a file of no known form, tarfile would list in several lines why it is of none of them."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error).partition("\n")[0].rstrip(":. ")
    if isinstance(error, EOFError) or text == "unexpected end of data":
        return "it is cut short"
    return "it is none, or damaged" if text.startswith("file could not be opened") else text
