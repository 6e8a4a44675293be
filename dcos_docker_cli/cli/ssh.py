"""How the ssh client of this machine reaches nodes."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli.cli.output import SSH_USER
from dcos_docker_cli.exceptions import DcosDockerError

if TYPE_CHECKING:
    from dcos_docker_cli.model import NodeInfo

SERVER = "/usr/sbin/sshd -i"
"""An SSH server for one connection, on its standard input and output."""


def settings(cluster_id: str, node: NodeInfo, key: Path, *, by_engine: bool) -> dict[str, str]:
    """Return the settings of ssh for a node; with `by_engine` the connection goes through the engine's API."""
    found = {
        "HostName": node.address,
        "User": SSH_USER,
        "IdentityFile": f'"{key}"',
        "IdentitiesOnly": "yes",
        # Nodes come and go, and with them the keys of an address.
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
        "LogLevel": "ERROR",
    }
    if by_engine:
        command = [_program(), "run", "--cluster-id", cluster_id, "--node", str(node.ref), "--transport", "docker-exec"]
        found["ProxyCommand"] = f"{shlex.join(command)} -- {SERVER}".replace("%", "%%")
    return found


def arguments(cluster_id: str, node: NodeInfo, key: Path, *, by_engine: bool) -> list[str]:
    """Return the settings as arguments of ssh."""
    given = settings(cluster_id, node, key, by_engine=by_engine)
    return [word for name, value in given.items() for word in ("-o", f"{name}={value}")]


def require_ssh() -> None:
    """Raise an error when there is no ssh client here."""
    if not shutil.which("ssh"):
        raise DcosDockerError(
            "There is no ssh client on this machine.",
            hint="Install it (for example: sudo apt-get install openssh-client), or use: dcos-docker shell",
        )


def identity_file(cluster_id: str) -> Path:
    """Return where `ssh-config` puts a cluster's key, if not told otherwise; it goes when the cluster is destroyed."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "dcos-docker" / f"{cluster_id}.key"


def forget_identity(cluster_id: str) -> None:
    """Remove the key that `ssh-config` may have left at its own place, when the cluster has gone."""
    with suppress(OSError):
        identity_file(cluster_id).unlink(missing_ok=True)


def _program() -> str:
    """Return this program, as another one can start it."""
    return shutil.which("dcos-docker") or str(Path(sys.argv[0]).resolve())
