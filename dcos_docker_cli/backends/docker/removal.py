"""Removing what is ours: by label, in parallel, on after an error, and until nothing is left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker import holders, listing
from dcos_docker_cli.concurrency import parallel, together
from dcos_docker_cli.exceptions import (
    ClusterNotFoundError,
    EngineError,
    EngineSilentError,
    EngineUnreachableError,
    OtherVersionError,
)
from dcos_docker_cli.labels import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.labels import Labels

ATTEMPTS = 50
"""Passes over what is still there: the engine may be removing an object already, or need it a moment longer."""
PAUSE = 0.2
OF_VOLUMES = (Kind.VOLUME, Kind.CACHE, Kind.SIDECAR, Kind.BUILD)


@dataclass(frozen=True)
class Owned:
    """An object of ours on the engine."""

    what: str
    key: str
    name: str
    labels: Labels
    remove: Callable[[], None]

    def __str__(self) -> str:
        return f"{self.what} {self.name}"


def remove_cluster(engine: Engine, cluster_id: str) -> None:
    """Remove all objects that carry a cluster id; raise `ClusterNotFoundError` when there are none.

    What another version of the tool has labelled stays; raises `OtherVersionError` when there is nothing else.
    """
    if remove_all(engine, lambda: _known(engine, cluster_id)):
        return
    for item in owned(engine, cluster_id=cluster_id):
        if not item.labels.is_known:
            raise OtherVersionError(f'The cluster "{cluster_id}"', item.labels.schema)
    raise ClusterNotFoundError(cluster_id)


def remove_own(engine: Engine, cluster_id: str) -> None:
    """Remove what this process has made under a cluster id; what others have stays."""

    def find() -> list[Owned]:
        found = owned(engine, cluster_id=cluster_id)
        return [item for item in found if item.labels.creator and item.labels.creator.is_this_process()]

    remove_unfinished(engine, find)


def remove_unfinished(engine: Engine, find: Callable[[], list[Owned]]) -> None:
    """Remove what creates that have ended have left.

    Reservations go last: if this is killed too, `clean` knows by them that the rest is left over, and no whole cluster.
    """
    remove_all(engine, lambda: [item for item in find() if item.labels.kind is not Kind.RESERVATION])
    remove_all(engine, find)


def _known(engine: Engine, cluster_id: str) -> list[Owned]:
    """Return what carries a cluster id in labels that we can read; of others we cannot even tell whether it is ours."""
    return [item for item in owned(engine, cluster_id=cluster_id) if item.labels.is_known]


def remove_node(engine: Engine, cluster_id: str, container_id: str) -> None:
    """Remove a node with the volumes that are its own; one that has gone is no error."""
    remove_all(engine, lambda: [item for item in containers(engine, cluster_id, Kind.NODE) if item.key == container_id])


def remove_rest(engine: Engine, cluster_id: str) -> None:
    """Remove all objects that carry a cluster id, unless there is a container among them."""

    def find() -> list[Owned]:
        found = _known(engine, cluster_id)
        return [] if any(item.what == "container" for item in found) else found

    remove_all(engine, find)


def remove_shared(engine: Engine, cluster_id: str) -> None:
    """Remove networks and volumes that carry a cluster id: before a create, those that a destroy cut short has left."""
    remove_all(engine, lambda: [item for item in _known(engine, cluster_id) if item.what != "container"])


def remove_all(engine: Engine, find: Callable[[], list[Owned]]) -> int:
    """Remove what `find` finds now, until it finds nothing of that; return how many objects these were.

    Nothing that comes later is removed: it is another create's, of the same id. Containers go first, for they hold
    networks and volumes, and take the volumes that are their own with them. Raises `EngineError` with the engine's
    words when something stays.
    """
    found = find()
    keys = {item.key for item in found}
    failures: list[str] = []
    for _ in range(ATTEMPTS):
        if not found:
            return len(keys)
        # The reservation before nodes: a create that ends just now must not take what is left for a whole cluster.
        first = sorted(
            (item for item in found if item.what == "container"),
            key=lambda item: item.labels.kind is not Kind.RESERVATION,
        )
        failures = [failure for failure in parallel(_attempt, first or found, engine.cancellation) if failure]
        if failures:
            _check_users(engine, found)
            engine.cancellation.sleep(PAUSE)
        found = [item for item in find() if item.key in keys]
    reasons = "; ".join(failures) or ", ".join(map(str, found))
    hint = "Run the command again: it goes on where this one ended."
    if "active endpoints" in reasons:
        hint += " If it ends so again, the engine counts containers that are gone, until it is restarted."
    raise EngineError(f"Some objects could not be removed: {reasons}", status=500, hint=hint)


def _check_users(engine: Engine, found: list[Owned]) -> None:
    """Raise `EngineConflictError` when containers of others use all that is left: that does not pass."""
    if any(item.what == "container" for item in found):
        return
    cluster_ids = {item.labels.cluster_id for item in found}
    going = {
        item["Id"] for item in listing.containers(engine) if labels.decode(item["Labels"]).cluster_id in cluster_ids
    }  # of a create that is just being undone
    held = holders.of(found, [item for item in engine.containers(all=True) if item["Id"] not in going])
    if len(held) == len(found):
        raise holders.in_use(held)


def _attempt(item: Owned) -> str:
    """Remove an object; return what went wrong, in words. A connection that was lost is tried again like a refusal."""
    try:
        item.remove()
    except EngineError as error:
        return "" if error.status == 404 else f"{item}: {error.message}"
    except EngineSilentError:  # which would only be waited for again
        raise
    except EngineUnreachableError as error:
        return f"{item}: {error.message}"
    return ""


def owned(engine: Engine, *, cluster_id: str | None = None, kind: Kind | None = None) -> list[Owned]:
    """Return our containers, networks and volumes.

    Containers are listed last: who sees the network of a create that goes on then also sees its reservation, which was
    there before.
    """
    wanted = labels.selector(kind, cluster_id)
    others = together(
        [lambda: _networks(engine, wanted), lambda: _volumes(engine, wanted)],
        engine.cancellation,
    )
    return [*containers(engine, cluster_id, kind), *(item for group in others for item in group)]


def containers(engine: Engine, cluster_id: str | None = None, kind: Kind | None = None) -> list[Owned]:
    """Return our containers."""
    return [
        Owned(
            "container",
            item["Id"],
            listing.name(item),
            labels.decode(item["Labels"]),
            partial(engine.remove_container, item["Id"], force=True, v=True),
        )
        for item in listing.containers(engine, cluster_id, kind)
    ]


def _networks(engine: Engine, wanted: list[str]) -> list[Owned]:
    return [
        Owned("network", item["Id"], item["Name"], decoded, partial(engine.remove_network, item["Id"]))
        for item in engine.networks(filters={"label": wanted})
        if (decoded := labels.decode(item["Labels"] or {})).kind is Kind.NETWORK or not decoded.is_known
    ]


def _volumes(engine: Engine, wanted: list[str]) -> list[Owned]:
    return [
        Owned("volume", item["Name"], item["Name"], decoded, partial(engine.remove_volume, item["Name"]))
        for item in engine.volumes(filters={"label": wanted})["Volumes"] or ()
        if (decoded := labels.decode(item["Labels"] or {})).kind in OF_VOLUMES or not decoded.is_known
    ]
