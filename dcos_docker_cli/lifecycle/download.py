"""Fetch an installer from a URL."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dcos_docker_cli.dcos.installer import read_installer
from dcos_docker_cli.exceptions import Cancelled, DownloadError, InvalidInstallerError, PathError, UsageError
from dcos_docker_cli.lifecycle.partial import Partial, partial
from dcos_docker_cli.lifecycle.transfer import (
    BrokenDownloadError,
    NoServerError,
    RefusedDownloadError,
    failed,
    requested,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.lifecycle.transfer import Answer
    from dcos_docker_cli.progress import Progress

SCHEMES = ("http", "https", "file")
FILE_NAME = "dcos_generate_config.sh"
BASE_URL = "https://downloads.dcos.io/dcos"
VERSIONS = "stable, stable/2.1.0, 2.1.0, testing/master, testing/2.1, testing/pull/123, or a whole URL"
"""What versions look like."""
PAUSES = (1.0, 2.0, 4.0)
"""Seconds before each new try."""
ENOUGH = 1 << 20
"""Bytes after which a connection that breaks is not taken for one more of the same failure."""
MISSING = (403, 404, 410)
"""Object stores answer 403 for what is not there."""
RANGE_NOT_SATISFIABLE = 416


@contextmanager
def downloaded(url: str, workspace: Path | None, cancellation: Cancellation, progress: Progress) -> Iterator[Path]:
    """Have the file of a URL within the block, below the workspace (default: the system's directory for such)."""
    check_source(url)
    if workspace:
        try:
            workspace.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"The workspace {workspace} cannot be made: {error.strerror}.") from error
    directory = Path(tempfile.mkdtemp(prefix="dcos-docker-", dir=workspace))
    try:
        path = directory / FILE_NAME
        with partial(path) as part:
            _fetch(url, part, cancellation, progress)
            part.finish(replace=False)
        yield path
    finally:
        shutil.rmtree(directory)


def check_source(url: str) -> None:
    """Raise `UsageError` for what is no URL that an installer can be downloaded from."""
    scheme = urlsplit(url).scheme
    if scheme not in SCHEMES:
        raise UsageError(f'"{url}" is no URL of an installer.', hint=f"It begins with one of: {', '.join(SCHEMES)}")
    if scheme != "file":
        _check_url(url)


def installer_url(version: str, base_url: str = BASE_URL) -> str:
    """Return where the installer of a version is; a version that is a URL is that. Raises `UsageError` for neither."""
    if "://" in version:
        return _check_url(version)
    if not re.fullmatch(r"[\w.+-]+(/[\w.+-]+)*", version, re.ASCII) or {".", ".."} & set(version.split("/")):
        raise UsageError(f'"{version}" is no version of DC/OS.', hint=f"Versions look like: {VERSIONS}")
    is_number = version[0].isdigit() and "/" not in version
    return f"{_check_url(base_url).rstrip('/')}/{'stable/' if is_number else ''}{version}/{FILE_NAME}"


def target_path(path: Path) -> Path:
    """Return where the installer goes: to a file, or into a directory that is there."""
    return path / FILE_NAME if path.is_dir() else path


def download_installer(
    url: str, path: Path, cancellation: Cancellation, progress: Progress, *, force: bool = False
) -> None:
    """Download an installer to `path`, and check that it is a whole one.

    What has come stays beside it when this fails or is interrupted, and the next call goes on with it. Raises
    `PathError`, before anything else, when something is at `path` already, unless `force`.
    """
    if not force:
        _check_free(path)
    with partial(path) as part:
        try:
            _fetch(url, part, cancellation, progress)
        except Cancelled:
            progress.note(_what_stays(url, part) or "Nothing is kept: the same command, run again, begins anew.")
            raise
        except DownloadError as error:
            error.hint = " ".join(filter(None, (error.hint, _what_stays(url, part))))
            raise
        _check_installer(url, part)
        part.finish(replace=force)


def _check_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one or not url.isascii() or re.search(r"[\s\x00-\x1f\x7f]", url):
        raise UsageError(f'"{url}" is no URL.', hint=f"Write it as in: {BASE_URL}")
    if parts.username or parts.password:  # which would be shown, and kept beside the file
        raise UsageError("A URL with a password in it cannot be used.")
    return url


def _check_free(path: Path) -> None:
    if not os.path.lexists(path):
        return
    try:
        read_installer(path)
    except InvalidInstallerError as error:
        raise PathError(
            f"There is something else at {path}: it is no whole installer.",
            hint="Choose another place with --download-path, or replace it with --force.",
            details=[error.message],
        ) from error
    raise PathError(
        f"There is a whole installer at {path} already.", hint="Use it, or replace it by another download with --force."
    )


def _what_stays(url: str, part: Partial) -> str:
    """Say how it goes on; remove what cannot be continued, and then say nothing."""
    if part.can_continue(url):
        return f"What has come is kept as {part.path}: the same command, run again, continues."
    part.remove()
    return ""


def _check_installer(url: str, part: Partial) -> None:
    try:
        read_installer(part.path)
    except InvalidInstallerError as error:
        part.remove()
        raise DownloadError(
            f"What {url} gave is no whole DC/OS installer.",
            hint="Is the URL right? A proxy or a login page may have answered in the server's place.",
            details=[error.message.replace(str(part.path), "It")],
        ) from error


def _fetch(url: str, part: Partial, cancellation: Cancellation, progress: Progress) -> None:
    """Have all of the file in `part`, trying again when the connection breaks."""
    pauses = list(PAUSES)
    answered = False
    while True:
        before = part.size
        try:
            _fetch_once(url, part, cancellation, progress)
        except RefusedDownloadError as error:
            if error.status in MISSING and not url.startswith("file:"):
                error.hint = f"Is there such a version? They look like: {VERSIONS}"
            raise
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
