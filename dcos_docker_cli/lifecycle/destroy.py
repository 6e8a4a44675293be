"""Remove clusters, and nodes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from dcos_docker_cli.concurrency import parallel
from dcos_docker_cli.exceptions import Cancelled, DcosDockerError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.model import NodeInfo
    from dcos_docker_cli.progress import Progress

T = TypeVar("T")


def destroy(host: DockerHost, cluster_id: str, progress: Progress) -> None:
    """Remove a cluster with all that belongs to it; raise `ClusterNotFoundError` when there is none."""
    try:
        with progress.step(f'Destroying the cluster "{cluster_id}"'):
            host.destroy(cluster_id)
    except Cancelled:
        progress.note(f"Some of it may be left. Run it again: dcos-docker destroy --cluster-id {cluster_id}")
        raise


def destroy_all(
    host: DockerHost, cluster_ids: Iterable[str], progress: Progress, *, on_gone: Callable[[str], object]
) -> None:
    """Remove clusters, going on after a failure; `on_gone` is told each id that is gone."""

    def one(cluster_id: str) -> None:
        destroy(host, cluster_id, progress)
        on_gone(cluster_id)

    each(dict.fromkeys(cluster_ids), one)


def destroy_nodes(
    host: DockerHost,
    cluster_id: str,
    references: Iterable[str],
    progress: Progress,
    *,
    on_gone: Callable[[str], object],
) -> None:
    """Remove nodes with the volumes that are their own; `on_gone` is told the reference of each that has gone.

    Nothing is removed when one of them does not exist. With the last node the cluster goes, for no listing would show
    what is left of it.
    """
    nodes = host.cluster(cluster_id).find_nodes(references)
    gone: set[NodeInfo] = set()

    def remove(node: NodeInfo) -> DcosDockerError | None:
        try:
            host.remove_node(cluster_id, node.container_id)
        except DcosDockerError as failure:
            return failure
        gone.add(node)
        return None

    try:
        with progress.step(f'Removing {", ".join(str(node.ref) for node in nodes)} of the cluster "{cluster_id}"'):
            failures = [failure for failure in parallel(remove, nodes, host.cancellation) if failure]
    finally:
        for node in nodes:
            if node in gone:
                on_gone(str(node.ref))
    _tell_what_is_left(host, cluster_id, progress)
    _raise_worst(failures)


def _tell_what_is_left(host: DockerHost, cluster_id: str, progress: Progress) -> None:
    """Remove what is left of a cluster without nodes, and say when one has no master any more."""
    left = next((cluster for cluster in host.clusters() if cluster.cluster_id == cluster_id), None)
    if left is None:
        host.remove_rest(cluster_id)
        progress.note(f'That was all of the cluster "{cluster_id}": it has gone, with its network.')
    elif left.nodes and not left.masters:
        progress.note(
            f'The cluster "{cluster_id}" has no master any more. Remove it with: '
            f"dcos-docker destroy --cluster-id {cluster_id}"
        )


def each(items: Iterable[T], work: Callable[[T], object]) -> None:
    """Do `work` with each item, going on after a failure.

    Raises one failure at the end, with the others in its details: that something does not exist is the least of them.
    """
    failures: list[DcosDockerError] = []
    for item in items:
        try:
            work(item)
        except DcosDockerError as failure:
            failures.append(failure)
    _raise_worst(failures)


def _raise_worst(failures: list[DcosDockerError]) -> None:
    if failures:
        worst, *others = sorted(failures, key=lambda failure: isinstance(failure, NotFoundError))
        worst.details += tuple(other.message for other in others)
        raise worst
