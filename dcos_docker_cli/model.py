"""The words of this project as values: roles, nodes, clusters, and plans of clusters that are to be."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import NodeNotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence, Sized
    from datetime import datetime

NAME_PREFIX = "dcos-docker"
CLUSTER_ID_PATTERN = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
HOST_NAME_LIMIT = 63
"""Characters that Linux and DNS take as the name of a host, and so as the name of a node."""
MAX_NODES = 250
"""One cluster's network is a /24: less its own two addresses, the gateway and the bootstrap node."""
CLUSTER_ID_LIMIT = HOST_NAME_LIMIT - len(f"{NAME_PREFIX}--publicagent-{MAX_NODES - 1}")
MASTER_COUNTS = (1, 3, 5, 7, 9)
"""What DC/OS accepts, for a majority must be possible."""
INSTALL_DIR = "/opt/dcos_install_tmp"
"""Where every node has the installer's `genconf/serve`, read-only."""
DEFAULT_CLUSTER_ID = "default"


class Role(Enum):
    """What a node is in its cluster. The values are DC/OS' own words for it."""

    MASTER = "master"
    AGENT = "slave"
    PUBLIC_AGENT = "slave_public"

    @property
    def word(self) -> str:
        """Our word for it: `master`, `agent` or `public_agent`."""
        return self.name.lower()


class Transport(Enum):
    """How commands reach a node."""

    DOCKER_EXEC = "docker-exec"
    SSH = "ssh"


class DCOSVariant(Enum):
    """Which DC/OS it is."""

    OSS = "oss"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True)
class NodeRef:
    """A node's place in its cluster; written `master_0`, `agent_1`, `public_agent_0`."""

    role: Role
    index: int

    def __str__(self) -> str:
        return f"{self.role.word}_{self.index}"

    def host_name(self, cluster_id: str, prefix: str = NAME_PREFIX) -> str:
        """Return the name of the node's container and host."""
        # The role is one word, or the public agents of "x" would have the names of the agents of "x-public".
        return f"{prefix}-{cluster_id}-{self.role.word.replace('_', '')}-{self.index}"

    @property
    def sort_key(self) -> tuple[int, int]:
        """Masters first, then agents, then public agents, each by index."""
        return list(Role).index(self.role), self.index


@dataclass(frozen=True)
class NodeInfo:
    """A node as the engine knows it; `state` is the engine's word, such as `running` or `exited`."""

    ref: NodeRef
    container_id: str
    container_name: str
    address: str
    state: str

    @property
    def is_running(self) -> bool:
        """Whether commands can be run on it."""
        return self.state == "running"


@dataclass(frozen=True)
class ClusterInfo:
    """A cluster as the engine knows it."""

    cluster_id: str
    nodes: tuple[NodeInfo, ...]
    created: datetime | None
    variant: DCOSVariant | None
    distribution: str
    transport: str
    tool_version: str
    reserved: bool = False
    unknown_schema: str = ""

    @property
    def state(self) -> str:
        """Return one word for the whole.

        `unknown`: made by a version of the tool whose labels we cannot read. `incomplete`: being created, or left by a
        create that was killed. `running` and `stopped`: all nodes are. `degraded`: some nodes are not running.
        """
        if self.unknown_schema:
            return "unknown"
        if self.reserved or not self.nodes:
            return "incomplete"
        running = sum(node.is_running for node in self.nodes)
        return {len(self.nodes): "running", 0: "stopped"}.get(running, "degraded")

    def with_role(self, role: Role) -> list[NodeInfo]:
        """Return the nodes of a role, by index."""
        return [node for node in self.nodes if node.ref.role is role]

    @property
    def addresses(self) -> dict[Role, list[str]]:
        """The nodes' addresses by role."""
        return {role: [node.address for node in self.with_role(role)] for role in Role}

    @property
    def masters(self) -> list[NodeInfo]:
        """The masters, by index."""
        return self.with_role(Role.MASTER)

    @property
    def default_transport(self) -> Transport:
        """How its nodes are reached if nothing else is asked for."""
        return next((known for known in Transport if known.value == self.transport), Transport.DOCKER_EXEC)

    @property
    def web_address(self) -> str:
        """Where the first running master shows its pages; empty when none runs."""
        return next((f"http://{node.address}/" for node in self.masters if node.is_running), "")

    def node(self, reference: str) -> NodeInfo:
        """Find a node by its reference, its container's name or the beginning of its id, or its address.

        Raises `NodeNotFoundError`, which lists what there is, for none and for more than one.
        """
        exact = [node for node in self.nodes if reference in (str(node.ref), node.container_name, node.address)]
        begin = [node for node in self.nodes if reference and node.container_id.startswith(reference)]
        found = exact or begin
        if len(found) == 1:
            return found[0]
        if found:
            which = ", ".join(f"{node.ref} ({node.container_id[:12]})" for node in found)
            raise NodeNotFoundError(
                f'"{reference}" is more than one node of the cluster "{self.cluster_id}".', hint=f"It can be: {which}"
            )
        there_is = ", ".join(str(node.ref) for node in self.nodes) or "none"
        raise NodeNotFoundError(
            f'The cluster "{self.cluster_id}" has no node "{reference}".', hint=f"Its nodes: {there_is}"
        )

    def find_nodes(self, references: Iterable[str]) -> list[NodeInfo]:
        """Find nodes as `node` does, each once, in the order given."""
        return list(dict.fromkeys(self.node(reference) for reference in references))


