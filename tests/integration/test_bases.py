"""What node images are built on, and builds that do not come to their end."""

from __future__ import annotations

import gzip
import signal
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.program import Result, Running, eventually
from tests.support.registry import push, registry
from tests.support.stand_ins import Change, derive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

    from tests.support.contained import ContainedEngine

pytestmark = pytest.mark.xdist_group("nested-engine")

DEBIAN = "debian:bookworm-slim"
ONE_NODE = ("--agents", "0", "--public-agents", "0")
BUILDING = "Building the node image"
LOOK = """
systemctl is-system-running
systemctl list-unit-files --no-legend --state=enabled,masked | sort
echo PACKAGES
dpkg-query -W
"""


@pytest.fixture
def bare(nested: ContainedEngine) -> ContainedEngine:
    """An engine without anything on it."""
    nested.clear()
    return nested


@dataclass(frozen=True)
class Facts:
    """What a node image is, and a node of it."""

    tag: str
    base: str
    state: str
    units: list[str]
    packages: list[str]
    configuration: dict[str, Any]


def look(engine: ContainedEngine, tag: str) -> Facts:
    """Boot a node of an image and look at both; remove both."""
    image = engine.client.inspect_image(tag)  # type: ignore[no-untyped-call]
    configuration = {
        key: image["Config"][key] for key in ("Cmd", "Entrypoint", "Env", "StopSignal", "User", "WorkingDir")
    }
    cluster_id = engine.dcos_docker("provision", *ONE_NODE).succeeded().strip()
    said = engine.dcos_docker("run", "--cluster-id", cluster_id, "--", "sh", "-c", LOOK).succeeded()
    node, _, packages = said.partition("PACKAGES\n")
    state, *units = node.splitlines()
    engine.dcos_docker("destroy", "--cluster-id", cluster_id).succeeded()
    assert engine.dcos_docker("image", "remove", tag).succeeded() == f"{tag}\n"
    assert tag not in engine.images()
    return Facts(tag, image["Config"]["Labels"]["dcos_docker.base"], state, units, packages.splitlines(), configuration)


def load(engine: ContainedEngine, root: Path, name: str) -> None:
    """Make an image of a root file system."""
    repository, _, tag = name.rpartition(":")
    engine.client.import_image_from_file(str(root), repository, tag)


@contextmanager
def pulled_from(client: APIClient, engine: ContainedEngine, root: Path) -> Iterator[str]:
    """Have Debian in a registry within the block, and not on the engine."""
    gateway = client.inspect_network("bridge")["IPAM"]["Config"][0]["Gateway"]
    with registry(gateway) as address:
        load(engine, root, DEBIAN)
        push(engine.client, DEBIAN, f"{address}/{DEBIAN}")
        engine.client.remove_image(DEBIAN)
        yield f"{address}/{DEBIAN}"


@pytest.fixture(scope="module")
def facts(client: APIClient, nested: ContainedEngine, minimal_root: Path) -> list[Facts]:
    """What comes of the three ways."""
    nested.clear()
    build = ("image", "build")
    of_packages = look(nested, nested.dcos_docker(*build).succeeded().strip())
    with pulled_from(client, nested, minimal_root) as reference:
        pulled = look(nested, nested.dcos_docker(*build, "--base-image", reference).succeeded().strip())
        assert pulled.base == reference
    of_file = look(nested, nested.dcos_docker(*build, "--base-rootfs", minimal_root).succeeded().strip())
    assert of_packages.base == "mmdebstrap bookworm"
    assert of_file.base.startswith("minimal.tar (SHA-256 ")
    return [of_packages, pulled, of_file]


@pytest.mark.images
def test_all_ways_are_the_same(facts: list[Facts]) -> None:
    for name in ("tag", "state", "units", "packages", "configuration"):
        one, two, three = (getattr(found, name) for found in facts)
        assert one == two == three, name
    assert facts[0].state == "running"


@pytest.mark.images
def test_there_is_something_to_compare(facts: list[Facts]) -> None:
    found = facts[0]
    assert found.configuration["Cmd"][0] == "/lib/systemd/systemd"
    assert found.configuration["StopSignal"] == "SIGRTMIN+3"
    assert any(line.startswith("docker.io\t") for line in found.packages)
    states = {line.split()[0]: line.split()[1] for line in found.units}
    assert (states["docker.service"], states["ssh.service"], states["getty.target"]) == ("enabled", "enabled", "masked")


def test_present_base(bare: ContainedEngine, node_root: Path) -> None:
    """What the engine has is used as it is, and stays."""
    load(bare, node_root, DEBIAN)
    result = bare.dcos_docker("image", "build")
    tag = result.succeeded().strip()
    assert "Pulling" not in result.stderr
    assert bare.images() == sorted([DEBIAN, tag])
    assert bare.dcos_docker("image", "remove", tag).code == 0
    assert bare.images() == [DEBIAN]


def _of_release(name: str, version: str) -> Change:
    return Change(files={"usr/lib/os-release": f'ID={name}\nVERSION_ID="{version}"\n'})


def damaged(kind: str, root: Path, path: Path) -> None:
    """Write a root file system that is none, or another one."""
    if kind == "empty":
        tarfile.open(path, "w").close()
    elif kind == "text":
        path.write_text("deb http://deb.debian.org/debian bookworm main\n")
    elif kind == "cut off":
        with root.open("rb") as file:
            path.write_bytes(gzip.compress(file.read(1 << 24), compresslevel=1)[:-10000])
    elif kind == "debian 11":
        derive(root, path, _of_release("debian", "11"))
    elif kind == "ubuntu":
        derive(root, path, _of_release("ubuntu", "12"))
    elif kind == "nothing in it":
        with tarfile.open(path, "w") as tar:
            tar.add(__file__, "etc/os-release")


