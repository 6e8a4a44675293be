"""The storage driver of Docker inside nodes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli.docker_storage_drivers import DockerStorageDriver
from dcos_docker_cli.exceptions import UsageError

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.engine import Engine

FALLBACK = DockerStorageDriver.OVERLAY_2
"""What works on every kernel since 4.0, on the file systems that engines are commonly on: ext4, xfs with ftype=1."""
FILE_SYSTEMS = Path("/proc/filesystems")
MODULES = Path("/lib/modules")


def node_driver(engine: Engine, wanted: DockerStorageDriver | None) -> str:
    """Return the driver for nodes: the wanted one, else the engine's own, else one that works on today's kernels.

    A node's images are on a volume of the engine, so what works for the engine works for the node. Its own driver can
    be one that Docker inside nodes does not have, as with the image store of containerd.
    """
    if wanted:
        return wanted.value
    own = str(engine.info()["Driver"])
    return own if own in {driver.value for driver in DockerStorageDriver} else FALLBACK.value


def check_driver(engine: Engine, wanted: DockerStorageDriver | None) -> None:
    """Raise `UsageError` for a driver that this kernel does not have, where the kernel is the one that we run on."""
    if wanted is DockerStorageDriver.AUFS and engine.where.is_local and sys.platform == "linux" and not _has_aufs():
        raise UsageError(
            "The kernel of the engine's host has no aufs: it was never part of Linux, and distributions gave it up.",
            hint=f"Use {FALLBACK.value}, or leave the storage driver out.",
        )


def _has_aufs() -> bool:
    is_there = "aufs" in FILE_SYSTEMS.read_text(encoding="ascii").split()
    return is_there or any(MODULES.rglob("aufs.ko*"))
