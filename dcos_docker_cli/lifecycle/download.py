"""Fetch an installer from a URL."""

from __future__ import annotations

import shutil
import socket
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from dcos_docker_cli.exceptions import DownloadError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.progress import Progress

SCHEMES = ("http", "https", "file")
TIMEOUT = 60
"""Seconds for which a server may say nothing."""
CHUNK = 1 << 20


@contextmanager
def downloaded(url: str, workspace: Path | None, cancellation: Cancellation, progress: Progress) -> Iterator[Path]:
    """Have the file of a URL within the block, below the workspace (default: the system's directory for such)."""
    if urlsplit(url).scheme not in SCHEMES:
        raise UsageError(f'"{url}" is no URL of an installer.', hint=f"It begins with one of: {', '.join(SCHEMES)}")
    if workspace:
        workspace.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix="dcos-docker-", dir=workspace))
    try:
        path = directory / "dcos_generate_config.sh"
        with progress.step(f"Downloading {url}"), path.open("wb") as file:
            _fetch(url, file, cancellation)
        yield path
    finally:
        shutil.rmtree(directory)


def _fetch(url: str, file: BinaryIO, cancellation: Cancellation) -> None:
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import urlopen

    try:
        with (
            urlopen(url, timeout=TIMEOUT) as response,  # noqa: S310 - the schemes are checked
            cancellation.closing(lambda: _end(response)),
        ):
            while chunk := response.read1(CHUNK):
                file.write(chunk)
            missing = getattr(response, "length", 0)  # a local file has none
    except HTTPError as error:
        error.close()
        raise DownloadError(f"{url} could not be downloaded: {error}") from None
    except (OSError, HTTPException) as error:  # of the connection, or of the disk
        raise DownloadError(f"{url} could not be downloaded: {error}") from error
    if missing:
        raise DownloadError(f"{url} could not be downloaded: the last {missing} bytes did not come.")


def _end(response: Any) -> None:
    """End the reading of a response, from another thread; a local file does not keep anybody waiting."""
    with suppress(OSError, AttributeError):
        response.fp.raw._sock.shutdown(socket.SHUT_RDWR)
