"""The versions of Docker that nodes can have."""

from __future__ import annotations

from enum import Enum


class DockerVersion(Enum):
    """A version of Docker inside nodes."""

    DISTRIBUTION = "distribution"
    """The one that the node's Linux distribution has."""
