"""The program `dcos-docker`: its commands, each loaded when it is needed, and how it ends."""

from __future__ import annotations

import importlib
import signal
import sys
from pkgutil import iter_modules

import click
from click.shell_completion import CompletionItem

from dcos_docker_cli import __version__
from dcos_docker_cli.cli import commands, shells  # noqa: F401  shells: click is to use what is in there
from dcos_docker_cli.cli.command import PREFIX, variable, written_name
from dcos_docker_cli.cli.ending import ReaderGone, Terminated, ending, open_closed_streams
from dcos_docker_cli.cli.groups import GROUPS, LINES
from dcos_docker_cli.cli.progress import no_colour
from dcos_docker_cli.cli.types import FLAG

COMMANDS = tuple(sorted(name.replace("_", "-") for _, name, _ in iter_modules(commands.__path__)))
"""Each is a module, whose `command` it is."""


class Commands(click.Group):
    """A group whose commands are modules of `dcos_docker_cli.cli.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names."""
        return list(COMMANDS)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Understand `help` as well, and say where an option belongs that was written too early."""
        if args[:1] == ["help"] and not ctx.resilient_parsing:
            args = [*(word for word in args[1:2] if word != "help"), "--help"]
        words = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            command = next((word for word in words if word in COMMANDS), "")
            if example := self._with_option(ctx, command, error.option_name):
                raise click.UsageError(f"'{error.option_name}' goes after the command: {example}", ctx) from None
            raise

    def _with_option(self, ctx: click.Context, name: str, written: str) -> str:
        """Return how a command is given an option; nothing where it does not take it."""
        command = self.get_command(ctx, name)
        for option in command.params if command else ():
            if isinstance(option, click.Option) and written in (*option.opts, *option.secondary_opts):
                value = "" if option.is_flag or option.count else f" {option.make_metavar(ctx)}"
                return f"dcos-docker {name} {written}{value}"
        return ""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"dcos_docker_cli.cli.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        for parameter in command.params:
            _name_variable(cmd_name, parameter)
            if isinstance(parameter.type, click.types.BoolParamType):
                parameter.type = FLAG
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands in their groups, which share their columns."""
        width = max(map(len, COMMANDS))
        for title, lines in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), line) for name, line in lines.items() if name in COMMANDS])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer commands without loading them, for somebody has pressed a key and waits."""
        names = [name for name in COMMANDS if name.startswith(incomplete)]
        commands = [CompletionItem(name, help=LINES.get(name)) for name in names]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a line; the error suggests the nearest."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

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


SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100, "auto_envvar_prefix": PREFIX}


@click.command(
    cls=Commands,
    context_settings=SETTINGS,
    epilog="`dcos-docker COMMAND --help` has more about a command, with examples.",
)
# DCOS_DOCKER_VERSION is what somebody may well call the version that a script is to install.
@click.version_option(__version__, prog_name="dcos-docker", allow_from_autoenv=False)
def cli() -> None:
    """Create and manage DC/OS clusters whose nodes are containers on a Docker engine.

    \b
    dcos-docker sample-installer /tmp/installer.sh      a stand-in, to try everything without a download
    dcos-docker create /tmp/installer.sh --agents 2     prints the cluster's id when DC/OS is installed
    dcos-docker wait                                    until DC/OS is ready
    dcos-docker run -- systemctl list-units             on the first master
    dcos-docker destroy
    """  # noqa: D301


def main() -> None:
    """Run the program and end the process."""
    open_closed_streams()
    with ending():
        result = cli.main(prog_name="dcos-docker", standalone_mode=False, color=False if no_colour() else None)
        sys.exit(result if isinstance(result, int) else 0)
