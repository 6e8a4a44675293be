"""A file that a server sends: asked for, also from somewhere within it on, and read so that it can be interrupted."""

from __future__ import annotations

import queue
import re
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.exceptions import DownloadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dcos_docker_cli.concurrency import Cancellation

TIMEOUT = 60
"""Seconds for which a server may say nothing."""
ANSWER_SECONDS = 180
"""Until it has begun to send, with all name servers and redirections on the way."""
CHUNK = 1 << 20
WAKE_SECONDS = 0.1
TEMPORARY = (408, 429, 500, 502, 503, 504)
"""What servers answer that may soon answer something else."""


class BrokenDownloadError(DownloadError):
    """It broke off, or the server is busy: trying again can help."""


class NoServerError(BrokenDownloadError):
    """There was no connection at all."""


class RefusedDownloadError(DownloadError):
    """The server does not give the file out. `status` is that of its answer."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Version:
    """What a server says by which one file can be told from another that has been put in its place."""

    etag: str = ""
    modified: str = ""
    size: int | None = None

    @property
    def condition(self) -> str:
        """What is sent to get the rest of this file and of no other (If-Range); empty if the server gave nothing."""
        is_strong = self.etag and not self.etag.startswith("W/")
        return self.etag if is_strong else self.modified

    def can_be(self, other: Version) -> bool:
        """Whether nothing that both tell is different."""
        pairs = ((self.etag, other.etag), (self.modified, other.modified), (self.size, other.size))
        return all(mine == theirs for mine, theirs in pairs if mine and theirs)


class Answer:
    """A file, or from `offset` on the rest of it, that a server has begun to send."""

    def __init__(self, url: str, response: Any) -> None:
        self._url = url
        self._response = response
        headers = response.headers
        self.offset, whole = 0, None
        if getattr(response, "status", None) == 206:
            self.offset, whole = _content_range(headers.get("Content-Range", ""))
        self.length = None if headers.get("Transfer-Encoding") else _number(headers.get("Content-Length"))
        size = whole if whole is not None else (None if self.offset else self.length)
        self.version = Version(headers.get("ETag", ""), headers.get("Last-Modified", ""), size)

    def chunks(self) -> Iterator[bytes]:
        """Yield what comes; raise `BrokenDownloadError` when it ends too early."""
        count = 0
        while self.length is None or count < self.length:
            with _translated(self._url):
                chunk = self._response.read1(CHUNK)
            if not chunk:
                break
            count += len(chunk)
            yield chunk
        if self.length is not None and count < self.length:
            raise BrokenDownloadError(failed(self._url, f"the last {self.length - count} bytes did not come"))


@contextmanager
def requested(url: str, cancellation: Cancellation, headers: Mapping[str, str] | None = None) -> Iterator[Answer]:
    """Have the server's answer within the block."""
    with _translated(url):
        response = _open(url, headers or {}, cancellation)
    with response, cancellation.closing(lambda: _end(response)):
        yield Answer(url, response)


def failed(url: str, reason: object) -> str:
    """Return the message for a download that failed."""
    return f"{url} could not be downloaded: {str(reason).rstrip('.')}."


def _open(url: str, headers: Mapping[str, str], cancellation: Cancellation) -> Any:
    """Ask in a thread of its own: whoever interrupts waits for no name server, and for nobody who does not answer."""
    from urllib.request import Request, urlopen

    request = Request(url, headers=dict(headers))  # noqa: S310 - the schemes are checked
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    given_up = threading.Event()

    def ask() -> None:
        try:
            found = urlopen(request, timeout=TIMEOUT)  # noqa: S310
        except Exception as error:  # it is raised where the answer is waited for
            found = error
        answers.put(found)
        if given_up.is_set() and not isinstance(found, Exception):
            found.close()

    threading.Thread(target=ask, daemon=True).start()
    try:
        end = time.monotonic() + ANSWER_SECONDS
        while True:
            cancellation.check()
            if time.monotonic() > end:
                raise TimeoutError(f"no answer within {ANSWER_SECONDS} s")
            with suppress(queue.Empty):
                found = answers.get(timeout=WAKE_SECONDS)
                break
    except BaseException:
        given_up.set()
        raise
    if isinstance(found, Exception):
        raise found
    return found


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """Make errors of ours of what urllib raises."""
    from http.client import HTTPException, InvalidURL
    from urllib.error import HTTPError, URLError

    try:
        yield
    except HTTPError as error:
        error.close()
        message = failed(url, error)
        if error.code in TEMPORARY:
            raise BrokenDownloadError(message) from None
        raise RefusedDownloadError(message, error.code) from None
    except URLError as error:
        raise _without_connection(url, error.reason) from error
    except (InvalidURL, ValueError) as error:
        raise DownloadError(failed(url, error)) from error
    except (OSError, HTTPException) as error:
        raise BrokenDownloadError(failed(url, _words(error))) from error


def _without_connection(url: str, reason: object) -> DownloadError:
    """Return the error for a request that did not get as far as an answer."""
    from ssl import SSLCertVerificationError

    message = failed(url, _words(reason))
    if isinstance(reason, SSLCertVerificationError):
        return DownloadError(message, hint="If the server's authority is your own, name its file in SSL_CERT_FILE.")
    if isinstance(reason, ConnectionResetError | BrokenPipeError):
        return BrokenDownloadError(message)
    if url.startswith("file:"):
        return DownloadError(message)
    return NoServerError(
        message, hint="Is the address right, the network up, and, where there is one, https_proxy set?"
    )


def _words(reason: object) -> object:
    """Return what the system says of an error, without its number."""
    from http.client import IncompleteRead

    if isinstance(reason, IncompleteRead):
        return "the connection broke off"
    return getattr(reason, "strerror", None) or reason or type(reason).__name__


def _content_range(text: str) -> tuple[int, int | None]:
    """Return where a part begins, and the size of the whole; -1 where that makes no sense, so that it fits nowhere."""
    match = re.fullmatch(r"bytes (\d{1,18})-\d+/(\d{1,18}|\*)", text.strip())
    return (int(match[1]), _number(match[2])) if match else (-1, None)


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,18}", text) else None


def _end(response: Any) -> None:
    """End the reading of a response, from another thread; a local file does not keep anybody waiting."""
    with suppress(OSError, AttributeError):
        response.fp.raw._sock.shutdown(socket.SHUT_RDWR)
