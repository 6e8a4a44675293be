"""What a backend does. The order in which it is asked to is `lifecycle`'s business."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.model import ClusterInfo, ClusterPlan, NodeInfo, NodeRef
    from dcos_docker_cli.progress import Progress
    from dcos_docker_cli.transports.base import NodeTransport

GroundT = TypeVar("GroundT")

CACHE_DIR = "/cache"
"""On a bootstrap node: what is kept for the next one with the same installer."""
WORK_DIR = f"{CACHE_DIR}/work"
"""On a bootstrap node: where the installer is run; `genconf/serve` in it is the cluster's, the rest is the cache's."""


@dataclass(frozen=True)
class Layout(Generic[GroundT]):
    """Where the nodes of a cluster will be, which is known before any of them runs. `ground` is the backend's own."""

    addresses: Mapping[NodeRef, str]
    subnet: str
    ground: GroundT


class Backend(Protocol):
    """A place where clusters are made."""

    cancellation: Cancellation
    """What stops all work on this backend."""

    def clusters(self) -> list[ClusterInfo]:
        """Return all clusters, by id."""

    def cluster(self, cluster_id: str) -> ClusterInfo:
        """Return one cluster; raise `ClusterNotFoundError`."""

    def reserve(self, plan: ClusterPlan, progress: Progress) -> str:
        """Take the cluster id; raise `ClusterExistsError`, with nothing changed, when it is taken.

        Returns what `release` gives up.
        """

    def release(self, reservation: str) -> None:
        """Make the reserved cluster a finished one."""

    def lay_out(self, plan: ClusterPlan) -> Layout[Any]:
        """Make what the nodes share, and decide their addresses."""

    def start_nodes(self, plan: ClusterPlan, layout: Layout[Any]) -> None:
        """Start all nodes and wait until they are up."""

    def bootstrap_node(
        self, plan: ClusterPlan, layout: Layout[Any], installer_digest: str
    ) -> AbstractContextManager[NodeTransport]:
        """Run a bootstrap node within the block. Its `/cache` is kept for the installer of this digest."""

    def transport(self, node: NodeInfo) -> NodeTransport:
        """Return the way to a running node."""

    def destroy(self, cluster_id: str) -> None:
        """Remove all that belongs to a cluster id; raise `ClusterNotFoundError` when there is nothing."""
