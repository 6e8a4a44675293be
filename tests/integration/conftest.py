"""An engine, installers, and clusters."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dcos_docker_cli
from dcos_docker_cli.backends.docker.engine import connect
from tests.support import docker_builds, installers, stand_ins
from tests.support import engine as engines
from tests.support.clusters import Cluster, create, tear_down
from tests.support.elsewhere import PROGRAMS, forwarded, is_remote
from tests.support.ids import new_id
from tests.support.nested_engine import nested_engine
from tests.support.own_engine import OwnEngine, own_engine
from tests.support.program import dcos_docker
from tests.support.rpm_mirror import Mirror, rpm_mirror

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker import APIClient

    from tests.support.contained import ContainedEngine

FIRST_USE_SECONDS = 900
"""On a bare machine the node image is built first."""


@pytest.fixture(scope="session")
def client() -> Iterator[APIClient]:
    made = engines.plain_client()
    yield made
    made.close()


@pytest.fixture(scope="session")
def engine_socket() -> Iterator[str]:
    """The engine's Unix socket, or one here that leads there, for tests that put something before it."""
    url = connect().where.url
    if is_remote():
        path = Path(tempfile.mkdtemp(prefix="dcos-docker-engine-")) / "engine.sock"
        with forwarded(f"{path}:/var/run/docker.sock"):
            yield str(path)
        shutil.rmtree(path.parent)
    elif url.startswith("unix://"):
        yield url.removeprefix("unix://")
    else:
        pytest.skip("this needs an engine with a Unix socket")


def _shared_path(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return what `make` has made at a path, once for all workers. Things of one kind wait for each other."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    path = root / name
    with (root / f"{path.suffix or path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            partial = path.with_name(f"partial-{path.name}")
            make(partial)
            partial.rename(path)
    return path


def _built(factory: pytest.TempPathFactory, variant: str, version: str = "2.1.0") -> Path:
    """Return a sample installer, which all workers share."""
    options = ("--variant", variant, "--dcos-version", version)

    def make(path: Path) -> None:
        dcos_docker("sample-installer", path, *options, timeout=FIRST_USE_SECONDS).succeeded()

    return _shared_path(factory, f"{variant}-{version}.sh", make)


@pytest.fixture(scope="session")
def installer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _built(tmp_path_factory, "oss")


@pytest.fixture(scope="session")
def enterprise_installer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _built(tmp_path_factory, "enterprise")


@pytest.fixture(scope="session")
def newer_installer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _built(tmp_path_factory, "oss", "2.2.0")


@pytest.fixture(scope="session")
def newer_enterprise_installer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _built(tmp_path_factory, "enterprise", "2.2.0")


@pytest.fixture
def fresh_installer(client: APIClient, installer: Path, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """An installer of which there is no cache yet, and the name that its cache's volume will have."""
    path = tmp_path / "fresh.sh"
    cache = installers.fresh_copy(installer, path, uuid.uuid4().hex)
    yield path, cache
    if engines.volume_exists(client, cache):
        client.remove_volume(cache)


@pytest.fixture
def cluster_id(client: APIClient) -> Iterator[str]:
    """A new id. What carries it is destroyed in the end."""
    made = new_id()
    yield made
    tear_down(client, made)


@pytest.fixture
def new_cluster_id(client: APIClient) -> Iterator[Callable[[], str]]:
    """Makes new ids. What carries them is destroyed in the end."""
    made: list[str] = []

    def make() -> str:
        made.append(new_id() + "_x")  # an id may have what a host's name may not
        return made[-1]

    yield make
    for one in made:
        tear_down(client, one)


@pytest.fixture(scope="session")
def shared(client: APIClient, installer: Path) -> Iterator[Cluster]:
    """A cluster of four nodes that DC/OS is ready on. Tests that use it are in the group `shared`, and leave it so."""
    with create(client, installer, "--agents", "2", "--wait-for-dcos") as cluster:
        yield cluster


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, Any]:
    """How to run a copy of the program as on another machine, where there is nothing of what created clusters."""
    package = Path(dcos_docker_cli.__file__).parent
    shutil.copytree(package, tmp_path / "copy" / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("home", "tmp", "work"):
        (tmp_path / name).mkdir()
    settings: dict[str, Any] = {
        "env": {
            "PYTHONPATH": str(tmp_path / "copy"),
            "HOME": str(tmp_path / "home"),
            "TMPDIR": str(tmp_path / "tmp"),
            "PATH": ":".join([*([os.environ[PROGRAMS]] if PROGRAMS in os.environ else []), "/usr/bin", "/bin"]),
        },
        "cwd": tmp_path / "work",
    }
    show = "import dcos_docker_cli, tempfile; print(dcos_docker_cli.__file__, tempfile.gettempdir())"
    seen = dcos_docker("-c", show, program=[sys.executable], **settings).succeeded()
    assert seen.split() == [str(tmp_path / "copy" / package.name / "__init__.py"), str(tmp_path / "tmp")]
    return {**settings, "program": [sys.executable, "-m", package.name]}


@pytest.fixture(scope="session")
def node_image() -> str:
    """The tag of the default node image, which is on the engine."""
    return dcos_docker("image", "build", timeout=FIRST_USE_SECONDS).succeeded().strip()


@pytest.fixture(scope="session")
def _own_engine(client: APIClient, node_image: str) -> Iterator[OwnEngine]:
    with own_engine(client, node_image) as made:
        yield made


@pytest.fixture
def engine(_own_engine: OwnEngine) -> OwnEngine:
    """An engine without anything on it. Tests that use it are in the group `own-engine`."""
    _own_engine.clear()
    return _own_engine


@pytest.fixture(scope="session")
def nested(client: APIClient, node_image: str) -> Iterator[ContainedEngine]:
    """An engine on which nodes run, at first without any image. Tests that use it are in the group `nested-engine`."""
    with nested_engine(client, node_image) as made:
        yield made


@pytest.fixture(scope="session")
def minimal_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Debian 12's minimal root, as the images in registries are."""
    return _shared_path(tmp_path_factory, "minimal.tar", stand_ins.minimal_root)


@pytest.fixture(scope="session")
def node_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root of Debian 12 with all packages of a node."""
    return _shared_path(tmp_path_factory, "node.tar", stand_ins.node_root)


@pytest.fixture(scope="session")
def rpms(tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    """Packages of CentOS and Rocky Linux."""
    return Mirror(_shared_path(tmp_path_factory, "rpms", rpm_mirror))


@pytest.fixture(scope="session")
def docker_20_10(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tarball in the form of Docker's static builds, with Docker 20.10."""
    return _shared_path(
        tmp_path_factory, "docker-20.10.24.tgz", lambda path: docker_builds.static_docker("bookworm", path)
    )
