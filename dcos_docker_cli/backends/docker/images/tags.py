"""A tag that goes over to another image."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker.images.recipe import REPOSITORY
from dcos_docker_cli.exceptions import EngineConflictError, EngineError, EngineNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dcos_docker_cli.backends.docker.engine import Engine


@contextmanager
def replacing(engine: Engine, tags: Iterable[str]) -> Iterator[None]:
    """When another image gets a tag within the block, remove the one that had it; while it is used, give it another."""
    before = {tag: image_id for tag in tags for image_id in _ids(engine, tag)}
    try:
        yield
    finally:
        with engine.cancellation.shielded():  # an interrupt in here would leave images without a name
            for tag, old in before.items():
                if old not in _ids(engine, tag):
                    _remove_or_name(engine, old)


def _remove_or_name(engine: Engine, image: str) -> None:
    try:
        remove_nameless(engine, image)
    except EngineConflictError:
        with suppress(EngineError):
            engine.tag(image, REPOSITORY, replaced_tag(image).rpartition(":")[2])


def replaced_tag(image: str) -> str:
    """Return the tag of an image that is used still, and whose own tag another one has now."""
    return f"{REPOSITORY}:replaced-{image.removeprefix('sha256:')[:12]}"


def remove_nameless(engine: Engine, image: str) -> None:
    """Remove an image by its id, unless it has a name: the engine would remove that too, and it is a user's.

    Raises `EngineConflictError` when it is in use.
    """
    with suppress(EngineNotFoundError):
        names = engine.inspect_image(image)["RepoTags"]  # type: ignore[no-untyped-call]
        if not [name for name in names or () if not name.startswith("<none>")]:
            engine.remove_image(image)


def _ids(engine: Engine, tag: str) -> list[str]:
    return [str(item["Id"]) for item in engine.images(tag)]
