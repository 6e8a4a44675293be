"""The node images that an engine has: listed, written to a file, read from one, removed.

An image is known by its labels and its tag: what a user builds on an image of ours inherits the labels.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker.engine import JOB_SILENCE, abort, translated
from dcos_docker_cli.backends.docker.images.lock import only_one
from dcos_docker_cli.backends.docker.images.recipe import REPOSITORY, node_image
from dcos_docker_cli.backends.docker.images.tags import replacing
from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.docker_versions import DockerVersion
from dcos_docker_cli.exceptions import EngineConflictError, EngineNotFoundError, ImageNotFoundError
from dcos_docker_cli.labels import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.progress import Progress

CHUNK = 1 << 20


@dataclass(frozen=True)
class NodeImage:
    """A node image. `size` is in bytes; `containers` is how many there are of it, running or not."""

    tag: str
    distribution: str
    docker_version: str
    base: str
    size: int
    created: datetime
    tool_version: str
    containers: int
    is_current: bool
    """Whether it is what this version of the tool makes nodes from; others are of older or newer ones."""


def node_images(engine: Engine) -> list[NodeImage]:
    """Return the node images, by tag, with two calls to the engine."""
    used = Counter(container["ImageID"] for container in engine.containers(all=True))
    current = {node_image(distribution, version) for distribution in Distribution for version in DockerVersion}
    return sorted(
        (
            _node_image(item, tag, used[item["Id"]], is_current=tag in current)
            for item in engine.images(filters={"label": labels.selector(Kind.IMAGE)})
            for tag in item["RepoTags"] or ()
            if tag.startswith(f"{REPOSITORY}:")
        ),
        key=lambda image: image.tag,
    )


def _node_image(item: dict[str, Any], tag: str, containers: int, *, is_current: bool) -> NodeImage:
    decoded = labels.decode(item["Labels"] or {})
    return NodeImage(
        tag=tag,
        distribution=decoded.distribution,
        docker_version=decoded.docker_version,
        base=decoded.base,
        size=int(item["Size"]),
        created=decoded.created or datetime.fromtimestamp(int(item["Created"]), timezone.utc),
        tool_version=decoded.tool_version,
        containers=containers,
        is_current=is_current,
    )


def full_tag(name: str) -> str:
    """Return the tag of a node image, which users may write without its repository."""
    return name if ":" in name else f"{REPOSITORY}:{name}"


@contextmanager
def exported(engine: Engine, tag: str) -> Iterator[Iterator[bytes]]:
    """Have an image within the block as `docker save` writes it, in chunks."""
    try:
        response = engine.get(
            f"{engine.base_url}/v{engine.api_version}/images/{tag}/get",
            stream=True,
            timeout=JOB_SILENCE,  # some engines have the whole of it ready before they say a word
        )
    except EngineNotFoundError:
        raise ImageNotFoundError(tag) from None
    with translated(engine.where), engine.cancellation.closing(lambda: abort(response)), response:
        yield response.iter_content(CHUNK)
        engine.cancellation.check()


def load(engine: Engine, chunks: Iterable[bytes], tags: Iterable[str], progress: Progress) -> None:
    """Give the engine the images of a file of `docker save`, which have these tags; nobody builds them meanwhile."""
    with ExitStack() as stack:
        for tag in sorted(tags):
            stack.enter_context(only_one(engine, tag, progress))
        stack.enter_context(replacing(engine, tags))
        for _ in engine.stream_json("/images/load", params={"quiet": "1"}, data=chunks):
            pass


def remove(engine: Engine, name: str) -> str:
    """Remove a node image; return its tag.

    Raises `ImageNotFoundError` for what is none of ours, and `EngineConflictError` when there are containers of it.
    """
    tag = full_tag(name)
    if tag not in {image.tag for image in node_images(engine)}:
        raise ImageNotFoundError(name)
    try:
        engine.remove_image(tag)
    except EngineNotFoundError:
        pass  # somebody else was quicker
    except EngineConflictError as error:
        error.message = f"The image {tag} is in use: there are containers of it."
        error.hint = f"Destroy their clusters first; see them with: docker ps --all --filter ancestor={tag}"
        raise
    return tag
