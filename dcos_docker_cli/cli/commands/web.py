"""`dcos-docker web`."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import TYPE_CHECKING

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import current_progress, operate
from dcos_docker_cli.exceptions import NodeNotFoundError

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.host import DockerHost


@click.command("web", cls=Command)
@options.cluster_id
@options.common
def command(cluster_id: str) -> None:
    """Print the address of a cluster's web page, and open it where there is a browser.

    \b
    dcos-docker web --cluster-id ci-job-42
    """  # noqa: D301
    address, is_near = operate(lambda host, _: _found(host, cluster_id))
    click.echo(address)
    if not is_near:
        current_progress().note(
            "The engine is on another machine: the address leads to the cluster there, maybe not here."
        )
        return
    if sys.stdout.isatty() and _has_desktop():
        webbrowser.open(address)


def _found(host: DockerHost, cluster_id: str) -> tuple[str, bool]:
    """Return the address of the page, and whether it leads there from here."""
    cluster = host.cluster(cluster_id)
    master = next((node for node in cluster.masters if node.is_running), None)
    if master is None:
        raise NodeNotFoundError(f'No master of the cluster "{cluster_id}" is running.', hint="dcos-docker inspect")
    return cluster.web_address, host.is_near(master)


def _has_desktop() -> bool:
    """Whether a browser has somewhere to open: without a display a text browser would take the terminal."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
