"""Clusters of containers on a Docker engine.

This module imports neither docker nor requests: they take 0.15 s, and `--help` needs no engine.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from dcos_docker_cli.backends.base import Layout
from dcos_docker_cli.concurrency import Cancellation, parallel
from dcos_docker_cli.exceptions import ClusterExistsError, ClusterNotFoundError, EngineConflictError, NodeNotFoundError
from dcos_docker_cli.labels import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dcos_docker_cli.backends.docker.containers import Ground
    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.backends.docker.facts import EngineFacts
    from dcos_docker_cli.model import ClusterInfo, ClusterPlan, NodeInfo
    from dcos_docker_cli.progress import Progress
    from dcos_docker_cli.transports.docker_exec import DockerExec


class Docker:
    """Clusters on the engine that the docker command would use. Making one of these contacts nothing."""

    def __init__(self) -> None:
        self.cancellation = Cancellation()

    @cached_property
    def engine(self) -> Engine:
        """The connection, made at its first use."""
        from dcos_docker_cli.backends.docker.engine import connect

        return connect(self.cancellation)

    def clusters(self) -> list[ClusterInfo]:
        """See `Backend.clusters`: one call to the engine."""
        from dcos_docker_cli.backends.docker.listing import clusters

        return clusters(self.engine)

    def cluster(self, cluster_id: str) -> ClusterInfo:
        """See `Backend.cluster`: one call to the engine."""
        from dcos_docker_cli.backends.docker.listing import clusters

        for cluster in clusters(self.engine, cluster_id):
            return cluster
        raise ClusterNotFoundError(cluster_id)

    def reserve(self, plan: ClusterPlan, progress: Progress) -> str:
        """See `Backend.reserve`.

        The reservation alone does not decide, for it goes when the create ends: a cluster that was finished just
        before is found by its nodes.
        """
        from dcos_docker_cli.backends.docker import containers, images, listing

        if listing.containers(self.engine, plan.cluster_id):
            raise ClusterExistsError(plan.cluster_id)
        image = images.ensure_node_image(self.engine, progress)
        with self.cancellation.shielded():  # an interrupt in here would leave the reservation
            try:
                reservation = containers.create_reservation(self.engine, plan, image)
            except EngineConflictError as error:
                if not listing.containers(self.engine, plan.cluster_id):
                    raise  # somebody else's container has the name, and the engine says which
                raise ClusterExistsError(plan.cluster_id) from error
            others = [found for found in listing.containers(self.engine, plan.cluster_id) if found["Id"] != reservation]
            if others:
                containers.remove_container(self.engine, reservation)
                raise ClusterExistsError(plan.cluster_id)
            return reservation

    def release(self, reservation: str) -> None:
        """See `Backend.release`."""
        from dcos_docker_cli.backends.docker import containers

        containers.remove_container(self.engine, reservation)

    def lay_out(self, plan: ClusterPlan) -> Layout[Ground]:
        """See `Backend.lay_out`."""
        from dcos_docker_cli.backends.docker import containers, images, networks, volumes

        network = networks.create_network(self.engine, plan.cluster_id)
        ground = containers.Ground(
            image=images.node_image(),
            network_id=network.network_id,
            serve_volume=volumes.create_serve_volume(self.engine, plan.cluster_id),
            hosts=tuple(networks.host_entries(plan.cluster_id, plan.refs, network)),
            bootstrap_address=network.bootstrap_address,
        )
        addresses = {ref: network.address(position) for position, ref in enumerate(plan.refs)}
        return Layout(addresses, network.subnet, ground)

    def start_nodes(self, plan: ClusterPlan, layout: Layout[Ground]) -> None:
        """See `Backend.start_nodes`."""
        from dcos_docker_cli.backends.docker import containers

        parallel(
            lambda item: containers.start_node(self.engine, plan, layout.ground, *item),
            layout.addresses.items(),
            self.cancellation,
        )

    @contextmanager
    def bootstrap_node(self, plan: ClusterPlan, layout: Layout[Ground], installer_digest: str) -> Iterator[DockerExec]:
        """See `Backend.bootstrap_node`."""
        from dcos_docker_cli.backends.docker import containers, leftovers, volumes
        from dcos_docker_cli.transports.docker_exec import DockerExec

        leftovers.remove_dead(self.engine, Kind.BOOTSTRAP)  # a killed create's would keep the cache for ever
        with volumes.cache_volume(self.engine, installer_digest) as cache:
            container = containers.start_bootstrap(
                self.engine,
                plan,
                layout.ground,
                cache_volume=cache,
                cache_labels=volumes.cache_labels(installer_digest),
            )
            with containers.removed_after(self.engine, container):
                yield DockerExec(self.engine, container)

    def transport(self, node: NodeInfo) -> DockerExec:
        """See `Backend.transport`."""
        from dcos_docker_cli.transports.docker_exec import DockerExec

        if not node.is_running:
            raise NodeNotFoundError(
                f"{node.ref} is not running: its container {node.container_name} is {node.state}.",
                hint=f"docker {'unpause' if node.state == 'paused' else 'start'} {node.container_name}",
            )
        return DockerExec(self.engine, node.container_id)

    def destroy(self, cluster_id: str) -> None:
        """See `Backend.destroy`."""
        from dcos_docker_cli.backends.docker.removal import remove_cluster

        remove_cluster(self.engine, cluster_id)

    @contextmanager
    def image_files(self, context: Path, directory: str, progress: Progress) -> Iterator[Iterator[bytes]]:
        """Build an image on the node image from a context; within the block its directory is a tar, in chunks."""
        from dcos_docker_cli.backends.docker.sample_runtime import sample_runtime

        with sample_runtime(self.engine, context, directory, progress) as chunks:
            yield chunks

    def clean(self, *, dry_run: bool, cache: bool, images: bool) -> list[str]:
        """Remove leftovers of creates whose process is dead, and on request caches and images that nothing uses.

        Returns what was removed, or would be, in words.
        """
        from dcos_docker_cli.backends.docker import leftovers

        return leftovers.clean(self.engine, dry_run=dry_run, cache=cache, images=images)

    @property
    def is_this_machine(self) -> bool:
        """Whether the engine seems to run on this machine's own kernel, so that its nodes can be reached from here."""
        return self.engine.where.is_local and sys.platform == "linux"

    def facts(self) -> EngineFacts:
        """Return what the engine tells of itself and its host."""
        from dcos_docker_cli.backends.docker.facts import engine_facts

        return engine_facts(self.engine)
