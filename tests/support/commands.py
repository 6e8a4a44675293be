"""Commands of the program by their path, as in `image build`."""

from __future__ import annotations

import click

from dcos_docker_cli.cli.main import cli


def context_of(path: str) -> click.Context:
    """Return the context of a command, within those of the groups that it is in."""
    context = click.Context(cli, info_name="dcos-docker", auto_envvar_prefix="DCOS_DOCKER")
    for name in path.split():
        assert isinstance(context.command, click.Group)
        found = context.command.get_command(context, name)
        assert found
        context = click.Context(found, context, name)
    return context
