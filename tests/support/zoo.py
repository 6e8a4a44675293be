"""What others have on an engine: its names and labels look like ours in every way that does not make it ours."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docker import APIClient

CLUSTER_ID = "zoo"
"""The id that names and labels of others have, and no cluster."""
NAMES = (
    "my-dcos-docker-zoo",
    "dcos-docker-zoo",
    "dcos-docker-zoo-master-0",
    "dcos-docker-zoo-reservation",
    "dcos-docker-zoo-bootstrap",
    "dcos-docker-build-0123456789ab",
    "dcos-docker-sample-0123456789ab",
    "dcos-docker-sidecar-disk",
    "dcos-docker-probe-0123456789ab",
    "dcos-docker-cache-0123456789abcdef",
)
LABELS: tuple[dict[str, str], ...] = (
    {"dcos_docker.clusterid": CLUSTER_ID, "dcos_docker.schemas": "1"},
    {"dcos_dockerx.schema": "1", "dcos_dockerx.kind": "node", "dcos_dockerx.cluster_id": CLUSTER_ID},
    {"xdcos_docker.schema": "1", "xdcos_docker.kind": "reservation", "xdcos_docker.cluster_id": CLUSTER_ID},
    {"dcos_docker_schema": "1", "dcos-docker.schema": "1", "dcos_docker.cluster_id": CLUSTER_ID},
    {"Dcos_Docker.Schema": "1", "DCOS_DOCKER.KIND": "network", "DCOS_DOCKER.CLUSTER_ID": CLUSTER_ID},
    {"dcos_docker.kind": "volume", "dcos_docker.cluster_id": CLUSTER_ID, "dcos_docker.creator": "a/b/1/c"},
    {"dcos_docker.schema": "1", "dcos_docker.kind": "", "dcos_docker.cluster_id": CLUSTER_ID},
    {"dcos_docker.schema": "1", "dcos_docker.kind": "Node", "dcos_docker.cluster_id": CLUSTER_ID},
    {"dcos_docker.schema": "1", "dcos_docker.kind": "star", "dcos_docker.creator": "a/b/1/c"},
    {"dcos_docker.schema": "one", "dcos_docker.kind": "node", "dcos_docker.cluster_id": CLUSTER_ID},
    {"dcos_docker.schema": "", "dcos_docker.kind": "cache", "dcos_docker.cluster_id": CLUSTER_ID},
    {"note": "dcos_docker.schema=1 dcos_docker.kind=cache dcos_docker.cluster_id=zoo"},
)


@dataclass
class Zoo:
    """Objects of others on an engine; ids of containers, networks and images, names of volumes."""

    client: APIClient
    containers: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)

    def fill(self, image: str) -> None:
        """Have one of each kind for every name, and for every set of labels."""
        for name in NAMES:
            self.add(name, {}, image)
        for number, labels in enumerate(LABELS):
            self.add(f"somebodys-{number}", labels, image)
        for tag in (
            "dcos-docker/node:mine",
            "dcos-docker/base:mine",
            "dcos-docker/sample-runtime:mine",
            "dcos-docker/x:1",
        ):
            self.image(tag, {})
        for number, labels in enumerate(LABELS):
            self.image(f"dcos-docker/node:labels-{number}", labels)

    def add(self, name: str, labels: dict[str, str], image: str) -> None:
        """Have a container, a network and a volume of a name; a second container has the volume mounted."""
        self.client.create_volume(name, labels=labels)
        self.volumes.append(name)
        self.networks.append(str(self.client.create_network(name, labels=labels, internal=True)["Id"]))
        self.container(name, image, labels=labels)

    def container(self, name: str, image: str, *command: str, **settings: Any) -> str:
        """Have a container, which is never started unless it has a command."""
        host = self.client.create_host_config(**settings.pop("host", {}))
        made = self.client.create_container(image, list(command) or ["true"], name=name, host_config=host, **settings)
        self.containers.append(str(made["Id"]))
        if command:
            self.client.start(made["Id"])
        return str(made["Id"])

    def image(self, tag: str, labels: dict[str, str]) -> None:
        """Have an image."""
        changes = [f"LABEL {json.dumps(key)}={json.dumps(value)}" for key, value in labels.items()]
        repository, _, name = tag.rpartition(":")
        self.client.import_image_from_data(b"\0" * 10240, repository, name, changes=changes)
        self.images.append(tag)

    def look(self) -> dict[str, Any]:
        """Return all that the engine tells of each of them; it fails when one has gone."""
        client: Any = self.client
        return {
            **{f"container {one}": self._container(one) for one in self.containers},
            **{f"network {one}": self._network(one) for one in self.networks},
            **{f"volume {one}": client.inspect_volume(one) for one in self.volumes},
            **{f"image {one}": client.inspect_image(one) for one in self.images},
        }

    def _container(self, container: str) -> dict[str, Any]:
        """Return what the engine tells of a container; its mounts come in any order."""
        found: dict[str, Any] = self.client.inspect_container(container)
        return {**found, "Mounts": sorted(found["Mounts"], key=lambda mount: str(mount["Destination"]))}

    def _network(self, network: str) -> dict[str, Any]:
        """Return what the engine tells of a network, of its members those of the zoo: clusters come and go in it."""
        found: dict[str, Any] = self.client.inspect_network(network)
        members = {key: value for key, value in found["Containers"].items() if key in self.containers}
        return {**found, "Containers": members}
