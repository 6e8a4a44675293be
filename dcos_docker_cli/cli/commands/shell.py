"""`dcos-docker shell`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.ending import show
from dcos_docker_cli.exceptions import DcosDockerError

if TYPE_CHECKING:
    from dcos_docker_cli.model import Transport


@click.command("shell", cls=Command)
@options.reference
@options.cluster_id
@options.transport
@options.user
@options.environment
@options.common
def command(
    reference: str, cluster_id: str, transport: Transport | None, user: str, env: tuple[tuple[str, str], ...]
) -> int:
    """Open a login shell on a node, by default on the first master; ends as the shell does.

    Without a terminal the shell reads a script from standard input.

    \b
    dcos-docker shell agent_0
    dcos-docker shell <script.sh
    """  # noqa: D301
    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.cli.streams import OWN_FAILURE, run_with_our_streams
    from dcos_docker_cli.cli.terminal import LOGIN_SHELL

    try:
        host = DockerHost()
        cluster = host.cluster(cluster_id)
        with host.ways(cluster, [cluster.node(reference)], transport) as (way,):
            return run_with_our_streams(way, LOGIN_SHELL, user=user, env=dict(env), with_stdin=True)
    except DcosDockerError as error:
        show(error)
        return OWN_FAILURE
