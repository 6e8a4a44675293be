"""The Python that a sample installer carries, taken from an image that is built on the engine for it."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker.container_removal import removed_after
from dcos_docker_cli.backends.docker.containers import create
from dcos_docker_cli.backends.docker.engine import abort, translated
from dcos_docker_cli.backends.docker.images import nodes, recipe
from dcos_docker_cli.backends.docker.images.builder import Build, build
from dcos_docker_cli.backends.docker.images.lock import only_one
from dcos_docker_cli.labels import Kind
from dcos_docker_cli.model import NAME_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.progress import Progress

REPOSITORY = "dcos-docker/sample-runtime"
CHUNK = 1 << 20


@contextmanager
def sample_runtime(engine: Engine, context: Path, directory: str, progress: Progress) -> Iterator[Iterator[bytes]]:
    """Build the image of `context` where it is missing; within the block, `directory` of it is a tar, in chunks."""
    tag = _ensure_image(engine, context, progress)
    # Never started: only its files are wanted.
    name = f"{NAME_PREFIX}-sample-{secrets.token_hex(6)}"
    container = create(engine, name, {"Image": tag, "Cmd": ["true"], "Labels": labels.common(Kind.SAMPLE)})
    with removed_after(engine, container):
        response = engine.get(
            f"{engine.base_url}/v{engine.api_version}/containers/{container}/archive",
            params={"path": directory},
            stream=True,
        )
        # It ends before the container goes: the engine removes none that it still reads from.
        with translated(engine.where), engine.cancellation.closing(lambda: abort(response)), response:
            yield response.iter_content(CHUNK)


def _ensure_image(engine: Engine, context: Path, progress: Progress) -> str:
    files = recipe.files_below(context)
    digest = recipe.content_digest(files)
    script = dict(files)["build.sh"]
    made_so = recipe.Recipe(f"{REPOSITORY}:{digest[:12]}", digest, script, tuple(files), changes=(), labels={})
    if nodes.exists(engine, made_so.tag):
        return made_so.tag
    base = nodes.ensure_node_image(engine, progress)
    with only_one(engine, made_so.tag, progress):
        if not nodes.exists(engine, made_so.tag):
            title = f"Building {made_so.tag}, the Python of sample installers (on first use, some 15 s)"
            with progress.step(title):
                build(engine, made_so, Build(base), progress)
    return made_so.tag
