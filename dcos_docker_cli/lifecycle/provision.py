"""Create the nodes of a cluster, without DC/OS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker import Docker, transaction
from dcos_docker_cli.backends.docker.host import DockerHost
from dcos_docker_cli.concurrency import interruptible
from dcos_docker_cli.doctor.explain import explained
from dcos_docker_cli.doctor.preflight import preflight
from dcos_docker_cli.model import DEFAULT_CLUSTER_ID, ClusterPlan
from dcos_docker_cli.progress import Logged

if TYPE_CHECKING:
    from dcos_docker_cli.base_classes import ClusterBackend, ClusterManager
    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.progress import Progress


def provision(
    host: DockerHost,
    plan: ClusterPlan,
    progress: Progress,
    *,
    keep_on_failure: bool = False,
    skip_preflight: bool = False,
) -> None:
    """Create a cluster's nodes; what would keep them from coming up is found first."""
    with explained():
        transaction.provision(
            host,
            plan,
            progress,
            keep_on_failure=keep_on_failure,
            preflight=lambda: None if skip_preflight else preflight(host, plan, progress),
        )


def make_cluster(backend: ClusterBackend, *, masters: int, agents: int, public_agents: int) -> ClusterManager:
    """Make a cluster for the library, of any backend; what is known of engines concerns ours alone."""
    if isinstance(backend, Docker) and not backend.skip_preflight:
        plan = ClusterPlan(DEFAULT_CLUSTER_ID, masters, agents, public_agents)  # its id is of no matter

        def look(cancellation: Cancellation) -> None:
            host = DockerHost(backend.settings, cancellation)
            try:
                preflight(host, plan, Logged())
            finally:
                host.connection.close()

        interruptible(look)
    with explained():
        return backend.cluster_cls(masters=masters, agents=agents, public_agents=public_agents, cluster_backend=backend)
