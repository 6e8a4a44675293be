"""Wait for DC/OS on a cluster of the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcos_docker_cli.dcos.build_info import build_info
from dcos_docker_cli.dcos.ready import Login, Readiness, wait_for_dcos
from dcos_docker_cli.doctor.explain import explained
from dcos_docker_cli.exceptions import DCOSTimeoutError, NodeNotFoundError
from dcos_docker_cli.model import DCOSVariant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.dcos.member import Member
    from dcos_docker_cli.model import ClusterInfo, Transport
    from dcos_docker_cli.progress import Progress


@dataclass(frozen=True)
class Wait:
    """How to wait for DC/OS; `timeout` is in seconds, `login` is for Enterprise."""

    timeout: float
    login: Login
    http_checks: bool = True


def wait_for_cluster(
    host: DockerHost, cluster_id: str, progress: Progress, wait: Wait, transport: Transport | None = None
) -> None:
    """Wait until DC/OS is ready; see `wait_for_dcos`."""
    cluster = host.cluster(cluster_id)
    try:
        with explained(), host.reached_members(cluster, transport) as members:
            wait_for_dcos(readiness(host, cluster, members, wait), progress, timeout=wait.timeout)
    except DCOSTimeoutError as error:
        error.details = (*host.silence(), *error.details)
        raise


def readiness(host: DockerHost, cluster: ClusterInfo, members: Sequence[Member], wait: Wait) -> Readiness:
    """Return what is to be ready on a cluster, with the login if it is Enterprise."""
    login = wait.login if variant_of(host, cluster) is DCOSVariant.ENTERPRISE else None
    title = f'the cluster "{cluster.cluster_id}"'
    return Readiness(title, members, host.cancellation, login, wait.http_checks)


def variant_of(host: DockerHost, cluster: ClusterInfo) -> DCOSVariant:
    """Return the variant of DC/OS that is there: labels do not tell of what was installed or upgraded later."""
    if not cluster.masters:
        raise NodeNotFoundError(f'The cluster "{cluster.cluster_id}" has no master.', hint="dcos-docker inspect")
    return build_info(host.member(cluster.masters[0])).variant
