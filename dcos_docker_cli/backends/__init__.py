"""Where clusters can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.backend import Docker

__all__ = ["Docker"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import it when it is asked for: commands do not, and are over sooner."""
        if name != "Docker":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from dcos_docker_cli.backends.docker.backend import Docker

        return Docker
