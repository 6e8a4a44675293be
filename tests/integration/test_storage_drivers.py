"""How Docker on nodes stores images: each driver that this kernel has, with a container run on it; and refusals."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import disks
from tests.support.clusters import Cluster, tear_down
from tests.support.elsewhere import NEEDS_FILES
from tests.support.engine import of_cluster
from tests.support.ids import new_id
from tests.support.program import Result, dcos_docker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

ONE_NODE = ("--agents", "0", "--public-agents", "0")
# An image of the node's own shell; what a container writes is a layer of the next one's image.
RUN_CONTAINERS = """
tar -chf - --hard-dereference $(ldd /bin/sh /bin/cat | grep -o '/[^ :]*' | sort -u) 2>/dev/null | docker import - first
docker run --name writer --network none first sh -c 'echo written >/file; echo more >>/bin/cat'
docker commit writer second
docker run --rm --network none second cat /file
docker rm writer
docker run --rm --network none first sh -c '[ ! -e /file ] && echo and the first has stayed as it was'
"""


def provision(cluster_id: str, *options: str | Path) -> Result:
    return dcos_docker("provision", "--cluster-id", cluster_id, *ONE_NODE, *options)


@contextmanager
def cluster_with(client: APIClient, driver: str, *options: str) -> Iterator[Cluster]:
    """Have a cluster of one node within the block."""
    cluster_id = new_id()
    try:
        provision(cluster_id, "--docker-storage-driver", driver, *options).succeeded()
        yield Cluster(cluster_id)
    finally:
        tear_down(client, cluster_id)


def info(cluster: Cluster) -> dict[str, str]:
    """Return what Docker on the node tells of how it stores images."""
    told = json.loads(cluster.output("docker", "info", "--format", "{{json .}}"))
    return {"Driver": told["Driver"], **{pair[0]: pair[1] for pair in told["DriverStatus"] or ()}}


def run_containers(cluster: Cluster) -> None:
    *_, last = cluster.output("sh", "-euc", RUN_CONTAINERS).splitlines()
    assert last == "and the first has stayed as it was"
    assert cluster.output("docker", "ps", "--all", "--quiet") == ""


@pytest.fixture
def plain_disk(client: APIClient) -> None:
    """The engine's volumes are on an ordinary file system, which overlays can be on."""
    if client.info()["Driver"] != "overlay2":
        pytest.skip("the engine is not on a file system that is known to hold overlays")


@pytest.mark.parametrize("driver", ["overlay2", "overlay", "vfs"])
@pytest.mark.usefixtures("plain_disk")
def test_driver(client: APIClient, driver: str) -> None:
    with cluster_with(client, driver) as cluster:
        assert info(cluster)["Driver"] == driver
        run_containers(cluster)


@pytest.mark.parametrize(
    ("make", "driver", "below"),
    [
        (disks.BTRFS, "btrfs", ""),
        (disks.BTRFS, "overlay2", "btrfs"),
        (disks.XFS, "overlay2", "xfs"),
        (disks.EXT4_WITHOUT_TYPES, "vfs", ""),
    ],
)
def test_driver_on_a_disk_of_the_users(client: APIClient, make: tuple[str, ...], driver: str, below: str) -> None:
    with disks.disk(make) as disk:
        with cluster_with(client, driver, "--custom-volume", f"{disk}:/var/lib/docker") as cluster:
            told = info(cluster)
            assert (told["Driver"], told.get("Backing Filesystem", "")) == (driver, below)
            run_containers(cluster)
        # Docker keeps its layers there, also when the node has gone.
        assert (disk / driver).is_dir()


@pytest.mark.usefixtures("plain_disk")
def test_auto_is_the_engines_own(client: APIClient) -> None:
    for options in ((), ("--docker-storage-driver", "auto")):
        plan = json.loads(dcos_docker("provision", "--dry-run", "-o", "json", *options).succeeded())
        assert plan["storage_driver"] == client.info()["Driver"]
    with cluster_with(client, "auto") as cluster:
        assert info(cluster)["Driver"] == client.info()["Driver"]


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (("overlay", "--docker-version", "24"), "Docker 24.0.9 has no storage driver overlay.",
         "It has: overlay2, btrfs, vfs"),
        (("overlay", "--docker-version", "28"), "Docker 28.5.1 has no storage driver overlay.",
         "It has: overlay2, btrfs, vfs"),
        (("aufs", "--docker-version", "26"), "Docker 26.1.4 has no storage driver aufs.",
         "It has: overlay2, btrfs, vfs"),
        (("overlay2", "--docker-version", "1.11.2"), "Docker 1.11.2 has no storage driver overlay2.",
         "It has: overlay, btrfs, aufs, vfs"),
    ],
)  # fmt: skip
def test_driver_that_a_docker_does_not_have(
    client: APIClient, options: tuple[str, ...], message: str, hint: str
) -> None:
    assert refused(client, *options) == f"Error: {message}\nNext: {hint}\n"


@NEEDS_FILES
@pytest.mark.skipif("aufs" in Path("/proc/filesystems").read_text(encoding="ascii"), reason="this kernel has aufs")
def test_driver_that_the_kernel_does_not_have(client: APIClient) -> None:
    why = "it was never part of Linux, and distributions gave it up"
    hint = "Use auto, or leave the storage driver out."
    assert refused(client, "aufs") == f"Error: The kernel of the engine's host has no aufs: {why}.\nNext: {hint}\n"


@pytest.mark.usefixtures("plain_disk")
def test_driver_that_cannot_be_on_the_engines_disk(client: APIClient) -> None:
    said = refused(client, "btrfs")
    assert said.startswith("Error: The storage driver btrfs cannot be on ")
    assert "--custom-volume SOURCE:/var/lib/docker" in said


def refused(client: APIClient, driver: str, *options: str) -> str:
    """Return what is said by `create` and its likes, which end with 2 and make nothing."""
    cluster_id = new_id()
    said = set()
    for more in ((), ("--dry-run",)):
        result = provision(cluster_id, "--docker-storage-driver", driver, *options, *more)
        assert (result.code, result.stdout) == (2, "")
        said.add(result.stderr)
    assert of_cluster(client, cluster_id) == []
    (once,) = said
    return once


@pytest.mark.parametrize(
    ("make", "driver", "reason"),
    [
        (disks.EXT4_WITHOUT_TYPES, "overlay2", "the backing extfs filesystem is formatted without d_type support"),
        (disks.XFS, "btrfs", "prerequisites for driver not satisfied (wrong filesystem?)"),
    ],
)
def test_docker_that_does_not_start(client: APIClient, make: tuple[str, ...], driver: str, reason: str) -> None:
    """On a disk of the user's, of which the engine tells nothing: it is no success, and its journal says why."""
    cluster_id = new_id()
    with disks.disk(make) as disk:
        options = ("--docker-storage-driver", driver, "--custom-volume", f"{disk}:/var/lib/docker")
        result = provision(cluster_id, *options)
        assert (result.code, result.stdout) == (1, "")
        assert "Error: master_0 did not come up: its Docker does not start.\n" in result.stderr
        assert re.search(r"^ *docker\.service (has failed|is activating since .*):$", result.stderr, re.MULTILINE)
        assert reason in result.stderr, result.stderr
        assert of_cluster(client, cluster_id) == []
