"""One build of an image at a time: whoever comes second waits for the image of the first.

Of all the engine's objects only a container has a unique name, so one that is never started stands for the build. It
needs an image; an empty one does.
"""

from __future__ import annotations

import io
import tarfile
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker import leftovers, listing
from dcos_docker_cli.backends.docker.container_removal import remove_container
from dcos_docker_cli.backends.docker.containers import create
from dcos_docker_cli.backends.docker.images.tags import remove_nameless
from dcos_docker_cli.backends.docker.naming import BUILD_PREFIX
from dcos_docker_cli.exceptions import EngineConflictError, EngineError, EngineNotFoundError, ImageError
from dcos_docker_cli.labels import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.progress import Progress

EMPTY_IMAGE = "dcos-docker/base:empty"
PAUSE = 0.2
PATIENCE = 1800
"""Seconds after which a build that does not end is given up on; who began it may be on another machine, and dead."""
IMPORTS = 3
"""How often the empty image is brought in before the engine's word that it is not there is believed."""


@contextmanager
def only_one(engine: Engine, tag: str, progress: Progress) -> Iterator[None]:
    """Have nobody else build the image of this tag within the block."""
    name = f"{BUILD_PREFIX}{tag.rpartition(':')[2]}"
    container = _take(engine, name, tag, progress)
    try:
        yield
    finally:
        with engine.cancellation.shielded():
            remove_container(engine, container)
            _remove_empty(engine)


def _take(engine: Engine, name: str, tag: str, progress: Progress) -> str:
    held = _attempt(engine, name)
    if held:
        return held
    _check_holder(engine, name, progress)
    with progress.step(f"Waiting for another process, which builds {tag} just now"):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            engine.cancellation.sleep(PAUSE)
            held = _attempt(engine, name)
            if held:
                return held
    raise ImageError(
        f"Another build of {tag} does not end.",
        hint=f"If nobody builds it, remove what stands for that: docker rm -f {name}",
    )


def _check_holder(engine: Engine, name: str, progress: Progress) -> None:
    """Raise `EngineConflictError` when another container has the name; tell when the build cannot be seen from here."""
    for item in listing.with_name(engine, name):
        holder = labels.decode(item["Labels"])
        if not holder.schema or (holder.is_known and holder.kind is not Kind.BUILD):
            raise EngineConflictError(
                f"The container {name} is not ours, and the build of this image needs that name.",
                status=409,
                hint=f"If nobody needs it, remove it: docker rm {name}",
            )
        if holder.creator and not (holder.creator.is_alive() or holder.creator.is_dead()):
            progress.note(f"Another machine began this build. If it was killed there: docker rm -f {name}")


def _attempt(engine: Engine, name: str) -> str:
    """Return the container that is the lock; nothing when somebody else has it. What the dead have left is removed."""
    leftovers.remove_dead(engine, Kind.BUILD)
    with engine.cancellation.shielded():  # an interrupt in here would leave the container
        for left in reversed(range(IMPORTS + 1)):
            try:
                return create(
                    engine, name, {"Image": EMPTY_IMAGE, "Cmd": ["none"], "Labels": labels.common(Kind.BUILD)}
                )
            except EngineNotFoundError:
                if not left:
                    raise
                _import_empty(engine)  # or again: a build that ends removes it
            except EngineConflictError:
                break
    engine.cancellation.check()
    return ""


def _import_empty(engine: Engine) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w"):
        pass
    changes = [*labels.instructions(Kind.IMAGE), labels.instruction(labels.BASE_KEY, EMPTY_IMAGE)]
    # The tag is in the name, for some Podman (4.3) does not see it elsewhere.
    engine.import_image_from_data(buffer.getvalue(), EMPTY_IMAGE, changes=changes)


def _remove_empty(engine: Engine) -> None:
    """Remove the empty image; by its label, for when two builds make it at once, one of the two has no name."""
    wanted = [*labels.selector(Kind.IMAGE), f"{labels.BASE_KEY}={EMPTY_IMAGE}"]
    for item in engine.images(filters={"label": wanted}):
        with suppress(EngineError):  # another build may need it
            if EMPTY_IMAGE in (item["RepoTags"] or ()):
                engine.remove_image(EMPTY_IMAGE)
            else:
                remove_nameless(engine, item["Id"])
