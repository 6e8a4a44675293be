"""`dcos-docker create-loopback-sidecar`."""

from __future__ import annotations

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.cli.sidecars import NEW_SIDECAR_NAME
from dcos_docker_cli.lifecycle.loopback import check_sidecar_size, create_sidecar


@click.command("create-loopback-sidecar", cls=Command)
@click.argument("name", type=NEW_SIDECAR_NAME)
@click.option(
    "--size",
    type=click.IntRange(min=1),
    default=256,
    show_default=True,
    metavar="MEGABYTES",
    help="The size of the disk, in MiB. Space is taken only for what is written.",
)
@options.common
def command(name: str, size: int) -> None:
    """Make an unformatted disk for tests: a loop device of the engine's host. Prints its path.

    A container, the sidecar NAME, holds it. Nodes that are created afterwards have the device at that path, and all of
    them see the same disk. It is there, with what is on it, as long as the sidecar runs: until you destroy it, and not
    longer than the engine.

    \b
    dcos-docker create-loopback-sidecar disk-1 --size 512
    """  # noqa: D301
    check_sidecar_size(size)
    click.echo(operate(lambda host, progress: create_sidecar(host, name, size, progress)))
