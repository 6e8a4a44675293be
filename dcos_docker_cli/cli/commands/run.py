"""`dcos-docker run`."""

from __future__ import annotations

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.ending import show
from dcos_docker_cli.cli.terminal import run_with_our_streams
from dcos_docker_cli.cli.types import key_value
from dcos_docker_cli.exceptions import DcosDockerError

OWN_FAILURE = 125
"""What `docker run` ends with when the failure is its own, so that it is not taken for the command's."""


@click.command("run", cls=Command, context_settings={"allow_interspersed_args": False})
@options.cluster_id
@options.node
@options.user
@options.environment
@options.no_stdin
@click.argument("args", nargs=-1, required=True, metavar="COMMAND [ARG]...", type=click.UNPROCESSED)
@options.common
def command(cluster_id: str, node: str, user: str, env: tuple[str, ...], no_stdin: bool, args: tuple[str, ...]) -> int:
    """Run a COMMAND on a node; ends with its exit status, or 125 when it could not be run.

    On a terminal the command gets one too, and Ctrl-C. Elsewhere its output is passed on as it is, it can read standard
    input, and interrupting this program does not end it.

    \b
    dcos-docker run -- hostname
    dcos-docker run --node agent_1 -- sh -c 'df -h | sort'
    """  # noqa: D301
    from dcos_docker_cli.backends.docker.host import DockerHost

    variables = dict(key_value(text) for text in env)
    try:
        host = DockerHost()
        transport = host.transport(host.cluster(cluster_id).node(node))
        return run_with_our_streams(transport, args, user=user, env=variables, with_stdin=not no_stdin)
    except DcosDockerError as error:
        show(error)
        return OWN_FAILURE
