"""`dcos-docker clean`."""

from __future__ import annotations

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.lifecycle.clean import clean


@click.command("clean", cls=Command)
@options.dry_run
@click.option("--cache", is_flag=True, help="Also remove what is kept of installers, so that they load faster.")
@click.option("--images", is_flag=True, help="Also remove the images that no container uses.")
@options.common
def command(dry_run: bool, cache: bool, images: bool) -> None:
    """Remove what creates have left that were killed. Prints what it removed.

    A cluster that is complete is never removed, nor is anything that this tool did not make.

    \b
    dcos-docker clean --dry-run
    """  # noqa: D301
    for name in operate(lambda host, progress: clean(host, progress, dry_run=dry_run, cache=cache, images=images)):
        click.echo(name)
