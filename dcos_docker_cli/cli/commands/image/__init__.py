"""`dcos-docker image`: the commands for node images."""

from __future__ import annotations

import click

from dcos_docker_cli.cli.group import Commands
from dcos_docker_cli.cli.groups import IMAGE_GROUPS


@click.command("image", cls=Commands, package=__name__, lines=IMAGE_GROUPS)
def command() -> None:
    """Build, list, export, import and remove node images.

    `create` builds the image that it needs on first use. Where it cannot, because the engine reaches no packages, an
    image is built with these commands from what there is, or comes from another engine as a file.

    \b
    dcos-docker image build --linux-distribution debian-11 --package-mirror http://mirror.example/debian
    dcos-docker image export node.tar         on a machine that reaches the packages
    dcos-docker image import node.tar         on one that does not
    """  # noqa: D301
