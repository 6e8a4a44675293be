"""`dcos-docker list`."""

from __future__ import annotations

import sys

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.cli.output import cluster_summary, print_json, print_table, print_yaml


@click.command("list", cls=Command)
@options.output("table", "ids", "json", "yaml")
@options.common
def command(output: str | None) -> None:
    """List the clusters: a table on a terminal, their ids one per line in a pipe.

    \b
    dcos-docker list --output json
    dcos-docker destroy-list $(dcos-docker list)
    """  # noqa: D301
    clusters = [cluster_summary(cluster) for cluster in operate(lambda host, _: host.clusters())]
    chosen = output or ("table" if sys.stdout.isatty() else "ids")
    if chosen == "json":
        print_json(clusters)
    elif chosen == "yaml":
        print_yaml(clusters)
    elif chosen == "ids":
        for cluster in clusters:
            click.echo(cluster["cluster_id"])
    elif clusters:
        headers = ["CLUSTER ID", "STATE", "VARIANT", "MASTERS", "AGENTS", "PUBLIC AGENTS", "CREATED"]
        print_table(headers, [["" if value is None else value for value in cluster.values()] for cluster in clusters])
    else:
        click.echo("There are no clusters.", err=True)
