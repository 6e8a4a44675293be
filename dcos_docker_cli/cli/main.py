"""The program `dcos-docker`: its commands, each loaded when it is needed, and how it ends."""

from __future__ import annotations

import sys

import click

from dcos_docker_cli import __version__
from dcos_docker_cli.cli import shells  # noqa: F401  click is to use what is in there
from dcos_docker_cli.cli.command import PREFIX
from dcos_docker_cli.cli.ending import ending, open_closed_streams
from dcos_docker_cli.cli.group import Commands, names_in
from dcos_docker_cli.cli.groups import GROUPS
from dcos_docker_cli.cli.saying import no_colour

PACKAGE = "dcos_docker_cli.cli.commands"
COMMANDS = names_in(PACKAGE)
ALL_COMMANDS = tuple(sorted([*COMMANDS, *(f"image {name}" for name in names_in(f"{PACKAGE}.image"))]))
"""With those that are in a group, behind its name."""


SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100, "auto_envvar_prefix": PREFIX}


@click.command(
    cls=Commands,
    package=PACKAGE,
    lines=GROUPS,
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
