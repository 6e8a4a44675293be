"""How the ssh client of this machine reaches nodes."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli.cli.output import SSH_USER
from dcos_docker_cli.exceptions import DcosDockerError, UsageError
from dcos_docker_cli.model import Transport
from dcos_docker_cli.transports.ssh import SERVER

if TYPE_CHECKING:
    from dcos_docker_cli.model import NodeInfo

ENGINE_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_CONFIG")
"""What says where the engine is; another shell, in which ssh is called later, may say something else."""


def settings(cluster_id: str, node: NodeInfo, key: Path, *, by_engine: bool) -> dict[str, str]:
    """Return the settings of ssh for a node; with `by_engine` the connection goes through the engine's API."""
    found = {
        "HostName": node.address,
        "User": SSH_USER,
        "IdentityFile": quoted(str(key)),
        "IdentitiesOnly": "yes",
        # Nodes come and go, and with them the keys of an address.
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
        "LogLevel": "ERROR",
    }
    if by_engine:
        engine = [f"{name}={value}" for name, value in os.environ.items() if name in ENGINE_VARIABLES]
        command = [*(["env", *engine] if engine else []), _program(), "run"]
        command += ["--cluster-id", cluster_id, "--node", str(node.ref), "--transport", Transport.DOCKER_EXEC.value]
        found["ProxyCommand"] = _one_line(f"{shlex.join(command)} -- {shlex.join(SERVER)}".replace("%", "%%"))
    return found


def quoted(path: str) -> str:
    """Return a path as ssh's configuration has it, where `%` and `${` would mean something."""
    if re.search(r'["\n\r]|\$\{', path):
        raise UsageError(f"ssh cannot be told of a key at {path!r}.", hint="Choose another place: --identity-file FILE")
    return f'"{path.replace("%", "%%")}"'


def _one_line(command: str) -> str:
    if re.search(r"[\n\r]", command):
        raise UsageError("ssh cannot be told of an engine whose variables have several lines.")
    return command


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