DAMAGED = {
    "not there": (2, "There is no file {path}."),
    "empty": (2, "{path} is an empty tar."),
    "text": (2, "{path} cannot be read as a tar: "),
    "cut off": (1, "The engine cannot read {path} to its end."),
    "debian 11": (1, "The base is debian 11, and debian-12 is wanted (debian 12)."),
    "ubuntu": (1, "The base is ubuntu 12, and debian-12 is wanted (debian 12)."),
    "nothing in it": (1, "What was given to build on does not run: "),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_no_root(bare: ContainedEngine, minimal_root: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "root.tar"
    damaged(kind, minimal_root, path)
    result = bare.dcos_docker("image", "build", "--base-rootfs", path)
    code, message = DAMAGED[kind]
    assert (result.code, result.stdout) == (code, ""), result.stderr
    assert message.format(path=path) in result.stderr
    assert "check the network" not in result.stderr
    assert (bare.everything(), bare.images()) == ([], [])


def test_no_mirror(bare: ContainedEngine, minimal_root: Path) -> None:
    """The script's own words, and what to do."""
    result = bare.dcos_docker(
        "image", "build", "--base-rootfs", minimal_root, "--package-mirror", "http://127.0.0.1:9/debian"
    )
    assert (result.code, result.stdout) == (1, ""), result.stderr
    assert "could not be built: its script ended with 100." in result.stderr
    assert "Failed to fetch http://127.0.0.1:9/debian/dists/bookworm/InRelease" in result.stderr
    assert "Next: Containers must reach the distribution's packages: check the network" in result.stderr
    assert (bare.everything(), bare.images()) == ([], [])


def test_no_image(bare: ContainedEngine) -> None:
    """An image that cannot be pulled: the port is nobody's."""
    result = bare.dcos_docker("image", "build", "--base-image", "127.0.0.1:9/debian:bookworm")
    assert (result.code, result.stdout) == (1, ""), result.stderr
    assert "Error: The engine has no image 127.0.0.1:9/debian:bookworm, and cannot pull it." in result.stderr
    assert (bare.everything(), bare.images()) == ([], [])


def children(running: Running) -> list[int]:
    """Return the processes that a program has started, and that run."""
    tasks = Path(f"/proc/{running.process.pid}/task").glob("*/children")
    return [int(child) for path in tasks for child in path.read_text().split()]


def is_mmdebstrap(process: int) -> bool:
    try:
        return b"mmdebstrap" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:  # it has ended
        return False


@contextmanager
def build_at(engine: ContainedEngine, moment: str, root: Path) -> Iterator[Running]:
    """Have a build within the block that has come to a moment."""
    base = () if moment == "mmdebstrap" else ("--base-rootfs", str(root))
    with engine.running("image", "build", "-vv", *base) as running:
        if moment == "mmdebstrap":
            eventually(lambda: any(map(is_mmdebstrap, children(running))), "mmdebstrap runs")
        else:
            running.wait_for_stderr(MOMENTS[moment])
        yield running


MOMENTS = {
    "mmdebstrap": "",
    "importing": "Importing",
    "starting": BUILDING,
    "packages": "| Unpacking ",
    "more packages": "| Setting up ",
}
moments = pytest.mark.parametrize("moment", MOMENTS)


@moments
def test_interrupted(bare: ContainedEngine, minimal_root: Path, moment: str) -> None:
    with build_at(bare, moment, minimal_root) as running:
        started = children(running)
        running.send(signal.SIGINT)
        result = running.end(timeout=30)
    assert (result.code, result.stdout) == (130, ""), result.stderr
    assert (bare.everything(), bare.images()) == ([], [])
    assert not any(map(is_mmdebstrap, started))


@pytest.mark.parametrize("moment", ["mmdebstrap", "importing", "packages"])
def test_killed(bare: ContainedEngine, minimal_root: Path, node_root: Path, moment: str) -> None:
    """What is left goes with `clean`, and is not in the way of the next build."""
    with build_at(bare, moment, minimal_root) as running:
        running.send(signal.SIGKILL)
        running.end()
    assert bare.everything() != []
    if moment == "packages":
        bare.dcos_docker("clean", "--images").succeeded()
        assert (bare.everything(), bare.images()) == ([], [])
        return
    tag = bare.dcos_docker("image", "build", "--base-rootfs", node_root).succeeded().strip()
    assert tag in bare.images()
    bare.dcos_docker("clean", "--images").succeeded()
    assert (bare.everything(), bare.images()) == ([], [])


def test_two_at_once(bare: ContainedEngine, node_root: Path) -> None:
    """Whoever comes second waits for the image of the first."""
    load(bare, node_root, DEBIAN)
    provision = ("provision", *ONE_NODE, "--cluster-id")
    with bare.running(*provision, "one") as one, bare.running(*provision, "two") as two:
        results: list[Result] = [one.end(), two.end()]
    for result in results:
        result.succeeded()
    assert sorted(result.stderr.count(BUILDING) for result in results) == [0, 1]
    assert len(bare.images()) == 2, "Debian, and what was built on it"
    assert len({node["ImageID"] for node in bare.client.containers()}) == 1
    for result in results:
        bare.dcos_docker("destroy", "--cluster-id", result.stdout.strip()).succeeded()
