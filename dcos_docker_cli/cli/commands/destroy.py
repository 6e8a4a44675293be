"""`dcos-docker destroy`."""

from __future__ import annotations

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate


@click.command("destroy", cls=Command)
@options.cluster_id
@options.common
def command(cluster_id: str) -> None:
    """Remove a cluster: its nodes, its network, and all data in them. Prints its id.

    \b
    dcos-docker destroy --cluster-id ci-job-42
    """  # noqa: D301
    from dcos_docker_cli.cli.ssh import forget_identity
    from dcos_docker_cli.lifecycle.destroy import destroy

    operate(lambda host, progress: destroy(host, cluster_id, progress))
    forget_identity(cluster_id)
    click.echo(cluster_id)
