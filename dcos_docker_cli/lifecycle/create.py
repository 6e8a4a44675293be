"""Create a cluster with DC/OS from an installer."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker.transaction import reserved
from dcos_docker_cli.concurrency import parallel, together
from dcos_docker_cli.dcos.bootstrap import installer_on
from dcos_docker_cli.dcos.install import install
from dcos_docker_cli.doctor.explain import INDENT, explained
from dcos_docker_cli.doctor.preflight import preflight
from dcos_docker_cli.exceptions import DCOSTimeoutError
from dcos_docker_cli.lifecycle.wait import wait_for_cluster
from dcos_docker_cli.model import Role, count_of_nodes
from dcos_docker_cli.transports.sending import send

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.backends.docker.layout import Layout
    from dcos_docker_cli.dcos.choices import Choices
    from dcos_docker_cli.dcos.installer import Installer
    from dcos_docker_cli.dcos.member import Member
    from dcos_docker_cli.lifecycle.wait import Wait
    from dcos_docker_cli.model import ClusterPlan, DCOSVariant
    from dcos_docker_cli.progress import Progress

    Copies = Sequence[tuple[Path, str]]
    """Pairs of a local path and one on nodes."""


def create(
    host: DockerHost,
    plan: ClusterPlan,
    installer: Installer,
    choices: Choices,
    *,
    progress: Progress,
    copies: Copies = (),
    wait: Wait | None = None,
    keep_on_failure: bool = False,
    skip_preflight: bool = False,
) -> None:
    """Create a cluster and install DC/OS on its nodes; return with `wait` when DC/OS is ready.

    The installer runs while the nodes boot, for it needs no more than their addresses. `copies` go to the masters
    before DC/OS does.
    """
    plan.check_for_dcos()
    plan = dataclasses.replace(plan, variant=plan.variant or installer.variant)
    choices.check(plan.variant)

    def generate(plan: ClusterPlan, layout: Layout) -> DCOSVariant:
        with (
            host.bootstrap_node(plan.cluster_id, layout, installer.digest()) as node,
            installer_on(node, installer, progress) as genconf,
        ):
            variant = plan.variant or genconf.ask_variant()
            genconf.generate(choices.configuration(plan.cluster_id, layout.by_role(), variant))
        return variant

    with (
        explained(),
        reserved(
            host,
            plan,
            progress,
            keep_on_failure=keep_on_failure,
            preflight=lambda: None if skip_preflight else preflight(host, plan, progress, with_dcos=True),
        ),
    ):
        layout = host.lay_out(plan)
        with progress.step(f"Starting {count_of_nodes(plan.refs)}, and configuring DC/OS"):
            if plan.variant is None:  # the nodes' labels are to tell it, so the installer is asked first
                plan = dataclasses.replace(plan, variant=generate(plan, layout))
                host.start_nodes(plan, layout)
            else:
                together([lambda: generate(plan, layout), lambda: host.start_nodes(plan, layout)], host.cancellation)
        members = host.members(host.cluster(plan.cluster_id))
        with progress.step(f"Installing DC/OS on {count_of_nodes(plan.refs)}"):
            copy_to_masters(host, members, copies)
            install(members, host.cancellation, progress)
        if wait:
            _wait(host, plan, progress, wait)


def _wait(host: DockerHost, plan: ClusterPlan, progress: Progress, wait: Wait) -> None:
    try:
        wait_for_cluster(host, plan.cluster_id, progress, wait)
    except DCOSTimeoutError as error:
        keep = "With --keep-on-failure the nodes stay for it."
        error.hint = f"\n{INDENT}".join(part for part in (error.hint, keep) if part)
        raise


def copy_to_masters(host: DockerHost, members: Sequence[Member], copies: Copies) -> None:
    """Send files and directories to all masters."""
    masters = [member for member in members if member.role is Role.MASTER]
    for local, remote in copies:
        parallel(lambda member: send(member.transport, local, remote), masters, host.cancellation)  # noqa: B023
