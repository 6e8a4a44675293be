"""Creating is a transaction: all of it is there at the end, or nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import ClusterNotFoundError, DcosDockerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dcos_docker_cli.backends.base import Backend
    from dcos_docker_cli.model import ClusterPlan
    from dcos_docker_cli.progress import Progress


@contextmanager
def reserved(
    backend: Backend, plan: ClusterPlan, progress: Progress, *, keep_on_failure: bool = False
) -> Iterator[None]:
    """Own the cluster id within the block, and undo all that carries it when the block fails.

    The undoing is `destroy`. It begins when every worker has stopped, which `concurrency` sees to. An id that is taken
    is found before the block, and then nothing is undone, for nothing of it is ours.
    """
    reservation = backend.reserve(plan, progress)
    try:
        yield
        backend.release(reservation)
        backend.cancellation.check()  # who interrupts during the last call gets all undone, as before it
    except BaseException:
        backend.cancellation.begin_undo()
        if keep_on_failure:
            backend.release(reservation)  # what has one is a leftover when its process is dead, and this is wanted
            progress.note(f"Kept as it is. Remove it with: dcos-docker destroy --cluster-id {plan.cluster_id}")
        else:
            _undo(backend, plan, progress)
        raise


def _undo(backend: Backend, plan: ClusterPlan, progress: Progress) -> None:
    try:
        with progress.step("Removing what was made so far"):
            backend.destroy(plan.cluster_id)
    except ClusterNotFoundError:
        pass
    except DcosDockerError as error:
        progress.note(f"Not all of it could be removed: {error.message}")
        progress.note(f"When that is cured: dcos-docker destroy --cluster-id {plan.cluster_id}")
