"""`dcos-docker run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.ending import show
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.dcos.defaults import DEFAULT_PASSWORD, DEFAULT_SUPERUSER
from dcos_docker_cli.exceptions import DcosDockerError

if TYPE_CHECKING:
    from dcos_docker_cli.model import Transport


@click.command("run", cls=Command, context_settings={"allow_interspersed_args": False})
@options.cluster_id
@options.nodes
@options.transport
@options.user
@options.environment
@click.option(
    "--test-env", is_flag=True, help="Run it where DC/OS' integration tests are, with the variables that they need."
)
@click.option(
    "--sync-dir",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A DC/OS checkout to sync to the masters before, as `sync` does.",
)
@click.option(
    "--dcos-login-uname",
    default=DEFAULT_SUPERUSER,
    show_default=True,
    help="For --test-env on DC/OS Enterprise: who logs in.",
)
@click.option(
    "--dcos-login-pw",
    default=DEFAULT_PASSWORD,
    show_default=True,
    show_envvar=True,
    help="For --test-env on DC/OS Enterprise: the password.",
)
@click.option("--parallel", "at_once", is_flag=True, help="On several nodes at the same time, not one after the other.")
@options.no_stdin
@click.argument("args", nargs=-1, required=True, metavar="COMMAND [ARG]...", type=click.UNPROCESSED)
@options.common
def command(
    cluster_id: str,
    nodes: tuple[str, ...],
    transport: Transport | None,
    user: str,
    env: tuple[tuple[str, str], ...],
    test_env: bool,
    sync_dir: Path | None,
    dcos_login_uname: str,
    dcos_login_pw: str,
    at_once: bool,
    no_stdin: bool,
    args: tuple[str, ...],
) -> int:
    """Run a COMMAND on a node; ends with its exit status, or 125 when it could not be run.

    On a terminal the command gets one too, and Ctrl-C. Elsewhere its output is passed on as it is, it can read standard
    input, and interrupting this program does not end it. On several nodes each line of output begins with its node, the
    command reads no input, and the exit status is that of the first node where it is not 0.

    \b
    dcos-docker run -- hostname
    dcos-docker run --node agent_1 -- sh -c 'df -h | sort'
    dcos-docker run --node master_0 --node agent_0 --parallel -- uptime
    dcos-docker run --test-env -- pytest -x
    """  # noqa: D301
    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.cli.streams import OWN_FAILURE, run_on_each, run_with_our_streams

    try:
        if sync_dir:
            from dcos_docker_cli.lifecycle.sync import sync_cluster

            operate(lambda host, progress: sync_cluster(host, cluster_id, sync_dir, progress, transport))
        host = DockerHost()
        cluster = host.cluster(cluster_id)
        chosen = cluster.find_nodes(nodes)
        variables = dict(env)
        if test_env:
            from dcos_docker_cli.dcos.ready import Login
            from dcos_docker_cli.dcos.testing import in_test_environment
            from dcos_docker_cli.lifecycle.testing import variables_for_tests

            login = Login(dcos_login_uname, dcos_login_pw)
            variables = {**variables_for_tests(host, cluster, chosen[0], login), **variables}
            args = tuple(in_test_environment(args))
        with host.ways(cluster, chosen, transport) as ways:
            if len(ways) == 1:
                return run_with_our_streams(ways[0], args, user=user, env=variables, with_stdin=not no_stdin)
            by_name = {str(node.ref): way for node, way in zip(chosen, ways, strict=True)}
            return run_on_each(by_name, args, user=user, env=variables, at_once=at_once)
    except DcosDockerError as error:
        show(error)
        return OWN_FAILURE
