"""The Linux distributions that nodes can have."""

from __future__ import annotations

from enum import Enum


class Distribution(Enum):
    """A Linux distribution. The values are the words of the command line and of labels."""

    DEBIAN_11 = "debian-11"
    DEBIAN_12 = "debian-12"
