"""An engine of a test's own, in a container: for what would be in the way of others on the shared one.

Its containers are never started, so it works although an engine in a container may lack capabilities.
"""

from __future__ import annotations

import io
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.contained import PORT, ContainedEngine, started
from tests.support.engine import CLUSTER_ID, KIND, SCHEMA
from tests.support.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

IMAGE = "tiny:latest"


@dataclass(frozen=True)
class OwnEngine(ContainedEngine):
    """An engine whose containers need not start."""

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

    def clear(self, *but_images: str) -> None:
        """Remove all there is, but for the image that containers are made from."""
        super().clear(IMAGE, *but_images)


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
    with started(client, container) as made:
        engine = OwnEngine(made.url, made.client, made.container_id)
        engine.image(IMAGE, {})
        yield engine
