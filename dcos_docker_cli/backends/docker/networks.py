"""A bridge network for each cluster, at addresses that stay, for DC/OS bakes its masters' addresses in."""

from __future__ import annotations

import ipaddress
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from docker.types import IPAMConfig, IPAMPool

from dcos_docker_cli import labels
from dcos_docker_cli.exceptions import EngineError
from dcos_docker_cli.labels import Kind
from dcos_docker_cli.model import NAME_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.model import NodeRef

POOLS = ("172.28.0.0/16", "172.27.0.0/16", "172.30.0.0/16", "192.168.128.0/17")
"""Where subnets are taken from. DC/OS itself uses 172.29.0.0/16, 172.31.254.0/24, 9.0.0.0/8, 11.0.0.0/8,
44.128.0.0/20 and 198.51.100.0/30; 10.0.0.0/8 is where companies are; Docker gives out 172.17 and up."""
PREFIX_LENGTH = 24
ROUTES = Path("/proc/net/route")
CLASHES = 20
"""How often the engine may say that a subnet is taken before we give up."""


@dataclass(frozen=True)
class Network:
    """A cluster's network. Addresses follow from the order of its nodes: .2 is the first, .254 the bootstrap node."""

    network_id: str
    subnet: str

    def address(self, position: int) -> str:
        """Return the address of the node at a position, counted from 0."""
        return str(ipaddress.IPv4Network(self.subnet)[2 + position])

    @property
    def bootstrap_address(self) -> str:
        """The bootstrap node's address, the last of the subnet."""
        return str(ipaddress.IPv4Network(self.subnet)[-2])


def create_network(engine: Engine, cluster_id: str) -> Network:
    """Create a cluster's network on the first subnet that nothing here uses."""
    taken = _engine_subnets(engine) + (_local_routes() if engine.where.is_local else [])
    refusals = []
    for subnet in itertools.islice(free_subnets(taken), CLASHES):
        try:
            return Network(_create(engine, cluster_id, str(subnet)), str(subnet))
        except EngineError as error:  # another create took it meanwhile, or a route of the engine's host overlaps
            if "overlaps" not in error.message:
                raise
            refusals.append(f"{subnet}: {error.message}")
    raise EngineError(
        "There is no free subnet for the cluster's network.",
        status=403,
        hint="Remove networks that nobody uses: docker network prune; dcos-docker clean",
        details=refusals,
    )


def free_subnets(taken: Iterable[ipaddress.IPv4Network]) -> Iterator[ipaddress.IPv4Network]:
    """Yield the subnets of our pools that overlap with none that is taken."""
    used = list(taken)
    for pool in POOLS:
        for subnet in ipaddress.IPv4Network(pool).subnets(new_prefix=PREFIX_LENGTH):
            if not any(subnet.overlaps(other) for other in used):
                yield subnet


def host_entries(cluster_id: str, refs: Iterable[NodeRef], network: Network) -> list[str]:
    """Return the lines for each node's /etc/hosts, as Docker wants them."""
    return [f"{ref.host_name(cluster_id)}:{network.address(position)}" for position, ref in enumerate(refs)]


def _create(engine: Engine, cluster_id: str, subnet: str) -> str:
    gateway = str(ipaddress.IPv4Network(subnet)[1])
    answer = engine.create_network(
        f"{NAME_PREFIX}-{cluster_id}",
        driver="bridge",
        ipam=IPAMConfig(pool_configs=[IPAMPool(subnet=subnet, gateway=gateway)]),
        labels=labels.common(Kind.NETWORK, cluster_id),
    )
    return str(answer["Id"])


def _engine_subnets(engine: Engine) -> list[ipaddress.IPv4Network]:
    configs = (config for network in engine.networks() for config in network["IPAM"]["Config"] or ())
    return [network for config in configs if (network := _ipv4(config.get("Subnet", "")))]


def _ipv4(text: str) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return None


def _local_routes() -> list[ipaddress.IPv4Network]:
    """Return the destinations of this machine's routes but the default one; none where it has no such file."""
    try:
        rows = [line.split() for line in ROUTES.read_text(encoding="ascii").splitlines()[1:]]
    except OSError:
        return []
    pairs = ((_hex_address(row[1]), _hex_address(row[7])) for row in rows if len(row) > 7)
    return [ipaddress.IPv4Network((address, str(mask))) for address, mask in pairs if int(mask)]


def _hex_address(text: str) -> ipaddress.IPv4Address:
    """Read an address as the kernel writes it there: hexadecimal, in this machine's byte order (little-endian)."""
    return ipaddress.IPv4Address(bytes.fromhex(text)[::-1])
