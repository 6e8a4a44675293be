"""Taking a cluster id: checked first, as far as can be without making anything, and then atomic.

Of all the engine's objects only a container has a unique name, so one that is never started stands for the id.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker import container_removal, containers, fit, listing, networks, removal
from dcos_docker_cli.backends.docker.images.nodes import ensure_node_image
from dcos_docker_cli.backends.docker.naming import container_name
from dcos_docker_cli.exceptions import ClusterExistsError, EngineConflictError
from dcos_docker_cli.labels import Kind
from dcos_docker_cli.model import check_host_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.backends.docker.settings import Settings
    from dcos_docker_cli.model import ClusterPlan
    from dcos_docker_cli.progress import Progress

ATTEMPTS = 50
PAUSE = 0.1


def check(engine: Engine, info: Mapping[str, Any], plan: ClusterPlan, settings: Settings) -> None:
    """Raise what `reserve` would, and `UsageError` for what this engine cannot do. `info` is its answer to `/info`."""
    check_host_names(plan, settings.name_prefix)
    if listing.containers(engine, plan.cluster_id):
        raise ClusterExistsError(plan.cluster_id)
    if settings.network:
        networks.join_network(engine, settings.network, len(plan.refs))
    fit.check(engine, info, settings)


def reserve(
    engine: Engine,
    info: Mapping[str, Any],
    plan: ClusterPlan,
    settings: Settings,
    progress: Progress,
    preflight: Callable[[], object],
) -> str:
    """Take the id; return the container that stands for it. `preflight` is called when `check` has nothing against it.

    Raises `ClusterExistsError`, with nothing changed, when it is taken. That container alone does not decide, for it
    goes when the create ends: a cluster that was finished just before is found by its nodes.
    """
    check(engine, info, plan, settings)
    preflight()
    if note := fit.storage_driver(info, settings).note:
        progress.note(note)
    image = ensure_node_image(engine, progress, settings.distribution, settings.docker_version)
    with engine.cancellation.shielded():  # an interrupt in here would leave the container
        reservation = _take(engine, plan, settings, image)
        try:
            if any(found["Id"] != reservation for found in listing.containers(engine, plan.cluster_id)):
                raise ClusterExistsError(plan.cluster_id)
            removal.remove_shared(engine, plan.cluster_id)
        except BaseException as error:
            container_removal.remove_after_failure(engine, reservation, error)
            raise
        return reservation


def is_reserved(engine: Engine, cluster_id: str, reservation: str) -> bool:
    """Whether the id is still taken by this create; it may have been destroyed, and taken by another one."""
    found = listing.containers(engine, cluster_id, Kind.RESERVATION)
    return any(item["Id"] == reservation for item in found)


def _take(engine: Engine, plan: ClusterPlan, settings: Settings, image: str) -> str:
    """Create the container; raise `ClusterExistsError` when somebody else has."""
    name = container_name(Kind.RESERVATION, plan.cluster_id)
    for _ in range(ATTEMPTS):
        try:
            return containers.create_reservation(engine, plan, settings, image)
        except EngineConflictError as error:
            holders = listing.with_name(engine, name)
            if any(labels.decode(holder["Labels"]).cluster_id != plan.cluster_id for holder in holders):
                raise  # somebody else's container has the name, and the engine says which
            if holders or listing.containers(engine, plan.cluster_id):
                raise ClusterExistsError(plan.cluster_id) from error
            conflict = error
        time.sleep(PAUSE)  # the engine gives a name away a moment before it lists its container
    raise conflict
