"""`dcos-docker sync`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.lifecycle.paths import read_path
from dcos_docker_cli.lifecycle.sync import sync_cluster

if TYPE_CHECKING:
    from dcos_docker_cli.model import Transport


@click.command("sync", cls=Command)
@options.cluster_id
@options.transport
@click.argument(
    "dcos_checkout_dir",
    envvar="DCOS_CHECKOUT_DIR",
    default=".",
    type=click.Path(),
    metavar="[DCOS_CHECKOUT_DIR]",
)
@options.common
def command(cluster_id: str, transport: Transport | None, dcos_checkout_dir: str) -> None:
    """Replace the integration tests and the bootstrap code on all masters by those of a DC/OS checkout.

    DCOS_CHECKOUT_DIR is a clone of open DC/OS or of DC/OS Enterprise; by default it comes from the variable of that
    name, else it is the current directory. Tests that are gone in the checkout go on the masters too; what else is
    there, as results of a run, stays. On an Enterprise cluster the tests of open DC/OS go to open_source_tests.

    \b
    dcos-docker sync ~/dcos
    DCOS_CHECKOUT_DIR=~/dcos dcos-docker sync --cluster-id ci-job-42
    """  # noqa: D301
    checkout = read_path(dcos_checkout_dir)
    operate(lambda host, progress: sync_cluster(host, cluster_id, checkout, progress, transport))
