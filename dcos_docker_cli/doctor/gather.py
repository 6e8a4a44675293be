"""Gather the condition of a cluster: from the engine, then from all its nodes at once, which have a limit of time."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker import listing
from dcos_docker_cli.dcos.ready import Readiness, cluster_findings, node_findings
from dcos_docker_cli.doctor.condition import Condition, Node
from dcos_docker_cli.doctor.limited import within
from dcos_docker_cli.doctor.survey import Report, survey
from dcos_docker_cli.exceptions import (
    ClusterNotFoundError,
    DcosDockerError,
    EngineNotFoundError,
    EngineUnreachableError,
)
from dcos_docker_cli.labels import Kind
from dcos_docker_cli.model import ClusterInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.model import NodeInfo

WHOLE = "the cluster"
"""What is asked about beside nodes."""


def gather(host: DockerHost, cluster_id: str, limit: float) -> Condition:
    """Return the condition of a cluster, with what comes within `limit` seconds.

    Raises `ClusterNotFoundError` when there is nothing of it, not even a network or a volume, and
    `EngineUnreachableError` when the engine itself is late.
    """
    ground = _ground(host, cluster_id, limit)
    running = [node for node in ground.nodes if node.info.is_running]
    calls: dict[tuple[str, str], Callable[[], object]] = {
        **{("tells", node.name): partial(_survey, host, ground, node) for node in running},
        **{("dcos", node.name): partial(_dcos, host, node.info) for node in running},
    }
    master = next((node.info for node in running if node.info in ground.cluster.masters), None)
    if master:
        calls["dcos", WHOLE] = partial(_dcos_as_a_whole, host, master)
    found = within(calls, limit, host.cancellation)
    late = f"Nothing came within {limit:g} s."
    nodes = [
        _told(node, found.get(("tells", node.name), late), found.get(("dcos", node.name), [late]))
        if node in running
        else node
        for node in ground.nodes
    ]
    return replace(ground, nodes=nodes, of_cluster=_words(found.get(("dcos", WHOLE), [late])) if master else None)


def _told(node: Node, report: object, dcos: object) -> Node:
    if isinstance(report, Report):
        return replace(node, report=report, dcos=_words(dcos))
    if isinstance(report, DcosDockerError):
        return replace(node, failure=report.message)
    return replace(node, failure=report if isinstance(report, str) else repr(report))


def _words(found: object) -> Sequence[str] | None:
    """Return findings in words; None in place of what could not be asked."""
    return found if isinstance(found, list) else None


def _answers(host: DockerHost, limit: float, *questions: Callable[[], Any]) -> list[Any]:
    """Return what the engine answers, if it does in time; without a pool, whose threads a stuck engine would keep."""
    found = within(dict(enumerate(questions)), limit, host.cancellation)
    for answer in found.values():
        if isinstance(answer, Exception):
            raise answer
    if len(found) < len(questions):
        raise EngineUnreachableError(
            f"The Docker engine does not answer within {limit:g} s.",
            hint="Is it overloaded or stuck? Try: docker version",
        )
    return [found[number] for number in range(len(questions))]


def _ground(host: DockerHost, cluster_id: str, limit: float) -> Condition:
    """Return what the engine knows of a cluster."""
    engine = _answers(host, limit, lambda: host.engine)[0]
    cluster, listed, networks, volumes, facts = _answers(
        host,
        limit,
        lambda: _cluster(host, cluster_id),
        lambda: listing.containers(engine, cluster_id, Kind.NODE),
        engine.networks,
        lambda: engine.volumes()["Volumes"] or [],
        host.facts,
    )
    own_volumes = [item["Name"] for item in volumes if _is_of(item, cluster_id, Kind.VOLUME)]
    if cluster is None:
        if not own_volumes and not any(_is_of(item, cluster_id, Kind.NETWORK) for item in networks):
            raise ClusterNotFoundError(cluster_id)
        cluster = ClusterInfo(cluster_id, (), None, None, "", "", "")
    by_id = {item["Id"]: item for item in listed}
    return Condition(
        cluster=cluster,
        nodes=[Node(info, by_id[info.container_id]) for info in cluster.nodes if info.container_id in by_id],
        hosts=_answers(host, limit, lambda: _hosts(host, listed))[0],
        name_prefix=next((labels.decode(item["Labels"]).name_prefix for item in listed), ""),
        networks={key: item["Name"] for item in networks for key in (item["Id"], item["Name"])},
        volumes={item["Name"] for item in volumes},
        own_volumes=own_volumes,
        clock_offset=(facts.engine_time - facts.client_time).total_seconds(),
    )


def _cluster(host: DockerHost, cluster_id: str) -> ClusterInfo | None:
    try:
        return host.cluster(cluster_id, of_any_version=True)
    except ClusterNotFoundError:
        return None


def _is_of(item: dict[str, Any], cluster_id: str, kind: Kind) -> bool:
    decoded = labels.decode(item["Labels"] or {})
    return decoded.cluster_id == cluster_id and decoded.kind is kind


def _hosts(host: DockerHost, listed: list[dict[str, Any]]) -> dict[str, str]:
    """Return the names that a node was told when it was made, which are those of all nodes, with their addresses."""
    try:
        entries = host.engine.inspect_container(listed[0]["Id"])["HostConfig"]["ExtraHosts"] if listed else ()
    except EngineNotFoundError:  # removed meanwhile
        return {}
    return dict(entry.split(":", 1) for entry in entries or ())


def _survey(host: DockerHost, ground: Condition, node: Node) -> Report:
    """Have a node look at itself, and at others if it is where others can be."""
    others = _others(ground, node) if node.is_in_place else []
    names = [info.container_name for info in (node.info, *others) if info.container_name in ground.hosts]
    return survey(
        host.transport(node.info),
        own=node.info.container_name if node.is_in_place else "",
        names=names if node.is_in_place else [],
        targets=[info.address for info in others],
    )


def _others(ground: Condition, node: Node) -> list[NodeInfo]:
    """Return the first master and the next node, of those in their place: each is looked at by one, masters by all."""
    others = [other.info for other in ground.nodes if other.is_in_place and other.info != node.info]
    following = [other for other in others if other.ref.sort_key > node.info.ref.sort_key] or others
    return list(dict.fromkeys((*others[:1], *following[:1])))


def _dcos(host: DockerHost, node: NodeInfo) -> list[str]:
    """Return what DC/OS' own checks find wrong on a node."""
    return node_findings(host.member(node))


def _dcos_as_a_whole(host: DockerHost, master: NodeInfo) -> list[str]:
    """Return what DC/OS' own check of the cluster finds wrong, asked on a master."""
    return cluster_findings(Readiness("", [host.member(master)], host.cancellation, http_checks=False))
