"""A group of commands, each of which is a module, loaded when it is needed."""

from __future__ import annotations

import importlib
import signal
from keyword import iskeyword
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from dcos_docker_cli.cli.command import FLAG, path_of, variable, written_name
from dcos_docker_cli.cli.ending import ReaderGone, Terminated

if TYPE_CHECKING:
    from collections.abc import Mapping


def names_in(package: str) -> tuple[str, ...]:
    """Return the commands of a package, whose modules they are. What is a word of Python has a line below it there."""
    path = importlib.import_module(package).__path__
    return tuple(sorted(name.rstrip("_").replace("_", "-") for _, name, _ in iter_modules(path)))


class Commands(click.Group):
    """A group whose commands are the modules of a package: each is the module's `command`.

    `lines` has them in their groups, each with its line in the group's help, which so needs to load none of them.
    """

    def __init__(self, *args: Any, package: str, lines: Mapping[str, Mapping[str, str]], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._package = package
        self._lines = lines
        self._names = names_in(package)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names."""
        return list(self._names)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Understand `help` as well, and say where an option belongs that was written too early."""
        if args[:1] == ["help"] and not ctx.resilient_parsing:
            args = [*(word for word in args[1:2] if word != "help"), "--help"]
        words = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            command = next((word for word in words if word in self._names), "")
            if example := self._with_option(ctx, command, error.option_name):
                raise click.UsageError(f"'{error.option_name}' goes after the command: {example}", ctx) from None
            raise

    def _with_option(self, ctx: click.Context, name: str, written: str) -> str:
        """Return how a command is given an option; nothing where it does not take it."""
        command = self.get_command(ctx, name)
        for option in command.params if command else ():
            if isinstance(option, click.Option) and written in (*option.opts, *option.secondary_opts):
                value = "" if option.is_flag or option.count else f" {option.make_metavar(ctx)}"
                return f"{ctx.command_path} {name} {written}{value}"
        return ""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in self._names:
            return None
        module = cmd_name.replace("-", "_") + ("_" if iskeyword(cmd_name) else "")
        command: click.Command = importlib.import_module(f"{self._package}.{module}").command
        for parameter in command.params:
            _name_variable("-".join(filter(None, (path_of(ctx), cmd_name))), parameter)
            if isinstance(parameter.type, click.types.BoolParamType):
                parameter.type = FLAG
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands in their groups, which share their columns."""
        width = max(map(len, self._names))
        for title, lines in self._lines.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), line) for name, line in lines.items() if name in self._names])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer commands without loading them, for somebody has pressed a key and waits."""
        lines = {name: line for group in self._lines.values() for name, line in group.items()}
        names = [name for name in self._names if name.startswith(incomplete)]
        commands = [CompletionItem(name, help=lines.get(name)) for name in names]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a line; the error suggests the nearest."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=self._names, ctx=ctx) from None

    def invoke(self, ctx: click.Context) -> object:
        """Run a command, keeping from click what it would end with 1, or with an empty line."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGone from error
        except KeyboardInterrupt as interrupt:
            raise Terminated(signal.SIGINT) from interrupt


def _name_variable(command: str, parameter: click.Parameter) -> None:
    """Have the variable of an option named after how the option is written, where our name for its value is another."""
    written = written_name(parameter)
    if isinstance(parameter, click.Option) and written.replace("-", "_") != parameter.name and not parameter.envvar:
        parameter.envvar = variable(command, written)
