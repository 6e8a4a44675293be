"""`dcos-docker clean`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.ages import AGE
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.exceptions import DcosDockerError
from dcos_docker_cli.lifecycle.clean import clean, clusters_to_clean

if TYPE_CHECKING:
    from datetime import timedelta


@click.command("clean", cls=Command)
@options.dry_run
@click.option("--cache", is_flag=True, help="Also remove what is kept of installers, so that they load faster.")
@click.option("--images", is_flag=True, help="Also remove the images that no container uses.")
@click.option("--older-than", type=AGE, help="Remove only what is older, as in 90m, 12h, 7d, 1d12h or 2w.")
@click.option("--all", "everything", is_flag=True, help="Also remove clusters, running or not. Asks before it does.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@options.common
def command(
    dry_run: bool, cache: bool, images: bool, older_than: timedelta | None, everything: bool, yes: bool
) -> None:
    """Remove what creates have left that were killed. Prints what it removed: clusters first, then all their parts.

    A cluster that is complete is removed with --all only, and never one that somebody is just making or changing. What
    this tool did not make is never removed, nor are loopback sidecars.

    Whether a create on another machine goes on or was killed cannot be seen from here. What it has made is left alone,
    unless --older-than says from which age on nobody can be waiting for it any more.

    \b
    dcos-docker clean --dry-run
    dcos-docker clean --all --older-than 7d --cache --yes
    """  # noqa: D301
    must_ask = everything and not (yes or dry_run)
    if must_ask and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError("--all removes clusters, and there is no terminal to ask on: add --yes, or --dry-run.")
    clusters = operate(lambda host, _: clusters_to_clean(host, older_than)) if everything else []
    if must_ask and clusters:
        _ask(clusters)
    for name in operate(
        lambda host, progress: clean(
            host,
            progress,
            dry_run=dry_run,
            cache=cache,
            images=images,
            older_than=older_than,
            clusters=clusters,
        )
    ):
        click.echo(name)


def _ask(clusters: list[str]) -> None:
    click.echo("These clusters are removed, with all data in them:", err=True)
    for cluster_id in clusters:
        click.echo(f"  {cluster_id}", err=True)
    if not click.confirm("Go on?", err=True):
        raise DcosDockerError("Nothing was removed.")
