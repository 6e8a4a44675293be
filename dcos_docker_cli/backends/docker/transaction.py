"""Creating is a transaction: all of it is there at the end, or nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import ClusterNotFoundError, DcosDockerError
from dcos_docker_cli.model import count_of_nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.backends.docker.layout import Layout
    from dcos_docker_cli.model import ClusterPlan
    from dcos_docker_cli.progress import Progress


@contextmanager
def reserved(
    host: DockerHost,
    plan: ClusterPlan,
    progress: Progress,
    *,
    keep_on_failure: bool = False,
    preflight: Callable[[], object] = lambda: None,
) -> Iterator[None]:
    """Own the cluster id within the block, and undo all that carries it when the block fails.

    `preflight` can refuse it before anything is made, when the engine has nothing against it.

    The undoing is `destroy`. It begins when every worker has stopped, which `concurrency` sees to. An id that is taken
    is found before the block, and then nothing is undone, for nothing of it is ours.
    """
    reservation = host.reserve(plan, progress, preflight)
    try:
        yield
        host.release(reservation)
        host.cancellation.check()  # who interrupts during the last call gets all undone, as before it
    except BaseException as error:
        host.cancellation.begin_undo()
        if isinstance(error, DcosDockerError) and _was_destroyed(host, plan):
            _undo(host, plan, progress)
            raise DcosDockerError(
                f'The cluster "{plan.cluster_id}" was destroyed while it was being created.'
            ) from error
        if keep_on_failure:
            host.release(reservation)  # what has one is a leftover when its process is dead, and this is wanted
            progress.note(f"Kept as it is. Remove it with: dcos-docker destroy --cluster-id {plan.cluster_id}")
        else:
            _undo(host, plan, progress)
        raise


def _was_destroyed(host: DockerHost, plan: ClusterPlan) -> bool:
    """Whether somebody has removed what was being made: then failures follow from that."""
    try:
        return not host.is_reserved(plan.cluster_id)
    except DcosDockerError:
        return False


def _undo(host: DockerHost, plan: ClusterPlan, progress: Progress) -> None:
    try:
        with progress.step("Removing what was made so far"):
            host.destroy(plan.cluster_id)
    except ClusterNotFoundError:
        pass
    except DcosDockerError as error:
        progress.note(f"Not all of it could be removed: {error.message}")
        progress.note(f"When that is cured: dcos-docker destroy --cluster-id {plan.cluster_id}")


def provision(
    host: DockerHost,
    plan: ClusterPlan,
    progress: Progress,
    *,
    keep_on_failure: bool = False,
    preflight: Callable[[], object] = lambda: None,
) -> Layout:
    """Create a cluster's nodes, without DC/OS."""
    with reserved(host, plan, progress, keep_on_failure=keep_on_failure, preflight=preflight):
        layout = host.lay_out(plan)
        with progress.step(f"Starting {count_of_nodes(plan.refs)}"):
            host.start_nodes(plan, layout)
    return layout
