"""The volumes that are not one container's own: each cluster's `genconf/serve`, and the caches of installers."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from dcos_docker_cli import labels
from dcos_docker_cli.exceptions import DcosDockerError, EngineConflictError
from dcos_docker_cli.labels import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dcos_docker_cli.backends.docker.engine import Engine


def create_serve_volume(engine: Engine, cluster_id: str) -> str:
    """Create a cluster's `genconf/serve`; return its name, which the engine chooses.

    A name of ours could be the name of a volume that somebody has: the engine would hand that one out.
    """
    return str(engine.create_volume(labels=labels.common(Kind.VOLUME, cluster_id))["Name"])


@contextmanager
def cache_volume(engine: Engine, digest: str) -> Iterator[str]:
    """Have the volume for what is kept of an installer; when the block fails, one that was made for it goes again."""
    name = _cache_name(digest)
    was_there = _is_ours(engine, name, digest)
    try:
        if not was_there:
            _create_cache(engine, name, digest)
        yield name
    except BaseException:
        # Another create may use it by now: then the engine refuses, and it stays.
        with engine.cancellation.shielded(), suppress(DcosDockerError):
            if not was_there and _is_ours(engine, name, digest):
                engine.remove_volume(name)
        raise


def _create_cache(engine: Engine, name: str, digest: str) -> None:
    with engine.cancellation.shielded():  # an interrupt in here would leave the volume
        engine.create_volume(name, labels=cache_labels(digest))
        is_ours = _is_ours(engine, name, digest)
    if not is_ours:
        raise EngineConflictError(
            f"The volume {name} is not ours, and the cache of this installer needs that name.",
            status=409,
            hint=f"If nobody needs it, remove it: docker volume rm {name}",
        )


def has_cache(engine: Engine, digest: str) -> bool:
    """Whether there is a volume for what is kept of an installer."""
    return _is_ours(engine, _cache_name(digest), digest)


def _cache_name(digest: str) -> str:
    return f"dcos-docker-cache-{digest[:16]}"


def cache_labels(digest: str) -> dict[str, str]:
    """Return the labels of the volume for what is kept of an installer."""
    return {**labels.common(Kind.CACHE), labels.CONTENT_KEY: digest}


def _is_ours(engine: Engine, name: str, digest: str) -> bool:
    """Whether there is a volume of this name with our labels. Creating one that is there already is no error."""
    wanted = [*labels.selector(Kind.CACHE), f"{labels.CONTENT_KEY}={digest}"]
    found = engine.volumes(filters={"label": wanted})["Volumes"] or []
    return any(volume["Name"] == name for volume in found)
