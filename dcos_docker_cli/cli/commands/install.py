"""`dcos-docker install`."""

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


@click.command("install", cls=Command)
@choices.dcos_on_a_cluster
@choices.copy_to_master
@options.common
def command(
    installer: str,
    cluster_id: str,
    transport: Transport | None,
    choices: Choices,
    variant: DCOSVariant | None,
    copies: tuple[tuple[Path, str], ...],
    workspace_dir: Path | None,
    wait: Wait | None,
    dry_run: bool,
    output: str | None,
) -> None:
    """Install DC/OS on the nodes of a cluster from an INSTALLER (dcos_generate_config.sh, or its URL).

    Prints the cluster's id. --timeout, the superuser and --skip-http-checks are for --wait-for-dcos; --output is for
    --dry-run. When it fails, the nodes keep what was done on them.

    \b
    dcos-docker install dcos_generate_config.sh --cluster-id ci-job-42
    """  # noqa: D301
    from dcos_docker_cli.lifecycle.dcos import install_on_cluster
    from dcos_docker_cli.lifecycle.preview import of_install
    from dcos_docker_cli.lifecycle.source import installer_from

    def work(host: DockerHost, progress: Progress) -> None:
        def first() -> object:
            return of_install(host, cluster_id, installer, choices, variant)

        with installer_from(installer, workspace_dir, host.cancellation, progress, first=first) as file:
            install_on_cluster(
                host,
                cluster_id,
                file,
                choices,
                variant=variant,
                progress=progress,
                wait=wait,
                transport=transport,
                copies=copies,
            )

    if dry_run:
        found = operate(lambda host, _: of_install(host, cluster_id, installer, choices, variant, copies))
        show(found, output)
        return
    operate(work)
    click.echo(cluster_id)
