"""Addresses, ports, and what stands between nodes."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.backends.docker.host_commands import NoProbeError
from dcos_docker_cli.backends.docker.subnets import POOLS, REMOVE_UNUSED, free_subnets
from dcos_docker_cli.doctor.finding import Finding, Level, ok, skipped
from dcos_docker_cli.exceptions import NotFoundError, UsageError
from dcos_docker_cli.labels import CLUSTER_ID_KEY, NAME_PREFIX_KEY, Kind, decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dcos_docker_cli.backends.docker.subnets import Route
    from dcos_docker_cli.doctor.subject import Subject

FEW = 3
"""Free subnets below which somebody should clean up."""
ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - this is looked for, not bound to
OF_DCOS = ("172.29.0.0/16", "172.31.254.0/24", "9.0.0.0/8", "11.0.0.0/8", "44.128.0.0/20", "198.51.100.0/30")
"""What DC/OS itself uses on its nodes, so that these reach nothing else there."""
HOLDING = ("running", "paused", "restarting")
"""States of containers that have their ports on the host."""
OTHER_PORTS = "Publish other ports, or see on the engine's host who has them: sudo ss -ltnup"
REFUSING = ("DROP", "REJECT", "LOG", "NFLOG")
"""Targets of rules that let nothing by."""
DROPPED = "On the engine's host: sudo systemctl restart docker (a reload of firewalld takes Docker's rules away)"


@dataclass(frozen=True)
class Taken:
    """A subnet that somebody has."""

    subnet: ipaddress.IPv4Network
    owner: str


def subnets(subject: Subject) -> Finding:
    """Look for a subnet for the cluster's network, which no network of the engine and no route of its host overlaps."""
    if subject.wanted.settings.network:
        return _users_network(subject, subject.wanted.settings.network)
    taken = _taken(subject)
    free = list(free_subnets(one.subnet for one in taken))
    pools = [ipaddress.IPv4Network(pool) for pool in POOLS]
    owners = [f"{one.subnet} of {one.owner}" for one in taken if any(one.subnet.overlaps(pool) for pool in pools)]
    why = f" Taken are {', '.join(owners)}." if owners else ""
    if len(free) >= FEW:
        foreign = [one for one in taken if not one.owner.startswith("the cluster")]
        is_overlapped = any(one.subnet.overlaps(pool) for one in foreign for pool in pools)
        message = f"There are {len(free)} subnets for clusters; the next one is {free[0]}."
        return Finding(Level.NOTE, message + why) if is_overlapped else ok(message)
    message = f"Of {', '.join(POOLS)} {len(free) or 'no'} subnet of /24 is free.{why}"
    return Finding(Level.WARNING if free else Level.ERROR, message, REMOVE_UNUSED)


def _users_network(subject: Subject, name: str) -> Finding:
    try:
        subject.check_users_network(name)
    except (NotFoundError, UsageError) as error:
        return Finding(Level.ERROR, error.message, error.hint)
    return ok(f'The cluster uses the network "{name}".')


def _taken(subject: Subject) -> list[Taken]:
    """Return what networks of the engine and routes of its host have, each once."""
    networks = [Taken(subnet, _name(network)) for network in subject.networks for subnet in _subnets(network)]
    known = {one.subnet for one in networks}
    routes = [Taken(route.network, f"a route over {route.device}") for route in _routes(subject)]
    return [*networks, *(one for one in routes if one.subnet not in known)]


def _name(network: dict[str, Any]) -> str:
    cluster_id = (network.get("Labels") or {}).get(CLUSTER_ID_KEY)
    return f"the cluster {cluster_id}" if cluster_id else f"the network {network['Name']}"


def _subnets(network: dict[str, Any]) -> Iterator[ipaddress.IPv4Network]:
    for config in network["IPAM"]["Config"] or ():
        if ":" not in (subnet := config.get("Subnet", "")) and subnet:
            yield ipaddress.IPv4Network(subnet, strict=False)


def _routes(subject: Subject) -> list[Route]:
    """Return the routes of the engine's host; none where it cannot be looked at."""
    try:
        return subject.host.routes()
    except NoProbeError:
        return []


def overlaps(subject: Subject) -> Finding:
    """Find networks of clusters that a route of the host has come to overlap, as a VPN's does that was begun later."""
    found = [
        f"{subnet} of {_name(network)} and the route {route.network} over {route.device}"
        for network in subject.networks
        if CLUSTER_ID_KEY in (network.get("Labels") or {})
        for subnet in _subnets(network)
        for route in subject.host.routes()
        if route.network.overlaps(subnet) and route.device != f"br-{network['Id'][:12]}"
    ]
    if found:
        remedy = "One of them is not reached from the engine's host: leave the VPN, or create the cluster again."
        return Finding(Level.WARNING, f"These overlap: {'; '.join(found)}.", remedy)
    of_dcos = [ipaddress.IPv4Network(subnet) for subnet in OF_DCOS]
    hidden = [
        f"{one.subnet} of {one.owner}" for one in _taken(subject) if any(one.subnet.overlaps(its) for its in of_dcos)
    ]
    if hidden:
        message = f"Nodes may not reach what DC/OS has addresses of its own for: {', '.join(hidden)}."
        return Finding(Level.NOTE, message, 'Docker gives out others with "default-address-pools" in daemon.json.')
    return ok("No network of a cluster overlaps a route of the engine's host.")


