"""`dcos-docker sample-installer`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import current_progress, operate
from dcos_docker_cli.cli.types import VARIANT
from dcos_docker_cli.lifecycle.sample import check_target, write_sample
from dcos_docker_cli.model import DCOSVariant
from dcos_docker_cli.sample.installer import DEFAULT_VERSION, check_version

if TYPE_CHECKING:
    from pathlib import Path


@click.command("sample-installer", cls=Command)
@options.target
@click.option(
    "--variant", type=VARIANT, default=DCOSVariant.OSS, show_default="oss", help="Which DC/OS to stand in for."
)
@click.option("--dcos-version", default=DEFAULT_VERSION, show_default=True, help="Which version to stand in for.")
@options.common
def command(path: Path, variant: DCOSVariant, dcos_version: str) -> None:
    """Write a small stand-in for a DC/OS installer to PATH. It is not DC/OS.

    It has the form of a real installer and is installed in the same way. What then runs on the nodes answers where
    DC/OS would, with what is really so, but it schedules no tasks. With it everything here can be tried without a
    download. Prints PATH.

    \b
    dcos-docker sample-installer /tmp/dcos_generate_config.sh
    """  # noqa: D301
    check_target(path)
    check_version(dcos_version)
    operate(
        lambda host, progress: write_sample(host, path, variant=variant, dcos_version=dcos_version, progress=progress)
    )
    current_progress().note("This is a stand-in to try dcos-docker with. It is not DC/OS.")
    click.echo(path)
