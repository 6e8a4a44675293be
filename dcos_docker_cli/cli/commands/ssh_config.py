"""`dcos-docker ssh-config`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.ssh import identity_file, settings
from dcos_docker_cli.exceptions import NodeNotFoundError


@click.command("ssh-config", cls=Command)
@options.cluster_id
@click.option(
    "--identity-file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the cluster's private key is to be.  [default: ~/.local/state/dcos-docker/ID.key]",
)
@click.option(
    "--through-engine/--direct",
    default=None,
    help="Whether connections go through the engine's API.  [default: where it is on another machine]",
)
@options.common
def command(cluster_id: str, path: Path | None, through_engine: bool | None) -> None:
    """Print a block for ~/.ssh/config, with which ssh, scp, rsync and others reach the nodes by their names.

    It writes the cluster's private key to a file that only you can read, for ssh wants one; `destroy` removes the file
    that is at the default place.

    \b
    dcos-docker ssh-config >>~/.ssh/config
    ssh dcos-docker-default-master-0
    """  # noqa: D301
    from dcos_docker_cli.backends.docker.host import DockerHost

    host = DockerHost()
    cluster = host.cluster(cluster_id)
    nodes = [node for node in cluster.nodes if node.is_running]
    if not nodes:
        raise NodeNotFoundError(f'No node of the cluster "{cluster_id}" is running.', hint="dcos-docker inspect")
    identity = (path or identity_file(cluster_id)).absolute()
    with host.key(cluster, nodes) as key:
        _write_private(identity, key.read_bytes())
    by_engine = not host.is_this_machine if through_engine is None else through_engine
    for node in nodes:
        click.echo(f"Host {node.container_name}")
        for name, value in settings(cluster_id, node, identity, by_engine=by_engine).items():
            click.echo(f"  {name} {value}")


def _write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".dcos-docker-")  # for its owner alone
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError as error:
        raise click.ClickException(f"The key cannot be written to {path}: {error.strerror}.") from error
