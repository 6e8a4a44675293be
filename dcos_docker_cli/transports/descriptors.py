"""A process' own streams, by their descriptors, as the two ends of a command's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dcos_docker_cli.transports.base import Feed, Write

CHUNK = 1 << 16


def reader(descriptor: int) -> Feed:
    """Return what feeds a command with all that can be read, as it comes."""

    def feed(write: Write) -> None:
        while data := os.read(descriptor, CHUNK):
            write(data)

    return feed


def writer(descriptor: int) -> Write:
    """Return what writes all of its data, without a buffer."""

    def write(data: bytes) -> None:
        while data:
            data = data[os.write(descriptor, data) :]

    return write
