"""`dcos-docker ssh`."""

from __future__ import annotations

import subprocess

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.ssh import arguments, require_ssh

FIRST_MASTER = "master_0"


class SshCommand(Command):
    """A command after `--` which no node precedes is for the first master."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Name the first master where options end with `--`, which click leaves out."""
        options: list[click.Parameter] = [one for one in self.params if isinstance(one, click.Option)]
        alone = click.Command(self.name, params=options, context_settings=self.context_settings)
        with alone.make_context(self.name, list(args), resilient_parsing=True, allow_extra_args=True) as parsed:
            end = len(args) - len(parsed.args)
        if args[:end][-1:] == ["--"] and args[end:]:
            args = [*args[:end], FIRST_MASTER, *args[end:]]
        return super().parse_args(ctx, args)


@click.command("ssh", cls=SshCommand, context_settings={"allow_interspersed_args": False})
@options.cluster_id
@options.reference
@click.argument("args", nargs=-1, metavar="[COMMAND [ARG]...]", type=click.UNPROCESSED)
@options.common
def command(cluster_id: str, reference: str, args: tuple[str, ...]) -> int:
    """Log in to a node by SSH as root, by default to the first master, or run a COMMAND there; ends as ssh does.

    It is the ssh client of this machine, with the cluster's key. Where the engine is on another machine the connection
    goes through the engine. As with ssh, a COMMAND is given to a shell on the node. For the first master it can be
    given without REF, after --.

    \b
    dcos-docker ssh agent_0
    dcos-docker ssh -- uptime
    dcos-docker ssh master_0 -- journalctl -b -p warning
    """  # noqa: D301
    from dcos_docker_cli.backends.docker.host import DockerHost

    require_ssh()
    host = DockerHost()
    cluster = host.cluster(cluster_id)
    node = cluster.node(reference)
    with host.key(cluster, [node]) as key:
        options = arguments(cluster_id, node, key, by_engine=not host.is_near(node))
        words = args[1:] if args[:1] == ("--",) else args
        return subprocess.call(["ssh", *options, "--", node.address, *words])
