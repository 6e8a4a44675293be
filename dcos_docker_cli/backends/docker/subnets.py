"""Where the subnets of clusters' networks are taken from, and what a machine's routes take of them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcos_docker_cli.labels import SCHEMA_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

POOLS = ("172.28.0.0/16", "172.27.0.0/16", "172.30.0.0/16", "192.168.128.0/17")
"""Where subnets are taken from. DC/OS itself uses 172.29.0.0/16, 172.31.254.0/24, 9.0.0.0/8, 11.0.0.0/8,
44.128.0.0/20 and 198.51.100.0/30; 10.0.0.0/8 is where companies are; Docker gives out 172.17 and up."""
PREFIX_LENGTH = 24
WIDEST = 8
"""A route to more than a /8 is a default one: a VPN that takes all traffic has two, of one half of all addresses each.
The route of a network is narrower, and goes before it."""
REMOVE_UNUSED = (
    f"Remove networks that nobody uses: docker network prune --filter label!={SCHEMA_KEY}; dcos-docker clean"
)
"""Without the filter the networks of clusters that are stopped would go, too."""


@dataclass(frozen=True)
class Route:
    """A route of a machine: its destination, and the device that it goes over."""

    device: str
    network: ipaddress.IPv4Network


def read_routes(lines: Iterable[str]) -> list[Route]:
    """Read `/proc/net/route`, whose first line is a heading; default routes are left out."""
    rows = [line.split() for line in lines][1:]
    pairs = [(row[0], _address(row[1]), _address(row[7])) for row in rows if len(row) > 7]
    routes = [Route(device, ipaddress.IPv4Network((address, str(mask)))) for device, address, mask in pairs]
    return [route for route in routes if route.network.prefixlen >= WIDEST]


def _address(text: str) -> ipaddress.IPv4Address:
    """Read an address as the kernel writes it there: hexadecimal, in this machine's byte order (little-endian)."""
    return ipaddress.IPv4Address(bytes.fromhex(text)[::-1])


def free_subnets(taken: Iterable[ipaddress.IPv4Network]) -> Iterator[ipaddress.IPv4Network]:
    """Yield the subnets of our pools that overlap with none that is taken."""
    # As numbers, for with hundreds of networks the comparisons are very many.
    used = [(int(other.network_address), int(other.broadcast_address)) for other in taken]
    for pool in POOLS:
        for subnet in ipaddress.IPv4Network(pool).subnets(new_prefix=PREFIX_LENGTH):
            first, last = int(subnet.network_address), int(subnet.broadcast_address)
            if not any(begin <= last and first <= end for begin, end in used):
                yield subnet
