"""What is ours and nobody needs any more.

A reservation lives as long as its create. One whose process is dead marks all of its cluster id as left over. What has
a cluster id of which there is no container at all is left by a destroy that was cut short. A create's process on
another host cannot be seen, so what it has reserved is never taken for a leftover.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker.removal import Owned, containers, owned, remove_all
from dcos_docker_cli.exceptions import EngineError
from dcos_docker_cli.labels import Kind

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.engine import Engine

OUR_TAGS = ("dcos-docker/node:", "dcos-docker/base:", "dcos-docker/sample-runtime:")
TRANSIENT = (Kind.RESERVATION, Kind.BOOTSTRAP, Kind.SAMPLE, Kind.SIDECAR)
"""What lives no longer than the process that made it."""


def clean(engine: Engine, *, dry_run: bool, cache: bool, images: bool) -> list[str]:
    """Remove leftovers; return their names. With `dry_run` only return them."""

    def find() -> list[Owned]:
        return leftovers(owned(engine))

    found = find()
    names = [str(item) for item in found]
    if not dry_run and found:
        remove_all(engine, find)
    if cache:
        names += _remove_unused(_unused_caches(engine), dry_run=dry_run)
    if images:
        names += _remove_unused(_unused_images(engine), dry_run=dry_run)
    return names


def remove_dead(engine: Engine, kind: Kind) -> None:
    """Remove the containers of a kind whose process is dead."""
    remove_all(engine, lambda: [item for item in containers(engine, kind=kind) if _maker_is_dead(item)])


def leftovers(everything: list[Owned]) -> list[Owned]:
    """Return, of all our objects, those that are left over."""
    known = [item for item in everything if item.labels.is_known]
    dead = [item for item in known if item.labels.kind in TRANSIENT and _maker_is_dead(item)]
    dead_ids = {item.labels.cluster_id for item in dead if item.labels.kind is Kind.RESERVATION}
    # Of any schema: what another version of the tool has made is alive as long as it has a container.
    living_ids = {item.labels.cluster_id for item in everything if item.what == "container"}
    return [
        item
        for item in known
        if item in dead
        or item.labels.cluster_id in dead_ids
        or (item.labels.cluster_id and item.labels.cluster_id not in living_ids)
    ]


def _maker_is_dead(item: Owned) -> bool:
    return item.labels.creator is not None and item.labels.creator.is_dead()


def _unused_caches(engine: Engine) -> list[Owned]:
    wanted = {"label": labels.selector(Kind.CACHE), "dangling": True}
    return [
        Owned("volume", name, name, labels.decode(item["Labels"]), partial(engine.remove_volume, name))
        for item in engine.volumes(filters=wanted)["Volumes"] or ()
        for name in [item["Name"]]
    ]


def _unused_images(engine: Engine) -> list[Owned]:
    """Return our images of which there is no container, of anybody; those that others are built on come last.

    Labels do not tell, for what a user builds on an image of ours inherits them; our tags do.
    """
    used = {item["ImageID"] for item in engine.containers(all=True)}
    found = engine.images(filters={"label": labels.selector(Kind.IMAGE)})
    return [
        Owned("image", tag, tag, labels.decode(item["Labels"]), partial(engine.remove_image, tag))
        for item in sorted(found, key=lambda item: int(item["Created"]), reverse=True)
        for tag in item["RepoTags"] or ()
        if item["Id"] not in used and tag.startswith(OUR_TAGS)
    ]


def _remove_unused(found: list[Owned], *, dry_run: bool) -> list[str]:
    """Remove what nothing uses; what has come into use meanwhile the engine does not remove, and answers 409."""
    names = []
    for item in found:
        try:
            if not dry_run:
                item.remove()
            names.append(str(item))
        except EngineError as error:
            if error.status not in (404, 409):
                raise
    return names
