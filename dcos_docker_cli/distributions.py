"""The Linux distributions that nodes can have."""

from __future__ import annotations

from enum import Enum


class Distribution(Enum):
    """A Linux distribution. The values are the words of the command line and of labels."""

    CENTOS_7 = "centos-7"
    CENTOS_8 = "centos-8"
    COREOS = "coreos"
    DEBIAN_11 = "debian-11"
    DEBIAN_12 = "debian-12"
    DEBIAN_13 = "debian-13"
    FLATCAR = "flatcar"
    ROCKY_8 = "rocky-8"
    UBUNTU_16_04 = "ubuntu-16.04"
    UBUNTU_22_04 = "ubuntu-22.04"
