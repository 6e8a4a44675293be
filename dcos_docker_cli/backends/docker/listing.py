"""Clusters read back from the engine: one call, whose answer has labels, states and addresses of all containers."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker.layout import Layout, host_entries
from dcos_docker_cli.backends.docker.naming import is_genuine
from dcos_docker_cli.exceptions import ClusterNotFoundError
from dcos_docker_cli.labels import Kind, Labels
from dcos_docker_cli.model import INSTALL_DIR, ClusterInfo, NodeInfo

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.engine import Engine


def containers(engine: Engine, cluster_id: str | None = None, kind: Kind | None = None) -> list[dict[str, Any]]:
    """Return the engine's listing of our containers, stopped ones too."""
    found = engine.containers(all=True, filters={"label": labels.selector(kind, cluster_id)})
    return [item for item in found if is_genuine(labels.decode(item["Labels"]), name(item))]


def name(container: dict[str, Any]) -> str:
    """Return the name of a container of a listing; one that is being removed may have lost it."""
    return str(container["Names"][0]).lstrip("/") if container["Names"] else str(container["Id"])[:12]


def with_name(engine: Engine, container: str) -> list[dict[str, Any]]:
    """Return the container of exactly this name, whoever made it."""
    found = engine.containers(all=True, filters={"name": f"^/{re.escape(container)}$"})
    return list(found)


def clusters(engine: Engine, cluster_id: str | None = None) -> list[ClusterInfo]:
    """Return the clusters, or the one of that id, ordered by id."""
    by_id: dict[str, list[tuple[Labels, dict[str, Any]]]] = defaultdict(list)
    for container in containers(engine, cluster_id):
        decoded = labels.decode(container["Labels"])
        if decoded.cluster_id:
            by_id[decoded.cluster_id].append((decoded, container))
    return [_cluster(found_id, members) for found_id, members in sorted(by_id.items())]


def _cluster(cluster_id: str, members: list[tuple[Labels, dict[str, Any]]]) -> ClusterInfo:
    # A bootstrap node's labels do not tell all of the cluster.
    first = next((decoded for decoded, _ in members if decoded.kind is not Kind.BOOTSTRAP), members[0][0])
    nodes = [node for decoded, container in members if (node := _node(decoded, container))]
    kinds = {decoded.kind for decoded, _ in members}
    return ClusterInfo(
        cluster_id=cluster_id,
        nodes=tuple(sorted(nodes, key=lambda node: node.ref.sort_key)),
        created=min((decoded.created for decoded, _ in members if decoded.created), default=None),
        variant=first.variant,
        distribution=first.distribution,
        transport=first.transport,
        tool_version=first.tool_version,
        reserved=Kind.RESERVATION in kinds,
        unknown_schema=next((decoded.schema or "none" for decoded, _ in members if not decoded.is_known), ""),
    )


def _node(decoded: Labels, container: dict[str, Any]) -> NodeInfo | None:
    if not (decoded.is_known and decoded.kind is Kind.NODE and decoded.ref):
        return None
    return NodeInfo(
        ref=decoded.ref,
        container_id=container["Id"],
        container_name=name(container),
        address=decoded.address,
        state=container["State"],
    )


def layout(engine: Engine, cluster_id: str) -> Layout:
    """Read back what the nodes of a cluster share, with one call; raise `ClusterNotFoundError` when there are none."""
    nodes = [(labels.decode(item["Labels"]), item) for item in containers(engine, cluster_id, Kind.NODE)]
    if not nodes:
        raise ClusterNotFoundError(cluster_id)
    _, first = nodes[0]
    addresses = {decoded.ref: decoded.address for decoded, _ in nodes if decoded.ref}
    return Layout(
        addresses=addresses,
        image=first["ImageID"],
        network_id=_network_of(*nodes[0]),
        serve_volume=next(mount["Name"] for mount in first["Mounts"] if mount["Destination"] == INSTALL_DIR),
        bootstrap_address="",
        hosts=host_entries({name(item): decoded.address for decoded, item in nodes}),
    )


def _network_of(decoded: Labels, container: dict[str, Any]) -> str:
    """Return the id of the network in which a node has its address; users may have put it on others too."""
    endpoints = container["NetworkSettings"]["Networks"].values()
    found = (
        endpoint["NetworkID"]
        for endpoint in endpoints
        if decoded.address in (endpoint["IPAddress"], (endpoint["IPAMConfig"] or {}).get("IPv4Address"))
    )
    return str(next(found))
