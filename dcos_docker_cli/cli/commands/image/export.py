"""`dcos-docker image export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dcos_docker_cli.backends.docker.images.recipe import node_image
from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.lifecycle.images import export_image, export_to
from dcos_docker_cli.transports.descriptors import writer

if TYPE_CHECKING:
    from dcos_docker_cli.distributions import Distribution
    from dcos_docker_cli.docker_versions import DockerVersion


@click.command("export", cls=Command)
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE")
@options.linux_distribution
@options.docker_version
@options.common
def command(path: Path, linux_distribution: Distribution, docker_version: DockerVersion) -> None:
    """Write a node image to FILE, as `docker save` does; compressed if it ends in .gz. A dash is standard output.

    \b
    dcos-docker image export node.tar
    dcos-docker image export - --docker-version 20.10 | ssh other dcos-docker image import -
    """  # noqa: D301
    tag = node_image(linux_distribution, docker_version)
    if str(path) != "-":
        operate(lambda host, progress: export_image(host, tag, path, progress))
        click.echo(path)
        return
    if sys.stdout.isatty():
        raise click.UsageError("An image is nothing for a terminal: give a FILE, or pipe it somewhere.")
    operate(lambda host, _: export_to(host, tag, writer(sys.stdout.fileno())))
