"""The Python that a sample installer carries, taken from an image that is built on the engine for it."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker import images
from dcos_docker_cli.backends.docker.containers import create, removed_after
from dcos_docker_cli.backends.docker.engine import translated
from dcos_docker_cli.labels import Kind
from dcos_docker_cli.model import NAME_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.progress import Progress

REPOSITORY = "dcos-docker/sample-runtime"


@contextmanager
def sample_runtime(engine: Engine, context: Path, directory: str, progress: Progress) -> Iterator[Iterator[bytes]]:
    """Build the image of `context` where it is missing; within the block, `directory` of it is a tar, in chunks."""
    node_image = images.ensure_node_image(engine, progress)
    tag = f"{REPOSITORY}:{images.content_digest(context)[:12]}"
    if not images.exists(engine, tag):
        with progress.step(f"Building {tag}, the Python of sample installers (on first use, some 15 s)"):
            images.build(engine, context, tag, base=node_image, progress=progress)
    # Never started: only its files are wanted.
    name = f"{NAME_PREFIX}-sample-{secrets.token_hex(6)}"
    container = create(engine, name, {"Image": tag, "Cmd": ["true"], "Labels": labels.common(Kind.SAMPLE)})
    with removed_after(engine, container):
        chunks, _ = engine.get_archive(container, directory)
        with translated(engine.where):
            yield iter(chunks)
