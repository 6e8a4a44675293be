"""Engines in containers on the shared one: what all of them have."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docker import APIClient
from docker.errors import DockerException

from tests.support.elsewhere import reached
from tests.support.engine import objects
from tests.support.program import Result, Running, at, dcos_docker, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PORT = 2375
START_SECONDS = 60
API_VERSION = "1.41"
"""That of the oldest Docker that is in such a container."""


@dataclass(frozen=True)
class ContainedEngine:
    """An engine, a client for it, and the container that it is in."""

    url: str
    client: APIClient
    container_id: str

    def dcos_docker(self, *args: str | Path, **changes: str) -> Result:
        """Run the program on it; `changes` are of the environment."""
        return dcos_docker(*args, env={**at(self.url), **changes})

    def running(self, *args: str | Path, **changes: str) -> Running:
        """Run the program on it in the background."""
        return Running(*args, env={**at(self.url), **changes})

    def everything(self) -> list[str]:
        """Return all containers, volumes and networks, but for those that every engine has."""
        return [item for item in objects(self.client) if item not in ("network bridge", "network host", "network none")]

    def images(self) -> list[str]:
        """Return the images, those without a name by their ids."""
        found = self.client.images(all=True)
        return sorted(name for image in found for name in _names(image["RepoTags"]) or [image["Id"]])

    def clear(self, *but_images: str) -> None:
        """Remove all there is, but for these images."""
        for item in self.client.containers(all=True):
            self.client.remove_container(item["Id"], force=True, v=True)
        for item in self.client.networks(filters={"type": "custom"}):
            self.client.remove_network(item["Id"])
        for volume in self.client.volumes()["Volumes"] or ():
            self.client.remove_volume(volume["Name"])
        newest_first = sorted(self.client.images(), key=lambda image: int(image["Created"]), reverse=True)
        for image in newest_first:  # one that others are built on cannot go before them
            if not set(_names(image["RepoTags"])) & set(but_images):
                self.client.remove_image(image["Id"], force=True)


def _names(tags: list[str] | None) -> list[str]:
    """Return an image's tags; the engine writes no tag as one, too."""
    return [tag for tag in tags or () if not tag.startswith("<none>")]


@contextmanager
def started(client: APIClient, container: str) -> Iterator[ContainedEngine]:
    """Start a container that was created for an engine, and have that within the block. Removes the container."""
    with ExitStack() as stack:
        stack.callback(client.remove_container, container, force=True, v=True)
        client.start(container)
        host, port = stack.enter_context(reached(_address(client.inspect_container(container)), PORT))
        url = f"tcp://{host}:{port}"
        eventually(lambda: _answers(url), "the engine in a container answers", timeout=START_SECONDS)
        made = APIClient(base_url=url, version=API_VERSION, timeout=120)
        stack.callback(made.close)
        yield ContainedEngine(url, made, container)


def _address(container: dict[str, Any]) -> str:
    (network,) = container["NetworkSettings"]["Networks"].values()
    return str(network["IPAddress"])


def _answers(url: str) -> bool:
    one = APIClient(base_url=url, version=API_VERSION, timeout=60)
    try:
        return bool(one.ping())
    except (DockerException, OSError):  # requests' own errors escape docker-py
        return False
    finally:
        one.close()
