"""A bridge network for each cluster, at addresses that stay, for DC/OS bakes its masters' addresses in."""

from __future__ import annotations

import ipaddress
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker  # whole: threads that import a part of it and it at the same time may see half of it

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker.subnets import REMOVE_UNUSED, free_subnets, read_routes
from dcos_docker_cli.exceptions import EngineConflictError, EngineError, EngineNotFoundError, NotFoundError, UsageError
from dcos_docker_cli.labels import Kind
from dcos_docker_cli.model import NAME_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dcos_docker_cli.backends.docker.engine import Engine

ROUTES = Path("/proc/net/route")
CLASHES = 20
"""How often the engine may say that a subnet is taken before we give up."""
MAKE_ONE = "docker network create --subnet 10.55.0.0/24 my-network"


@dataclass(frozen=True)
class Network:
    """A network and the addresses in it that are a cluster's: one for each node, then the bootstrap node's."""

    network_id: str
    addresses: tuple[str, ...]


def create_network(engine: Engine, cluster_id: str, nodes: int) -> Network:
    """Create a cluster's network on the first subnet that nothing here uses.

    .2 is its first node's address, .254 the bootstrap node's.
    """
    present = engine.networks()
    _check_name(present, _name(cluster_id))
    taken = _subnets(present) + (_local_routes() if engine.where.is_local else [])
    refusals = []
    for subnet in subnets_to_try(taken):
        try:
            addresses = (*(str(subnet[2 + position]) for position in range(nodes)), str(subnet[-2]))
            return Network(_create(engine, cluster_id, str(subnet)), addresses)
        except EngineError as error:  # another create took it meanwhile, or a route of the engine's host overlaps
            if "overlaps" not in error.message:
                raise
            refusals.append(f"{subnet}: {error.message}")
    raise EngineError(
        "There is no free subnet for the cluster's network.",
        status=403,
        hint=REMOVE_UNUSED,
        details=refusals,
    )


def subnets_to_try(taken: list[ipaddress.IPv4Network]) -> list[ipaddress.IPv4Network]:
    """Return the subnets to try: the first, and then any, for many creates may try the first ones at the same time."""
    free = list(free_subnets(taken))
    first, others = free[:1], free[1:]
    return first + random.sample(others, min(CLASHES - 1, len(others)))


@dataclass(frozen=True)
class UsersNetwork:
    """A network that somebody else has made."""

    name: str
    network_id: str
    subnet: ipaddress.IPv4Network
    reserved: frozenset[str]


def find_network(engine: Engine, name: str) -> UsersNetwork:
    """Return a user's network; raise `NotFoundError` or `UsageError` when nodes cannot have addresses in it."""
    try:
        network = engine.inspect_network(name)
    except EngineNotFoundError as error:
        raise NotFoundError(f'There is no network "{name}".', hint="docker network ls") from error
    configs = network["IPAM"]["Config"] or ()
    subnet = next((found for config in configs if (found := _ipv4(config.get("Subnet", "")))), None)
    if subnet is None or (network["Options"] or {}).get("com.docker.network.bridge.default_bridge") == "true":
        raise no_fixed_addresses(name)
    reserved = {address for config in configs for address in _reserved(config)}
    return UsersNetwork(name, network["Id"], subnet, frozenset(reserved))


def _reserved(config: dict[str, Any]) -> list[str]:
    """Return the addresses of a network's configuration that are the engine's own, or kept for somebody."""
    return [str(config.get("Gateway", "")), *map(str, (config.get("AuxiliaryAddresses") or {}).values())]


def no_fixed_addresses(name: str) -> UsageError:
    """Say that a network's addresses are the engine's to give out."""
    return UsageError(
        f'In the network "{name}" the engine gives out addresses as it likes, and DC/OS needs addresses that stay.',
        hint=f"Make one with a subnet of its own: {MAKE_ONE}",
    )


def join_network(engine: Engine, name: str, nodes: int) -> Network:
    """Choose addresses in a user's network, which nobody has and the engine gives to nobody for a long time yet.

    The engine gives addresses out from the lowest on, so these are in the upper half; where, chance decides, for
    somebody else may choose at the same time.
    """
    network = find_network(engine, name)
    free = free_addresses(network, engine.containers(all=True), nodes)
    return Network(network.network_id, tuple(random.sample(free, nodes + 1)))


def free_addresses(network: UsersNetwork, containers: Iterable[dict[str, Any]], nodes: int) -> list[str]:
    """Return addresses in a user's network that none of the engine's containers has; `UsageError` when too few."""
    taken = network.reserved | {_used_address(container, network.network_id) for container in containers}
    count = min(network.subnet.num_addresses // 2, 4096)
    upper = [str(network.subnet[-2 - number]) for number in range(max(count - 2, 0))]
    free = [address for address in upper if address not in taken]
    if len(free) <= nodes:
        raise UsageError(
            f'The network "{network.name}" ({network.subnet}) has too few free addresses for {nodes} nodes.',
            hint=f"Make a larger one: {MAKE_ONE}",
        )
    return free


def _used_address(container: dict[str, Any], network_id: str) -> str:
    """Return a container's address in a network, also one that it will have when it is started; empty without one."""
    for endpoint in container["NetworkSettings"]["Networks"].values():
        if endpoint["NetworkID"] == network_id:
            return str(endpoint["IPAddress"] or (endpoint["IPAMConfig"] or {}).get("IPv4Address", ""))
    return ""


def _create(engine: Engine, cluster_id: str, subnet: str) -> str:
    gateway = str(ipaddress.IPv4Network(subnet)[1])
    answer = engine.create_network(
        _name(cluster_id),
        driver="bridge",
        ipam=docker.types.IPAMConfig(pool_configs=[docker.types.IPAMPool(subnet=subnet, gateway=gateway)]),
        labels=labels.common(Kind.NETWORK, cluster_id),
    )
    return str(answer["Id"])


def _name(cluster_id: str) -> str:
    return f"{NAME_PREFIX}-{cluster_id}"


def _check_name(present: list[dict[str, Any]], name: str) -> None:
    """Raise `EngineConflictError` when there is a network of this name: some engines make two, and start neither."""
    if any(network["Name"] == name for network in present):
        raise EngineConflictError(
            f"There is a network {name} already, which is not of this cluster.",
            status=409,
            hint=f"Choose another --cluster-id, or, if nobody needs it, remove it: docker network rm {name}",
        )


def _subnets(present: list[dict[str, Any]]) -> list[ipaddress.IPv4Network]:
    configs = (config for network in present for config in network["IPAM"]["Config"] or ())
    return [network for config in configs if (network := _ipv4(config.get("Subnet", "")))]


def _ipv4(text: str) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return None


def is_reached(address: str) -> bool:
    """Whether this machine has a route to an address, other than a default one.

    That of an engine's network is there where the engine is; not where only its socket is, as in a container.
    """
    return any(ipaddress.IPv4Address(address) in network for network in _local_routes())


def _local_routes() -> list[ipaddress.IPv4Network]:
    """Return the destinations of this machine's routes but default ones; none where it has no such file."""
    try:
        return [route.network for route in read_routes(ROUTES.read_text(encoding="ascii").splitlines())]
    except OSError:
        return []