@dataclass(frozen=True)
class ClusterPlan:
    """A cluster that is to be made. Raises `UsageError` when there can be no such cluster."""

    cluster_id: str = DEFAULT_CLUSTER_ID
    masters: int = 1
    agents: int = 1
    public_agents: int = 1
    variant: DCOSVariant | None = None
    refs: Sequence[NodeRef] = field(init=False)

    def __post_init__(self) -> None:
        check_cluster_id(self.cluster_id)
        if self.masters < 1 or min(self.agents, self.public_agents) < 0:
            raise UsageError("A cluster needs at least one master, and no number of nodes can be negative.")
        counts = {Role.MASTER: self.masters, Role.AGENT: self.agents, Role.PUBLIC_AGENT: self.public_agents}
        if sum(counts.values()) > MAX_NODES:
            raise UsageError(f"A cluster has at most {MAX_NODES} nodes, not {sum(counts.values())}.")
        refs = tuple(NodeRef(role, index) for role, count in counts.items() for index in range(count))
        object.__setattr__(self, "refs", refs)

    def check_for_dcos(self) -> None:
        """Raise `UsageError` when DC/OS does not run with so many masters."""
        if self.masters not in MASTER_COUNTS:
            raise UsageError(f"DC/OS runs with 1, 3, 5, 7 or 9 masters, not with {self.masters}.")


def count_of_nodes(nodes: Sized) -> str:
    """Return how many nodes there are, in words."""
    return "1 node" if len(nodes) == 1 else f"{len(nodes)} nodes"


def check_name_prefix(prefix: str) -> str:
    """Return what names of containers may begin with; raise `UsageError` if they may not."""
    if not CLUSTER_ID_PATTERN.fullmatch(prefix):
        raise UsageError(
            f'"{prefix}" cannot begin the names of containers.',
            hint='Use letters, digits, "_", "." and "-", with a letter or digit first.',
        )
    return prefix


def check_host_names(plan: ClusterPlan, prefix: str) -> None:
    """Raise `UsageError` when a node's name would be too long for the name of a host."""
    longest = max((ref.host_name(plan.cluster_id, prefix) for ref in plan.refs), key=len)
    if len(longest) > HOST_NAME_LIMIT:
        raise UsageError(
            f'A node would be named "{longest}", and the name of a host has at most {HOST_NAME_LIMIT} characters.',
            hint=f"Take {len(longest) - HOST_NAME_LIMIT} characters off the prefix or the cluster id.",
        )


def check_cluster_id(cluster_id: str) -> str:
    """Return the id if it can be one; raise `UsageError` if not."""
    if not CLUSTER_ID_PATTERN.fullmatch(cluster_id):
        raise UsageError(
            f'"{cluster_id}" cannot be a cluster id.',
            hint='Use letters, digits, "_", "." and "-", with a letter or digit first, as in: ci-job_42',
        )
    if len(cluster_id) > CLUSTER_ID_LIMIT:
        raise UsageError(
            f"A cluster id has at most {CLUSTER_ID_LIMIT} characters, this one has {len(cluster_id)}.",
            hint=f"Nodes are named after it, and a host name ends at {HOST_NAME_LIMIT} characters.",
        )
    return cluster_id
