"""`dcos-docker list-loopback-sidecars`."""

from __future__ import annotations

import sys

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.cli.output import print_json, print_table, print_yaml
from dcos_docker_cli.cli.sidecars import sidecar_summary


@click.command("list-loopback-sidecars", cls=Command)
@options.output("table", "names", "json", "yaml")
@options.common
def command(output: str | None) -> None:
    """List the loopback sidecars: a table on a terminal, their names one per line in a pipe.

    One that does not run has no device any more, and its disk is lost. The disks that programs make with the library
    have no name, and are not listed.

    \b
    dcos-docker list-loopback-sidecars --output json
    """  # noqa: D301
    sidecars = [sidecar_summary(sidecar) for sidecar in operate(lambda host, _: host.sidecars())]
    chosen = output or ("table" if sys.stdout.isatty() else "names")
    if chosen == "json":
        print_json(sidecars)
    elif chosen == "yaml":
        print_yaml(sidecars)
    elif chosen == "names":
        for sidecar in sidecars:
            click.echo(sidecar["name"])
    elif sidecars:
        rows = [{**sidecar, "size_megabytes": _size(sidecar["size_megabytes"])}.values() for sidecar in sidecars]
        print_table(
            ["NAME", "DEVICE", "SIZE", "STATE", "CREATED"],
            [["" if value is None else value for value in row] for row in rows],
        )
    else:
        click.echo("There are no loopback sidecars.", err=True)


def _size(megabytes: int | None) -> str:
    return "" if megabytes is None else f"{megabytes} MiB"
