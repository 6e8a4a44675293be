"""What is ours and nobody needs any more.

A reservation lives as long as its create. One whose process is dead marks all of its cluster id as left over. What has
a cluster id of which there is no container at all is left by a destroy that was cut short. A create's process on
another host cannot be seen, so what it has reserved is taken for a leftover only when the user says from which age on.

What belongs to a cluster id is old when the newest of it is: nothing is taken of it, or all.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker import holders
from dcos_docker_cli.backends.docker.images.recipe import DIGITS
from dcos_docker_cli.backends.docker.images.tags import replaced_tag
from dcos_docker_cli.backends.docker.removal import Owned, containers, owned, remove_all, remove_unfinished
from dcos_docker_cli.exceptions import EngineError
from dcos_docker_cli.labels import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from dcos_docker_cli.backends.docker.engine import Engine

OUR_TAGS = ("dcos-docker/node:", "dcos-docker/base:", "dcos-docker/sample-runtime:")
TRANSIENT = (Kind.BOOTSTRAP, Kind.SAMPLE, Kind.SIDECAR, Kind.BUILD, Kind.PROBE)
"""What lives no longer than the process that made it, unless the user has given it a name."""


def clean(
    engine: Engine,
    *,
    dry_run: bool,
    cache: bool = False,
    images: bool = False,
    before: datetime | None = None,
    clusters: Collection[str] = (),
    note: Callable[[str], object] = lambda _: None,
) -> list[str]:
    """Remove leftovers, and of these clusters those that are idle; return their names. With `dry_run` only return them.

    With `before` only what was made before then is removed. `note` is told what stays because others use it.
    """
    everything = owned(engine)
    of_clusters = idle_clusters(everything, before) & set(clusters)
    keys = {item.key for item in leftovers(everything, before)}
    keys |= {item.key for item in everything if item.labels.cluster_id in of_clusters}
    # As if what was found had gone, which with `dry_run` it has not.
    staying = [item for item in engine.containers(all=True) if item["Id"] not in keys]
    held = holders.of([item for item in everything if item.key in keys], staying)
    for item, names_of_holders in held:
        note(f"{item} stays, for it is used by what is not left over: {', '.join(names_of_holders)}.")
    keys -= {item.key for item, _ in held}
    names = [str(item) for item in everything if item.key in keys]
    if keys and not dry_run:
        remove_unfinished(engine, lambda: [item for item in owned(engine) if item.key in keys])
    if cache:
        names += _remove_unused(_unused_caches(engine, staying), before, dry_run=dry_run)
    if images:
        names += _remove_unused(_unused_images(engine, staying), before, dry_run=dry_run)
    return names


def remove_dead(engine: Engine, kind: Kind) -> None:
    """Remove the containers of a kind whose process is dead."""
    remove_all(engine, lambda: [item for item in containers(engine, kind=kind) if _is_over(item, None)])


def leftovers(everything: list[Owned], before: datetime | None = None) -> list[Owned]:
    """Return, of all our objects, those that are left over.

    With `before` only what was made before then, but also what belongs to processes that cannot be seen from here.
    """
    known = [item for item in everything if item.labels.is_known]
    held = {item.labels.name for item in known if item.what == "container"}
    over = [
        item
        for item in known
        if item.labels.kind in TRANSIENT and _is_over(item, before) and _is_old(item, before)
        # Who has a name stays, and its volume with it.
        if not item.labels.name or item.labels.name not in held
    ]
    going = {item.key for item in over}
    abandoned = {
        cluster_id for cluster_id, items in _by_cluster(everything).items() if _is_abandoned(items, going, before)
    }
    return [item for item in known if item.key in going or item.labels.cluster_id in abandoned]


def idle_clusters(everything: list[Owned], before: datetime | None = None) -> set[str]:
    """Return the ids of the complete clusters that nobody is at work on, with `before` of those made before then."""
    return {cluster_id for cluster_id, items in _by_cluster(everything).items() if _is_idle(items, before)}


def _by_cluster(everything: Iterable[Owned]) -> dict[str, list[Owned]]:
    found: dict[str, list[Owned]] = defaultdict(list)
    for item in everything:
        if item.labels.cluster_id:
            found[item.labels.cluster_id].append(item)
    return found


def _is_abandoned(items: list[Owned], going: Collection[str], before: datetime | None) -> bool:
    """Whether what carries a cluster id is left over, apart from what of it is going anyway."""
    if not all(_is_old(item, before) for item in items if item.labels.is_known):
        return False
    # Of any schema: what another version of the tool has made is alive as long as it has a container.
    staying = [item for item in items if item.what == "container" and item.key not in going]
    reservations = [item for item in staying if item.labels.is_known and item.labels.kind is Kind.RESERVATION]
    is_over = any(_is_over(item, before) for item in reservations)
    return not staying or (is_over and not any(_is_at_work(item) for item in staying))


def _is_idle(items: list[Owned], before: datetime | None) -> bool:
    kinds = {item.labels.kind for item in items}
    at_work = [item for item in items if item.labels.kind is Kind.BOOTSTRAP and not _is_over(item, before)]
    is_complete = Kind.NODE in kinds and Kind.RESERVATION not in kinds
    return is_complete and not at_work and all(item.labels.is_known and _is_old(item, before) for item in items)


def _is_over(item: Owned, before: datetime | None) -> bool:
    """Whether the process that made it has ended; with `before` it does if nobody can tell."""
    creator = item.labels.creator
    if before is None:
        return creator is not None and creator.is_dead()
    return creator is None or not creator.is_alive()


def _is_at_work(item: Owned) -> bool:
    """Whether it is of a create, or the like, that surely goes on; a node's process may well live on after it."""
    creator = item.labels.creator
    return item.labels.kind in (*TRANSIENT, Kind.RESERVATION) and creator is not None and creator.is_alive()


