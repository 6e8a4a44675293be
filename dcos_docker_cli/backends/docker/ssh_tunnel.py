"""An engine that is reached by SSH: OpenSSH forwards a socket here to the engine's socket there.

docker-py can do this itself, with paramiko or an ssh process for every connection. One ssh process for all of them is
quicker, needs no further package, and takes the user's ssh configuration and agent as they are.
"""

from __future__ import annotations

import atexit
import shutil
import socket
import subprocess
import time
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dcos_docker_cli.exceptions import EngineUnreachableError, UsageError
from dcos_docker_cli.transports.own_directory import own_directory

if TYPE_CHECKING:
    from pathlib import Path

REMOTE_SOCKET = "/var/run/docker.sock"
SECONDS = 30
END_SECONDS = 5
FINDS_OUT = ["-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"]
"""When the way to the host is gone, which nothing tells while a command on a node is silent."""


@cache
def forwarded_socket(url: str) -> str:
    """Open a tunnel to the engine of `ssh://[user@]host[:port][/socket]`; return the socket here as a URL.

    The tunnel ends with this process. Raises `EngineUnreachableError` with what ssh says.
    """
    if not urlsplit(url).hostname:
        raise UsageError(f"{url} names no host.", hint="Write ssh://user@host.")
    if not shutil.which("ssh"):
        raise UsageError(f"{url} needs the program ssh, which is not installed.")
    directory, remove = own_directory("ssh")
    local = directory / "docker.sock"
    # A session of its own: a Ctrl-C of the terminal must not end the tunnel before what was made is undone.
    process = subprocess.Popen(
        command(url, local), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )

    def close() -> None:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stderr:
            process.stderr.close()
        remove()

    atexit.register(close)
    deadline = time.monotonic() + SECONDS
    while not _listens(local):  # ssh makes the socket before it listens there
        if process.poll() is not None or time.monotonic() > deadline:
            said = process.stderr.read().decode(errors="replace") if process.stderr and process.poll() else ""
            raise EngineUnreachableError(
                f"No SSH connection to the engine at {url}.",
                hint="It must come up without a question: ssh -o BatchMode=yes … docker version",
                details=said.splitlines(),
            )
        time.sleep(0.02)
    return f"unix://{local}"


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as one:
        return one.connect_ex(str(path)) == 0


def command(url: str, local: Path) -> list[str]:
    """Return the command that forwards the socket `local` to the engine."""
    parts = urlsplit(url)
    user = ["-l", parts.username] if parts.username else []
    port = ["-p", str(parts.port)] if parts.port else []
    forward = f"{local}:{parts.path if parts.path not in ('', '/') else REMOTE_SOCKET}"
    options = ["-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", *FINDS_OUT]
    return ["ssh", "-N", "-T", *options, *user, *port, "-L", forward, "--", str(parts.hostname)]
