"""The connection to the Docker engine: where it is, which API it speaks, and its errors in our words.

`Engine` is docker-py's low-level client. Four things are added at the one place all its calls pass, `request`: a
cancelled operation makes no more calls, a connection error becomes `EngineUnreachableError`, a refusal becomes
`EngineError` with the engine's own words, and the first answer tells which version of the API to speak.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import docker
import requests
import urllib3
from docker.tls import TLSConfig
from docker.utils import version_lt

from dcos_docker_cli.backends.docker import patience
from dcos_docker_cli.backends.docker.checked import CheckedListings
from dcos_docker_cli.backends.docker.contexts import context_in_use
from dcos_docker_cli.backends.docker.ssh_tunnel import forwarded_socket
from dcos_docker_cli.concurrency import MAX_WORKERS, Cancellation
from dcos_docker_cli.exceptions import (
    EngineConflictError,
    EngineError,
    EngineNotFoundError,
    EngineSilentError,
    EngineUnreachableError,
    UsageError,
    without_passwords,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from dcos_docker_cli.transports.stream import HijackedStream

OLDEST_API = "1.41"
"""Engine 20.10, the first that knows private cgroup namespaces, and all that we need."""
NEWEST_API = "1.44"
"""The oldest that engines from 29 on accept."""
FIRST_TIMEOUT = 5.0
PING_TIMEOUT = 10.0
"""Seconds until an engine that has not answered anything yet is asked whether it lives, and until it does not."""
JOB_SILENCE = 600
"""Seconds for which a build or a pull may say nothing."""
ARCHIVE_CHUNK = 1 << 20
KEEP_ALIVE = [
    *urllib3.connection.HTTPConnection.default_socket_options,
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPALIVE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6))
        if hasattr(socket, name)
    ),
]
"""Seconds of silence, and then so many questions with so many seconds between them, until a connection is given up."""
DEFAULT_HOST = "unix:///var/run/docker.sock"


class Endpoint:
    """Where the engine is, and why we look there."""

    def __init__(self, url: str, tls: TLSConfig | bool, origin: str) -> None:
        self.url = url
        self.tls = tls
        self.origin = origin

    def __str__(self) -> str:
        return without_passwords(f"{self.url} ({self.origin})")

    @property
    def is_local(self) -> bool:
        """Whether the engine can be on this machine: then the client sees its routes."""
        return self.url.startswith(("unix://", "http+unix://"))


def endpoint() -> Endpoint:
    """Look where the docker command looks: DOCKER_HOST, then DOCKER_CONTEXT, then the context in use."""
    host = os.environ.get("DOCKER_HOST")
    if host:
        verify = bool(os.environ.get("DOCKER_TLS_VERIFY"))
        certificates = Path(os.environ.get("DOCKER_CERT_PATH") or Path.home() / ".docker")
        return Endpoint(host, _tls(certificates, verify=True) if verify else False, "from DOCKER_HOST")
    context = context_in_use()
    if context is None or not context.host:
        return Endpoint(DEFAULT_HOST, tls=False, origin="the default")
    tls = _tls(context.certificates, verify=context.verify) if context.certificates else False
    return Endpoint(context.host, tls, f'docker context "{context.name}"')


def _tls(certificates: Path, *, verify: bool) -> TLSConfig:
    files = {name: certificates / f"{name}.pem" for name in ("ca", "cert", "key")}
    missing = [str(file) for file in files.values() if not file.is_file()]
    if missing:
        raise UsageError(f"TLS is asked for, but there is no {', no '.join(missing)}.")
    return TLSConfig(client_cert=(str(files["cert"]), str(files["key"])), ca_cert=str(files["ca"]), verify=verify)


@dataclass
class Api:
    """The version of the API that is spoken with an engine, by all operations on it."""

    version: str
    is_agreed: bool


class Engine(CheckedListings):
    """The engine's API, with our errors. Cancelling `cancellation` stops all use of it."""

    def __init__(self, where: Endpoint, cancellation: Cancellation, *, api_version: str = "") -> None:
        """Without the version of the API that the engine is known to speak, the first call finds that out."""
        self.where = where
        self.cancellation = cancellation
        self._api = Api(api_version or OLDEST_API, is_agreed=bool(api_version))
        self.patience = patience.Patience(patience.chosen())
        self.refuses_limits = threading.Event()
        """Whether it has refused a container's limits; like the patience, all operations on it share it."""
        super().__init__(
            base_url=forwarded_socket(where.url) if where.url.startswith("ssh://") else where.url,
            version=self._api.version,
            tls=where.tls,
            timeout=self.patience.seconds,  # type: ignore[arg-type]  # which need not be whole
            max_pool_size=2 * MAX_WORKERS,
        )
        self._keep_alive()

    def for_operation(self, cancellation: Cancellation) -> Engine:
        """Return the same engine, over the same sockets, for an operation that `cancellation` stops."""
        engine = Engine.__new__(Engine)
        vars(engine).update(vars(self), cancellation=cancellation)
        return engine

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Make one call."""
        self.cancellation.check()
        # Said with each call, or requests would take REQUESTS_CA_BUNDLE for the engine's own authority.
        kwargs.setdefault("verify", self.verify)
        kwargs["timeout"] = self._seconds(kwargs.get("timeout"))
        response = None if self._api.is_agreed else self._first_answer(method, url, **kwargs)
        if response is None:
            url = str(url).replace(f"/v{OLDEST_API}/", f"/v{self._version}/", 1)
            response = self._answer(method, url, partial(super().request, method, url, *args, **kwargs), kwargs)
        self.patience.is_tried = False
        if not response.ok:
            raise refusal(response)
        return response

    def greet(self) -> None:
        """See that the engine is there, and that we have a version of the API in common. `/_ping` wakes no runtime."""
        self.get(f"{self.base_url}/v{self._version}/_ping", timeout=self.patience.chosen or PING_TIMEOUT)

    @property
    def agreed_version(self) -> str:
        """The version of the API that is spoken; empty before the first call."""
        return self._version if self._api.is_agreed else ""

    @property
    def _version(self) -> str:
        """What docker-py begins its paths with; it is the same for all operations on this engine."""
        return self._api.version

    @_version.setter
    def _version(self, version: str) -> None:
        self._api.version = version

    def _first_answer(self, method: str | bytes, url: str | bytes, **kwargs: Any) -> requests.Response | None:
        """Agree on a version of the API; return the answer to the call when that was enough for it.

        A call that can be made again need not wait for that. If the engine is silent it is stuck, or needs its time.
        """
        if method == "GET" and not kwargs.get("stream"):
            request = {**kwargs, "timeout": tuple(min(FIRST_TIMEOUT, seconds) for seconds in kwargs["timeout"])}
            try:
                response = self._answer("GET", url, partial(super().request, "GET", url, **request), request)
                return response if self._agree(response) else None
            except EngineSilentError:
                self.patience.is_tried = False
        seconds = self.patience.chosen or PING_TIMEOUT
        request = {"timeout": (seconds, seconds), "verify": self.verify}
        ping = f"{self.base_url}/v{self._version}/_ping"
        self._agree(self._answer("GET", ping, partial(super().request, "GET", ping, **request), request))
        return None

    def _agree(self, answer: requests.Response) -> bool:
        """Find in the first answer which version to speak; return whether it is that of the call."""
        highest = answer.headers.get("Api-Version", "")
        if not highest and answer.status_code not in (200, 400):
            raise refusal(answer)  # by something on the way, and no engine
        if not highest or version_lt(highest, OLDEST_API):
            raise EngineError(
                f"The Docker engine at {self.where} speaks API {highest or 'unknown'}; {OLDEST_API} is needed.",
                status=400,
                hint="Use Docker 20.10 or later.",
            )
        is_refused = answer.status_code == 400 and "client version" in answer.text
        if is_refused:
            self._version = NEWEST_API
        self._api.is_agreed = True
        return not is_refused

    def is_there(self) -> bool:
        """Whether the engine answers anything at all, before long."""
        seconds = min(patience.ALIVE, self.patience.seconds)
        try:
            super().request("GET", f"{self.base_url}/_ping", timeout=seconds, verify=self.verify).close()
        except requests.exceptions.RequestException:
            return False
        return True

    def check_there(self, why: str) -> None:
        """Raise `EngineUnreachableError` when the engine does not answer any more; `why` says why it is asked."""
        try:
            self.get(f"{self.base_url}/_ping")
        except EngineUnreachableError as error:
            error.details += (why,)
            raise

    def _seconds(self, wanted: Any) -> tuple[float, float]:
        """Return how long a call waits to be taken, and for its answer."""
        connect, read = wanted if isinstance(wanted, tuple) else (wanted, wanted)
        default = self.patience.seconds
        return self.patience.of(connect or default), self.patience.of(read or default)

    def _answer(
        self, method: str | bytes, url: str | bytes, call: Callable[[], requests.Response], request: dict[str, Any]
    ) -> requests.Response:
        """Make a call, and wait for its answer as long as it may take."""
        verb, where = (part.decode() if isinstance(part, bytes) else part for part in (method, url))
        path = where.removeprefix(str(self.base_url)).removeprefix(f"/v{self.api_version}")
        changes = verb.upper() not in patience.READS and "/exec" not in path  # commands that were begun go on anyway
        seconds = request["timeout"][1]
        begun = time.monotonic()
        try:
            if self.patience.is_tried and not self.is_there():
                raise patience.NoAnswerError(0)
            with translated(self.where):
                if isinstance(request.get("data"), Iterator):  # it knows this thread, and whether that is interrupted
                    return call()
                return patience.answer(
                    call, self.cancellation, seconds=seconds, changes=changes, is_there=self.is_there, discard=give_up
                )
        except (patience.NoAnswerError, EngineSilentError) as error:
            self.patience.lost(changes=changes)
            waited = f"Waited {time.monotonic() - begun:.0f} s for: {verb.upper()} {path}"
            raise no_answer(self.where, waited) from error

    def _keep_alive(self) -> None:
        """Have the kernel find out when the other end of a TCP connection is gone, however silent it is."""
        for adapter in self.adapters.values():
            pools = getattr(adapter, "poolmanager", None)  # of a Unix socket it is not used
            if pools is not None:
                pools.connection_pool_kw["socket_options"] = KEEP_ALIVE

    def stream_json(self, path: str, **request: Any) -> Iterator[dict[str, Any]]:
        """Post a long job and yield the objects in which the engine tells how it goes.

        Raises `EngineError` for an error among them. Cancelling closes the connection, and so ends the job.
        """
        response = self.post(
            f"{self.base_url}/v{self.api_version}{path}",
            stream=True,
            timeout=(self.patience.seconds, JOB_SILENCE),
            **request,
        )
        with translated(self.where), self.cancellation.closing(lambda: abort(response)), response:
            for line in response.iter_lines():
                message: dict[str, Any] = json.loads(line)
                if "error" in message:
                    raise EngineError(str(message["error"]).strip(), status=500)
                yield message
            self.cancellation.check()  # a connection that was closed here looks like one that has ended

    def lines(self, container: str, *, follow: bool = True) -> Iterator[str]:
        """Yield what a container has printed, and with `follow` what it prints, as it does, until it ends."""
        response = self.get(
            f"{self.base_url}/v{self.api_version}/containers/{container}/logs",
            params={"stdout": 1, "stderr": 1, "follow": int(follow)},
            stream=True,
            timeout=(self.patience.seconds, JOB_SILENCE),
        )
        with translated(self.where), self.cancellation.closing(lambda: abort(response)), response:
            for line in response.iter_lines():
                yield line.decode(errors="replace")

    @contextmanager
    def archive_of(self, container: str, path: str) -> Iterator[tuple[dict[str, Any], Iterator[bytes]]]:
        """Have what the engine knows of a path in a container, and the tar of it, as it comes, within the block.

        Until its end the engine starts no command in that container, nor tells anything about it alone.
        """
        response = self.get(
            f"{self.base_url}/v{self.api_version}/containers/{container}/archive",
            params={"path": path},
            headers={"Accept-Encoding": "identity"},  # it would compress it, at a sixth of the speed
            stream=True,
        )
        with translated(self.where), self.cancellation.closing(lambda: abort(response)), response:
            about = json.loads(base64.b64decode(response.headers["X-Docker-Container-Path-Stat"]))
            yield about, response.iter_content(ARCHIVE_CHUNK)

    def unpack(self, container: str, directory: str, archive: Iterator[bytes]) -> None:
        """Unpack a tar in a container's directory; raise `EngineNotFoundError` if the engine does not see that.

        Until the end the engine starts no command in that container, nor tells anything about it alone.
        """

        def pieces() -> Iterator[bytes]:
            for piece in archive:
                self.cancellation.check()
                yield piece

        url = f"{self.base_url}/v{self.api_version}/containers/{container}/archive"
        self.head(url, params={"path": directory})  # its refusal would come while the archive is sent
        self.put(url, params={"path": directory}, data=pieces())

    def attach_exec(self, exec_id: str, *, tty: bool) -> HijackedStream:
        """Start an exec and return its connection, on which its streams go both ways."""
        response = self.post(
            f"{self.base_url}/v{self.api_version}/exec/{exec_id}/start",
            json={"Tty": tty, "Detach": False},
            headers={"Connection": "Upgrade", "Upgrade": "tcp"},
            stream=True,
            timeout=self.timeout,
        )
        return self.hijacked(response, "It was asked while a command on a node said nothing, which may go on there.")

    def hijacked(self, response: requests.Response, why: str) -> HijackedStream:
        """Return the stream that a connection has become. While nothing comes the engine is asked whether it is there.

        When it does not answer either, `EngineUnreachableError` is raised, with `why` among its details.
        """
        from dcos_docker_cli.transports.stream import SILENCE, HijackedStream

        return HijackedStream(response, lambda: self.check_there(why), min(SILENCE, self.patience.seconds))


def no_answer(where: Endpoint, waited: str = "") -> EngineSilentError:
    """Say that the engine hangs, and what was waited for."""
    return EngineSilentError(
        f"The Docker engine at {where} does not answer.",
        hint="Is it overloaded or stuck? Try: docker version. "
        f"If it only needs longer: {patience.VARIABLE}=SECONDS (default: {patience.TIMEOUT:g}).",
        details=[waited] if waited else [],
    )


@contextmanager
def translated(where: Endpoint) -> Iterator[None]:
    """Make an `EngineUnreachableError` of what requests raises when a connection fails, also midway."""
    try:
        yield
    except requests.exceptions.Timeout as error:
        raise no_answer(where) from error
    except requests.exceptions.SSLError as error:
        raise EngineUnreachableError(
            f"The Docker engine at {where} and we do not trust each other.",
            hint="Check DOCKER_CERT_PATH, DOCKER_TLS_VERIFY, or the certificates of the docker context.",
            details=[str(error)],
        ) from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        raise (no_answer(where) if _is_timeout(error) else unreachable(where, error)) from error


def _is_timeout(error: BaseException) -> bool:
    """Whether requests has wrapped up that nothing came, or went, in time."""
    inner = [part for part in error.args if isinstance(part, BaseException)]
    return isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError) or any(map(_is_timeout, inner))


def abort(response: requests.Response) -> None:
    """End the reading of a response, from any thread; who reads it is to close it then."""
    with suppress(OSError, AttributeError):
        fp: Any = response.raw._fp
        # The method of a TLS connection would have the reader take what is still to come for plain text.
        socket.socket.shutdown(fp.fp.raw._sock, socket.SHUT_RDWR)


def give_up(response: requests.Response) -> None:
    """Close a response that nobody reads. Over TCP the engine goes on with it for as long as it is open."""
    abort(response)
    response.close()


def unreachable(where: Endpoint, cause: Exception) -> EngineUnreachableError:
    """Say that there is no engine, in the words that help most."""
    path = where.url.removeprefix("http+unix://").removeprefix("unix://")
    if where.is_local and os.path.exists(path) and not os.access(path, os.W_OK):  # noqa: PTH110 - a str is at hand
        return EngineUnreachableError(
            f"You may not use the Docker engine at {where}.",
            hint="Add yourself to the group docker and log in again, or use sudo.",
        )
    if not where.is_local:
        hint = "Is the address right, and is the engine up where it runs?"
        if isinstance(cause, requests.exceptions.ProxyError):
            hint = "It is asked through the proxy that HTTP_PROXY or HTTPS_PROXY names. If it is reached without one, "
            hint += f"add {urlsplit(where.url).hostname} to NO_PROXY."
        return EngineUnreachableError(
            f"No Docker engine answers at {where}.",
            hint=hint,
            details=[_of_system(cause)],
        )
    return EngineUnreachableError(
        f"No Docker engine answers at {where}.",
        hint="Start it (for example: sudo systemctl start docker), or point DOCKER_HOST at one. "
        "In a checkout, `make engine` installs and starts one.",
    )


def _of_system(cause: BaseException) -> str:
    """Return what the system says, such as "Connection refused", of an error that libraries have wrapped."""
    inner: BaseException | None = cause
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return str(cause)


def refusal(response: requests.Response) -> EngineError:
    """Make an error of ours of the engine's answer."""
    try:
        message = str(response.json()["message"]).strip()
    except (ValueError, KeyError, TypeError):
        message = response.text.strip() or str(response.reason)
    kinds: dict[int, type[EngineError]] = {404: EngineNotFoundError, 409: EngineConflictError}
    kind = kinds.get(response.status_code, EngineError)
    return kind(f"The Docker engine refused: {message}", response.status_code)


def connect(cancellation: Cancellation | None = None) -> Engine:
    """Connect to the engine in use, and see that it is there; `cancellation` stops all use of the connection.

    Raises `EngineUnreachableError` when none answers and `EngineError` when it is too old.
    """
    engine = engine_in_use(cancellation)
    engine.greet()
    return engine


def engine_in_use(cancellation: Cancellation | None = None) -> Engine:
    """Return the engine in use. The first call contacts it, and fails as `connect` does."""
    where = endpoint()
    try:
        return Engine(where, cancellation or Cancellation())
    except (docker.errors.DockerException, ValueError, AttributeError) as error:
        raise UsageError(
            f"The Docker engine's address {where} cannot be used: {error}",
            hint="Write unix:///path, tcp://host:port or ssh://user@host.",
        ) from error
