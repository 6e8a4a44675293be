"""`dcos-docker destroy-list`."""

from __future__ import annotations

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.cli.types import CLUSTER_ID


@click.command("destroy-list", cls=Command)
@click.argument("cluster_ids", nargs=-1, type=CLUSTER_ID)
@options.common
def command(cluster_ids: tuple[str, ...]) -> None:
    """Remove clusters, going on after a failure. Prints the ids that it removed; none given is no error.

    \b
    dcos-docker destroy-list $(dcos-docker list)
    """  # noqa: D301
    from dcos_docker_cli.cli.ssh import forget_identity
    from dcos_docker_cli.lifecycle.destroy import destroy_all

    def on_gone(cluster_id: str) -> None:
        forget_identity(cluster_id)
        click.echo(cluster_id)

    operate(lambda host, progress: destroy_all(host, cluster_ids, progress, on_gone=on_gone))
