"""The versions of Docker that nodes can have."""

from __future__ import annotations

from enum import Enum


class DockerVersion(Enum):
    """A version of Docker inside nodes: the one of the distribution, or one of Docker's own static builds.

    The values are the words of the command line. Without a third number they stand for the last release of a series.
    """

    DISTRIBUTION = "distribution"
    """The one that the node's Linux distribution has."""
    v1_11_2 = "1.11.2"
    v1_13_1 = "1.13.1"
    v17_12_1_ce = "17.12.1-ce"
    v18_06_3_ce = "18.06.3-ce"
    v19_03 = "19.03"
    v20_10 = "20.10"
    v24 = "24"
    v26 = "26"
    v28 = "28"
