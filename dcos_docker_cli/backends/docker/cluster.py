"""A cluster of containers, for the library: made with all its nodes, or found on the engine."""

from __future__ import annotations

import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker.connection import Connection
from dcos_docker_cli.backends.docker.host import DockerHost
from dcos_docker_cli.backends.docker.keys import ClusterKey
from dcos_docker_cli.backends.docker.transaction import provision
from dcos_docker_cli.base_classes import ClusterManager
from dcos_docker_cli.concurrency import Cancellation, interruptible
from dcos_docker_cli.dcos.member import Member
from dcos_docker_cli.exceptions import DcosDockerError, NodeNotFoundError
from dcos_docker_cli.model import ClusterPlan, Role, Transport
from dcos_docker_cli.node import ROOT, Node
from dcos_docker_cli.progress import Logged
from dcos_docker_cli.transports.base import check
from dcos_docker_cli.transports.ssh import SERVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import TypeVar

    from dcos_docker_cli.backends.docker import Docker
    from dcos_docker_cli.model import ClusterInfo, NodeInfo
    from dcos_docker_cli.transports.base import NodeTransport
    from dcos_docker_cli.transports.docker_exec import DockerExec

    T = TypeVar("T")


class DockerNode(Node):
    """A node that is a container. Its two addresses are the same one."""

    def __init__(self, info: NodeInfo, connection: Connection, key: ClusterKey, default_transport: Transport) -> None:
        super().__init__(info.address, info.address, default_transport=default_transport)
        self._info = info
        self._connection = connection
        self._key = key

    def __str__(self) -> str:
        return str(self._info.ref)

    def is_same(self, node: Node) -> bool:
        """Whether it is this container; addresses come back with other clusters."""
        if isinstance(node, DockerNode):
            return self._info.container_id == node.info.container_id
        return self == node

    @property
    def info(self) -> NodeInfo:
        """What the engine knew of it when the cluster was made or found."""
        return self._info

    @property
    def ssh_key_path(self) -> Path:
        """A copy of the cluster's private key, which opens all of its nodes as root; it goes with the cluster."""
        return self._key.allow_on(self.docker_exec())

    def docker_exec(self, cancellation: Cancellation | None = None) -> DockerExec:
        """Return the way to the container over the engine's API, whether it runs or not."""
        from dcos_docker_cli.transports.docker_exec import DockerExec

        engine = self._connection.engine(cancellation or Cancellation())
        return DockerExec(engine, self._info.container_id, f"{self} ({self._info.container_name})")

    def member(self, role: Role, cancellation: Cancellation | None = None) -> Member:
        """Return the node as the steps that concern DC/OS see it. They take the way that is always there."""
        return Member(str(self), role, self._info.address, self.docker_exec(cancellation))

    @property
    def _login(self) -> str:
        """Root, for whom the cluster's key is."""
        return ROOT

    def _transport(self, transport: Transport, cancellation: Cancellation | None = None) -> NodeTransport:
        if transport is Transport.SSH:
            return super()._transport(transport, cancellation)
        return self.docker_exec(cancellation)

    def _ssh_proxy(self) -> str:
        host = DockerHost(connection=self._connection)
        return "" if host.is_near(self._info) else self.docker_exec().command_line(SERVER)


class DockerCluster(ClusterManager):
    """The containers of one cluster."""

    def __init__(self, masters: int, agents: int, public_agents: int, cluster_backend: Docker) -> None:
        """Make a cluster under an id of its own; a signal or a failure undoes all of it."""
        plan = ClusterPlan(secrets.token_hex(5), masters, agents, public_agents)
        self._begin(cluster_backend, plan.cluster_id)

        def make(host: DockerHost) -> ClusterInfo:
            provision(host, plan, Logged())
            return host.cluster(plan.cluster_id)

        try:
            self._read(self._do(make))
        except BaseException:
            with suppress(DcosDockerError):  # it is what is raised that matters, and mostly nothing is left already
                self.destroy()
            raise

    @classmethod
    def find(cls, cluster_id: str, backend: Docker) -> DockerCluster:
        """Return the cluster of an id; raise `ClusterNotFoundError` when there is none."""
        self = cls.__new__(cls)
        self._begin(backend, cluster_id)
        try:
            self._read(DockerHost(connection=self._connection).cluster(cluster_id))
        except BaseException:
            self._connection.close()  # who keeps the error keeps no sockets
            raise
        return self

    def _begin(self, backend: Docker, cluster_id: str) -> None:
        self.cluster_id = cluster_id
        self._backend = backend
        self._connection = Connection()
        self._key = ClusterKey(self._key_holder)
        self._nodes: list[DockerNode] = []

    def _read(self, info: ClusterInfo) -> None:
        self._nodes = [DockerNode(node, self._connection, self._key, info.default_transport) for node in info.nodes]

    @property
    def masters(self) -> set[Node]:
        """The masters that there are now."""
        return self._with_role(Role.MASTER)

    @property
    def agents(self) -> set[Node]:
        """The agents that there are now."""
        return self._with_role(Role.AGENT)

    @property
    def public_agents(self) -> set[Node]:
        """The public agents that there are now."""
        return self._with_role(Role.PUBLIC_AGENT)

    def _with_role(self, role: Role) -> set[Node]:
        return {node for node in self._nodes if node.info.ref.role is role}

    @contextmanager
    def bootstrap_node(self, installer_digest: str, cancellation: Cancellation) -> Iterator[DockerExec]:
        """See `HasBootstrapNode`."""
        host = self._host(cancellation)
        with host.bootstrap_node(self.cluster_id, host.layout(self.cluster_id), installer_digest) as node:
            yield node

    def destroy_node(self, node: Node) -> None:
        """Remove a node with the volumes that are its own; raise `NodeNotFoundError` for another cluster's."""
        own = next((own for own in self._nodes if own.is_same(node)), None)
        if own is None:
            raise NodeNotFoundError(f"The node {node} is not one of this cluster's.")
        own.close()
        container = own.info.container_id
        self._do(lambda host: host.remove_node(self.cluster_id, container))
        self._nodes.remove(own)

    def destroy(self) -> None:
        """Remove all that is this cluster's; a signal takes its effect when that is done."""

        def work(host: DockerHost) -> None:
            host.cancellation.begin_undo()
            host.destroy(self.cluster_id)

        try:
            self._do(work)
        finally:
            self.close()
        self._nodes = []

    def close(self) -> None:
        """Close all connections, and leave the cluster as it is."""
        for node in self._nodes:
            node.close()
        self._key.close()
        self._connection.close()

    def _host(self, cancellation: Cancellation) -> DockerHost:
        return DockerHost(self._backend.settings, cancellation, self._connection)

    def _do(self, work: Callable[[DockerHost], T]) -> T:
        """Do something that a signal stops only where what it has made is known, and undone."""
        return interruptible(lambda cancellation: work(self._host(cancellation)))

    def _key_holder(self) -> NodeTransport:
        """Return the first node that runs: it has the key, or gets a new one."""
        for node in sorted(self._nodes, key=lambda node: node.info.ref.sort_key):
            way = node.docker_exec()
            with suppress(NodeNotFoundError):
                check(way, ["true"], doing="Looking for a node with the cluster's SSH key")
                return way
        raise NodeNotFoundError(f'No node of the cluster "{self.cluster_id}" is running.')
