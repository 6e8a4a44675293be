"""`dcos-docker upgrade`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dcos_docker_cli.cli import choices, options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.cli.preview import show

if TYPE_CHECKING:
    from pathlib import Path

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.dcos.choices import Choices
    from dcos_docker_cli.lifecycle.wait import Wait
    from dcos_docker_cli.model import DCOSVariant, Transport
    from dcos_docker_cli.progress import Progress


@click.command("upgrade", cls=Command)
@choices.dcos_on_a_cluster
@options.common
def command(
    installer: str,
    cluster_id: str,
    transport: Transport | None,
    choices: Choices,
    variant: DCOSVariant | None,
    workspace_dir: Path | None,
    wait: Wait | None,
    dry_run: bool,
    output: str | None,
) -> None:
    """Upgrade DC/OS on the nodes of a cluster to that of an INSTALLER (dcos_generate_config.sh, or its URL).

    Masters one after the other, then all agents at the same time; nodes that have its version already are left as they
    are, so an upgrade that failed can be done again. Give the settings that it was installed with: --extra-config and
    the others are not remembered. Prints the cluster's id.

    \b
    dcos-docker upgrade dcos_generate_config_2.2.sh --wait-for-dcos
    """  # noqa: D301
    from dcos_docker_cli.lifecycle.dcos import upgrade_cluster
    from dcos_docker_cli.lifecycle.preview import of_upgrade
    from dcos_docker_cli.lifecycle.source import installer_from

    def work(host: DockerHost, progress: Progress) -> None:
        def first() -> object:
            return of_upgrade(host, cluster_id, installer, choices, variant)

        with installer_from(installer, workspace_dir, host.cancellation, progress, first=first) as file:
            upgrade_cluster(
                host, cluster_id, file, choices, variant=variant, progress=progress, wait=wait, transport=transport
            )

    if dry_run:
        show(operate(lambda host, _: of_upgrade(host, cluster_id, installer, choices, variant)), output)
        return
    operate(work)
    click.echo(cluster_id)
