"""Remove what nobody needs any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.progress import Progress


def clean(host: DockerHost, progress: Progress, *, dry_run: bool, cache: bool, images: bool) -> list[str]:
    """Remove leftovers of creates whose process is dead, and what else is asked for; return what, in words."""
    with progress.step("Looking for leftovers" if dry_run else "Removing leftovers"):
        return host.clean(dry_run=dry_run, cache=cache, images=images)
