"""Disks without a file system: devices of the engine's host, seen there and in containers that start later."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from dcos_docker_cli.backends.docker import loopback
from dcos_docker_cli.backends.docker.engine import connect
from dcos_docker_cli.backends.docker.images.nodes import ensure_node_image
from dcos_docker_cli.docker_utils import DockerLoopbackVolume
from dcos_docker_cli.exceptions import EngineError, UsageError
from dcos_docker_cli.progress import Silent
from tests.support.engine import execute, volume_exists, volumes_of
from tests.support.ids import new_id
from tests.support.program import TIMEOUT, dcos_docker, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker import APIClient

# `clean` would take what another of these tests has left on purpose.
pytestmark = pytest.mark.xdist_group("killed")

MEBIBYTE = 1 << 20
LABEL = "org.example.disk"
MAKE = """
import sys
from dcos_docker_cli.docker_utils import DockerLoopbackVolume
disk = DockerLoopbackVolume(1, {sys.argv[1]: sys.argv[2]})
print(disk.path, flush=True)
sys.stdin.read()
"""


@contextmanager
def node_like(client: APIClient) -> Iterator[Callable[..., str]]:
    """Have a container that is as privileged as a node, and starts now; run shell scripts in it."""
    image = ensure_node_image(connect(), Silent())
    host: dict[str, Any] = client.create_host_config(privileged=True)
    made = client.create_container(image, ["sleep", "infinity"], name=f"like-a-node-{new_id()}", host_config=host)["Id"]
    try:
        client.start(made)
        yield lambda script, *args: execute(client, made, "sh", "-euc", script, "sh", *args).strip()
    finally:
        client.remove_container(made, force=True, v=True)


@pytest.fixture(scope="module")
def old(client: APIClient) -> Iterator[Callable[..., str]]:
    """A container that was there before any disk. Its /sys is the kernel's own, and tells of every device."""
    with node_like(client) as shell:
        yield shell


@dataclass(frozen=True)
class Sidecar:
    """A sidecar, and the volume that is its own."""

    name: str
    labels: dict[str, str]
    volume: str


@dataclass(frozen=True)
class Sidecars:
    """The sidecars of one test, which it knows by a label of theirs."""

    client: APIClient
    shell: Callable[..., str]
    mark: str

    @property
    def labels(self) -> dict[str, str]:
        return {LABEL: self.mark}

    def all(self) -> list[Sidecar]:
        found = self.client.containers(all=True, filters={"label": [f"{LABEL}={self.mark}"]})
        return [Sidecar(item["Names"][0][1:], item["Labels"], *volumes_of(self.client, item["Id"])) for item in found]

    def one(self) -> Sidecar:
        (found,) = self.all()
        return found

    def device(self, sidecar: Sidecar) -> str:
        """Return the device that a sidecar has made, if it is there."""
        script = 'for one in /sys/block/loop*/loop/backing_file; do ! grep -qs "$1" "$one" || echo "$one"; done'
        found = self.shell(script, sidecar.name)
        return f"/dev/{found.split('/')[3]}" if found else ""

    def has_left_nothing(self, sidecar: Sidecar) -> bool:
        """Whether it has gone with its device and its volume."""
        is_there = sidecar.name in [one.name for one in self.all()]
        return not (is_there or self.device(sidecar) or volume_exists(self.client, sidecar.volume))


@pytest.fixture
def sidecars(client: APIClient, old: Callable[..., str]) -> Iterator[Sidecars]:
    """Sidecars that a test leaves are removed, and a failure."""
    made = Sidecars(client, old, new_id())
    yield made
    left = made.all()
    for sidecar in left:
        client.remove_container(sidecar.name, force=True, v=True)
    assert [sidecar.name for sidecar in left] == []


@pytest.fixture
def disk(sidecars: Sidecars) -> Iterator[DockerLoopbackVolume]:
    with DockerLoopbackVolume(size_megabytes=3, labels=sidecars.labels) as made:
        yield made


# What it is


def test_the_device_is_at_its_path(sidecars: Sidecars, disk: DockerLoopbackVolume) -> None:
    assert sidecars.device(sidecars.one()) == disk.path


