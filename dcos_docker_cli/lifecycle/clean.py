"""Remove what nobody needs any more."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.progress import Progress


def clean(
    host: DockerHost,
    progress: Progress,
    *,
    dry_run: bool,
    cache: bool,
    images: bool,
    older_than: timedelta | None = None,
    clusters: Collection[str] = (),
) -> list[str]:
    """Remove leftovers of creates whose process is dead, and what else is asked for; return what, in words.

    With `older_than` only what is older, and then also what belongs to processes on other hosts, which nobody here can
    see. Of `clusters` those stay that somebody has begun to work on; those that go are named first.
    """
    what = f"leftovers and {len(clusters)} clusters" if clusters else "leftovers"
    with progress.step(f"Looking for {what}" if dry_run else f"Removing {what}"):
        names = host.clean(
            dry_run=dry_run,
            cache=cache,
            images=images,
            before=_moment(older_than),
            clusters=set(clusters),
            note=progress.note,
        )
        staying = {cluster.cluster_id for cluster in host.clusters()} if clusters and not dry_run else set()
    if not names:
        progress.note("Nothing to remove.")
    return [*(f"cluster {cluster_id}" for cluster_id in sorted(set(clusters) - staying)), *names]


def clusters_to_clean(host: DockerHost, older_than: timedelta | None) -> list[str]:
    """Return the ids of the clusters that are complete, with `older_than` of those that are older."""
    return host.idle_clusters(_moment(older_than))


def _moment(age: timedelta | None) -> datetime | None:
    return datetime.now(timezone.utc) - age if age else None
