"""Commands on a node by SSH, with the OpenSSH client.

OpenSSH because it is there wherever people log in to nodes, is maintained, carries streams through pipes without copies
in our memory, and honours the user's jump hosts. All commands of one `SSH` share one connection: an ssh process of its
own, the master, makes it at the first command, and each command is an ssh process that asks the master for a session.
"""

from __future__ import annotations

import contextlib
import copy
import os
import re
import selectors
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import uuid
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.concurrency import Cancellation
from dcos_docker_cli.exceptions import NodeUnreachableError
from dcos_docker_cli.transports.base import feeding, press_end

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dcos_docker_cli.transports.base import Feed, Write

CHUNK = 1 << 16
POLL_SECONDS = 0.01
WAKE_SECONDS = 0.2
END_SECONDS = 5.0
LONGEST_DIRECTORY = 55
"""A Unix socket's path has room for 104 characters, of which ssh adds 17 while it makes the socket."""
OWN_FAILURE = 255
"""What ssh ends with when it has failed itself; a command can end with it too."""
OPTIONS = {
    "BatchMode": "yes",
    "IdentitiesOnly": "yes",
    "PreferredAuthentications": "publickey",
    "AddKeysToAgent": "no",
    # Nodes come and go, and with them the keys of an address.
    "StrictHostKeyChecking": "no",
    "UserKnownHostsFile": "/dev/null",
    "GlobalKnownHostsFile": "/dev/null",
    "ConnectTimeout": "10",
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "3",
    "ClearAllForwardings": "yes",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "PermitLocalCommand": "no",
    "RemoteCommand": "none",
    "EscapeChar": "none",
}
"""On the command line, where they win over the user's configuration."""
MASTER = ["-M", "-T", "-o", "LogLevel=INFO"]
UNTIL_WE_END = "exec cat >/dev/null 2>&1"
"""The master's own command: its input is a pipe that ends with this process, even if that is killed."""
# ssh tells of a signal that ended the command only that there was one. So a shell waits for the command, and ends with
# what a shell makes of it; what shells say of a command that was killed is not the command's, and goes nowhere.
WAIT = 'trap : INT QUIT TERM; cd /; exec 3>&2 2>/dev/null; (exec "$@" 2>&3 3>&-); exit $?'
# At LogLevel=DEBUG2 ssh says whether a 255 came from the command, by way of the master or of a connection of its own.
TOLD = re.compile(r"^debug\d: (Received exit status from master|Exit status) 255$", re.MULTILINE)
SESSION_ENDED = re.compile(r"^debug\d: (Control master terminated unexpectedly|Exit status -1)$", re.MULTILINE)
NOISE = re.compile(r"debug\d: |@|mux_client_|Warning: Permanently added ")


class SSH:
    """A way to one node. Any number of threads may use it at the same time."""

    def __init__(
        self,
        address: str,
        *,
        login: str = "root",
        key_path: Path,
        port: int = 22,
        cancellation: Cancellation | None = None,
    ) -> None:
        """Connect to nothing yet. `login` has a POSIX shell, and `sudo` without a password if it is not root."""
        self.login = login
        self._connection = _Connection(address, login, key_path, port)
        self._cancellation = cancellation or Cancellation()

    def for_operation(self, cancellation: Cancellation) -> SSH:
        """Return the same way, over the same connection, for an operation that `cancellation` stops."""
        other = copy.copy(self)
        other._cancellation = cancellation
        return other

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
    ) -> int:
        """See `NodeTransport.stream`. All arguments and variables together must be shorter than 128 KiB.

        Raises `NodeUnreachableError` when there is no connection or it is lost; the command may go on then.
        """
        master = self._connection.master(self._cancellation)
        log = master.new_log()
        # A master would give a terminal the settings of our standard input, which is none.
        way = ["-tt", "-S", "none"] if tty else ["-T", "-S", str(master.socket)]
        command = self._command([*way, "-E", str(log), "-o", "LogLevel=DEBUG2"], args, env, user)
        feed = press_end if tty and stdin is None else stdin
        try:
            with (
                _Client(command, with_input=feed is not None) as client,
                self._cancellation.closing(client.abort),
                feeding(feed, write=client.write, end=client.end_input, abort=client.abort),
            ):
                client.read(stdout, _drop if tty else stderr)
                code = client.process.wait()
            return self._exit_code(code, master, log)
        finally:
            log.unlink(missing_ok=True)

    def popen(
        self, args: Sequence[str], *, env: Mapping[str, str] | None = None, user: str = "root"
    ) -> subprocess.Popen[bytes]:
        """See `NodeTransport.popen`. A connection that is lost makes it end with 255."""
        master = self._connection.master(self._cancellation)
        command = self._command(["-T", "-S", str(master.socket), "-o", "LogLevel=FATAL"], args, env, user)
        pipe = subprocess.PIPE
        process = _Process(command, stdin=pipe, stdout=pipe, stderr=pipe, env=_environment())
        process.master = master
        return process

    def close(self) -> None:
        """End the connection, and what still runs over it; the next command makes a new one."""
        self._connection.close()

    def _command(
        self, options: Sequence[str], args: Sequence[str], env: Mapping[str, str] | None, user: str
    ) -> list[str]:
        """Return the ssh command that runs a command on the node. Its last word is for the shell of the login."""
        variables = [f"{key}={value}" for key, value in (env or {}).items()]
        become: list[str] = []
        if user != self.login:
            become = ["runuser", "-u", user, "--"] if self.login == "root" else ["sudo", "-n", "-H", "-u", user, "--"]
        remote = shlex.join(["exec", *become, "sh", "-c", WAIT, "sh", "env", "--", *variables, *args])
        return ["ssh", "-o", "ControlMaster=no", *options, *_options(), *self._connection.target, remote]

    def _exit_code(self, code: int, master: _Master, log: Path) -> int:
        """Return the command's exit code, after what an ssh process ended with."""
        if 0 <= code < OWN_FAILURE:
            return code
        said = _text(log)
        if TOLD.search(said):
            return OWN_FAILURE
        if SESSION_ENDED.search(said) and master.is_listening():
            return 128 + signal.SIGKILL  # the connection stands: the shell that waited was killed with the command
        raise self._connection.unreachable("The SSH connection to {} was lost while a command ran", master.log, log)


