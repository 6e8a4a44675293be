"""How Docker inside nodes can store images and containers."""

from __future__ import annotations

from enum import Enum


class DockerStorageDriver(Enum):
    """A storage driver of Docker. The values are Docker's own words."""

    AUFS = "aufs"
    BTRFS = "btrfs"
    OVERLAY = "overlay"
    OVERLAY_2 = "overlay2"
    VFS = "vfs"
