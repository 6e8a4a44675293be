"""What a backend is: somebody's own one takes two classes, and docs/backends.md has an example of some fifty lines."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.node import Node
    from dcos_docker_cli.transports.base import NodeTransport


class ClusterManager(abc.ABC):
    """The nodes of one cluster, which a backend has made and can remove."""

    @abc.abstractmethod
    def __init__(self, masters: int, agents: int, public_agents: int, cluster_backend: Any) -> None:
        """Make the nodes, without DC/OS; when that fails leave nothing."""

    @property
    @abc.abstractmethod
    def masters(self) -> set[Node]:
        """The masters that there are now."""

    @property
    @abc.abstractmethod
    def agents(self) -> set[Node]:
        """The agents that there are now."""

    @property
    @abc.abstractmethod
    def public_agents(self) -> set[Node]:
        """The public agents that there are now."""

    @abc.abstractmethod
    def destroy(self) -> None:
        """Remove all nodes, and what else was made for them."""

    @abc.abstractmethod
    def destroy_node(self, node: Node) -> None:
        """Remove one node."""


@runtime_checkable
class HasBootstrapNode(Protocol):
    """What a `ClusterManager` can have beside, so that the installer is run once for all nodes.

    Without it every node runs the installer for itself.
    """

    def bootstrap_node(
        self, installer_digest: str, cancellation: Cancellation
    ) -> AbstractContextManager[NodeTransport]:
        """Have a machine with Docker within the block; `cancellation` stops what is done there.

        What it has in `/cache/work/genconf/serve` all nodes have in `/opt/dcos_install_tmp`. `/cache` may be kept for
        the next time with the installer of this digest.
        """


class ClusterBackend(abc.ABC):
    """A kind of place where clusters are made, with what a user has chosen of it."""

    @property
    @abc.abstractmethod
    def cluster_cls(self) -> type[ClusterManager]:
        """The class that makes clusters of this kind; it is called with this object as `cluster_backend`."""

    @property
    @abc.abstractmethod
    def base_config(self) -> dict[str, Any]:
        """What DC/OS' config.yaml must have for nodes of this kind, without the lists of nodes."""

    @property
    @abc.abstractmethod
    def ip_detect_path(self) -> Path:
        """The script that prints the private address of the node on which it is run."""
