"""Clusters read back from the engine: one call, whose answer has labels, states and addresses of all containers."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker.naming import is_genuine
from dcos_docker_cli.labels import Kind, Labels
from dcos_docker_cli.model import ClusterInfo, NodeInfo

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.engine import Engine


def containers(engine: Engine, cluster_id: str | None = None, kind: Kind | None = None) -> list[dict[str, Any]]:
    """Return the engine's listing of our containers, stopped ones too."""
    found = engine.containers(all=True, filters={"label": labels.selector(kind, cluster_id)})
    return [item for item in found if is_genuine(labels.decode(item["Labels"]), name(item))]


def name(container: dict[str, Any]) -> str:
    """Return the name of a container of a listing; one that is being removed may have lost it."""
    return str(container["Names"][0]).lstrip("/") if container["Names"] else str(container["Id"])[:12]


def clusters(engine: Engine, cluster_id: str | None = None) -> list[ClusterInfo]:
    """Return the clusters, or the one of that id, ordered by id."""
    by_id: dict[str, list[tuple[Labels, dict[str, Any]]]] = defaultdict(list)
    for container in containers(engine, cluster_id):
        decoded = labels.decode(container["Labels"])
        if decoded.cluster_id:
            by_id[decoded.cluster_id].append((decoded, container))
    return [_cluster(found_id, members) for found_id, members in sorted(by_id.items())]


def _cluster(cluster_id: str, members: list[tuple[Labels, dict[str, Any]]]) -> ClusterInfo:
    first = members[0][0]
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
