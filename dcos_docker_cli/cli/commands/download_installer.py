"""`dcos-docker download-installer`."""

from __future__ import annotations

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.lifecycle.download import BASE_URL, FILE_NAME, download_installer, installer_url, target_path
from dcos_docker_cli.lifecycle.paths import read_path
from dcos_docker_cli.lifecycle.sample import check_target


@click.command("download-installer", cls=Command)
@click.option(
    "--dcos-version",
    default="stable",
    show_default=True,
    metavar="VERSION",
    help="stable, stable/2.1.0, 2.1.0, testing/master, testing/2.1, testing/pull/123, or a whole URL.",
)
@click.option(
    "--download-path",
    type=click.Path(),
    default=FILE_NAME,
    show_default=True,
    help="The file to be made, or a directory for it.",
)
@click.option(
    "--base-url", default=BASE_URL, show_default=True, help=f"Where there are VERSION/{FILE_NAME}, as on a mirror."
)
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@options.common
def command(dcos_version: str, download_path: str, base_url: str, force: bool) -> None:
    """Download a DC/OS installer, and check that it is a whole one. Prints its path.

    When the connection breaks it tries again. When it is interrupted or fails, what has come stays beside the file, as
    FILE.part, and the same command continues from there if the server still has the same file.

    \b
    dcos-docker download-installer --dcos-version 2.1.0 --download-path /tmp
    """  # noqa: D301
    url = installer_url(dcos_version, base_url)
    path = target_path(read_path(download_path))
    check_target(path)
    operate(lambda host, progress: download_installer(url, path, host.cancellation, progress, force=force))
    click.echo(path)
