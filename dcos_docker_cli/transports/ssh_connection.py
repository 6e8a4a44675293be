"""The ssh processes behind `SSH`: the master, which has the connection to a node, and one for each command."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import shlex
import shutil
import socket
import subprocess
import threading
import time
import uuid
import weakref
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.exceptions import NodeUnreachableError
from dcos_docker_cli.transports.own_directory import own_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.transports.base import Write

CHUNK = 1 << 16
POLL_SECONDS = 0.01
WAKE_SECONDS = 0.2
CONNECT_SECONDS = 60.0
"""Until it has logged in, by way of whatever jump hosts the user has; ssh itself has a limit for each step only."""
END_SECONDS = 5.0
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
NOISE = re.compile(r"debug\d: |@|mux_client_|Warning: Permanently added ")


class Connection:
    """Where a node is, and the master for it, if there is one."""

    def __init__(self, address: str, login: str, key_path: Path, port: int, proxy_command: str = "") -> None:
        by = ["-o", f"ProxyCommand={proxy_command.replace('%', '%%')}"] if proxy_command else []
        self.target = [*by, "-i", str(key_path), "-p", str(port), "-l", login, "--", address]
        self._name = f"{login}@{address}"
        self._lock = threading.Lock()
        self._master: Master | None = None

    def master(self, cancellation: Cancellation) -> Master:
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
        lines = [line.strip() for log in logs for line in text_of(log).splitlines()]
        said = " ".join(line for line in lines if line and not NOISE.match(line))
        return NodeUnreachableError(
            f"{what.format(self._name)}: {said or 'ssh does not say why'}",
            hint=f"Try it: {shlex.join(['ssh', *self.target])}",
        )

    def _start(self, cancellation: Cancellation) -> Master:
        if not shutil.which("ssh"):
            raise NodeUnreachableError(
                f"{self._name} is reached with the program ssh, which is not installed.",
                hint="Install it (for example: sudo apt-get install openssh-client).",
            )
        master = Master(self.target)
        end = time.monotonic() + CONNECT_SECONDS
        try:
            while not master.is_listening():
                if master.process.poll() is not None:
                    raise self.unreachable("There is no SSH connection to {}", master.log)
                if time.monotonic() > end:
                    raise self.unreachable(f"No SSH connection to {{}} within {CONNECT_SECONDS:g} s", master.log)
                cancellation.sleep(POLL_SECONDS)
        except BaseException:
            master.end()
            raise
        return master


class Process(subprocess.Popen[bytes]):
    """An ssh process that keeps the master which it depends on."""

    master: Master


class Master:
    """The process that commands share, and the directory of its socket and logs. Both end with this object."""

    def __init__(self, target: Sequence[str]) -> None:
        directory, remove = own_directory("node")
        self.socket = directory / "s"
        self.log = directory / "master.log"
        command = ["ssh", *MASTER, "-S", str(self.socket), "-E", str(self.log), *our_options(), *target, UNTIL_WE_END]
        with self.log.open("ab") as log:  # of a jump host too, whose ssh does not know of -E
            # A session of its own: a Ctrl-C of the terminal is not for it.
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log, env=environment(),
                start_new_session=True,
            )  # fmt: skip
        self.end = weakref.finalize(self, _end, self.process, remove, os.getpid())

    def new_log(self) -> Path:
        """Return the path of a log for one command."""
        return self.log.with_name(uuid.uuid4().hex)

    def is_listening(self) -> bool:
        """Whether it takes commands: it listens when it has logged in, until the connection ends."""
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self.socket)) == 0


class Client:
    """An ssh process with one command. Leaving the block ends it, which leaves the command to itself."""

    def __init__(self, command: Sequence[str], *, with_input: bool) -> None:
        # Any: in its type each of the three streams may be missing.
        self.process: Any = subprocess.Popen(
            command, stdin=subprocess.PIPE if with_input else subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environment(), start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> Client:
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


def _end(process: subprocess.Popen[bytes], remove: Callable[[], object], owner: int) -> None:
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
    remove()


def our_options() -> list[str]:
    """Return the options of every ssh process."""
    return [word for key, value in OPTIONS.items() for word in ("-o", f"{key}={value}")]


def environment() -> dict[str, str]:
    """Return our environment less what ssh would pass on: the command sees the node's, whoever runs it."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LANG", "LC_"))}
    return {**kept, "TERM": "xterm"}


def text_of(log: Path) -> str:
    """Return what is in a log, if there is one."""
    with contextlib.suppress(FileNotFoundError):
        return log.read_text(encoding="utf-8", errors="replace")
    return ""
