"""How Docker inside nodes can store images and containers."""

from __future__ import annotations

from enum import Enum


class DockerStorageDriver(Enum):
    """A storage driver of Docker. The values are Docker's own words, but for `auto`."""

    AUFS = "aufs"
    AUTO = "auto"
    """The engine's own where Docker on the nodes can use it, else the best that its file system allows."""
    BTRFS = "btrfs"
    OVERLAY = "overlay"
    OVERLAY_2 = "overlay2"
    VFS = "vfs"
