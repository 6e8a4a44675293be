"""`dcos-docker create`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from dcos_docker_cli.cli import choices, options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.cli.preview import show

if TYPE_CHECKING:
    from pathlib import Path

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.backends.docker.settings import Settings
    from dcos_docker_cli.dcos.choices import Choices
    from dcos_docker_cli.lifecycle.wait import Wait
    from dcos_docker_cli.model import ClusterPlan, DCOSVariant
    from dcos_docker_cli.progress import Progress


@click.command("create", cls=Command)
@choices.installer
@choices.nodes_to_make
@choices.dcos_to_configure
@choices.variant
@choices.copy_to_master
@choices.workspace_dir
@choices.may_wait
@choices.keep_on_failure
@choices.skip_preflight
@choices.dry_run
@options.output("text", "json")
@options.common
def command(
    installer: str,
    plan: ClusterPlan,
    settings: Settings,
    choices: Choices,
    variant: DCOSVariant | None,
    copies: tuple[tuple[Path, str], ...],
    workspace_dir: Path | None,
    wait: Wait | None,
    keep_on_failure: bool,
    skip_preflight: bool,
    dry_run: bool,
    output: str | None,
) -> None:
    """Create a cluster and install DC/OS on it from an INSTALLER (dcos_generate_config.sh, or its URL).

    Prints the cluster's id. When something fails, DC/OS is not ready in time, or you press Ctrl-C, all that was made is
    removed again. --timeout, the superuser and --skip-http-checks are for --wait-for-dcos; --output is for --dry-run.

    \b
    dcos-docker create dcos_generate_config.sh --agents 2 --wait-for-dcos
    dcos-docker create dcos_generate_config.sh --masters 3 --cluster-id ha --dry-run
    """  # noqa: D301
    from dcos_docker_cli.lifecycle.create import create
    from dcos_docker_cli.lifecycle.preview import of_create
    from dcos_docker_cli.lifecycle.source import installer_from
    from dcos_docker_cli.progress import Silent

    plan = dataclasses.replace(plan, variant=variant)
    plan.check_for_dcos()

    def work(host: DockerHost, progress: Progress) -> None:
        def first() -> object:
            return preview(host, Silent())  # the create tells it

        with installer_from(installer, workspace_dir, host.cancellation, progress, first=first) as file:
            create(
                host,
                plan,
                file,
                choices,
                progress=progress,
                copies=copies,
                wait=wait,
                keep_on_failure=keep_on_failure,
                skip_preflight=skip_preflight,
            )

    def preview(host: DockerHost, progress: Progress) -> dict[str, Any]:
        return of_create(host, plan, installer, choices, progress, copies, skip_preflight=skip_preflight)

    if dry_run:
        show(operate(preview, settings), output)
        return
    operate(work, settings)
    click.echo(plan.cluster_id)
