"""Creating is a transaction: all of it is there at the end, or nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import ClusterDestroyedError, ClusterNotFoundError, DcosDockerError
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

    The undoing removes what this process has made. It begins when every worker has stopped, which `concurrency` sees
    to. An id that is taken is found before the block, and then nothing is undone, for nothing of it is ours. One that
    is taken no more, for somebody has destroyed what was being made, may be another create's already.
    """
    reservation = host.reserve(plan, progress, preflight)
    is_whole = False
    try:
        yield
        is_whole = True
        _finish(host, plan, reservation)
        host.cancellation.check()  # who interrupts during the last call gets all undone, as before it
    except BaseException as error:
        host.cancellation.begin_undo()
        if isinstance(error, ClusterDestroyedError):
            _undo(host, plan, progress)
            raise
        # One that is whole may be reserved no more because we have given that up, and not heard the answer.
        if isinstance(error, DcosDockerError) and not is_whole and _was_destroyed(host, plan, reservation):
            _undo(host, plan, progress)
            raise ClusterDestroyedError(plan.cluster_id) from error
        if keep_on_failure:
            host.release(reservation)  # what has one is a leftover when its process is dead, and this is wanted
            progress.note(f"Kept as it is. Remove it with: dcos-docker destroy --cluster-id {plan.cluster_id}")
        else:
            _undo(host, plan, progress)
        raise


def _finish(host: DockerHost, plan: ClusterPlan, reservation: str) -> None:
    """Give up the reservation of a cluster that is whole.

    A destroy that began before the last node was made has not seen that one, and the others go without an error here.
    """
    try:
        nodes = {node.ref for node in host.cluster(plan.cluster_id).nodes}
    except ClusterNotFoundError:
        raise ClusterDestroyedError(plan.cluster_id) from None
    if nodes != set(plan.refs) or not host.release(reservation):
        raise ClusterDestroyedError(plan.cluster_id)


def _was_destroyed(host: DockerHost, plan: ClusterPlan, reservation: str) -> bool:
    """Whether somebody has removed what was being made: then failures follow from that."""
    try:
        return not host.is_reserved(plan.cluster_id, reservation)
    except DcosDockerError:
        return False


def _undo(host: DockerHost, plan: ClusterPlan, progress: Progress) -> None:
    try:
        with progress.step("Removing what was made so far"):
            host.undo(plan.cluster_id)
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
