"""What all commands have in common: the class that they are of, and what is said when one cannot be understood."""

from __future__ import annotations

from typing import Any

import click

PREFIX = "DCOS_DOCKER"
"""With it begin the variables that options can come from: DCOS_DOCKER_CREATE_AGENTS is --agents of `create`."""
SHARED = f"{PREFIX}_CLUSTER_ID"
"""The one variable that is of several commands."""


class Command(click.Command):
    """A command whose help ends with what its variables are called, and whose usage errors with an example."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Say how options are set by the environment."""
        with formatter.section("Environment"):
            formatter.write_text(self._variables(ctx))

    def _variables(self, ctx: click.Context) -> str:
        options = [option for option in self.params if isinstance(option, click.Option)]
        own = [written_name(option) for option in options if option.envvar != SHARED]
        text = f"Options can also be set by variables, as in {variable(path_of(ctx), own[0])}"
        shared = f"; --cluster-id for all commands by {SHARED}" if len(own) < len(options) else ""
        return f"{text}{shared}."

    def example(self, ctx: click.Context) -> str:
        """Return the first command line of its help."""
        words = ctx.command_path.split()
        lines = (line.strip() for line in (self.help or "").splitlines())
        return next((line for line in lines if line.split()[: len(words)] == words), "")


class Flag(click.types.BoolParamType):
    """What a variable gives an option that takes no value; click's own error lists an empty word."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bool:
        """Read it."""
        found = self.str_to_bool(value)
        if found is None:
            self.fail(f"{value!r} is neither true nor false.", param, ctx)
        return found


FLAG = Flag()


def path_of(ctx: click.Context) -> str:
    """Return a command's name behind those of the groups that it is in, but for the program's own."""
    return "-".join(ctx.command_path.split()[1:])


def written_name(parameter: click.Parameter) -> str:
    """Return how an option is written, without its dashes in front."""
    return max(parameter.opts, key=len).lstrip("-")


def variable(command: str, written: str) -> str:
    """Return the variable that an option of a command can come from."""
    return f"{PREFIX}_{command}_{written}".replace("-", "_").upper()
