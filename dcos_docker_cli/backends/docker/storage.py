"""The storage driver of Docker inside nodes, whose images are on a volume of the engine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.docker_storage_drivers import DockerStorageDriver
from dcos_docker_cli.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dcos_docker_cli.backends.docker.images.docker_builds import DockerBuild

AUTO = DockerStorageDriver.AUTO
OVERLAYS = (DockerStorageDriver.OVERLAY, DockerStorageDriver.OVERLAY_2)
NO_OVERLAY_ON = ("overlayfs", "overlay", "zfs", "ecryptfs", "aufs", "nfs", "fuse")
"""File systems, in the engine's words, that cannot hold the upper directory of an overlay, or not on all kernels."""
FILE_SYSTEMS = Path("/proc/filesystems")
MODULES = Path("/lib/modules")


@dataclass(frozen=True)
class Ground:
    """What an engine tells of where it stores images: its driver, and the file system below, as far as it tells."""

    driver: str
    file_system: str = ""
    has_file_types: bool = True
    """Whether directories tell the types of their files (`d_type`), which overlays need."""

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> Ground:
        """Read the engine's answer to `/info`."""
        status = {
            str(pair[0]).lower(): str(pair[1]).lower() for pair in info.get("DriverStatus") or () if len(pair) > 1
        }
        driver = str(info.get("Driver", ""))
        if driver == "overlay" and "native overlay diff" in status:  # so Podman calls what it has of overlay2
            driver = DockerStorageDriver.OVERLAY_2.value
        # These two are on their own, and say no more than their version.
        below = driver if driver in ("btrfs", "zfs") else status.get("backing filesystem", "")
        return cls(driver, below, status.get("supports d_type", "true") == "true")

    @property
    def holds_overlays(self) -> bool:
        """Whether an overlay can be on it; where the engine does not tell, it is taken for an ordinary one."""
        return self.has_file_types and self.file_system not in NO_OVERLAY_ON


@dataclass(frozen=True)
class Choice:
    """The driver of the nodes, as Docker calls it; with a note where it is not the engine's own, though asked for."""

    driver: str
    note: str = ""


def choose(ground: Ground, build: DockerBuild, wanted: DockerStorageDriver | None) -> Choice:
    """Return the driver for nodes: the wanted one, else the engine's own, else the best for what the engine stands on.

    The engine's own can be one that Docker inside nodes does not have, as with the image store of containerd.
    """
    if wanted not in (None, AUTO):
        return Choice(wanted.value)
    own = next((driver for driver in build.drivers if driver.value == ground.driver), None)
    if own:  # on vfs is an engine that has found nothing better, or was told to: what is better would fail late
        return Choice(own.value)
    best = next(driver for driver in build.drivers if _fits(driver, ground))
    return Choice(
        best.value,
        f"The engine stores images with {ground.driver or 'what it does not tell'}, which Docker {build.number} on the "
        f"nodes does not: it gets {best.value}.",
    )


def _fits(driver: DockerStorageDriver, ground: Ground) -> bool:
    if driver is DockerStorageDriver.BTRFS:
        return ground.file_system == "btrfs"
    if driver in OVERLAYS:
        return ground.holds_overlays
    return driver is DockerStorageDriver.VFS


def check_driver(
    ground: Ground, build: DockerBuild, wanted: DockerStorageDriver | None, *, own_disk: bool, own_kernel: bool
) -> None:
    """Raise `UsageError` for a driver that cannot be.

    `own_disk`: a user's volume is where Docker on the nodes stores images, of which the engine tells nothing.
    `own_kernel`: the engine's kernel is the one that we run on, and can be looked at.
    """
    if wanted in (None, AUTO):
        return
    others = ", ".join(driver.value for driver in build.drivers)
    if wanted not in build.drivers:
        raise UsageError(f"Docker {build.number} has no storage driver {wanted.value}.", hint=f"It has: {others}")
    if own_kernel and sys.platform == "linux" and not _kernel_has(wanted):
        never = ": it was never part of Linux, and distributions gave it up" if wanted.value == "aufs" else ""
        raise UsageError(
            f"The kernel of the engine's host has no {wanted.value}{never}.",
            hint="Use auto, or leave the storage driver out.",
        )
    if own_disk or not ground.file_system or wanted is DockerStorageDriver.AUFS or _fits(wanted, ground):
        return
    if ground.file_system == "zfs" and wanted in OVERLAYS:
        return  # since OpenZFS 2.2, and the engine does not tell which it is
    raise UsageError(
        f"The storage driver {wanted.value} cannot be on {ground.file_system}, which the engine's volumes are on.",
        hint="Use auto, leave the storage driver out, or have /var/lib/docker of the nodes on a volume of another file "
        "system: --custom-volume SOURCE:/var/lib/docker",
    )


def _kernel_has(driver: DockerStorageDriver) -> bool:
    """Whether this kernel has the file system of a driver, or a module of it."""
    name = "overlay" if driver in OVERLAYS else driver.value
    if driver is DockerStorageDriver.VFS or name in FILE_SYSTEMS.read_text(encoding="ascii").split():
        return True
    return any(MODULES.rglob(f"{name}.ko*"))