@dataclass(frozen=True)
class Place:
    """Where a port is to be published on the engine's host."""

    address: str
    port: int
    protocol: str

    def clashes(self, address: str, port: int) -> bool:
        """Whether this cannot be had beside that, which is of the same version of IP, or of both when it is empty."""
        is_near = address == self.address or address in ANYWHERE or self.address in ANYWHERE
        return port == self.port and is_near and _versions(address) & _versions(self.address) != set()

    def may_clash(self, address: str, port: int) -> bool:
        """Whether that may be a socket for IPv6 which takes IPv4 as well, as most are."""
        return port == self.port and address == "::" and 4 in _versions(self.address)


def _versions(address: str) -> set[int]:
    """Return the versions of IP of an address."""
    return {ipaddress.ip_address(address).version} if address else {4, 6}


def _wanted(subject: Subject) -> list[Place]:
    return [
        Place(place["HostIp"], int(place["HostPort"]), port.partition("/")[2] or "tcp")
        for port, places in subject.wanted.settings.ports.items()
        for place in places
        if place["HostPort"].isdigit()  # one of a range is the engine's to choose
    ]


def ports(subject: Subject) -> Finding:
    """Find who has a port of the engine's host already that the cluster is to publish."""
    wanted = _wanted(subject)
    if not wanted:
        return ok("No port is to be published.")
    taken = [f"{place.port} by {owner}" for place in wanted if (owner := _owner(subject, place))]
    if taken:
        return Finding(Level.ERROR, f"Ports of the engine's host are taken: {', '.join(taken)}.", OTHER_PORTS)
    listed = ", ".join(str(place.port) for place in wanted)
    try:
        listeners = {kind: _listeners(subject, kind) for kind in {place.protocol for place in wanted}}
    except NoProbeError as error:
        return skipped(f"No container has {listed}; whether a program has is not known. {error.message}")
    programs = [place for place in wanted if any(place.clashes(*one) for one in listeners[place.protocol])]
    if programs:
        named = ", ".join(f"{place.port} by a program of the host" for place in programs)
        return Finding(Level.ERROR, f"Ports of the engine's host are taken: {named}.", OTHER_PORTS)
    unsure = [place for place in wanted if any(place.may_clash(*one) for one in listeners[place.protocol])]
    if unsure:
        named = ", ".join(str(place.port) for place in unsure)
        message = f"A program of the engine's host has ports for IPv6, and may have them for IPv4 too: {named}."
        return Finding(Level.WARNING, message, OTHER_PORTS)
    return ok(f"Free on the engine's host: {listed}.")


def _owner(subject: Subject, place: Place) -> str:
    """Return the container that has a port of the host."""
    for name, had in _published(subject):
        if had.protocol == place.protocol and place.clashes(had.address, had.port):
            return f"the container {name}"
    return ""


def _published(subject: Subject) -> Iterator[tuple[str, Place]]:
    """Yield the ports of the host that containers have, with their names."""
    for container in subject.containers:
        for port in container.get("Ports") or ():
            if container["State"] in HOLDING and port.get("PublicPort"):
                place = Place(port.get("IP", ""), int(port["PublicPort"]), port.get("Type", "tcp"))
                yield container["Names"][0].lstrip("/"), place


def _listeners(subject: Subject, protocol: str) -> set[tuple[str, int]]:
    """Return what programs listen on, but for Docker's own ones, which do so for the ports of containers."""
    of_docker = {(place.address, place.port) for _, place in _published(subject) if place.protocol == protocol}
    return subject.host.listening(protocol) - of_docker


def open_ports(subject: Subject) -> Finding:
    """Find clusters that the whole network can reach, or will: Docker's rules go past a firewall."""
    there = [
        f"{container['Names'][0].lstrip('/')} ({port['PublicPort']})"
        for container in subject.containers
        if decode(container["Labels"] or {}).kind is Kind.NODE
        for port in container.get("Ports") or ()
        if port.get("PublicPort") and port.get("IP", "") in ANYWHERE
    ]
    wide = [*dict.fromkeys(there), *(f"the new one ({place.port})" for place in _wanted(subject) if _is_wide(place))]
    if not wide:
        return ok("No node is published on an address but the host's own.")
    remedy = "Publish on the loopback address: --one-master-host-port-map 127.0.0.1:8080:80"
    message = f"Whoever reaches the engine's host reaches these nodes, past its firewall: {', '.join(wide)}."
    return Finding(Level.WARNING, message, remedy)


