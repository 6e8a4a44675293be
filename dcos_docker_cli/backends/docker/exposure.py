"""What of a cluster is open, as the engine tells it: a call for each container and network, and one for the engine.

In the form that docs/output.md has for `inspect --security`; what it means is said in `lifecycle/security.py`.
"""

from __future__ import annotations

from collections import defaultdict
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from dcos_docker_cli import labels
from dcos_docker_cli.concurrency import parallel
from dcos_docker_cli.dcos.config import SECRET
from dcos_docker_cli.exceptions import EngineNotFoundError, without_passwords
from dcos_docker_cli.model import INSTALL_DIR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dcos_docker_cli.backends.docker.engine import Endpoint, Engine
    from dcos_docker_cli.model import ClusterInfo, NodeInfo

    Inspected = Sequence[tuple[NodeInfo, Mapping[str, Any]]]

EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - looked for
NAMESPACES = {"PidMode": "pid", "IpcMode": "ipc", "UTSMode": "uts", "CgroupnsMode": "cgroup", "NetworkMode": "network"}
ROUTED = ("routed", "nat-unprotected")
"""Modes of a bridge in which other machines can send to its containers (`gateway_mode_ipv4`, Docker 27)."""
ON_THE_LAN = ("macvlan", "ipvlan")


def of_cluster(engine: Engine, info: Mapping[str, Any], cluster: ClusterInfo) -> dict[str, Any]:
    """Return what the engine knows; a node that has gone meanwhile is left out."""
    inspected = [
        (node, found)
        for node, found in parallel(lambda node: (node, _inspected(engine, node)), cluster.nodes, engine.cancellation)
        if found
    ]
    return {
        "engine": _engine(engine.where, info),
        "published_ports": [port for node, found in inspected for port in _ports(node, found)],
        "networks": _networks(engine, inspected),
        "mounts": _mounts(inspected),
        "secrets": [secret for node, found in inspected for secret in _secrets(node, found)],
        "nodes": [{"reference": str(node.ref), **_rights(found["HostConfig"])} for node, found in inspected],
    }


def _inspected(engine: Engine, node: NodeInfo) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = engine.inspect_container(node.container_id)
    except EngineNotFoundError:
        return None
    return found


def _engine(where: Endpoint, info: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the engine is reached from here, and what it says of being reached by others."""
    scheme = where.url.partition("://")[0]
    way = {"unix": "socket", "http+unix": "socket", "ssh": "ssh"}.get(scheme, "tls" if where.tls else "tcp")
    open_to_others = [line for line in info.get("Warnings") or () if "API is accessible on" in line]
    return {"endpoint": without_passwords(where.url), "way": way, "open_to_others": open_to_others}


def _ports(node: NodeInfo, found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the published ports of a node; those of a stopped one are as they were asked for."""
    published = found["NetworkSettings"].get("Ports") if node.is_running else found["HostConfig"].get("PortBindings")
    for port, places in sorted((published or {}).items()):
        for place in places or ():
            address = place.get("HostIp", "")
            yield {
                "reference": str(node.ref),
                "node_port": port,
                "host_address": address or EVERYWHERE[1],
                "host_port": place.get("HostPort", ""),
                "beyond_loopback": not _is_loopback(address),
            }


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _networks(engine: Engine, inspected: Inspected) -> list[dict[str, Any]]:
    ids: dict[str, str] = {}
    for _, found in inspected:
        for name, endpoint in found["NetworkSettings"]["Networks"].items():
            ids.setdefault(endpoint["NetworkID"] or name, name)
    ours = {found["Id"] for _, found in inspected}
    networks = parallel(lambda network: _network(engine, network, ours), ids, engine.cancellation)
    return [network for network in networks if network]


def _network(engine: Engine, network_id: str, ours: set[str]) -> dict[str, Any] | None:
    try:
        found = engine.inspect_network(network_id)
    except EngineNotFoundError:
        return None
    others = (place["Name"] for container, place in (found["Containers"] or {}).items() if container not in ours)
    return {
        "name": found["Name"],
        "driver": found["Driver"],
        "subnets": [config.get("Subnet", "") for config in found["IPAM"]["Config"] or ()],
        "made_by_us": labels.SCHEMA_KEY in (found["Labels"] or {}),
        "reached_from_elsewhere": _is_reached(
            found["Driver"], found["Options"] or {}, internal=bool(found["Internal"])
        ),
        "other_containers": sorted(others),
    }


def _is_reached(driver: str, options: Mapping[str, str], *, internal: bool) -> str:
    """Return whether other machines reach all ports of what is in a network: `no`, `if_routed` or `yes`."""
    if internal or driver in ("null", "none"):
        return "no"
    modes = [value for name, value in options.items() if "gateway_mode" in name]
    return "yes" if driver != "bridge" or any(mode in ROUTED for mode in modes) else "if_routed"


def _mounts(inspected: Inspected) -> list[dict[str, Any]]:
    """Return what is mounted, each with the nodes that have it; a volume without a name is one node's own."""
    nodes: dict[tuple[str, str, str, bool], list[str]] = defaultdict(list)
    for node, found in inspected:
        for mount in found["Mounts"]:
            kind = mount["Type"]
            source = mount.get("Name", "") if kind == "volume" else mount.get("Source", "")
            nodes[kind, source, mount["Destination"], not mount["RW"]].append(str(node.ref))
        for target in found["HostConfig"].get("Tmpfs") or {}:
            nodes["tmpfs", "", target, False].append(str(node.ref))
    merged: dict[tuple[str, str, str, bool], list[str]] = defaultdict(list)
    for (kind, source, target, read_only), references in nodes.items():
        is_own = kind == "volume" and _has_no_name(source)
        key = (kind, "" if is_own and len(references) == 1 else source, target, read_only)
        merged[key] += references
    return [
        {
            "kind": kind,
            "source": source or None,
            "target": target,
            "read_only": read_only,
            "has_configuration": target == INSTALL_DIR,
            "references": references,
        }
        for (kind, source, target, read_only), references in sorted(merged.items())
    ]


def _has_no_name(volume: str) -> bool:
    return len(volume) == 64 and all(digit in "0123456789abcdef" for digit in volume)


def _secrets(node: NodeInfo, found: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield the names of variables and labels that seem to have secrets; whoever uses the engine can read them."""
    config = found["Config"]
    variables = dict(line.partition("=")[::2] for line in config.get("Env") or ())
    for place, values in (("environment", variables), ("label", config.get("Labels") or {})):
        for name, value in values.items():
            if (
                value
                and not name.startswith(labels.PREFIX)
                and (SECRET.search(name) or without_passwords(value) != value)
            ):
                yield {"reference": str(node.ref), "place": place, "name": name}


def _rights(host: Mapping[str, Any]) -> dict[str, Any]:
    devices = [device["PathOnHost"] for device in host.get("Devices") or ()]
    return {
        "privileged": bool(host.get("Privileged")),
        "capabilities": sorted(host.get("CapAdd") or ()),
        "devices": devices,
        "host_namespaces": [name for key, name in NAMESPACES.items() if host.get(key) == "host"],
    }
