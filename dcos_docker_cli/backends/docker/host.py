"""What is done on an engine: the operations that commands and the library are made of, each a few calls.

This module imports neither docker nor requests: they take 0.15 s, and `--help` needs no engine.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.backends.docker.connection import Connection
from dcos_docker_cli.concurrency import Cancellation, parallel
from dcos_docker_cli.exceptions import (
    ClusterBusyError,
    ClusterNotFoundError,
    DcosDockerError,
    EngineConflictError,
    EngineError,
    GenconfError,
    NodeNotFoundError,
    OtherVersionError,
)
from dcos_docker_cli.labels import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.backends.docker.facts import EngineFacts
    from dcos_docker_cli.backends.docker.images.sources import Sources
    from dcos_docker_cli.backends.docker.images.store import NodeImage
    from dcos_docker_cli.backends.docker.installed import Installed
    from dcos_docker_cli.backends.docker.layout import Layout
    from dcos_docker_cli.backends.docker.loopback import Sidecar
    from dcos_docker_cli.backends.docker.probe import HostFacts
    from dcos_docker_cli.backends.docker.settings import Settings
    from dcos_docker_cli.dcos.member import Member
    from dcos_docker_cli.distributions import Distribution
    from dcos_docker_cli.docker_versions import DockerVersion
    from dcos_docker_cli.model import ClusterInfo, ClusterPlan, NodeInfo, Transport
    from dcos_docker_cli.progress import Progress
    from dcos_docker_cli.transports.base import NodeTransport
    from dcos_docker_cli.transports.docker_exec import DockerExec


LAST_WORDS = 8
"""Lines of what Docker on a bootstrap node has said."""


class DockerHost:
    """An engine, for one operation or for several that are stopped together. Making one of these contacts nothing."""

    def __init__(
        self,
        settings: Settings | None = None,
        cancellation: Cancellation | None = None,
        connection: Connection | None = None,
    ) -> None:
        self._settings = settings
        self.cancellation = cancellation or Cancellation()
        self.connection = connection or Connection()

    @cached_property
    def settings(self) -> Settings:
        """What users choose of nodes that are to be made; what makes none need not know."""
        from dcos_docker_cli.backends.docker.settings import Settings

        return self._settings or Settings()

    @cached_property
    def engine(self) -> Engine:
        """The engine, contacted at its first use."""
        return self.connection.engine(self.cancellation)

    @contextmanager
    def apart(self) -> Iterator[DockerHost]:
        """Have the same engine for work that is stopped with this one, and whose failure stops nothing but itself."""
        own = DockerHost(self._settings, connection=self.connection)
        with self.cancellation.closing(own.cancellation.cancel):
            yield own

    def is_unsure(self) -> bool:
        """Whether the engine has left a call unanswered that changes something: it may carry that out yet."""
        return self.engine.patience.is_unsure

    def silence(self) -> list[str]:
        """Return, in words, that the engine does not answer, if it does not: all else may follow from that."""
        return [] if self.engine.is_there() else [f"The Docker engine at {self.engine.where} does not answer."]

    @cached_property
    def info(self) -> dict[str, Any]:
        """What the engine tells of itself and its host (`/info`), asked once."""
        return dict(self.engine.info())

    def clusters(self) -> list[ClusterInfo]:
        """Return all clusters, by id, with one call to the engine."""
        from dcos_docker_cli.backends.docker.listing import clusters

        return clusters(self.engine)

    def cluster(self, cluster_id: str, *, of_any_version: bool = False) -> ClusterInfo:
        """Return one cluster, with one call to the engine; raise `ClusterNotFoundError` when there is none.

        Raises `OtherVersionError` when we cannot read anything of it, unless it may be `of_any_version`.
        """
        from dcos_docker_cli.backends.docker.listing import clusters

        for cluster in clusters(self.engine, cluster_id):
            if cluster.unknown_schema and not (cluster.nodes or of_any_version):
                raise OtherVersionError(f'The cluster "{cluster_id}"', cluster.unknown_schema)
            return cluster
        raise ClusterNotFoundError(cluster_id)

    def installed(self, cluster: ClusterInfo) -> Installed | None:
        """Return which DC/OS is on a cluster's first master, whether it runs or not; None when there is none."""
        from dcos_docker_cli.backends.docker.installed import installed

        return installed(self.engine, cluster.masters[0].container_id) if cluster.masters else None

    def exposure(self, cluster: ClusterInfo) -> dict[str, Any]:
        """Return what of a cluster is open, as far as the engine knows. See `exposure.of_cluster`."""
        from dcos_docker_cli.backends.docker import exposure

        return exposure.of_cluster(self.engine, self.info, cluster)

    def key(self, cluster: ClusterInfo, nodes: Sequence[NodeInfo]) -> AbstractContextManager[Path]:
        """Have a copy of the cluster's private key within the block, which opens these nodes as root."""
        from dcos_docker_cli.backends.docker.ways import key_for

        return key_for(self, cluster, nodes)

    def reserve(self, plan: ClusterPlan, progress: Progress, preflight: Callable[[], object]) -> str:
        """Take the cluster id; return what `release` gives up. See `reservation.reserve`."""
        from dcos_docker_cli.backends.docker import reservation

        return reservation.reserve(self.engine, self.info, plan, self.settings, progress, preflight)

    def is_reserved(self, cluster_id: str, reservation: str) -> bool:
        """Whether the id is still taken by this create; somebody may have destroyed what it was making."""
        from dcos_docker_cli.backends.docker.reservation import is_reserved

        return is_reserved(self.engine, cluster_id, reservation)

    def check(self, plan: ClusterPlan) -> None:
        """Raise what `reserve` would, of all that can be known without making anything."""
        from dcos_docker_cli.backends.docker import reservation

        reservation.check(self.engine, self.info, plan, self.settings)

    def preview(self, plan: ClusterPlan) -> dict[str, Any]:
        """Return what would be made, after the checks of `check`. The form is documented in docs/output.md."""
        from dcos_docker_cli.backends.docker.preview import of_nodes

        self.check(plan)
        return of_nodes(self.engine, self.info, plan, self.settings)

    def has_cache(self, installer_digest: str) -> bool:
        """Whether an installer's unpacked form is kept."""
        from dcos_docker_cli.backends.docker import volumes

        return volumes.has_cache(self.engine, installer_digest)

    def release(self, reservation: str) -> bool:
        """Make the reserved cluster a finished one; return whether it was still reserved."""
        from dcos_docker_cli.backends.docker import container_removal

        return container_removal.remove_container(self.engine, reservation)

    def lay_out(self, plan: ClusterPlan) -> Layout:
        """Make what the nodes share, and decide their addresses."""
        from dcos_docker_cli.backends.docker import fit, networks, volumes
        from dcos_docker_cli.backends.docker.images.recipe import node_image
        from dcos_docker_cli.backends.docker.layout import Layout, host_entries

        prefix, name, count = self.settings.name_prefix, self.settings.network, len(plan.refs)
        network = (
            networks.join_network(self.engine, name, count)
            if name
            else networks.create_network(self.engine, plan.cluster_id, count)
        )
        *of_nodes, bootstrap = network.addresses
        addresses = dict(zip(plan.refs, of_nodes, strict=True))
        return Layout(
            addresses=addresses,
            image=node_image(self.settings.distribution, self.settings.docker_version),
            network_id=network.network_id,
            serve_volume=volumes.create_serve_volume(self.engine, plan.cluster_id),
            bootstrap_address=bootstrap,
            hosts=host_entries({ref.host_name(plan.cluster_id, prefix): address for ref, address in addresses.items()}),
            storage_driver=fit.storage_driver(self.info, self.settings).driver,
        )

    def layout(self, cluster_id: str) -> Layout:
        """Read back what the nodes of a cluster share."""
        from dcos_docker_cli.backends.docker import listing

        return listing.layout(self.engine, cluster_id)

    def start_nodes(self, plan: ClusterPlan, layout: Layout) -> None:
        """Start all nodes and wait until they are up."""
        from dcos_docker_cli.backends.docker import containers

        try:
            parallel(
                lambda ref: containers.start_node(self.engine, plan, self.settings, layout, ref),
                layout.addresses,
                self.cancellation,
            )
        except EngineError as error:
            raise self._explained(error) from error

    def _explained(self, error: EngineError) -> DcosDockerError:
        """Return what the engine's refusal of a container means, where its words do not say what to do."""
        from dcos_docker_cli.backends.docker import networks

        if "user configured subnet" in error.message:
            return networks.no_fixed_addresses(self.settings.network)
        return error

    @contextmanager
    def bootstrap_node(self, cluster_id: str, layout: Layout, installer_digest: str) -> Iterator[DockerExec]:
        """Run a bootstrap node within the block. Its `/cache` is kept for the installer of this digest."""
        from dcos_docker_cli.backends.docker import container_removal, containers, leftovers, volumes
        from dcos_docker_cli.transports.docker_exec import DockerExec

        leftovers.remove_dead(self.engine, Kind.BOOTSTRAP)  # a killed create's would keep the cache for ever
        with volumes.cache_volume(self.engine, installer_digest) as cache:
            try:
                container = containers.start_bootstrap(
                    self.engine,
                    cluster_id,
                    layout,
                    cache_volume=cache,
                    cache_labels=volumes.cache_labels(installer_digest),
                )
            except EngineConflictError as error:
                raise ClusterBusyError(cluster_id) from error
            except EngineError as error:
                raise self._explained(error) from error
            with container_removal.removed_after(self.engine, container):
                try:
                    yield DockerExec(self.engine, container)
                except GenconfError as error:
                    if not error.details:  # what its Docker has said tells why it does not start
                        error.details = tuple(containers.console(self.engine, container, LAST_WORDS))
                    raise

    def members(self, cluster: ClusterInfo) -> list[Member]:
        """Return the nodes of a cluster, all of which must run."""
        if not cluster.masters:
            raise NodeNotFoundError(
                f'The cluster "{cluster.cluster_id}" has no master: it is {cluster.state}.', hint="dcos-docker list"
            )
        return [self.member(node) for node in cluster.nodes]

    def member(self, node: NodeInfo) -> Member:
        """Return a node, which must run, as the steps that concern DC/OS see it."""
        from dcos_docker_cli.dcos.member import Member

        return Member(str(node.ref), node.ref.role, node.address, self.transport(node))

    def transport(self, node: NodeInfo) -> DockerExec:
        """Return the way to a node; raise `NodeNotFoundError` when it is not running."""
        from dcos_docker_cli.transports.docker_exec import DockerExec

        if not node.is_running:
            raise NodeNotFoundError(
                f"{node.ref} is not running: its container {node.container_name} is {node.state}.",
                hint=f"docker {'unpause' if node.state == 'paused' else 'start'} {node.container_name}",
            )
        return DockerExec(self.engine, node.container_id, f"{node.ref} ({node.container_name})")

    def ways(
        self, cluster: ClusterInfo, nodes: Sequence[NodeInfo], transport: Transport | None = None
    ) -> AbstractContextManager[list[NodeTransport]]:
        """Have the ways to nodes within the block; by default those that the cluster was created with."""
        from dcos_docker_cli.backends.docker.ways import ways

        return ways(self, cluster, nodes, transport)

    def reached_members(
        self, cluster: ClusterInfo, transport: Transport | None = None
    ) -> AbstractContextManager[list[Member]]:
        """Have the nodes of a cluster, all of which must run, over the ways of `ways` within the block."""
        from dcos_docker_cli.backends.docker.ways import members

        return members(self, cluster, transport)

    def destroy(self, cluster_id: str) -> None:
        """Remove all that carries a cluster id; raise `ClusterNotFoundError` when there is nothing."""
        from dcos_docker_cli.backends.docker.removal import remove_cluster

        remove_cluster(self.engine, cluster_id)

    def undo(self, cluster_id: str) -> None:
        """Remove what this process has made under a cluster id."""
        from dcos_docker_cli.backends.docker.removal import remove_own

        remove_own(self.engine, cluster_id)

    @contextmanager
    def image_files(self, context: Path, directory: str, progress: Progress) -> Iterator[Iterator[bytes]]:
        """Build an image on the node image from a context; within the block its directory is a tar, in chunks."""
        from dcos_docker_cli.backends.docker.sample_runtime import sample_runtime

        with sample_runtime(self.engine, context, directory, progress) as chunks:
            yield chunks

    def clean(
        self,
        *,
        dry_run: bool,
        cache: bool,
        images: bool,
        before: datetime | None,
        clusters: Collection[str],
        note: Callable[[str], object],
    ) -> list[str]:
        """Remove leftovers, and on request these clusters, and caches and images that nothing uses; all of it if idle.

        With `before` only what was made before then. Returns what was removed, or would be, in words; `note` is told
        what stays because others use it.
        """
        from dcos_docker_cli.backends.docker import leftovers

        return leftovers.clean(
            self.engine, dry_run=dry_run, cache=cache, images=images, before=before, clusters=clusters, note=note
        )

    def is_near(self, node: NodeInfo) -> bool:
        """Whether a node's address leads to it from here, too: the engine seems to run on this machine's own kernel.

        With an engine elsewhere the address may be that of another node, on an engine here.
        """
        from dcos_docker_cli.backends.docker.networks import is_reached

        return self.engine.where.is_local and sys.platform == "linux" and is_reached(node.address)

    def facts(self) -> EngineFacts:
        """Return what the engine tells of itself and its host."""
        from dcos_docker_cli.backends.docker.facts import engine_facts

        return engine_facts(self.engine)

    def probe(self) -> HostFacts:
        """Return what a container sees of the engine's host; raise `NoProbeError` when there can be none."""
        from dcos_docker_cli.backends.docker.probe import probe

        return probe(self.engine, str(self.info.get("DockerRootDir", "")))

    def leftovers(self) -> list[str]:
        """Return what `clean` would remove without being asked for more, in words."""
        from dcos_docker_cli.backends.docker import leftovers, removal

        return [str(item) for item in leftovers.leftovers(removal.owned(self.engine))]

    def idle_clusters(self, before: datetime | None) -> list[str]:
        """Return the ids of complete clusters that nobody is at work on, with `before` of those made before then."""
        from dcos_docker_cli.backends.docker import leftovers, removal

        return sorted(leftovers.idle_clusters(removal.owned(self.engine), before))

    def remove_node(self, cluster_id: str, container_id: str) -> None:
        """Remove a node with the volumes that are its own, and see that it has gone."""
        from dcos_docker_cli.backends.docker import removal

        removal.remove_node(self.engine, cluster_id, container_id)

    def remove_rest(self, cluster_id: str) -> None:
        """Remove what a cluster leaves of which there is no container any more."""
        from dcos_docker_cli.backends.docker import removal

        removal.remove_rest(self.engine, cluster_id)

    def build_image(
        self,
        distribution: Distribution,
        docker_version: DockerVersion,
        sources: Sources,
        progress: Progress,
        *,
        force: bool = False,
    ) -> str:
        """Have a node image, built where it is missing or with `force`; return its tag."""
        from dcos_docker_cli.backends.docker.images.nodes import ensure_node_image

        return ensure_node_image(self.engine, progress, distribution, docker_version, sources, force=force)

    def images(self) -> list[NodeImage]:
        """Return the node images that the engine has, by tag."""
        from dcos_docker_cli.backends.docker.images import store

        return store.node_images(self.engine)

    def exported_image(self, tag: str) -> AbstractContextManager[Iterator[bytes]]:
        """Have a node image within the block as `docker save` writes it; raise `ImageNotFoundError`."""
        from dcos_docker_cli.backends.docker.images import store

        return store.exported(self.engine, tag)

    def load_images(self, chunks: Iterator[bytes], tags: Sequence[str], progress: Progress) -> None:
        """Give the engine what `docker save` has written, of images with these tags."""
        from dcos_docker_cli.backends.docker.images import store

        store.load(self.engine, chunks, tags, progress)

    def remove_image(self, name: str) -> str:
        """Remove a node image by its tag, which may lack its repository; return the tag. See `store.remove`."""
        from dcos_docker_cli.backends.docker.images import store

        return store.remove(self.engine, name)

    def create_sidecar(self, name: str, size_megabytes: int, progress: Progress) -> str:
        """Make a loop device that stays; return its path. Raises `SidecarExistsError` when the name is taken."""
        from dcos_docker_cli.backends.docker import loopback

        return loopback.start_named_sidecar(self.engine, name, size_megabytes, progress)

    def sidecars(self) -> list[Sidecar]:
        """Return the loopback sidecars that have a name, by name."""
        from dcos_docker_cli.backends.docker import loopback

        return loopback.sidecars(self.engine)

    def destroy_sidecar(self, name: str) -> None:
        """Remove a loopback sidecar and its device; raise `SidecarNotFoundError` when there is none."""
        from dcos_docker_cli.backends.docker import loopback

        loopback.remove_sidecar(self.engine, name)
