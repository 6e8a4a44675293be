"""An engine of its own for faults: all that is on it is known, so that before and after can be compared."""

from __future__ import annotations

import io
import json
import tarfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from docker.errors import NotFound

from dcos_docker_cli import labels
from tests.support.engine import containers, execute
from tests.support.nested_engine import nested_engine
from tests.support.own_engine import ours

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

    from tests.support.contained import ContainedEngine
    from tests.support.program import Result

SMALL = ("--agents", "1", "--public-agents", "0")
CLUSTER_ID = "faulty"
ARGUMENTS = ("--cluster-id", CLUSTER_ID)
SPARE_CACHE = "dcos-docker-cache-0000000000000000"
SPARE_IMAGE = "dcos-docker/node:spare"
REST_SECONDS = 0.5
HOLDER = "somebody"
"""A container of somebody else, which keeps the node image and the installers' caches from being unused."""


@dataclass(frozen=True)
class Installers:
    """What there is to install from. The engine knows the first two, in a form that is unpacked and loaded."""

    usual: Path
    newer: Path | None = None
    unknown: Path | None = None


@dataclass
class World:
    """An engine, with the node image."""

    engine: ContainedEngine
    outer: APIClient
    image: str
    installers: Installers
    base: frozenset[str] = field(default_factory=frozenset)

    def dcos_docker(self, *args: str | Path) -> Result:
        """Run the program on it, with nothing in the way."""
        return self.engine.dcos_docker(*args)

    def snapshot(self) -> frozenset[str]:
        """Return all containers, volumes, networks and images of the engine, with what tells them from others."""
        client = self.engine.client
        found, images = client.containers(all=True), client.images(all=True)
        return frozenset(
            [
                *(f"container {item['Names'][0][1:]} {item['Id'][:12]} {item['State']}" for item in found),
                *(f"network {item['Name']} {item['Id'][:12]}" for item in client.networks()),
                *(f"volume {item['Name']}" for item in client.volumes()["Volumes"] or ()),
                *(f"image {tag} {item['Id'][7:19]}" for item in images for tag in item["RepoTags"] or ["-"]),
            ]
        )

    def come_to_rest(self) -> None:
        """Wait until nothing changes any more."""
        before = frozenset[str]()
        while before != (now := self.snapshot()):
            before = now
            time.sleep(REST_SECONDS)

    def changes(self, before: frozenset[str]) -> list[str]:
        """Return what is there now and was not, and what is gone."""
        now = self.snapshot()
        return [*(f"+{item}" for item in sorted(now - before)), *(f"-{item}" for item in sorted(before - now))]

    def has_cluster(self) -> bool:
        """Whether there are nodes of the cluster."""
        return bool(containers(self.engine.client, CLUSTER_ID))

    def is_listed(self) -> bool:
        """Whether the program lists the cluster."""
        return CLUSTER_ID in self.dcos_docker("list").succeeded().split()

    def state(self) -> str:
        """Return the state of the cluster, as the program tells it."""
        found = json.loads(self.dcos_docker("list", "-o", "json").succeeded())
        return next((str(item["state"]) for item in found if item["cluster_id"] == CLUSTER_ID), "")

    def versions(self) -> list[str]:
        """Return the versions of DC/OS on the nodes; empty for one without."""
        return [self._version(node["Id"]) for node in containers(self.engine.client, CLUSTER_ID)]

    def _version(self, node: str) -> str:
        """Read it from the disk of a node, where the file is a link into a package."""
        path = "/opt/mesosphere/etc/dcos-version.json"
        while True:
            try:
                chunks, about = self.engine.client.get_archive(node, path)
            except NotFound:
                return ""
            archive = io.BytesIO(b"".join(chunks))
            if not about["linkTarget"]:
                break
            path = about["linkTarget"]
        with tarfile.open(fileobj=archive) as tar:
            file = tar.extractfile(tar.getmembers()[0])
            assert file
            return str(json.load(file)["version"])

    def is_whole(self, cache: str) -> bool:
        """Whether a cache's volume has all of an installer."""
        path = self.engine.client.inspect_volume(cache)["Mountpoint"]
        script = f"test -e {path}/whole && echo whole || echo half"
        return execute(self.outer, self.engine.container_id, "sh", "-c", script).strip() == "whole"

    def add_spares(self) -> None:
        """Have a cache and an image that `clean` removes on request, for nothing uses them."""
        client = self.engine.client
        client.create_volume(SPARE_CACHE, labels=ours("cache", content="0" * 64))
        repository, tag = SPARE_IMAGE.split(":")
        changes = [labels.instruction(key, value) for key, value in ours("image").items()]
        client.import_image_from_data(b"\0" * 10240, repository, tag, changes=changes)

    def reset(self) -> None:
        """Bring the engine back to where it was, by force: only after a cell that does not hold."""
        client = self.engine.client
        for line in self.snapshot() - self.base:
            what, name = line.split()[:2]
            if what == "container":
                client.remove_container(name, force=True, v=True)
        for line in self.snapshot() - self.base:
            what, name, *rest = line.split()
            if what == "network":
                client.remove_network(rest[0])
            elif what == "volume":
                client.remove_volume(name)
            elif what == "image":
                client.remove_image(name, force=True)


@contextmanager
def world(client: APIClient, image: str, installers: Installers) -> Iterator[World]:
    """Have such an engine within the block. What it knows of installers is in use, by somebody else."""
    with nested_engine(client, image) as engine:
        engine.client.load_image(client.get_image(image))  # type: ignore[no-untyped-call]
        made = World(engine, client, image, installers)
        made.dcos_docker("create", installers.usual, *ARGUMENTS, *SMALL).succeeded()
        if installers.newer:
            made.dcos_docker("upgrade", installers.newer, *ARGUMENTS).succeeded()
        made.dcos_docker("destroy", *ARGUMENTS).succeeded()
        caches = [str(item["Name"]) for item in engine.client.volumes()["Volumes"]]
        host = engine.client.create_host_config(binds=[f"{name}:/{name}:ro" for name in caches])
        volumes = [f"/{name}" for name in caches]
        engine.client.create_container(image, ["true"], name=HOLDER, host_config=host, volumes=volumes)
        made.base = made.snapshot()
        yield made
