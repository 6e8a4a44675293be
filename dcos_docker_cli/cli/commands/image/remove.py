"""`dcos-docker image remove`."""

from __future__ import annotations

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.images import IMAGE_NAME
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.lifecycle.images import remove_images


@click.command("remove", cls=Command)
@click.argument("names", nargs=-1, required=True, type=IMAGE_NAME, metavar="IMAGE...")
@options.common
def command(names: tuple[str, ...]) -> None:
    """Remove node images, going on after a failure. Prints the tags that it removed.

    IMAGE is a tag as `image list` shows it, with or without what stands before its colon. One that nodes are made of
    stays until their cluster is destroyed.

    \b
    dcos-docker image remove $(dcos-docker image list)
    """  # noqa: D301
    operate(lambda host, progress: remove_images(host, names, progress, on_gone=click.echo))
