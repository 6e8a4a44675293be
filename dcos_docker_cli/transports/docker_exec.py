"""Commands on a node by the engine's exec API."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import EngineError, EngineNotFoundError, EngineUnreachableError, NodeNotFoundError
from dcos_docker_cli.transports.stream import STDERR, HijackedStream, StreamBrokenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.transports.base import Feed, Write

NOT_RUNNING = 409


@dataclass(frozen=True)
class DockerExec:
    """The way to one container."""

    engine: Engine
    container: str

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
        exec_id = self._create(args, stdin=stdin is not None, env=env, user=user, tty=tty)
        connection = self.engine.attach_exec(exec_id, tty=tty)
        try:
            with (
                self._translated(),
                self.engine.cancellation.closing(connection.abort),
                _feeding(connection, stdin),
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

    def resize(self, exec_id: str, *, rows: int, columns: int) -> None:
        """Tell an exec's terminal its size."""
        with contextlib.suppress(EngineError):  # the command may have ended meanwhile
            self.engine.exec_resize(exec_id, height=rows, width=columns)

    def _create(self, args: Sequence[str], *, stdin: bool, env: Mapping[str, str] | None, user: str, tty: bool) -> str:
        environment = [f"{key}={value}" for key, value in (env or {}).items()]
        try:
            answer = self.engine.exec_create(
                self.container, list(args), stdin=stdin, tty=tty, user=user, environment=environment
            )
        except EngineError as error:
            if error.status not in (404, NOT_RUNNING):
                raise
            raise NodeNotFoundError(
                f"The node's container {self.container} is not running.", hint="See its state: dcos-docker inspect"
            ) from error
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
            pause = min(2 * pause, 1.0)

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


class _NotWantedError(Exception):
    """The command reads no more input."""


@contextlib.contextmanager
def _feeding(connection: HijackedStream, feed: Feed | None) -> Iterator[None]:
    """Write the input from a thread of its own while the output is read.

    When the command ends before it has read everything, the rest is dropped, as in a pipe. The thread is not waited
    for then: it may sit in a read from a terminal.
    """
    if feed is None:
        yield
        return
    failures: list[Exception] = []

    def write(data: bytes) -> None:
        try:
            connection.write(data)
        except OSError as error:
            raise _NotWantedError from error

    def work() -> None:
        try:
            feed(write)
        except _NotWantedError:
            pass
        except Exception as failure:  # it belongs to the thread that waits for the command
            failures.append(failure)
            connection.abort()
        connection.end_input()

    thread = threading.Thread(target=work, name="stdin", daemon=True)
    thread.start()
    yield
    if failures and sys.exc_info()[0] is None:
        raise failures[0]
