"""Where the subnets of clusters' networks are taken from."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

POOLS = ("172.28.0.0/16", "172.27.0.0/16", "172.30.0.0/16", "192.168.128.0/17")
"""Where subnets are taken from. DC/OS itself uses 172.29.0.0/16, 172.31.254.0/24, 9.0.0.0/8, 11.0.0.0/8,
44.128.0.0/20 and 198.51.100.0/30; 10.0.0.0/8 is where companies are; Docker gives out 172.17 and up."""
PREFIX_LENGTH = 24


def free_subnets(taken: Iterable[ipaddress.IPv4Network]) -> Iterator[ipaddress.IPv4Network]:
    """Yield the subnets of our pools that overlap with none that is taken."""
    used = list(taken)
    for pool in POOLS:
        for subnet in ipaddress.IPv4Network(pool).subnets(new_prefix=PREFIX_LENGTH):
            if not any(subnet.overlaps(other) for other in used):
                yield subnet
