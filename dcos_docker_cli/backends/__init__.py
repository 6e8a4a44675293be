"""Where clusters can be: each backend is a class, named once in this registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker import Docker

if TYPE_CHECKING:
    from collections.abc import Callable

    from dcos_docker_cli.backends.base import Backend

BACKENDS: dict[str, Callable[[], Backend]] = {"docker": Docker}

__all__ = ["BACKENDS", "Docker"]
