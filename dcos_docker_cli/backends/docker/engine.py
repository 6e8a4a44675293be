"""The connection to the Docker engine: where it is, which API it speaks, and its errors in our words.

`Engine` is docker-py's low-level client. Three things are added at the one place all its calls pass, `request`: a
cancelled operation makes no more calls, a connection error becomes `EngineUnreachableError`, and a refusal becomes
`EngineError` with the engine's own words.
"""

from __future__ import annotations

import json
import os
import socket
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import requests
import urllib3
from docker.tls import TLSConfig
from docker.utils import version_lt

from dcos_docker_cli.backends.docker.contexts import context_in_use
from dcos_docker_cli.backends.docker.ssh_tunnel import forwarded_socket
from dcos_docker_cli.concurrency import MAX_WORKERS, Cancellation
from dcos_docker_cli.exceptions import (
    EngineConflictError,
    EngineError,
    EngineNotFoundError,
    EngineUnreachableError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dcos_docker_cli.transports.stream import HijackedStream

OLDEST_API = "1.41"
"""Engine 20.10, the first that knows private cgroup namespaces."""
NEWEST_API = "1.44"
"""The oldest that engines from 29 on accept, and all that we need."""
TIMEOUT = 120
"""Seconds until a call that streams nothing has failed. Starting a privileged container on a busy host takes long."""
JOB_SILENCE = 600
"""Seconds for which a build or a pull may say nothing."""
DEFAULT_HOST = "unix:///var/run/docker.sock"


class Endpoint:
    """Where the engine is, and why we look there."""

    def __init__(self, url: str, tls: TLSConfig | bool, origin: str) -> None:
        self.url = url
        self.tls = tls
        self.origin = origin

    def __str__(self) -> str:
        return f"{self.url} ({self.origin})"

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


class Engine(docker.APIClient):
    """The engine's API, with our errors. Cancelling `cancellation` stops all use of it."""

    def __init__(self, where: Endpoint, cancellation: Cancellation, *, api_version: str) -> None:
        self.where = where
        self.cancellation = cancellation
        super().__init__(
            base_url=forwarded_socket(where.url) if where.url.startswith("ssh://") else where.url,
            version=api_version,
            tls=where.tls,
            timeout=TIMEOUT,
            max_pool_size=2 * MAX_WORKERS,
        )

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
        with translated(self.where):
            response = super().request(method, url, *args, **kwargs)
        if not response.ok:
            raise refusal(response)
        return response

    def highest_api(self) -> str:
        """Return the highest API version of the engine. `/_ping` tells it without waking the runtime up."""
        return self.get(f"{self.base_url}/_ping", timeout=10).headers.get("Api-Version", "")

    def stream_json(self, path: str, **request: Any) -> Iterator[dict[str, Any]]:
        """Post a long job and yield the objects in which the engine tells how it goes.

        Raises `EngineError` for an error among them. Cancelling closes the connection, and so ends the job.
        """
        response = self.post(
            f"{self.base_url}/v{self.api_version}{path}", stream=True, timeout=(TIMEOUT, JOB_SILENCE), **request
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
            timeout=(TIMEOUT, JOB_SILENCE),
        )
        with translated(self.where), self.cancellation.closing(lambda: abort(response)), response:
            for line in response.iter_lines():
                yield line.decode(errors="replace")

    def attach_exec(self, exec_id: str, *, tty: bool) -> HijackedStream:
        """Start an exec and return its connection, on which its streams go both ways."""
        from dcos_docker_cli.transports.stream import HijackedStream

        response = self.post(
            f"{self.base_url}/v{self.api_version}/exec/{exec_id}/start",
            json={"Tty": tty, "Detach": False},
            headers={"Connection": "Upgrade", "Upgrade": "tcp"},
            stream=True,
            timeout=self.timeout,
        )
        return HijackedStream(response)


@contextmanager
def translated(where: Endpoint) -> Iterator[None]:
    """Make an `EngineUnreachableError` of what requests raises when a connection fails, also midway."""
    try:
        yield
    except requests.exceptions.Timeout as error:
        raise EngineUnreachableError(
            f"The Docker engine at {where} does not answer.", hint="Is it overloaded or stuck? Try: docker version"
        ) from error
    except requests.exceptions.SSLError as error:
        raise EngineUnreachableError(
            f"The Docker engine at {where} and we do not trust each other.",
            hint="Check DOCKER_CERT_PATH, DOCKER_TLS_VERIFY, or the certificates of the docker context.",
            details=[str(error)],
        ) from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        raise unreachable(where, error) from error


def abort(response: requests.Response) -> None:
    """End the reading of a response, from any thread."""
    fp: Any = response.raw._fp
    with suppress(OSError, AttributeError):
        fp.fp.raw._sock.shutdown(socket.SHUT_RDWR)


def unreachable(where: Endpoint, cause: Exception) -> EngineUnreachableError:
    """Say that there is no engine, in the words that help most."""
    path = where.url.removeprefix("http+unix://").removeprefix("unix://")
    if where.is_local and os.path.exists(path) and not os.access(path, os.W_OK):  # noqa: PTH110 - a str is at hand
        return EngineUnreachableError(
            f"You may not use the Docker engine at {where}.",
            hint="Add yourself to the group docker and log in again, or use sudo.",
        )
    if not where.is_local:
        return EngineUnreachableError(
            f"No Docker engine answers at {where}.",
            hint="Is the address right, and is the engine up where it runs?",
            details=[str(cause)],
        )
    return EngineUnreachableError(
        f"No Docker engine answers at {where}.",
        hint="Start it (for example: sudo systemctl start docker), or point DOCKER_HOST at one. "
        "In a checkout, `make engine` installs and starts one.",
    )


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
    """Connect to the engine in use; `cancellation` stops all use of the connection.

    Raises `EngineUnreachableError` when none answers and `EngineError` when it is too old.
    """
    where = endpoint()
    try:
        engine = Engine(where, cancellation or Cancellation(), api_version=NEWEST_API)
    except (docker.errors.DockerException, ValueError, AttributeError) as error:
        raise UsageError(
            f"The Docker engine's address {where} cannot be used: {error}",
            hint="Write unix:///path, tcp://host:port or ssh://user@host.",
        ) from error
    highest = engine.highest_api()
    if not highest or version_lt(highest, OLDEST_API):
        raise EngineError(
            f"The Docker engine at {where} speaks API {highest or 'unknown'}; {OLDEST_API} is needed.",
            status=400,
            hint="Use Docker 20.10 or later.",
        )
    if version_lt(highest, NEWEST_API):
        vars(engine)["_version"] = highest  # docker-py has no other way to set it after asking
    return engine
