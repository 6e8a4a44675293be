"""`dcos-docker destroy-loopback-sidecar`."""

from __future__ import annotations

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.cli.sidecars import SIDECAR_NAME
from dcos_docker_cli.lifecycle.loopback import destroy_sidecars


@click.command("destroy-loopback-sidecar", cls=Command)
@click.argument("names", nargs=-1, required=True, type=SIDECAR_NAME, metavar="NAME...")
@options.common
def command(names: tuple[str, ...]) -> None:
    """Remove loopback sidecars and their disks, going on after a failure. Prints the names that it removed.

    Destroy the cluster that uses a disk first: what has it open keeps its device until it closes it.

    \b
    dcos-docker destroy-loopback-sidecar disk-1
    """  # noqa: D301
    operate(lambda host, progress: destroy_sidecars(host, names, progress, on_gone=click.echo))
