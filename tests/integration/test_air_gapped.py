"""An engine that reaches nothing: its own container is in an internal network."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support.engine import execute
from tests.support.ids import new_id
from tests.support.nested_engine import nested_engine
from tests.support.program import at, dcos_docker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

    from tests.support.contained import ContainedEngine

pytestmark = pytest.mark.xdist_group("air-gapped")

MIRROR = "deb.debian.org"
WAYS = ("image build --base-image REF or --base-rootfs TAR", "image export", "image import")
SECONDS = 60
NOBODY_LISTENS = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def cut_off(client: APIClient, node_image: str) -> Iterator[ContainedEngine]:
    network = f"air-gapped-{new_id()}"
    client.create_network(network, internal=True)
    try:
        with nested_engine(client, node_image, network) as engine:
            yield engine
    finally:
        client.remove_network(network)


@pytest.fixture
def bare(cut_off: ContainedEngine) -> ContainedEngine:
    """The same without anything on it."""
    cut_off.clear()
    return cut_off


def reaches(client: APIClient, container: str, address: str) -> bool:
    """Whether a container has an answer from a web server."""
    script = 'timeout 3 curl -s -o /dev/null "http://$1/" && echo yes || echo no'
    return execute(client, container, "sh", "-c", script, "sh", address).strip() == "yes"


def test_nothing_is_reached(client: APIClient, cut_off: ContainedEngine, node_image: str) -> None:
    """Neither names nor addresses; a container in an ordinary network reaches the same."""
    try:
        address = socket.gethostbyname(MIRROR)
    except OSError:
        pytest.skip("this machine itself reaches nothing")
    made = client.create_container(node_image, ["sleep", "60"], name=f"reaches-{new_id()}")["Id"]
    try:
        client.start(made)
        if not reaches(client, made, address):
            pytest.skip("containers here reach packages in another way, if at all")
    finally:
        client.remove_container(made, force=True)
    assert not reaches(client, cut_off.container_id, address)
    assert not reaches(client, cut_off.container_id, MIRROR)


@pytest.mark.parametrize("has_mmdebstrap", [False, True])
def test_without_an_image(bare: ContainedEngine, installer: Path, *, has_mmdebstrap: bool) -> None:
    """It ends before long, says what to do, and leaves nothing. With mmdebstrap, but without any mirror, so too."""
    changes = (
        {"http_proxy": NOBODY_LISTENS, "no_proxy": urlsplit(bare.url).hostname or ""}
        if has_mmdebstrap
        else {"PATH": "/nonexistent"}
    )
    result = dcos_docker("create", installer, env={**at(bare.url), **changes}, timeout=SECONDS)
    assert (result.code, result.stdout) == (1, ""), result.stderr
    message, hint = (
        next(line for line in result.stderr.splitlines() if line.startswith(word)) for word in ("Error", "Next")
    )
    assert message == (
        "Error: mmdebstrap failed with status 25."
        if has_mmdebstrap
        else "Error: The engine has no image of debian-12 to build nodes on, and cannot pull debian:bookworm-slim."
    )
    assert all(way in hint for way in WAYS), hint
    assert bare.everything() == []
    assert bare.images() == []


def test_from_an_imported_image(bare: ContainedEngine, installer: Path, node_image: str, tmp_path: Path) -> None:
    file = tmp_path / "node.tar"
    assert dcos_docker("image", "export", file).succeeded() == f"{file}\n"
    assert bare.dcos_docker("image", "import", file).succeeded() == f"{node_image}\n"
    cluster_id = bare.dcos_docker("create", installer, "--wait-for-dcos").succeeded().strip()
    on_master = ("run", "--cluster-id", cluster_id, "--")
    assert bare.dcos_docker(*on_master, "systemctl", "is-system-running").succeeded() == "running\n"
    assert bare.dcos_docker(*on_master, "curl", "-sm", "3", f"http://{MIRROR}/").code != 0
    assert (
        bare.dcos_docker("status", "--cluster-id", cluster_id).succeeded().startswith(f"{cluster_id}: running, DC/OS")
    )
    assert bare.dcos_docker("destroy", "--cluster-id", cluster_id).succeeded() == f"{cluster_id}\n"
    left = bare.everything()
    assert [item.partition("cache-")[0] for item in left] == ["volume dcos-docker-"], "more than the installer's cache"


def test_from_a_root_that_has_all(bare: ContainedEngine, node_root: Path, node_image: str) -> None:
    """Nothing is fetched for what is there already."""
    assert bare.dcos_docker("image", "build", "--base-rootfs", node_root).succeeded() == f"{node_image}\n"
    cluster_id = bare.dcos_docker("provision", "--agents", "0", "--public-agents", "0").succeeded().strip()
    assert bare.dcos_docker("run", "--cluster-id", cluster_id, "--", "docker", "info").code == 0
    bare.dcos_docker("destroy", "--cluster-id", cluster_id).succeeded()
