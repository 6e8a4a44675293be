"""A registry of images, on loopback, where engines need no TLS, or on another address of this machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.support.program import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

LISTENS = re.compile(r"listening on (\d+\.\d+\.\d+\.\d+:\d+)")
STOP_SECONDS = 10


@contextmanager
def registry(address: str = "127.0.0.1") -> Iterator[str]:
    """Have a registry within the block, at the `ADDRESS:PORT` that it yields. It is empty, and keeps nothing."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory()))
        path = directory / "log"
        log = stack.enter_context(path.open("w"))
        process = subprocess.Popen(
            ["docker-registry", "serve", _settings(directory, address)],
            cwd=directory,
            env={key: value for key, value in os.environ.items() if not key.startswith(("REGISTRY_", "OTEL_"))},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        stack.callback(_stop, process)
        eventually(lambda: bool(LISTENS.search(path.read_text())) or process.poll() is not None, "the registry listens")
        listens = LISTENS.search(path.read_text())
        assert listens, f"the registry ended with {process.returncode}: {path.read_text()}"
        yield listens[1]


def push(client: APIClient, image: str, reference: str) -> None:
    """Have an image of the engine in a registry, as `ADDRESS:PORT/NAME:TAG`. The engine does not keep that tag."""
    repository, _, tag = reference.rpartition(":")
    assert "/" in repository, f"{reference} has no tag"
    client.tag(image, repository, tag)
    try:
        for line in client.push(repository, tag, stream=True, decode=True):
            assert "error" not in line, f"{reference} was not pushed: {line}"
    finally:
        client.remove_image(reference, noprune=True)


def _settings(directory: Path, address: str) -> Path:
    """Write what the registry is told, as JSON, which is YAML too. It sends nothing to anybody unless it is told to."""
    path = directory / "settings.yml"
    # Port 0 is any that is free.
    storage = {"filesystem": {"rootdirectory": str(directory / "images")}}
    settings = {"version": "0.1", "log": {"level": "info"}, "storage": storage, "http": {"addr": f"{address}:0"}}
    path.write_text(json.dumps(settings))
    return path


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)
