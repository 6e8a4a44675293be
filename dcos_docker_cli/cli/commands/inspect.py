"""`dcos-docker inspect`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.cli.output import cluster_details, print_facts, print_json, print_table, print_yaml

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.host import DockerHost

COLUMNS = ("reference", "role", "address", "state", "ssh_user", "container_name", "container_id")
SHORT_ID = 12


@click.command("inspect", cls=Command)
@options.cluster_id
@options.output("json", "yaml", "table")
@click.option(
    "--security",
    "of_security",
    is_flag=True,
    help="Show what of it is open instead: ports, networks, mounts, SSH, rights.",
)
@options.common
def command(cluster_id: str, output: str | None, of_security: bool) -> None:
    """Show a cluster and its nodes, as JSON if nothing else is asked for.

    \b
    dcos-docker inspect --output table
    dcos-docker inspect --security --output table
    dcos-docker inspect | jq -r '.nodes[] | .reference + " " + .address'
    """  # noqa: D301
    if of_security:
        from dcos_docker_cli.cli.security import show
        from dcos_docker_cli.lifecycle.security import security

        found = operate(lambda host, _: security(host, cluster_id))
        {"yaml": print_yaml, "table": show}.get(output or "", print_json)(found)
        return

    def work(host: DockerHost) -> dict[str, Any]:
        cluster = host.cluster(cluster_id, of_any_version=True)
        return cluster_details(cluster, host.installed(cluster))

    cluster = operate(lambda host, _: work(host))
    if output == "yaml":
        print_yaml(cluster)
    elif output == "table":
        print_facts({key: value for key, value in cluster.items() if key != "nodes"})
        click.echo()
        nodes = [{**node, "container_id": node["container_id"][:SHORT_ID]} for node in cluster["nodes"]]
        print_table(
            [key.replace("_", " ").upper() for key in COLUMNS], [[node[key] for key in COLUMNS] for node in nodes]
        )
    else:
        print_json(cluster)
