"""Fetch an installer from a URL."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dcos_docker_cli.dcos.installer import read_installer
from dcos_docker_cli.downloads.fetch import fetch, fetched
from dcos_docker_cli.downloads.partial import Partial, partial
from dcos_docker_cli.downloads.transfer import RefusedDownloadError
from dcos_docker_cli.exceptions import Cancelled, DownloadError, InvalidInstallerError, PathError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.progress import Progress

SCHEMES = ("http", "https", "file")
FILE_NAME = "dcos_generate_config.sh"
BASE_URL = "https://downloads.dcos.io/dcos"
VERSIONS = "stable, stable/2.1.0, 2.1.0, testing/master, testing/2.1, testing/pull/123, or a whole URL"
"""What versions look like."""
MISSING = (403, 404, 410)
"""Object stores answer 403 for what is not there."""


@contextmanager
def downloaded(url: str, workspace: Path | None, cancellation: Cancellation, progress: Progress) -> Iterator[Path]:
    """Have the installer of a URL within the block, below the workspace (default: the system's directory for such)."""
    check_source(url)
    with _explained(url), fetched(url, FILE_NAME, workspace, cancellation, progress) as path:
        yield path


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Say what may be wrong with the URL of an installer that is not there."""
    try:
        yield
    except RefusedDownloadError as error:
        if error.status in MISSING and not url.startswith("file:"):
            error.hint = f"Is there such a version? They look like: {VERSIONS}"
        raise


def check_source(url: str) -> None:
    """Raise `UsageError` for what is no URL that an installer can be downloaded from."""
    scheme, colon, _ = url.lower().partition(":")  # a URL that cannot be read has a scheme, too
    if not colon or scheme not in SCHEMES:
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
            with _explained(url):
                fetch(url, part, cancellation, progress)
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
