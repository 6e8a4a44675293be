"""Where clusters can be."""

from dcos_docker_cli.backends.docker import Docker

__all__ = ["Docker"]
