"""`dcos-docker image list`."""

from __future__ import annotations

import sys

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.images import image_summary
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.cli.output import print_json, print_table, print_yaml


@click.command("list", cls=Command)
@options.output("table", "names", "json", "yaml")
@options.common
def command(output: str | None) -> None:
    """List the node images: a table on a terminal, their tags one per line in a pipe.

    What is not current was made by another version of this tool, which made nodes of something else. `clean --images`
    removes images of which there is no container.

    \b
    dcos-docker image list --output json
    """  # noqa: D301
    images = [image_summary(image) for image in operate(lambda host, _: host.images())]
    chosen = output or ("table" if sys.stdout.isatty() else "names")
    if chosen == "json":
        print_json(images)
    elif chosen == "yaml":
        print_yaml(images)
    elif chosen == "names":
        for image in images:
            click.echo(image["image"])
    elif images:
        headers = ["IMAGE", "CURRENT", "SIZE", "CONTAINERS", "CREATED", "BASE"]
        print_table(
            headers,
            [
                [
                    image["image"],
                    "yes" if image["is_current"] else "no",
                    f"{image['size'] / 1e6:.0f} MB",
                    image["containers"],
                    image["created"],
                    image["base"] or "",
                ]
                for image in images
            ],
        )
    else:
        click.echo("There are no node images.", err=True)