def test_the_sidecar(sidecars: Sidecars, disk: DockerLoopbackVolume) -> None:
    sidecar = sidecars.one()
    assert sidecar.name.startswith("dcos-docker-sidecar-")
    assert (sidecar.labels[LABEL], sidecar.labels["dcos_docker.kind"]) == (sidecars.mark, "sidecar")


def test_a_container_that_starts_later_has_it(client: APIClient, disk: DockerLoopbackVolume) -> None:
    with node_like(client) as shell:
        assert shell('test -b "$1"; blockdev --getsize64 "$1"', disk.path) == str(3 * MEBIBYTE)
        assert shell('wipefs "$1"; blkid -p "$1" || echo unformatted', disk.path) == "unformatted"
        shell('cmp -n "$2" "$1" /dev/zero', disk.path, str(3 * MEBIBYTE))


def test_it_can_be_formatted_and_mounted(sidecars: Sidecars, client: APIClient, disk: DockerLoopbackVolume) -> None:
    """What is written in one container is read in another."""
    sidecar = sidecars.one()
    with node_like(client) as shell:
        shell('mkfs.ext4 -q "$1"; mount "$1" /mnt; echo here >/mnt/file; umount /mnt', disk.path)
    with node_like(client) as shell:
        assert shell('mount "$1" /mnt; cat /mnt/file', disk.path) == "here"
    disk.destroy()  # the mount has gone with its container
    assert sidecars.has_left_nothing(sidecar)


def test_size_by_default(sidecars: Sidecars, client: APIClient) -> None:
    with DockerLoopbackVolume(labels=sidecars.labels) as disk, node_like(client) as shell:
        assert shell('blockdev --getsize64 "$1"', disk.path) == str(256 * MEBIBYTE)


def test_no_labels(client: APIClient) -> None:
    with DockerLoopbackVolume(1) as disk:
        assert disk.path.startswith("/dev/loop")


def test_many_at_once(sidecars: Sidecars, client: APIClient) -> None:
    """More than there are devices from the start, and taken by several at the same time."""
    with ThreadPoolExecutor(4) as pool:
        disks = list(pool.map(lambda size: DockerLoopbackVolume(size, sidecars.labels), range(1, 11)))
        with node_like(client) as shell:
            for number, disk in enumerate(disks):
                shell('printf %s "$2" | dd of="$1" conv=notrunc status=none', disk.path, str(number))
        made = sidecars.all()
        paths = [disk.path for disk in disks]
        assert len(set(paths)) == 10
        assert {sidecars.device(sidecar) for sidecar in made} == set(paths)
        with node_like(client) as shell:
            found = [shell('blockdev --getsize64 "$1"; head -c 1 "$1"', path).split() for path in paths]
        assert found == [[str(size * MEBIBYTE), str(size - 1)] for size in range(1, 11)]
        list(pool.map(DockerLoopbackVolume.destroy, disks))
    assert all(sidecars.has_left_nothing(sidecar) for sidecar in made)


def test_it_is_no_cluster(sidecars: Sidecars, disk: DockerLoopbackVolume) -> None:
    listed = dcos_docker("list", "-o", "json").succeeded()
    assert sidecars.one().name not in listed
    assert sidecars.mark not in listed


# How it ends


def test_destroy(sidecars: Sidecars) -> None:
    disk = DockerLoopbackVolume(1, sidecars.labels)
    sidecar = sidecars.one()
    disk.destroy()
    assert sidecars.has_left_nothing(sidecar)
    disk.destroy()


def test_leaving_the_block_destroys_it(sidecars: Sidecars) -> None:
    with DockerLoopbackVolume(1, sidecars.labels):
        sidecar = sidecars.one()
    assert sidecars.has_left_nothing(sidecar)


def test_a_failure_in_the_block_destroys_it(sidecars: Sidecars) -> None:
    made = []

    def fail() -> None:
        with DockerLoopbackVolume(1, sidecars.labels):
            made.append(sidecars.one())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert sidecars.has_left_nothing(*made)


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "RELEASE_SECONDS", 1)


