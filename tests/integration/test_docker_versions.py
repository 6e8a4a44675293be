"""Nodes whose Docker is a static build: from a file, a URL or a mirror; and what is no such build."""

from __future__ import annotations

import io
import json
import re
import signal
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.docker_builds import static_docker
from tests.support.file_server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.contained import ContainedEngine
    from tests.support.program import Result

pytestmark = pytest.mark.xdist_group("nested-engine")

ONE_NODE = ("--agents", "0", "--public-agents", "0")
PATH_OF_26 = "/linux/static/stable/x86_64/docker-26.1.4.tgz"
RUN_CONTAINER = """
tar -chf - --hard-dereference $(ldd /bin/sh | grep -o '/[^ :]*') $(readlink -f /bin/sh) /bin/sh 2>/dev/null |
    docker import - tiny >/dev/null
docker run --rm --network none tiny sh -c 'echo it runs'
docker run --rm tiny sh -c 'echo and in a network'
"""


@pytest.fixture(scope="module")
def docker_26(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("docker") / "docker.tgz"
    assert static_docker("trixie", path).startswith("26.")
    return path


@pytest.fixture(scope="module")
def image(nested: ContainedEngine, minimal_root: Path, docker_20_10: Path) -> str:
    """An image with Docker 20.10 from a file, on an engine that has nothing else."""
    nested.clear()
    base = ("--base-rootfs", minimal_root)
    return build(nested, "20.10", *base, "--docker-tarball", docker_20_10).succeeded().strip()


@pytest.fixture
def engine(nested: ContainedEngine, image: str) -> Iterator[ContainedEngine]:
    """An engine with that image alone, on which a test leaves nothing else."""
    before = nested.images()
    assert image in before
    yield nested
    assert [item for item in nested.everything() if not item.startswith("volume dcos-docker-cache-")] == []
    assert nested.images() == before


def build(engine: ContainedEngine, version: str, *options: str | Path, **env: str) -> Result:
    return engine.dcos_docker("image", "build", "--docker-version", version, *options, **env)


def tarball(content: bytes) -> bytes:
    """Return a tarball that is right in form, whose client and daemon have this content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in ("docker", "dockerd"):
            member = tarfile.TarInfo(f"docker/{name}")
            member.size, member.mode = len(content), 0o755
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def on_node(engine: ContainedEngine, cluster_id: str, *command: str, node: str = "master_0") -> str:
    return engine.dcos_docker("run", "-c", cluster_id, "--node", node, "--", *command).succeeded().strip()


def versions(engine: ContainedEngine, cluster_id: str, node: str = "master_0") -> dict[str, str]:
    """Return the versions of Docker's client and daemon on a node."""
    said = on_node(engine, cluster_id, "docker", "version", "--format", "{{json .}}", node=node)
    told: dict[str, Any] = json.loads(said)
    return {part: told[part]["Version"].partition("+")[0] for part in ("Client", "Server")}


def test_from_a_file(engine: ContainedEngine, image: str) -> None:
    (listed,) = json.loads(engine.dcos_docker("image", "list", "-o", "json").succeeded())
    assert (listed["image"], listed["docker_version"], listed["is_current"]) == (image, "20.10", True)
    assert listed["base"].startswith("minimal.tar (SHA-256 ")


def test_a_cluster_with_dcos(engine: ContainedEngine, installer: Path) -> None:
    """The installer runs in that Docker, and DC/OS beside it."""
    options = ("--docker-version", "20.10", "--agents", "1", "--public-agents", "0", "--wait-for-dcos")
    cluster_id = engine.dcos_docker("create", installer, *options).succeeded().strip()
    try:
        status = json.loads(engine.dcos_docker("status", "-c", cluster_id, "-o", "json").succeeded())
        assert status["health"] == "healthy"
        for node in ("master_0", "agent_0"):
            assert versions(engine, cluster_id, node) == {"Client": "20.10.24", "Server": "20.10.24"}
        said = on_node(engine, cluster_id, "sh", "-euc", RUN_CONTAINER, node="agent_0")
        assert said == "it runs\nand in a network"
    finally:
        engine.dcos_docker("destroy", "-c", cluster_id).succeeded()


def test_from_a_mirror_and_a_url(engine: ContainedEngine, image: str, docker_26: Path) -> None:
    """A base that has all packages needs no network for them: one of our own images, for example."""
    base = ("--base-image", image)
    with serving(docker_26.read_bytes()) as server:
        tag = build(engine, "26", *base, "--docker-mirror", f"{server.url}/").succeeded().strip()
        assert [path for path, *_ in server.requests] == [PATH_OF_26]
        assert build(engine, "26", *base, "--docker-mirror", server.url).succeeded().strip() == tag
        assert len(server.requests) == 1, "it is there already"
        url = f"{server.url}/some/where?it=is"
        again = build(engine, "26", *base, "--force", "--docker-tarball", url).succeeded().strip()
        assert [path for path, *_ in server.requests[1:]] == ["/some/where?it=is"]
    assert again == tag
    cluster_id = engine.dcos_docker("provision", *ONE_NODE, "--docker-version", "26").succeeded().strip()
    try:
        assert versions(engine, cluster_id) == {"Client": "26.1.5", "Server": "26.1.5"}
        assert on_node(engine, cluster_id, "sh", "-euc", RUN_CONTAINER) == "it runs\nand in a network"
        assert on_node(engine, cluster_id, "systemctl", "is-system-running") == "running"
        on_node(engine, cluster_id, "systemctl", "restart", "docker")
        assert on_node(engine, cluster_id, "docker", "run", "--rm", "tiny", "sh", "-c", "echo again") == "again"
    finally:
        engine.dcos_docker("destroy", "-c", cluster_id).succeeded()
    assert engine.dcos_docker("image", "remove", tag).succeeded() == f"{tag}\n"


def test_docker_that_does_not_start(engine: ContainedEngine) -> None:
    """It would be started again and again, and systemd call that a running system."""
    volume = "nobody-may-write"
    options = (*ONE_NODE, "--docker-version", "20.10", "--custom-volume", f"{volume}:/var/lib/docker:ro")
    result = engine.dcos_docker("provision", *options)
    engine.client.remove_volume(volume)
    assert (result.code, result.stdout) == (1, "")
    assert re.search(r"^ *docker\.service (has failed|is activating since .*):$", result.stderr, re.MULTILINE)
    assert "chmod /var/lib/docker: read-only file system\n" in result.stderr


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"#!/bin/sh\necho Docker version 19.03.15, build 99e3ed8919\n",
         "Docker 28 is wanted, and the tarball has: Docker version 19.03.15, build 99e3ed8919"),
        (b"#!/bin/sh\necho Docker version 280.1.0, build 0\n",
         "Docker 28 is wanted, and the tarball has: Docker version 280.1.0, build 0"),
        (b"\x7fELF of another architecture", "The Docker of the tarball does not run on debian-12."),
    ],
    ids=["older", "one-with-the-same-beginning", "of-another-architecture"],
)  # fmt: skip
def test_another_docker_than_is_wanted(
    engine: ContainedEngine, image: str, tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "docker.tgz"
    path.write_bytes(tarball(content))
    result = build(engine, "28", "--base-image", image, "--docker-tarball", path)
    assert (result.code, result.stdout) == (1, "")
    assert f"  {reason}\n" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("Next: ")


def test_server_without_it(engine: ContainedEngine, tmp_path: Path) -> None:
    with serving(b"") as server:
        server.statuses = [404]
        result = build(engine, "28", "-q", "--docker-mirror", server.url, TMPDIR=str(tmp_path))
        url = f"{server.url}/linux/static/stable/x86_64/docker-28.5.1.tgz"
    assert (result.code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {url} could not be downloaded: HTTP Error 404")
    assert "--docker-tarball FILE" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_server_that_breaks_off(engine: ContainedEngine, tmp_path: Path) -> None:
    with serving(tarball(b"x") * 1000) as server:
        server.cuts = [1000] * 4
        server.knows_ranges = False
        result = build(engine, "28", "--docker-mirror", server.url, TMPDIR=str(tmp_path))
        assert len(server.requests) == 4
    assert (result.code, result.stdout) == (1, "")
    assert "could not be downloaded: " in result.stderr
    assert "Trying again in 1 s." in result.stderr
    assert "--docker-tarball FILE" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>Please log in</html>", "cannot be read as a tarball: it is none, or damaged"),
        (tarball(b"x" * 9000)[:-30], "cannot be read as a tarball: it is cut short"),
    ],
    ids=["a-page", "a-part"],
)
def test_server_that_gives_something_else(engine: ContainedEngine, tmp_path: Path, content: bytes, reason: str) -> None:
    """As proxies do that want a login."""
    with serving(content) as server:
        url = f"{server.url}/docker.tgz"
        result = build(engine, "28", "-q", "--docker-tarball", url, TMPDIR=str(tmp_path))
    assert (result.code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {url} {reason}.\nNext: It must be one of Docker's static builds")
    assert list(tmp_path.iterdir()) == []


def test_interrupted_download(engine: ContainedEngine, tmp_path: Path) -> None:
    with serving(b"x" * (1 << 20)) as server:
        server.hold_after = 1 << 17
        args = ("image", "build", "--docker-version", "28", "--docker-mirror", server.url)
        with engine.running(*args, TMPDIR=str(tmp_path)) as running:
            running.wait_for_stderr("Downloading ")
            running.send(signal.SIGINT)
            ended = running.end()
    assert (ended.code, ended.stdout) == (130, "")
    assert list(tmp_path.iterdir()) == []


def test_create_where_dockers_site_is_not_reached(engine: ContainedEngine, tmp_path: Path) -> None:
    """It names the ways to have that Docker without the site."""
    nobody = "http://127.0.0.1:1"
    options = (*ONE_NODE, "-q", "--docker-version", "28")
    result = engine.dcos_docker("provision", *options, https_proxy=nobody, HTTPS_PROXY=nobody, TMPDIR=str(tmp_path))
    assert (result.code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: https://download.docker.com/linux/static/stable/x86_64/docker-28.5.1.tgz ")
    assert "dcos-docker image build --docker-version VERSION --docker-tarball FILE" in result.stderr
    assert "--docker-mirror URL" in result.stderr
    assert list(tmp_path.iterdir()) == []
