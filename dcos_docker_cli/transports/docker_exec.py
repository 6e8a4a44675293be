"""Commands on a node by the engine's exec API."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.exceptions import EngineError, EngineNotFoundError, EngineUnreachableError, NodeNotFoundError
from dcos_docker_cli.transports.base import feeding, press_end
from dcos_docker_cli.transports.stream import STDERR, StreamBrokenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.transports.base import Feed, Write

NOT_RUNNING = 409
NEVER_TYPED = ",".join(["ctrl-@"] * 8)
"""The engine would keep Ctrl-P back, and end the connection at Ctrl-P Ctrl-Q. It cannot be told to look for nothing."""
PROCESS = """
import sys
sys.path[:] = {path!r}
from dcos_docker_cli.backends.docker.exec_process import main
sys.exit(main())
"""
"""What `DockerExec.popen` runs: a module of the layer that connects to engines, found where this program finds it."""
ORDER_VARIABLE = "DCOS_DOCKER_EXEC"
"""Tells it what to do. Other users see a process' arguments, but not its environment."""


@dataclass(frozen=True)
class DockerExec:
    """The way to one container."""

    engine: Engine
    container: str
    name: str = ""
    """What errors call the node; by default it is the container."""

    def stream(
        self,
        args: Sequence[str],
        *,
        stdout: Write,
        stderr: Write,
        stdin: Feed | None = None,
        env: Mapping[str, str] | None = None,
        user: str = "root",
        tty: bool = False,
        on_start: Callable[[str], None] | None = None,
    ) -> int:
        """See `NodeTransport.stream`. `on_start` gets the exec's id, with which a terminal is resized."""
        feed = press_end if tty and stdin is None else stdin
        exec_id = self._create(args, stdin=feed is not None, env=env, user=user, tty=tty)
        connection = self.engine.attach_exec(exec_id, tty=tty)
        try:
            with (
                self._translated(),
                self.engine.cancellation.closing(connection.abort),
                # With a terminal the engine would take the end of the input for that of the output.
                feeding(
                    feed, write=connection.write, end=_nothing if tty else connection.end_input, abort=connection.abort
                ),
            ):
                if on_start:
                    on_start(exec_id)
                if tty:
                    for data in connection.raw():
                        stdout(data)
                else:
                    for stream, data in connection.frames():
                        (stderr if stream == STDERR else stdout)(data)
        finally:
            connection.close()
        return self._exit_code(exec_id)

    def popen(
        self, args: Sequence[str], *, env: Mapping[str, str] | None = None, user: str = "root"
    ) -> subprocess.Popen[bytes]:
        """See `NodeTransport.popen`. All arguments and variables together must be shorter than 128 KiB.

        The process ends with 125 and a line on stderr when it cannot run the command.
        """
        self.engine.cancellation.check()
        order = {
            "engine": _address(self.engine),
            "container": self.container,
            "command": {"args": list(args), "env": dict(env or {}), "user": user},
        }
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [sys.executable, "-c", PROCESS.format(path=sys.path)], stdin=pipe, stdout=pipe, stderr=pipe,
            env={**os.environ, ORDER_VARIABLE: json.dumps(order)},
        )  # fmt: skip

    def resize(self, exec_id: str, *, rows: int, columns: int) -> None:
        """Tell an exec's terminal its size."""
        with contextlib.suppress(EngineError):  # the command may have ended meanwhile
            self.engine.exec_resize(exec_id, height=rows, width=columns)

    def _create(self, args: Sequence[str], *, stdin: bool, env: Mapping[str, str] | None, user: str, tty: bool) -> str:
        environment = [f"{key}={value}" for key, value in (env or {}).items()]
        try:
            answer = self.engine.exec_create(
                self.container, list(args), stdin=stdin, tty=tty, user=user, environment=environment,
                detach_keys=NEVER_TYPED,
            )  # fmt: skip
        except EngineError as error:
            if error.status not in (404, NOT_RUNNING):
                raise
            name = self.name or f"The node's container {self.container}"
            raise NodeNotFoundError(f"{name} is not running.", hint="See its state: dcos-docker inspect") from error
        return str(answer["Id"])

    def _exit_code(self, exec_id: str) -> int:
        """Return the exit code, once the engine has it: a command can close its streams and go on."""
        pause = 0.002
        while True:
            try:
                state = self.engine.exec_inspect(exec_id)
            except EngineNotFoundError:
                return 128 + signal.SIGKILL  # its container has gone, and it with it
            if not state["Running"] and state["ExitCode"] is not None:
                return int(state["ExitCode"])
            self.engine.cancellation.sleep(pause)
            pause = min(2 * pause, 0.1)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Say of a connection that breaks what it means: the engine has gone, or the way to it."""
        try:
            yield
        except StreamBrokenError as error:
            raise EngineUnreachableError(
                f"The connection to the Docker engine at {self.engine.where} broke while a command ran.",
                hint="The command may still be running on the node.",
                details=[str(error)],
            ) from error


def _address(engine: Engine) -> dict[str, Any]:
    """Return where an engine is, in words that another process understands."""
    where = engine.where
    tls: Any = where.tls
    trust = {"client_cert": tls.cert, "ca_cert": tls.ca_cert, "verify": tls.verify} if tls else None
    # The socket of an engine that is reached by SSH is here: the tunnel is this process', and enough for both.
    path = getattr(engine.get_adapter(engine.base_url), "socket_path", None)
    url = f"unix://{path}" if path else where.url
    return {"url": url, "origin": where.origin, "api_version": engine.api_version, "tls": trust}


def _nothing() -> None:
    pass
