"""`dcos-docker image import`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.lifecycle.images import import_image, spooled


@click.command("import", cls=Command)
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE")
@options.common
def command(path: Path) -> None:
    """Read a node image from FILE, which `image export` has written. Prints its tag. A dash is standard input.

    Nodes are made from it as if it had been built here, if it is of the same version of this tool.

    \b
    dcos-docker image import node.tar
    """  # noqa: D301
    if str(path) == "-":
        if sys.stdin.isatty():
            raise click.UsageError("An image does not come from a terminal: give a FILE, or pipe one in.")
        with spooled(sys.stdin.buffer) as file:
            _import(file, "standard input")
        return
    _import(path)


def _import(path: Path, origin: str = "") -> None:
    for tag in operate(lambda host, progress: import_image(host, path, progress, origin=origin)):
        click.echo(tag)
