"""`dcos-docker inspect`."""

from __future__ import annotations

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.cli.output import cluster_details, print_json, print_table, print_yaml


@click.command("inspect", cls=Command)
@options.cluster_id
@options.output("json", "yaml", "table")
@options.common
def command(cluster_id: str, output: str | None) -> None:
    """Show a cluster and its nodes, as JSON if nothing else is asked for.

    \b
    dcos-docker inspect | jq -r '.nodes[] | .reference + " " + .address'
    """  # noqa: D301
    cluster = cluster_details(operate(lambda host, _: host.cluster(cluster_id)))
    if output == "yaml":
        print_yaml(cluster)
    elif output == "table":
        print_table(["NODE", "ADDRESS", "STATE", "CONTAINER"],
                    [[node["reference"], node["address"], node["state"], node["container_name"]]
                     for node in cluster["nodes"]])  # fmt: skip
    else:
        print_json(cluster)
