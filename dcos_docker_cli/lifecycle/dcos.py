"""Install DC/OS on a cluster of the engine, or upgrade it there."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from dcos_docker_cli.concurrency import parallel
from dcos_docker_cli.dcos.build_info import build_info
from dcos_docker_cli.doctor.explain import explained
from dcos_docker_cli.exceptions import ClusterBusyError, DCOSInstalledError, DCOSNotInstalledError, UsageError
from dcos_docker_cli.lifecycle.create import copy_to_masters
from dcos_docker_cli.lifecycle.install import Nodes, install, upgrade
from dcos_docker_cli.lifecycle.wait import wait_for_cluster
from dcos_docker_cli.model import MASTER_COUNTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.dcos.choices import Choices
    from dcos_docker_cli.dcos.config import Configuration
    from dcos_docker_cli.dcos.installer import Installer
    from dcos_docker_cli.dcos.member import Member
    from dcos_docker_cli.lifecycle.create import Copies
    from dcos_docker_cli.lifecycle.install import Configure
    from dcos_docker_cli.lifecycle.wait import Wait
    from dcos_docker_cli.model import ClusterInfo, DCOSVariant, Transport
    from dcos_docker_cli.progress import Progress


def install_on_cluster(
    host: DockerHost,
    cluster_id: str,
    installer: Installer,
    choices: Choices,
    *,
    variant: DCOSVariant | None = None,
    progress: Progress,
    copies: Copies = (),
    wait: Wait | None = None,
    transport: Transport | None = None,
) -> None:
    """Install DC/OS on all nodes; `copies` go to the masters first.

    Raises `DCOSInstalledError` when a node has DC/OS already, and `InstallError` for the first node that fails.
    """
    cluster = cluster_for_dcos(host, cluster_id)
    choices.check(variant or installer.variant)
    with explained(), host.reached_members(cluster, transport) as members:
        check_not_installed(host, cluster_id, members)
        copy_to_masters(host, members, copies)
        install(_as_nodes(host, cluster, members), installer, _configure(cluster, choices, variant), progress)
    if wait:
        wait_for_cluster(host, cluster_id, progress, wait, transport)


def upgrade_cluster(
    host: DockerHost,
    cluster_id: str,
    installer: Installer,
    choices: Choices,
    *,
    variant: DCOSVariant | None = None,
    progress: Progress,
    wait: Wait | None = None,
    transport: Transport | None = None,
) -> None:
    """Upgrade DC/OS on all nodes; see `lifecycle.install.upgrade`."""
    cluster = cluster_for_dcos(host, cluster_id)
    choices.check(variant or installer.variant)
    with explained(), host.reached_members(cluster, transport) as members:
        upgrade(_as_nodes(host, cluster, members), installer, _configure(cluster, choices, variant), progress)
    if wait:
        wait_for_cluster(host, cluster_id, progress, wait, transport)


def check_not_installed(host: DockerHost, cluster_id: str, members: Sequence[Member]) -> None:
    """Raise `DCOSInstalledError` when a node has DC/OS."""
    for member, version in zip(members, parallel(dcos_version, members, host.cancellation), strict=True):
        if version:
            raise DCOSInstalledError(
                f"DC/OS {version} is installed already on {member.name}.",
                hint=f"For another version: dcos-docker upgrade INSTALLER --cluster-id {cluster_id}",
            )


def cluster_for_dcos(host: DockerHost, cluster_id: str) -> ClusterInfo:
    """Return a cluster that DC/OS can be on."""
    cluster = host.cluster(cluster_id)
    if cluster.reserved:
        raise ClusterBusyError(cluster_id)
    if cluster.masters and len(cluster.masters) not in MASTER_COUNTS:
        raise UsageError(f"DC/OS runs with 1, 3, 5, 7 or 9 masters, and this cluster has {len(cluster.masters)}.")
    return cluster


def dcos_version(member: Member) -> str:
    """Return the version of DC/OS on a node; empty when there is none."""
    with suppress(DCOSNotInstalledError):
        return build_info(member).version
    return ""


def _as_nodes(host: DockerHost, cluster: ClusterInfo, members: list[Member]) -> Nodes:
    return Nodes(
        members,
        host.cancellation,
        lambda digest, _: host.bootstrap_node(cluster.cluster_id, host.layout(cluster.cluster_id), digest),
    )


def _configure(cluster: ClusterInfo, choices: Choices, variant: DCOSVariant | None) -> Configure:
    def configure(ask: Callable[[], DCOSVariant]) -> Configuration:
        return choices.configuration(cluster.cluster_id, cluster.addresses, variant or ask())

    return configure
