"""Disks that are full: what was there stays, nothing half is left, and the disk is named."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

import pytest

from tests.support.clusters import Cluster, one_node
from tests.support.disks import disk
from tests.support.file_server import serving
from tests.support.nested_engine import nested_engine
from tests.support.program import Result, dcos_docker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

    from tests.support.contained import ContainedEngine

pytestmark = pytest.mark.xdist_group("full-disks")

MIB = 1 << 20
EXT4 = ("mkfs.ext4", "-q", "-m", "0")
STORE = 2600 * MIB
"""The node image needs some 600 MiB, and as much again while it is loaded."""
ID = ("--cluster-id", "full")


@contextmanager
def small(path: Path, size: int = MIB) -> Iterator[Path]:
    """Have a file system in memory, of so many bytes, within the block."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    path.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={size}"]
    done = subprocess.run(["mount", *options, "none", path], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"this machine mounts none: {done.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)


@pytest.fixture
def little(tmp_path: Path) -> Iterator[Path]:
    """A directory on a disk of a megabyte."""
    with small(tmp_path / "little") as made:
        yield made


@pytest.fixture
def full(little: Path) -> Path:
    """A directory on a disk that is full."""
    (little / "full").write_bytes(bytes(MIB))
    return little


@pytest.fixture(scope="module")
def node(client: APIClient) -> Iterator[Cluster]:
    """A cluster of one node without DC/OS, with a file that is larger than the disks here."""
    with one_node(client) as made:
        made.run("fallocate", "-l", "20M", "/var/big").succeeded()
        yield made


def assert_full(result: Result, *names: str | Path) -> None:
    assert (result.code, result.stdout) == (1, ""), result
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr
    for name in ("o room" if "o room" in result.stderr else "No space left on device", *names):
        assert str(name) in result.stderr, result.stderr


def test_download_file(node: Cluster, little: Path) -> None:
    """What was there, and was to be replaced, stays."""
    target = little / "big"
    assert_full(node.dcos_docker("download-file", "/var/big", str(target)), target)
    assert list(little.iterdir()) == []
    target.write_text("before")
    assert_full(node.dcos_docker("download-file", "--force", "/var/big", str(target)), target)
    assert [(path.name, path.read_text()) for path in little.iterdir()] == [("big", "before")]


def test_download_directory(node: Cluster, little: Path) -> None:
    node.run("sh", "-c", "mkdir -p /var/many; cp /var/big /var/many; echo small >/var/many/a").succeeded()
    assert_full(node.dcos_docker("download-file", "/var/many", str(little / "many")), little / "many")
    assert list(little.iterdir()) == []


@pytest.mark.parametrize("tells", [True, False], ids=["its length is told", "its length is not told"])
def test_download_installer(little: Path, *, tells: bool) -> None:
    """Of what has come as much stays as there is room for; told how, it is continued where there is more."""
    target = little / "installer.sh"
    with serving(os.urandom(3 * MIB)) as served:
        served.tells_length = tells
        result = dcos_docker("download-installer", "--dcos-version", served.url, "--download-path", target)
    assert_full(result, target)
    assert "Make room." in result.stderr
    assert not target.exists()
    assert ("the same command, run again, continues" in result.stderr) == any(little.iterdir())


def test_image_export(little: Path) -> None:
    target = little / "node.tar"
    assert_full(dcos_docker("image", "export", target), target)
    assert list(little.iterdir()) == []
    target.write_text("before")
    assert_full(dcos_docker("image", "export", target), target)
    assert target.read_text() == "before"


def test_sample_installer(little: Path) -> None:
    target = little / "installer.sh"
    target.write_text("before")
    assert_full(dcos_docker("sample-installer", target), target)
    assert [(path.name, path.read_text()) for path in little.iterdir()] == [("installer.sh", "before")]


@pytest.mark.parametrize("command", ["completion bash", "list", "inspect", "--help"])
def test_output(node: Cluster, full: Path, command: str) -> None:
    """A file that the shell has opened for us."""
    with (full / "output").open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "dcos_docker_cli", *command.split()],
            env={**os.environ, "DCOS_DOCKER_CLUSTER_ID": node.cluster_id}, stdout=output, stderr=subprocess.PIPE,
            timeout=60, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr.decode()) == (
        1,
        "Error: The output cannot be written: No space left on device.\n",
    )


