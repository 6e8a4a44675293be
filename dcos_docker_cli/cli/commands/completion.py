"""`dcos-docker completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.exceptions import UsageError


@click.command("completion", cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@options.common
def command(shell: str) -> None:
    """Print the completion script for a SHELL.

    \b
    dcos-docker completion bash >~/.local/share/bash-completion/completions/dcos-docker
    """  # noqa: D301
    click.echo(script(shell), nl=False)


def script(shell: str) -> str:
    """Return the script; the same one on every machine."""
    kind = get_completion_class(shell)
    if kind is None:
        raise UsageError(f"There is no completion for {shell}.")
    root = click.get_current_context().find_root().command
    completion = kind(root, {}, "dcos-docker", "_DCOS_DOCKER_COMPLETE")
    return (completion.source_template % completion.source_vars()).lstrip("\n")
