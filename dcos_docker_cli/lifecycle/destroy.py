"""Remove clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import ClusterNotFoundError, DcosDockerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.progress import Progress


def destroy(host: DockerHost, cluster_id: str, progress: Progress) -> None:
    """Remove a cluster with all that belongs to it; raise `ClusterNotFoundError` when there is none."""
    with progress.step(f'Destroying the cluster "{cluster_id}"'):
        host.destroy(cluster_id)


def destroy_all(
    host: DockerHost, cluster_ids: Iterable[str], progress: Progress, *, on_gone: Callable[[str], object]
) -> None:
    """Remove clusters, going on after a failure; `on_gone` is told each id that is gone.

    Raises one failure at the end, with the others in its details: that a cluster does not exist is the least of them.
    """
    failures: list[DcosDockerError] = []
    for cluster_id in dict.fromkeys(cluster_ids):
        try:
            destroy(host, cluster_id, progress)
            on_gone(cluster_id)
        except DcosDockerError as failure:
            failures.append(failure)
    if failures:
        worst, *others = sorted(failures, key=lambda failure: isinstance(failure, ClusterNotFoundError))
        worst.details += tuple(other.message for other in others)
        raise worst
