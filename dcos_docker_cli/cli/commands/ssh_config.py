"""`dcos-docker ssh-config`."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import current_progress
from dcos_docker_cli.cli.ssh import identity_file, quoted, settings
from dcos_docker_cli.exceptions import NodeNotFoundError, PathError


def not_empty(ctx: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Refuse a path that says nothing."""
    if path is not None and path == Path():
        raise click.BadParameter("It must be the path of a file.", ctx, parameter)
    return path


@click.command("ssh-config", cls=Command)
@options.cluster_id
@click.option(
    "--identity-file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=not_empty,
    help="Where the cluster's private key is to be.  [default: ~/.local/state/dcos-docker/ID.key]",
)
@click.option(
    "--through-engine/--direct",
    default=None,
    help="Whether connections go through the engine's API.  [default: where it is on another machine]",
)
@click.option("-f", "--force", is_flag=True, help="Overwrite what is at --identity-file.")
@options.common
def command(cluster_id: str, path: Path | None, through_engine: bool | None, force: bool) -> None:
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
    identity = (path or identity_file(cluster_id)).expanduser().absolute()
    quoted(str(identity))
    with host.key(cluster, nodes) as key:
        content = key.read_bytes()
        if path and os.path.lexists(identity) and not (force or _has(identity, content)):
            raise PathError(f"{path} is there already.", hint="Name another file, or overwrite it: --force")
        _write_private(identity, content)
    for node in cluster.nodes:
        if node not in nodes:
            current_progress().note(f"{node.ref} is not running, and left out: its container is {node.state}.")
    for node in nodes:
        by_engine = not host.is_near(node) if through_engine is None else through_engine
        click.echo(f"Host {node.container_name}")
        for name, value in settings(cluster_id, node, identity, by_engine=by_engine).items():
            click.echo(f"  {name} {value}")


def _has(path: Path, content: bytes) -> bool:
    with suppress(OSError):
        return path.is_file() and path.read_bytes() == content
    return False


def _write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".dcos-docker-")  # for its owner alone
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise click.ClickException(f"The key cannot be written to {path}: {error.strerror}.") from error
