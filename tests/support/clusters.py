"""Clusters, made and used by the program."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.engine import of_cluster
from tests.support.ids import new_id
from tests.support.program import Result, dcos_docker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient


@dataclass(frozen=True)
class Cluster:
    """A cluster that is there."""

    cluster_id: str

    def dcos_docker(self, command: str, *args: str, **settings: Any) -> Result:
        """Run a command of the program on this cluster."""
        return dcos_docker(command, "--cluster-id", self.cluster_id, *args, **settings)

    def run(self, *args: str, node: str = "master_0", **settings: Any) -> Result:
        """Run a command on a node."""
        return self.dcos_docker("run", "--node", node, "--", *args, **settings)

    def output(self, *args: str, node: str = "master_0") -> str:
        """Return what a command on a node prints, which must succeed."""
        return self.run(*args, node=node).succeeded().strip()

    def inspect(self) -> dict[str, Any]:
        """Return what `inspect` tells."""
        found: dict[str, Any] = json.loads(self.dcos_docker("inspect").succeeded())
        return found

    def container(self, reference: str) -> str:
        """Return the name of a node's container."""
        (found,) = (node["container_name"] for node in self.inspect()["nodes"] if node["reference"] == reference)
        return str(found)

    @property
    def nodes(self) -> list[str]:
        """The references of its nodes."""
        return [node["reference"] for node in self.inspect()["nodes"]]


@contextmanager
def create(client: APIClient, installer: Path, *options: str) -> Iterator[Cluster]:
    """Have a cluster within the block."""
    cluster_id = new_id()
    try:
        dcos_docker("create", installer, "--cluster-id", cluster_id, *options).succeeded()
        yield Cluster(cluster_id)
    finally:
        tear_down(client, cluster_id)


@contextmanager
def one_node(client: APIClient) -> Iterator[Cluster]:
    """Have a cluster of one node without DC/OS within the block."""
    made = Cluster(new_id())
    try:
        made.dcos_docker("provision", "--agents", "0", "--public-agents", "0").succeeded()
        yield made
    finally:
        tear_down(client, made.cluster_id)


def tear_down(client: APIClient, cluster_id: str) -> None:
    """Destroy what carries an id, if anything does, and see that all of it has gone."""
    if of_cluster(client, cluster_id):
        dcos_docker("destroy", "--cluster-id", cluster_id).succeeded()
    assert of_cluster(client, cluster_id) == []
