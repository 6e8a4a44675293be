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
    yield
    for tag, old in before.items():
        if old in _ids(engine, tag):
            continue
        try:
            engine.remove_image(old)
        except EngineNotFoundError:
            pass
        except EngineConflictError:
            with suppress(EngineError):
                engine.tag(old, REPOSITORY, f"replaced-{old.removeprefix('sha256:')[:12]}")


def _ids(engine: Engine, tag: str) -> list[str]:
    return [str(item["Id"]) for item in engine.images(tag)]
