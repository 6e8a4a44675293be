"""Loop devices of the engine's host that have a name and stay until they are destroyed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import UsageError
from dcos_docker_cli.lifecycle.destroy import each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.progress import Progress

NAME_LIMIT = 100
"""Characters. The sidecar's container and its file are named after it."""
LARGEST_MEGABYTES = (1 << 43) - 1
"""The largest file that Linux knows, 8 EiB. What the engine's file system takes it says itself."""


def check_sidecar_name(name: str) -> str:
    """Return the name if a sidecar can have it; raise `UsageError` if not."""
    if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*", name):
        raise UsageError(
            f'"{name}" cannot be the name of a sidecar.',
            hint='Use letters, digits, "_", "." and "-", with a letter or digit first, as in: disk-1',
        )
    if len(name) > NAME_LIMIT:
        raise UsageError(f"The name of a sidecar has at most {NAME_LIMIT} characters, this one has {len(name)}.")
    return name


def check_sidecar_size(size_megabytes: int) -> None:
    """Raise `UsageError` when there can be no disk of that size."""
    if not 1 <= size_megabytes <= LARGEST_MEGABYTES:
        raise UsageError(
            f"There is no disk of {size_megabytes} MiB.", hint=f"Its size is a number from 1 to {LARGEST_MEGABYTES}."
        )


def create_sidecar(host: DockerHost, name: str, size_megabytes: int, progress: Progress) -> str:
    """Make a device of so many MiB; return its path. Raises `SidecarExistsError` when the name is taken."""
    check_sidecar_name(name)
    check_sidecar_size(size_megabytes)
    return host.create_sidecar(name, size_megabytes, progress)


def destroy_sidecars(
    host: DockerHost, names: Iterable[str], progress: Progress, *, on_gone: Callable[[str], object]
) -> None:
    """Remove sidecars and their devices, going on after a failure; `on_gone` is told each that has gone."""

    def destroy(name: str) -> None:
        with progress.step(f'Destroying the loopback sidecar "{name}"'):
            host.destroy_sidecar(name)
        on_gone(name)

    each(dict.fromkeys(names), destroy)
