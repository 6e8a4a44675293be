"""What all commands that work on an engine share: the engine, the progress, and a clean stop on a signal."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.backends.docker.settings import Settings
    from dcos_docker_cli.progress import Progress

T = TypeVar("T")


def operate(work: Callable[[DockerHost, Progress], T], settings: Settings | None = None) -> T:
    """Do `work` so that a signal stops it only where what it has made is known, and undone.

    `settings` are for what makes nodes.
    """
    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.concurrency import run_interruptible

    host = DockerHost(settings)
    progress = current_progress()
    return run_interruptible(
        lambda: work(host, progress),
        host.cancellation,
        on_interrupt=lambda: progress.note("Stopping…"),
    )


def current_progress() -> Progress:
    """Return the progress that this command's options ask for."""
    from dcos_docker_cli.cli.progress import progress_for

    settings = click.get_current_context().meta
    return progress_for(
        quiet=bool(settings.get("quiet")),
        verbosity=int(settings.get("verbose") or 0),
        spinner=not settings.get("no_spinner"),
    )
