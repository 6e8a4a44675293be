"""The condition of a cluster: what its labels say, what the engine has of it, and what its nodes tell."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.model import NodeRef, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dcos_docker_cli.doctor.survey import Report
    from dcos_docker_cli.model import ClusterInfo, NodeInfo


@dataclass(frozen=True)
class Node:
    """A node: as labelled, as the engine lists its container, and what it told, or why it told nothing."""

    info: NodeInfo
    listed: Mapping[str, Any]
    report: Report | None = None
    failure: str = ""
    dcos: Sequence[str] | None = None
    """What DC/OS' own checks find wrong; None where there is no DC/OS, or where they could not be asked."""

    @property
    def name(self) -> str:
        """What findings call it."""
        return str(self.info.ref)

    @property
    def network_id(self) -> str:
        """The network that it was made in."""
        made_in = self.listed.get("HostConfig", {}).get("NetworkMode")  # not with Podman, which has no other ones
        return str(made_in or next((one["NetworkID"] for one in self._endpoints), ""))

    @property
    def endpoint(self) -> Mapping[str, Any] | None:
        """Its place in that network; None when it is not in it."""
        return next((one for one in self._endpoints if one["NetworkID"] == self.network_id), None)

    @property
    def _endpoints(self) -> Collection[Mapping[str, Any]]:
        return list(self.listed["NetworkSettings"]["Networks"].values())

    @property
    def live_address(self) -> str:
        """The address that it has there now; empty for a node that does not run."""
        return str((self.endpoint or {}).get("IPAddress", ""))

    @property
    def is_in_place(self) -> bool:
        """Whether it runs, at the address that it was made with: then others should reach it."""
        return self.info.is_running and self.live_address == self.info.address

    @property
    def volumes(self) -> dict[str, str]:
        """The volumes that it mounts, by where."""
        return {mount["Destination"]: mount["Name"] for mount in self.listed["Mounts"] if mount["Type"] == "volume"}


@dataclass(frozen=True)
class Condition:
    """A cluster with its nodes, and what the engine has of it besides."""

    cluster: ClusterInfo
    nodes: Sequence[Node] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)
    """The names that nodes were told when they were made, with their addresses."""
    name_prefix: str = ""
    networks: Mapping[str, str] = field(default_factory=dict)
    """The names of the engine's networks, by id, and by name, which is what Podman calls an id."""
    volumes: Collection[str] = ()
    """The names of the engine's volumes."""
    own_volumes: Collection[str] = ()
    """Those of them that carry the cluster's label."""
    clock_offset: float = 0.0
    """By how many seconds the engine's clock is before ours."""
    of_cluster: Sequence[str] | None = None
    """What DC/OS' check of the cluster as a whole finds wrong; None where it could not be asked."""

    @property
    def cluster_id(self) -> str:
        """Its id."""
        return self.cluster.cluster_id

    @property
    def reports(self) -> list[tuple[Node, Report]]:
        """The nodes that told something, with it."""
        return [(node, node.report) for node in self.nodes if node.report]

    @property
    def told(self) -> int:
        """How many nodes told everything."""
        return sum(report.is_whole for _, report in self.reports)

    @property
    def gone(self) -> list[NodeRef]:
        """The nodes that there were once: that others know, or whose number is missing."""
        prefix = re.escape(f"{self.name_prefix}-{self.cluster_id}")
        words = {role.word.replace("_", ""): role for role in Role}
        known = {
            NodeRef(words[match[1]], int(match[2]))
            for host in self.hosts
            if (match := re.fullmatch(rf"{prefix}-({'|'.join(words)})-(\d{{1,9}})", host))
        }
        there = {node.info.ref for node in self.nodes}
        below = {NodeRef(ref.role, index) for ref in there for index in range(ref.index)}
        return sorted((known | below) - there, key=lambda ref: ref.sort_key)

    @property
    def orphans(self) -> list[str]:
        """The volumes of the cluster that none of its nodes mounts."""
        used = {volume for node in self.nodes for volume in node.volumes.values()}
        return sorted(set(self.own_volumes) - used)

    def run(self, node: Node, command: str) -> str:
        """Return the command line that runs one on a node."""
        return f"dcos-docker run -c {self.cluster_id} --node {node.name} -- {command}"
