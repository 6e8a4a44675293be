"""Fetching a file from a URL: all of it, also over a connection that breaks."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli.downloads.partial import Partial, partial
from dcos_docker_cli.downloads.transfer import (
    BrokenDownloadError,
    NoServerError,
    RefusedDownloadError,
    failed,
    requested,
)
from dcos_docker_cli.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.downloads.transfer import Answer
    from dcos_docker_cli.progress import Progress

PAUSES = (1.0, 2.0, 4.0)
"""Seconds before each new try."""
ENOUGH = 1 << 20
"""Bytes after which a connection that breaks is not taken for one more of the same failure."""
RANGE_NOT_SATISFIABLE = 416


@contextmanager
def fetched(
    url: str, name: str, workspace: Path | None, cancellation: Cancellation, progress: Progress
) -> Iterator[Path]:
    """Have the file of a URL within the block, by that name, below the workspace (default: the system's directory)."""
    if workspace:
        try:
            workspace.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"The workspace {workspace} cannot be made: {error.strerror}.") from error
    directory = Path(tempfile.mkdtemp(prefix="dcos-docker-", dir=workspace))
    try:
        path = directory / name
        with partial(path) as part:
            fetch(url, part, cancellation, progress)
            part.finish(replace=False)
        yield path
    finally:
        shutil.rmtree(directory)


def fetch(url: str, part: Partial, cancellation: Cancellation, progress: Progress) -> None:
    """Have all of the file in `part`, trying again when the connection breaks."""
    pauses = list(PAUSES)
    answered = False
    while True:
        before = part.size
        try:
            _fetch_once(url, part, cancellation, progress)
        except BrokenDownloadError as error:
            answered = answered or not isinstance(error, NoServerError)
            if part.size >= before + ENOUGH:
                pauses = list(PAUSES)
            if not answered or not pauses:
                raise
            pause = pauses.pop(0)
            progress.note(f"{error.message} Trying again in {pause:.0f} s.")
            cancellation.sleep(pause)
        else:
            return


def _fetch_once(url: str, part: Partial, cancellation: Cancellation, progress: Progress) -> None:
    """Fetch what is still missing, or all of it when the server has another file now, or cannot continue."""
    try:
        _receive(url, part, _offset(url, part), cancellation, progress)
    except _OtherFileError:
        progress.note(f"{url} has changed since: from its beginning.")
        _receive(url, part, 0, cancellation, progress)
    wanted = part.version.size
    if wanted is not None and part.size != wanted:
        raise BrokenDownloadError(failed(url, f"{part.size} bytes came, and it has {wanted}"))


def _receive(url: str, part: Partial, offset: int, cancellation: Cancellation, progress: Progress) -> None:
    """Fetch a file from `offset` on; raise `_OtherFileError` when the server gives a part of another one."""
    title = f"Continuing to download {url}" if offset else f"Downloading {url}"
    with progress.transfer(title) as amount, _asked(url, offset, part, cancellation) as answer:
        if offset and answer.offset == offset and answer.version.can_be(part.version):
            part.go_to(offset)
        elif answer.offset:
            raise _OtherFileError
        else:
            if offset:
                progress.note(f"{url} has changed since, or cannot be continued: from its beginning.")
            part.begin(url, answer.version)
        if answer.length is not None:
            amount.expect(answer.length)
            part.check_room(answer.length)
        for chunk in answer.chunks():
            part.write(chunk)
            amount.add(len(chunk))


@contextmanager
def _asked(url: str, offset: int, part: Partial, cancellation: Cancellation) -> Iterator[Answer]:
    """Ask for the file, or for the rest of it if the server still has the same one."""
    headers = {"Range": f"bytes={offset}-", "If-Range": part.version.condition} if offset else {}
    try:
        with requested(url, cancellation, headers) as answer:
            yield answer
    except RefusedDownloadError as error:
        if offset and error.status == RANGE_NOT_SATISFIABLE:
            raise _OtherFileError from error
        raise


class _OtherFileError(Exception):
    """What the server would send is not the rest of what has come."""


def _offset(url: str, part: Partial) -> int:
    """Return from where on the file is asked for: for one byte at least, as the answer tells whether it is the same."""
    if not part.can_continue(url):
        return 0
    return part.size if part.version.size is None else min(part.size, part.version.size - 1)