def _is_old(item: Owned, before: datetime | None) -> bool:
    """Whether it was made before then. What does not tell when was not."""
    return before is None or (item.labels.created is not None and item.labels.created < before)


def _unused_caches(engine: Engine, staying: list[dict[str, Any]]) -> list[Owned]:
    used = {mount.get("Name") for item in staying for mount in item["Mounts"]}
    return [
        Owned("volume", name, name, labels.decode(item["Labels"]), partial(engine.remove_volume, name))
        for item in engine.volumes(filters={"label": labels.selector(Kind.CACHE)})["Volumes"] or ()
        for name in [item["Name"]]
        if name not in used
    ]


def _unused_images(engine: Engine, staying: list[dict[str, Any]]) -> list[Owned]:
    """Return our images of which there is no container, of anybody; those that others are built on come last."""
    used = {item["ImageID"] for item in staying}
    found = engine.images(filters={"label": labels.selector(Kind.IMAGE)})
    return [
        Owned("image", tag, tag, labels.decode(item["Labels"]), partial(engine.remove_image, tag))
        for item in sorted(found, key=lambda item: int(item["Created"]), reverse=True)
        for tag in item["RepoTags"] or ()
        if item["Id"] not in used and _is_our_tag(tag, item)
    ]


def _is_our_tag(tag: str, image: dict[str, Any]) -> bool:
    """Whether a tag of an image with our labels is ours; what a user builds on an image of ours inherits the labels.

    An image that says of what content it is has that in its tag, or was replaced.
    """
    content = image["Labels"].get(labels.CONTENT_KEY, "")
    is_named_so = tag.endswith(content[:DIGITS]) or tag == replaced_tag(image["Id"])
    return tag.startswith(OUR_TAGS) and is_named_so


def _remove_unused(found: list[Owned], before: datetime | None, *, dry_run: bool) -> list[str]:
    """Remove what nothing uses; what has come into use meanwhile the engine does not remove, and answers 409."""
    names = []
    for item in found:
        if not item.labels.is_known or not _is_old(item, before):
            continue
        try:
            if not dry_run:
                item.remove()
            names.append(str(item))
        except EngineError as error:
            if error.status not in (404, 409):
                raise
    return names