@pytest.mark.usefixtures("short_patience")
def test_destroying_what_is_in_use(sidecars: Sidecars, client: APIClient) -> None:
    """It is gone for us at once, and for all when nobody uses it any more."""
    disk = DockerLoopbackVolume(8, sidecars.labels)
    sidecar = sidecars.one()
    with node_like(client) as shell:
        shell('mkfs.ext4 -q "$1"; mount "$1" /mnt', disk.path)
        with pytest.raises(EngineError, match=rf"^{disk.path} is still in use\."):
            disk.destroy()
        assert sidecars.all() == []
        assert not volume_exists(client, sidecar.volume)
        disk.destroy()
        shell("echo still there >/mnt/file")
    assert sidecars.has_left_nothing(sidecar)


@pytest.mark.usefixtures("short_patience")
def test_a_failure_in_the_block_comes_before_that(sidecars: Sidecars, client: APIClient) -> None:
    def fail(stack: ExitStack) -> None:
        with DockerLoopbackVolume(8, sidecars.labels) as disk:
            shell = stack.enter_context(node_like(client))
            shell('mkfs.ext4 -q "$1"; mount "$1" /mnt', disk.path)
            raise ZeroDivisionError

    with ExitStack() as stack:
        with pytest.raises(ZeroDivisionError):
            fail(stack)
        assert sidecars.all() == []


@pytest.mark.parametrize("end", ["remove", "kill", "stop"])
def test_the_device_goes_with_the_sidecar(sidecars: Sidecars, disk: DockerLoopbackVolume, end: str) -> None:
    """Whoever ends it. An engine that is restarted stops its containers."""
    sidecar = sidecars.one()
    ends: dict[str, Callable[[], object]] = {
        "remove": lambda: sidecars.client.remove_container(sidecar.name, force=True, v=True),
        "kill": lambda: sidecars.client.kill(sidecar.name),
        "stop": lambda: sidecars.client.stop(sidecar.name),
    }
    ends[end]()
    if end != "remove":
        sidecars.client.wait(sidecar.name)
    assert sidecars.device(sidecar) == ""
    disk.destroy()
    assert sidecars.has_left_nothing(sidecar)


def test_clean_removes_those_of_dead_processes_alone(sidecars: Sidecars, disk: DockerLoopbackVolume) -> None:
    mine = sidecars.one()
    with subprocess.Popen(
        [sys.executable, "-c", MAKE, LABEL, sidecars.mark],
        env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as maker:  # fmt: skip
        assert maker.stdout
        path = maker.stdout.readline().strip()
        (its,) = (sidecar for sidecar in sidecars.all() if sidecar != mine)
        assert f"container {its.name}\n" not in dcos_docker("clean").succeeded()
        assert sidecars.device(its) == path
        maker.kill()
        assert maker.wait(TIMEOUT) == -signal.SIGKILL
    assert sidecars.device(its) == path
    assert f"container {its.name}\n" in dcos_docker("clean", "--dry-run").succeeded()
    assert f"container {its.name}\n" in dcos_docker("clean").succeeded()
    assert sidecars.device(its) == ""
    assert not volume_exists(sidecars.client, its.volume)
    assert sidecars.all() == [mine]
    assert sidecars.device(mine) == disk.path


# What cannot be


@pytest.mark.parametrize("size", [0, -1])
def test_no_disk_without_a_size(sidecars: Sidecars, size: int) -> None:
    with pytest.raises(UsageError, match=f"{size} MiB"):
        DockerLoopbackVolume(size, sidecars.labels)
    assert sidecars.all() == []


def test_labels_that_only_the_tool_gives(sidecars: Sidecars) -> None:
    with pytest.raises(UsageError, match=r"dcos_docker\.kind"):
        DockerLoopbackVolume(1, {**sidecars.labels, "dcos_docker.kind": "node"})
    assert sidecars.all() == []


def test_a_disk_that_is_too_large(sidecars: Sidecars) -> None:
    """The sidecar ends at once, and tells why."""
    with pytest.raises(EngineError, match="File too large") as failure:
        DockerLoopbackVolume(10**9, sidecars.labels)
    assert failure.value.hint
    assert sidecars.all() == []
