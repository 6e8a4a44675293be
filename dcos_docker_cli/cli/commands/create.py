"""`dcos-docker create`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dcos_docker_cli.cli import choices, options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.dcos.config import read_extra_config
from dcos_docker_cli.dcos.installer import read_installer
from dcos_docker_cli.dcos.ready import Login
from dcos_docker_cli.lifecycle.create import create
from dcos_docker_cli.lifecycle.wait import Wait
from dcos_docker_cli.model import ClusterPlan, DCOSVariant

if TYPE_CHECKING:
    from pathlib import Path


@click.command("create", cls=Command)
@choices.installer
@choices.masters
@choices.agents
@choices.public_agents
@options.cluster_id
@choices.extra_config
@choices.variant
@choices.wait_for_dcos
@options.timeout
@options.superuser_username
@options.superuser_password
@choices.keep_on_failure
@options.common
def command(
    installer: Path,
    masters: int,
    agents: int,
    public_agents: int,
    cluster_id: str,
    extra_config: Path | None,
    variant: DCOSVariant | None,
    wait_for_dcos: bool,
    timeout: float,
    superuser_username: str,
    superuser_password: str,
    keep_on_failure: bool,
) -> None:
    """Create a cluster and install DC/OS on it from an INSTALLER (dcos_generate_config.sh).

    Prints the cluster's id. When something fails, DC/OS is not ready in time, or you press Ctrl-C, all that was made is
    removed again. --timeout and the superuser, of an Enterprise cluster, are for --wait-for-dcos.

    \b
    dcos-docker create dcos_generate_config.sh --agents 2 --wait-for-dcos
    """  # noqa: D301
    plan = ClusterPlan(cluster_id, masters, agents, public_agents, variant=variant)
    plan.check_for_dcos()
    file = read_installer(installer)
    settings = read_extra_config(extra_config) if extra_config else {}
    wait = Wait(timeout, Login(superuser_username, superuser_password)) if wait_for_dcos else None
    cluster = operate(
        lambda host, progress: create(
            host,
            plan,
            file,
            extra_config=settings,
            progress=progress,
            wait=wait,
            keep_on_failure=keep_on_failure,
        )
    )
    click.echo(cluster.cluster_id)
