"""An engine of a test's own, in a container: for what would be in the way of others on the shared one.

Its containers are never started, so it works although an engine in a container may lack capabilities.
"""

from __future__ import annotations

import io
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docker import APIClient
from docker.errors import DockerException

from tests.support.engine import CLUSTER_ID, KIND, SCHEMA, objects
from tests.support.ids import new_id
from tests.support.program import Result, at, dcos_docker, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 2375
IMAGE = "tiny:latest"


@dataclass(frozen=True)
class OwnEngine:
    """An engine, and a client for it."""

    url: str
    client: APIClient

    def dcos_docker(self, *args: str, **changes: str) -> Result:
        """Run the program on it."""
        return dcos_docker(*args, env={**at(self.url), **changes})

    def container(self, name: str, labels: dict[str, str], *, volume: str = "", image: str = IMAGE) -> str:
        """Create a container, which is never started."""
        host = self.client.create_host_config(binds={volume: {"bind": "/data"}} if volume else {})
        made = self.client.create_container(image, ["true"], name=name, labels=labels, host_config=host)
        return str(made["Id"])

    def network(self, name: str, labels: dict[str, str]) -> None:
        """Create a network."""
        self.client.create_network(name, labels=labels)

    def volume(self, name: str, labels: dict[str, str]) -> None:
        """Create a volume."""
        self.client.create_volume(name, labels=labels)

    def image(self, tag: str, labels: dict[str, str], *, seed: str = "") -> str:
        """Import an image of a single file, and return its id."""
        changes = [f'LABEL "{key}"="{value}"' for key, value in labels.items()]
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            info = tarfile.TarInfo("seed")
            info.size = len(seed)
            tar.addfile(info, io.BytesIO(seed.encode()))
        self.client.import_image_from_data(archive.getvalue(), *tag.split(":"), changes=changes)  # type: ignore[misc]
        return str(self.client.images(tag)[0]["Id"])

    def everything(self) -> list[str]:
        """Return all containers, volumes and networks, but for those that every engine has."""
        return [item for item in objects(self.client) if item not in ("network bridge", "network host", "network none")]

    def clear(self) -> None:
        """Remove all there is, but for the image that containers are made from."""
        for item in self.client.containers(all=True):
            self.client.remove_container(item["Id"], force=True, v=True)
        for item in self.client.networks(filters={"type": "custom"}):
            self.client.remove_network(item["Id"])
        for volume in self.client.volumes()["Volumes"] or ():
            self.client.remove_volume(volume["Name"])
        for image in self.client.images():
            if IMAGE not in image["RepoTags"]:
                self.client.remove_image(image["Id"], force=True)


def ours(kind: str, cluster_id: str = "", **more: str) -> dict[str, str]:
    """Return labels as the program writes them; `more` without their prefix."""
    labels = {SCHEMA: "1", KIND: kind, **{f"dcos_docker.{key}": value for key, value in more.items()}}
    return {**labels, CLUSTER_ID: cluster_id} if cluster_id else labels


@contextmanager
def own_engine(client: APIClient, node_image: str) -> Iterator[OwnEngine]:
    """Have an engine within the block, which runs in a container of the node image on the shared one."""
    host: dict[str, Any] = client.create_host_config(privileged=True)
    container = client.create_container(
        node_image,
        ["dockerd", f"--host=tcp://0.0.0.0:{PORT}", "--tls=false", "--iptables=false"],
        name=f"own-engine-{new_id()}",
        host_config=host,
        volumes=["/var/lib/docker"],
    )["Id"]
    try:
        client.start(container)
        network = client.inspect_container(container)["NetworkSettings"]["Networks"]["bridge"]
        url = f"tcp://{network['IPAddress']}:{PORT}"
        made: list[APIClient] = []

        def answers() -> bool:
            one = APIClient(base_url=url, version="1.41", timeout=60)
            try:
                one.ping()
            except DockerException:
                return False
            except OSError:  # requests' own errors escape docker-py
                return False
            finally:
                one.close()
            made.append(APIClient(base_url=url, version="1.41", timeout=60))
            return True

        eventually(answers, "the engine in a container answers", timeout=60)
        engine = OwnEngine(url, made[0])
        engine.image(IMAGE, {})
        yield engine
        made[0].close()
    finally:
        client.remove_container(container, force=True, v=True)