def _is_wide(place: Place) -> bool:
    return place.address in ANYWHERE or not ipaddress.ip_address(place.address).is_loopback


def addresses(subject: Subject) -> Finding:
    """Compare the addresses that nodes have with those that DC/OS was configured with."""
    moved = [
        (its.cluster_id, f"{container['Names'][0].lstrip('/')} has {' and '.join(live)} in place of {its.address}")
        for container in subject.containers
        if NAME_PREFIX_KEY in (container["Labels"] or {}) and container["State"] == "running"
        and (its := decode(container["Labels"])).address
        and (live := _live(container)) and its.address not in live
    ]  # fmt: skip
    if moved:
        remedy = "; ".join(dict.fromkeys(f"dcos-docker doctor --cluster-id {cluster_id}" for cluster_id, _ in moved))
        return Finding(Level.WARNING, f"Nodes have moved: {'; '.join(words for _, words in moved)}.", remedy)
    return ok("All nodes have the addresses that they were made with.")


def _live(container: dict[str, Any]) -> list[str]:
    endpoints = container["NetworkSettings"]["Networks"].values()
    return [str(endpoint["IPAddress"]) for endpoint in endpoints if endpoint["IPAddress"]]


def forwarding(subject: Subject) -> Finding:
    """Look whether the host's kernel passes packets on between containers, and to the outside."""
    host = subject.host
    if host.text("ip_forward") == "0":
        remedy = "On the engine's host: sudo sysctl -w net.ipv4.ip_forward=1"
        return Finding(Level.ERROR, "The engine's host forwards no packets: nodes reach nothing outside.", remedy)
    new, legacy = (host.text(name).split(";") if host.text(name) else [] for name in ("forward", "forward_legacy"))
    if not new and not legacy:
        return skipped("The host forwards packets; what iptables drops of them this image cannot tell.")
    stopping = [rules for rules in (new, legacy) if rules and not _lets_by(rules) and not _has_dockers(rules)]
    if not all(_has_others(rules) for rules in stopping):
        return _dropped(is_between_nodes=host.text("bridge_filter") != "0")
    if _is_mixed(new, legacy):
        remedy = "On the engine's host, have one kind of iptables: sudo update-alternatives --config iptables"
        message = "The engine's host has iptables of two kinds, legacy and nftables: both must let packets by."
        return Finding(Level.WARNING, message, remedy)
    if stopping:
        message = "The engine's host has rules of others, of which is not seen whether they let nodes' packets by."
        return Finding(Level.NOTE, message)
    return ok("The engine's host forwards packets, and drops none between containers.")


def _dropped(*, is_between_nodes: bool) -> Finding:
    if is_between_nodes:
        return Finding(Level.ERROR, "The engine's host drops what nodes send to each other.", DROPPED)
    message = "The engine's host drops what nodes send to the outside; what they send to each other passes no rules."
    return Finding(Level.WARNING, message, DROPPED)


def _lets_by(rules: list[str]) -> bool:
    refuses = ("-A FORWARD -j REJECT", "-A FORWARD -j DROP")
    return rules[0] != "-P FORWARD DROP" and not any(rule.startswith(refuses) for rule in rules)


def _has_dockers(rules: list[str]) -> bool:
    return any("DOCKER" in rule for rule in rules)


def _has_others(rules: list[str]) -> bool:
    """Whether rules of somebody else's may let packets by, as those of netavark do."""
    targets = [words[words.index("-j") + 1] for rule in rules if "-j" in (words := rule.split())[:-1]]
    return any(target not in REFUSING for target in targets)


def _is_mixed(new: list[str], legacy: list[str]) -> bool:
    return len(new) > 1 and len(legacy) > 1


def resolver(subject: Subject) -> Finding:
    """Look whom the engine asks for names, for nodes and for the containers in them."""
    servers = subject.host.name_servers()
    remedy = (
        'On the engine\'s host: {"dns": ["ADDRESS"]} in /etc/docker/daemon.json, an address that containers reach; '
        "sudo systemctl restart docker"
    )
    if not servers:
        message = "The engine's host has no name server in /etc/resolv.conf: nodes resolve no names but their own."
        return Finding(Level.WARNING, message, remedy)
    if all(ipaddress.ip_address(server.partition("%")[0]).is_loopback for server in servers):
        message = (
            f"The engine's host asks itself for names ({', '.join(servers)}), which containers in nodes cannot: Docker "
            "has them ask 8.8.8.8."
        )
        return Finding(Level.WARNING, message, remedy)
    return ok(f"Names are asked of {', '.join(servers)}.")
