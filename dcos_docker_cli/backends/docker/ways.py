"""The ways to nodes of a cluster, for one operation: the engine's exec, or SSH with the cluster's key."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker.keys import ClusterKey
from dcos_docker_cli.concurrency import parallel
from dcos_docker_cli.exceptions import NodeNotFoundError, NodeUnreachableError
from dcos_docker_cli.model import Transport
from dcos_docker_cli.transports.ssh import SERVER, SSH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.dcos.member import Member
    from dcos_docker_cli.model import ClusterInfo, NodeInfo
    from dcos_docker_cli.transports.base import NodeTransport


@contextmanager
def ways(
    host: DockerHost, cluster: ClusterInfo, nodes: Sequence[NodeInfo], transport: Transport | None = None
) -> Iterator[list[NodeTransport]]:
    """Have the ways to nodes, in their order, within the block; by default those that the cluster was created with."""
    if (transport or cluster.default_transport) is Transport.DOCKER_EXEC:
        yield [host.transport(node) for node in nodes]
        return
    with key_for(host, cluster, nodes) as key, ExitStack() as stack:
        made = [_ssh(host, node, key) for node in nodes]
        for way in made:
            stack.callback(way.close)
        try:
            yield list(made)
        except NodeUnreachableError as error:  # with its hint nobody could do anything: the key goes with this block
            error.hint = f"Is the node up, and reachable from here? See: dcos-docker status -c {cluster.cluster_id}"
            raise


def _ssh(host: DockerHost, node: NodeInfo, key: Path) -> SSH:
    proxy = "" if host.is_near(node) else host.transport(node).command_line(SERVER)
    return SSH(node.address, key_path=key, cancellation=host.cancellation, proxy_command=proxy)


@contextmanager
def members(host: DockerHost, cluster: ClusterInfo, transport: Transport | None = None) -> Iterator[list[Member]]:
    """Have the nodes of a cluster, all of which must run, as the steps that concern DC/OS see them, over these ways."""
    by_engine = host.members(cluster)
    with ways(host, cluster, cluster.nodes, transport) as found:
        yield [replace(member, transport=way) for member, way in zip(by_engine, found, strict=True)]


@contextmanager
def key_for(host: DockerHost, cluster: ClusterInfo, nodes: Sequence[NodeInfo]) -> Iterator[Path]:
    """Have a copy of the cluster's private key within the block, which opens these nodes as root."""
    of_nodes = [host.transport(node) for node in nodes]

    def holder() -> NodeTransport:
        running = [node for node in cluster.nodes if node.is_running]
        if not running:
            raise NodeNotFoundError(f'No node of the cluster "{cluster.cluster_id}" is running.')
        return host.transport(running[0])

    key = ClusterKey(holder)
    try:
        path = key.path()
        parallel(key.allow_on, of_nodes, host.cancellation)
        yield path
    finally:
        key.close()
