"""Commands on a node by the engine's exec API."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
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
PROCESS = (
    "import sys; sys.path[:] = {path!r}; "
    "from dcos_docker_cli.backends.docker.exec_process import main; sys.exit(main())"
)
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

    def give_file(self, path: bytes, size: int, mtime: str, stdout: Write) -> bool:
        """Pass on a tar of a file, as the engine makes it, which is quicker than a command of the node.

        Returns whether it did: not if the engine refuses, is far, or finds another file or none at this path, which has
        no links: it does not see what is mounted within the node. `mtime` is in seconds, with nine decimals.
        """
        # While it gives, no command starts on the node: with a slow connection that would be for long.
        if not self.engine.where.is_local:
            return False
        try:
            with self.engine.archive_of(self.container, path.decode()) as (about, chunks):
                if (about["size"], about["linkTarget"], _seconds(about["mtime"])) != (size, "", mtime):
                    return False
                for chunk in chunks:
                    stdout(chunk)
        except EngineUnreachableError:
            raise
        except (EngineError, ValueError, LookupError):
            return False
        return True

    def take_archive(self, directory: bytes, archive: Iterator[bytes]) -> bool:
        """Have the engine unpack an archive, which is quicker than a command of the node.

        Returns whether it did: not if the engine refuses, is far, or does not see the directory, which is at a path
        without links. What it has unpacked before it failed is there.
        """
        if not self.engine.where.is_local:
            return False
        try:
            self.engine.unpack(self.container, directory.decode(), archive)
        except EngineUnreachableError:  # it may have answered, and closed the connection, before all was sent
            if not self.engine.is_there():
                raise
            return False
        except (EngineError, ValueError):
            return False
        return True

    def popen(
        self, args: Sequence[str], *, env: Mapping[str, str] | None = None, user: str = "root"
    ) -> subprocess.Popen[bytes]:
        """See `NodeTransport.popen`. All arguments and variables together must be shorter than 128 KiB.

        The process ends with 125 and a line on stderr when it cannot run the command.
        """
        self.engine.cancellation.check()
        pipe = subprocess.PIPE
        return subprocess.Popen(
            _process(), stdin=pipe, stdout=pipe, stderr=pipe,
            env={**os.environ, ORDER_VARIABLE: self._order(args, dict(env or {}), user)},
        )  # fmt: skip

    def command_line(self, args: Sequence[str]) -> str:
        """Return a command for the shell, on one line, that runs a command as root on its own streams, as `popen` does.

        All users of this machine can see the arguments.
        """
        return shlex.join(["env", f"{ORDER_VARIABLE}={self._order(args, {}, 'root')}", *_process()])

    def _order(self, args: Sequence[str], env: Mapping[str, str], user: str) -> str:
        command = {"args": list(args), "env": env, "user": user}
        return json.dumps({"engine": _address(self.engine), "container": self.container, "command": command})

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
                hint="Is the engine up? Then try again; the command may still be running on the node.",
                details=[str(error)],
            ) from error


def _process() -> list[str]:
    return [sys.executable, "-c", PROCESS.format(path=sys.path)]


def _address(engine: Engine) -> dict[str, Any]:
    """Return where an engine is, in words that another process understands."""
    where = engine.where
    tls: Any = where.tls
    trust = {"client_cert": tls.cert, "ca_cert": tls.ca_cert, "verify": tls.verify} if tls else None
    # The socket of an engine that is reached by SSH is here: the tunnel is this process', and enough for both.
    path = getattr(engine.get_adapter(engine.base_url), "socket_path", None)
    url = f"unix://{path}" if path else where.url
    return {"url": url, "origin": where.origin, "api_version": engine.agreed_version, "tls": trust}


def _seconds(time: str) -> str:
    """Return a time as Go writes it in JSON in seconds since 1970, with nine decimals."""
    parts = re.fullmatch(r"(\d+-\d+-\d+T\d+:\d+:\d+)(?:\.(\d+))?(Z|[+-]\d+:\d+)", time)
    if not parts:
        return ""
    whole, fraction, zone = parts.groups("")
    since = datetime.fromisoformat(whole + zone.replace("Z", "+00:00")).timestamp()
    return f"{since:.0f}.{fraction:0<9}"


def _nothing() -> None:
    pass