@pytest.mark.parametrize("command", ["sample-installer {tmp}/x.sh", "image import -", "create {installer}"])
def test_temporary_files(little: Path, tmp_path: Path, installer: Path, cluster_id: str, command: str) -> None:
    """Not one of them is left, and what has no room is said."""
    args = command.format(tmp=tmp_path, installer=f"file://{installer}").split()
    env = {"TMPDIR": str(little), "DCOS_DOCKER_CLUSTER_ID": cluster_id}
    with small(tmp_path / "smaller", MIB // 8) if args[0] == "create" else nullcontext(little) as place:
        result = dcos_docker(*args, env={**env, "TMPDIR": str(place)}, stdin=bytes(2 * MIB))
        assert_full(result, place)
        assert list(place.iterdir()) == []


@pytest.mark.parametrize("command", ["run --transport ssh -- true", "ssh -- true", "sync --help"])
def test_what_needs_no_room(node: Cluster, full: Path, command: str) -> None:
    """Keys and sockets go elsewhere, as Python does for temporary files by itself."""
    done = dcos_docker(*command.split(), env={"TMPDIR": str(full), "DCOS_DOCKER_CLUSTER_ID": node.cluster_id})
    done.succeeded()
    assert [path.name for path in full.iterdir()] == ["full"]


PROGRAM = (sys.executable, "-c")
NOWHERE = "import tempfile; tempfile._candidate_tempdir_list = lambda: ['/proc']; "
BROKEN = "from dcos_docker_cli.cli.commands import list; list.operate = None; "
START = "from dcos_docker_cli.cli.start import main; main()"


def test_a_bug_of_ours_is_told_where_it_cannot_be_kept() -> None:
    result = dcos_docker(NOWHERE + BROKEN + START, "list", program=PROGRAM)
    assert (result.code, result.stdout) == (3, ""), result
    assert result.stderr.startswith("Error: this is a bug of dcos-docker: TypeError: ")
    assert "\nNext: report it with this:\ndcos-docker " in result.stderr
    assert result.stderr.endswith("TypeError: 'NoneType' object is not callable\n")


@pytest.fixture(scope="module")
def store() -> Iterator[Path]:
    with disk(EXT4, STORE) as made:
        yield made


@pytest.fixture(scope="module")
def engine(client: APIClient, node_image: str, store: Path) -> Iterator[ContainedEngine]:
    """An engine whose disk is small, with the node image."""
    with nested_engine(client, node_image, store=store) as made:
        made.client.load_image(client.get_image(node_image))  # type: ignore[no-untyped-call]
        yield made


def free(disk: Path) -> int:
    """Return the bytes that are free."""
    status = os.statvfs(disk)
    return status.f_bavail * status.f_frsize


@contextmanager
def filled(store: Path, but: int) -> Iterator[None]:
    """Have a disk on which only so many bytes are free."""
    ballast = store / "ballast"
    # What the file system needs for itself cannot be known, so the last of it is written piece by piece.
    subprocess.run(["fallocate", "-l", str(free(store) - but - 32 * MIB), ballast], check=True)
    try:
        with suppress(OSError), ballast.open("ab", buffering=0) as file:
            while (room := free(store) - but) > 0:
                file.write(bytes(min(room, MIB // 4)))
        yield
    finally:
        ballast.unlink()


@pytest.mark.faults
@pytest.mark.parametrize("room", [0, 1, 20], ids=lambda room: f"{room}MiB")
@pytest.mark.parametrize("options", [[], ["--skip-preflight"]], ids=["", "skip-preflight"])
def test_create_on_an_engine_whose_disk_is_full(
    engine: ContainedEngine, store: Path, fresh_installer: tuple[Path, str], room: int, options: list[str]
) -> None:
    installer, cache = fresh_installer
    with filled(store, room * MIB):
        result = engine.dcos_docker("create", installer, *ID, *options)
        assert (result.code, result.stdout) == (1, ""), result
        assert "Traceback" not in result.stderr
        assert "DD" in result.stderr or "no space left on device" in result.stderr.lower(), result.stderr
        assert "disk" in result.stderr.lower() or "space" in result.stderr.lower(), result.stderr
    assert engine.everything() == [], result.stderr
    assert cache not in engine.everything()
    engine.dcos_docker("create", installer, *ID, "--agents", "0", "--public-agents", "0").succeeded()
    engine.dcos_docker("destroy", *ID).succeeded()
    engine.dcos_docker("clean", "--cache").succeeded()
    assert engine.everything() == []


@pytest.mark.faults
def test_send_file_to_a_node_whose_disk_is_full(engine: ContainedEngine, store: Path, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(os.urandom(20 * MIB))
    engine.dcos_docker("provision", *ID, "--agents", "0", "--public-agents", "0").succeeded()
    engine.dcos_docker("run", *ID, "--", "sh", "-c", "echo before >/var/tmp/there").succeeded()
    with filled(store, 5 * MIB):
        for name in ("new", "there"):
            result = engine.dcos_docker("send-file", *ID, big, f"/var/tmp/{name}")
            assert_full(result, name)
        told = engine.dcos_docker("run", *ID, "--", "sh", "-c", "ls -A /var/tmp; cat /var/tmp/there").succeeded()
        assert told == "there\nbefore\n"
        assert engine.dcos_docker("list").succeeded() == "full\n"
        assert engine.dcos_docker("destroy", *ID).succeeded() == "full\n"
    assert engine.everything() == []
