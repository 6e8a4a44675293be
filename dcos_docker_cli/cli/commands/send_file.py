"""`dcos-docker send-file`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate

if TYPE_CHECKING:
    from dcos_docker_cli.model import Transport


def with_target(ctx: click.Context, parameter: click.Parameter, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a single path: the last one is where the others go to."""
    if len(paths) == 1:
        raise click.UsageError("Missing argument 'DEST'.", ctx)
    return paths


@click.command("send-file", cls=Command)
@options.cluster_id
@options.nodes
@options.transport
@click.option("--user", default="root", show_default=True, help="Who writes it on the node, and owns what is new.")
@click.argument(
    "paths", nargs=-1, required=True, metavar="SOURCE... DEST", type=click.Path(allow_dash=True), callback=with_target
)
@options.common
def command(
    cluster_id: str, nodes: tuple[str, ...], transport: Transport | None, user: str, paths: tuple[str, ...]
) -> None:
    """Send each SOURCE, a file or a directory of this machine, to DEST on a node.

    With several SOURCEs, or where DEST ends in / or is a directory of the node, they go into that directory, which is
    made if need be. Else DEST is what the SOURCE will be. A relative DEST begins at / of the node.

    A file that is there is overwritten once all of the new one has come, and keeps its owner and mode. A directory goes
    with all that is in it; what is there already and not in the SOURCE stays. Its files are written one by one: when
    that is interrupted, some are the new ones, and one may be there in part.

    \b
    dcos-docker send-file app.json /etc/my-app/
    dcos-docker send-file --node agent_0 --node agent_1 fixtures notes.txt /opt/tests/
    """  # noqa: D301
    from dcos_docker_cli.lifecycle.files import send_to_nodes
    from dcos_docker_cli.lifecycle.paths import read_sources

    *sources, dest = paths
    sending = read_sources(sources, dest)
    operate(
        lambda host, progress: send_to_nodes(host, cluster_id, nodes, sending, progress, user=user, transport=transport)
    )
