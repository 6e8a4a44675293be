"""How a cluster is: its nodes, and DC/OS on them, asked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcos_docker_cli.concurrency import parallel
from dcos_docker_cli.dcos.ready import cluster_findings, node_findings
from dcos_docker_cli.exceptions import DcosDockerError
from dcos_docker_cli.lifecycle.wait import readiness

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.backends.docker.installed import Installed
    from dcos_docker_cli.lifecycle.wait import Wait
    from dcos_docker_cli.model import ClusterInfo, NodeInfo


@dataclass(frozen=True)
class Status:
    """A cluster, and what is wrong with each node of it, by reference, and with the whole."""

    cluster: ClusterInfo
    installed: Installed | None
    of_nodes: dict[str, list[str]]
    of_cluster: list[str]

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is wrong."""
        return not self.of_cluster and not any(self.of_nodes.values())


def status(host: DockerHost, cluster_id: str, wait: Wait) -> Status:
    """Ask the engine for the nodes, and the nodes for DC/OS; raise `ClusterNotFoundError` when there is no cluster.

    What does not answer within the timeout of `wait` is a finding too.
    """
    cluster = host.cluster(cluster_id, of_any_version=True)
    of_nodes = {str(node.ref): [] if node.is_running else [f"its container is {node.state}"] for node in cluster.nodes}
    of_cluster = [] if cluster.state == "running" else [f"the cluster is {cluster.state}"]
    running = [node for node in cluster.nodes if node.is_running]
    try:
        with host.cancellation.limited(wait.timeout):
            results = parallel(lambda node: _of(host, node), running, host.cancellation)
            for node, findings in zip(running, results, strict=True):
                of_nodes[str(node.ref)] += findings
            if not of_cluster and not any(of_nodes.values()):
                of_cluster += _of_all(host, cluster, wait)
    except TimeoutError:
        of_cluster.append(f"it did not answer within {wait.timeout:g} s")
    return Status(cluster, host.installed(cluster), of_nodes, of_cluster)


def _of(host: DockerHost, node: NodeInfo) -> list[str]:
    """Return what DC/OS' own checks find wrong on a node."""
    try:
        return node_findings(host.member(node))
    except DcosDockerError as error:
        return [error.message]


def _of_all(host: DockerHost, cluster: ClusterInfo, wait: Wait) -> list[str]:
    """Return what is wrong with DC/OS as a whole, where all nodes are well."""
    wanted = readiness(host, cluster, host.members(cluster), wait)
    try:
        return cluster_findings(wanted)
    except DcosDockerError as error:
        return [error.message]
