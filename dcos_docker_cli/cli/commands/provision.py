"""`dcos-docker provision`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dcos_docker_cli.cli import choices, options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.cli.preview import show

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.settings import Settings
    from dcos_docker_cli.model import ClusterPlan


@click.command("provision", cls=Command)
@choices.nodes_to_make
@choices.keep_on_failure
@choices.skip_preflight
@choices.dry_run
@options.output("text", "json")
@options.common
def command(
    plan: ClusterPlan,
    settings: Settings,
    keep_on_failure: bool,
    skip_preflight: bool,
    dry_run: bool,
    output: str | None,
) -> None:
    """Create the nodes of a cluster, without DC/OS. Prints the cluster's id. --output is for --dry-run.

    \b
    dcos-docker provision --masters 3 --agents 2
    dcos-docker install dcos_generate_config.sh
    """  # noqa: D301
    from dcos_docker_cli.lifecycle.preview import of_nodes
    from dcos_docker_cli.lifecycle.provision import provision

    if dry_run:
        show(
            operate(lambda host, progress: of_nodes(host, plan, progress, skip_preflight=skip_preflight), settings),
            output,
        )
        return
    operate(
        lambda host, progress: provision(
            host, plan, progress, keep_on_failure=keep_on_failure, skip_preflight=skip_preflight
        ),
        settings,
    )
    click.echo(plan.cluster_id)
