"""`dcos-docker download-file`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate

if TYPE_CHECKING:
    from dcos_docker_cli.model import Transport


@click.command("download-file", cls=Command)
@options.cluster_id
@options.nodes
@options.transport
@click.option("-f", "--force", is_flag=True, help="Let a file take the place of a local file.")
@click.argument("source")
@click.argument("dest", type=click.Path(allow_dash=True))
@options.common
def command(
    cluster_id: str, nodes: tuple[str, ...], transport: Transport | None, force: bool, source: str, dest: str
) -> None:
    """Fetch SOURCE, a file or a directory of a node, to DEST on this machine.

    Where DEST is a directory, or ends in /, SOURCE goes into it; else DEST is what it will be. From several nodes it
    goes into a directory for each of them below DEST: DEST/master_0, DEST/agent_1. A relative SOURCE begins at / of the
    node. Nothing that is here already is overwritten, and nothing is put in its place before all of it has come. The
    sockets, FIFOs and devices in a directory are left out.

    \b
    dcos-docker download-file /opt/mesosphere/etc/dcos-version.json .
    dcos-docker download-file --node master_0 --node agent_0 /var/log logs
    """  # noqa: D301
    from dcos_docker_cli.lifecycle.files import fetch_from_nodes
    from dcos_docker_cli.lifecycle.paths import read_target

    fetching = read_target(source, dest, nodes, force=force)
    operate(lambda host, progress: fetch_from_nodes(host, cluster_id, nodes, fetching, progress, transport=transport))