class _Connection:
    """Where a node is, and the master for it, if there is one."""

    def __init__(self, address: str, login: str, key_path: Path, port: int) -> None:
        self.target = ["-i", str(key_path), "-p", str(port), "-l", login, "--", address]
        self._name = f"{login}@{address}"
        self._lock = threading.Lock()
        self._master: _Master | None = None

    def master(self, cancellation: Cancellation) -> _Master:
        """Return the master, which is started if there is none or it has ended."""
        cancellation.check()
        with self._lock:
            if not (self._master and self._master.is_listening()):
                self._master = None
                self._master = self._start(cancellation)
            return self._master

    def close(self) -> None:
        """End the master."""
        with self._lock:
            master, self._master = self._master, None
        if master:
            master.end()

    def unreachable(self, what: str, *logs: Path) -> NodeUnreachableError:
        """Return the error for a failure, in which `{}` stands for the node, with what ssh said."""
        lines = [line.strip() for log in logs for line in _text(log).splitlines()]
        said = " ".join(line for line in lines if line and not NOISE.match(line))
        return NodeUnreachableError(
            f"{what.format(self._name)}: {said or 'ssh does not say why'}",
            hint=f"Try it: {shlex.join(['ssh', *self.target])}",
        )

    def _start(self, cancellation: Cancellation) -> _Master:
        if not shutil.which("ssh"):
            raise NodeUnreachableError(
                f"{self._name} is reached with the program ssh, which is not installed.",
                hint="Install it (for example: sudo apt-get install openssh-client).",
            )
        master = _Master(self.target)
        try:
            while not master.is_listening():
                if master.process.poll() is not None:
                    raise self.unreachable("There is no SSH connection to {}", master.log)
                cancellation.sleep(POLL_SECONDS)
        except BaseException:
            master.end()
            raise
        return master


class _Process(subprocess.Popen[bytes]):
    """An ssh process that keeps the master which it depends on."""

    master: _Master


class _Master:
    """The process that commands share, and the directory of its socket and logs. Both end with this object."""

    def __init__(self, target: Sequence[str]) -> None:
        home = tempfile.gettempdir()
        home = home if len(home) <= LONGEST_DIRECTORY else "/tmp"  # noqa: S108 - in it, mkdtemp makes one that is ours
        directory = Path(tempfile.mkdtemp(prefix="dcos-docker-node-", dir=home))
        self.socket = directory / "s"
        self.log = directory / "master.log"
        command = ["ssh", *MASTER, "-S", str(self.socket), "-E", str(self.log), *_options(), *target, UNTIL_WE_END]
        with self.log.open("ab") as log:  # of a jump host too, whose ssh does not know of -E
            # A session of its own: a Ctrl-C of the terminal is not for it.
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log, env=_environment(),
                start_new_session=True,
            )  # fmt: skip
        self.end = weakref.finalize(self, _end, self.process, directory, os.getpid())

    def new_log(self) -> Path:
        """Return the path of a log for one command."""
        return self.log.with_name(uuid.uuid4().hex)

    def is_listening(self) -> bool:
        """Whether it takes commands: it listens when it has logged in, until the connection ends."""
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.socket)) == 0


class _Client:
    """An ssh process with one command. Leaving the block ends it, which leaves the command to itself."""

    def __init__(self, command: Sequence[str], *, with_input: bool) -> None:
        # Any: in its type each of the three streams may be missing.
        self.process: Any = subprocess.Popen(
            command, stdin=subprocess.PIPE if with_input else subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=_environment(), start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> _Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def read(self, stdout: Write, stderr: Write) -> None:
        """Pass output on as it comes, until its end."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ, stdout)
            selector.register(self.process.stderr, selectors.EVENT_READ, stderr)
            while selector.get_map():
                ready = selector.select(WAKE_SECONDS)
                if (self.process.poll() or 0) < 0:
                    return  # it was killed, and the master, which has our pipes too, does not let go of them
                for key, _ in ready:
                    if data := os.read(key.fd, CHUNK):
                        key.data(data)
                    else:
                        selector.unregister(key.fileobj)

    def write(self, data: bytes) -> None:
        """Send standard input."""
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def end_input(self) -> None:
        """Tell the command that its input has ended. Only the thread that writes may call it."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()

    def abort(self) -> None:
        """End it, from any thread."""
        self.process.kill()


def _end(process: subprocess.Popen[bytes], directory: Path, owner: int) -> None:
    if os.getpid() != owner:  # forked from the process whose connection this is
        return
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()
    shutil.rmtree(directory, ignore_errors=True)


def _options() -> list[str]:
    return [word for key, value in OPTIONS.items() for word in ("-o", f"{key}={value}")]


def _environment() -> dict[str, str]:
    """Return our environment less what ssh would pass on: the command sees the node's, whoever runs it."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LANG", "LC_"))}
    return {**kept, "TERM": "xterm"}


def _text(log: Path) -> str:
    """Return what is in a log, if there is one."""
    with contextlib.suppress(FileNotFoundError):
        return log.read_text(encoding="utf-8", errors="replace")
    return ""


def _drop(_: bytes) -> None:
    """With a terminal, only ssh itself writes to stderr."""
