"""The volumes that are not one container's own: each cluster's `genconf/serve`, and the caches of installers."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from dcos_docker_cli import labels
from dcos_docker_cli.exceptions import EngineConflictError, EngineError
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
    name = f"dcos-docker-cache-{digest[:16]}"
    was_there = bool(engine.volumes(filters={"name": name})["Volumes"])
    _ensure_cache(engine, name, digest)
    try:
        yield name
    except BaseException:
        # Another create may use it by now: then the engine refuses, and it stays.
        with engine.cancellation.shielded(), suppress(EngineError):
            if not was_there:
                engine.remove_volume(name)
        raise


def _ensure_cache(engine: Engine, name: str, digest: str) -> None:
    """Make the volume if it is not there.

    Two creates agree on it by its name; if somebody else has a volume of that name, `EngineConflictError` is raised.
    """
    volume = engine.create_volume(name, labels={**labels.common(Kind.CACHE), labels.CONTENT_KEY: digest})
    if (volume.get("Labels") or {}).get(labels.CONTENT_KEY) != digest:
        raise EngineConflictError(
            f"The volume {name} is not ours, and the cache of this installer needs that name.",
            status=409,
            hint=f"If nobody needs it, remove it: docker volume rm {name}",
        )
