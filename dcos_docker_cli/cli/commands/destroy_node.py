"""`dcos-docker destroy-node`."""

from __future__ import annotations

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.cli.types import NODE


@click.command("destroy-node", cls=Command)
@click.argument("references", nargs=-1, required=True, type=NODE, metavar="REF...")
@options.cluster_id
@options.common
def command(references: tuple[str, ...], cluster_id: str) -> None:
    """Remove nodes, with all data in them. Prints the reference of each.

    DC/OS on the other nodes is not told, and a node cannot be added again. When one of the nodes does not exist, none
    is removed. With its last node the cluster goes, as with `destroy`. A cluster without a master stays, for a look.

    \b
    dcos-docker destroy-node agent_1
    dcos-docker destroy-node --cluster-id ci-job-42 master_1 public_agent_0
    """  # noqa: D301
    from dcos_docker_cli.lifecycle.destroy import destroy_nodes

    operate(lambda host, progress: destroy_nodes(host, cluster_id, references, progress, on_gone=click.echo))
