"""Two versions of the tool on one engine: neither harms what the other has made."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.own_engine import IMAGE, OwnEngine, ours
from tests.support.program import Result, Running, at, dcos_docker, environment
from tests.support.zoo import Zoo

if TYPE_CHECKING:
    from docker import APIClient

    from tests.support.contained import ContainedEngine

ROOT = Path(__file__).parents[2]
LONE = ("--agents", "0", "--public-agents", "0")
OLDER = ("0.2.0", "0.3.0")
NEWER = {"dcos_docker.schema": "99", "dcos_docker.cluster_id": "newer", "dcos_docker.creator": "host+1/2/3/4"}
EVERYTHING = ("--all", "--yes", "--cache", "--images", "--older-than", "1m")
TAG = "from dcos_docker_cli.backends.docker.images import node_image; print(node_image())"


@dataclass(frozen=True)
class Older:
    """An older version of the program, at an engine. It runs from its directory as `python -m dcos_docker_cli`."""

    directory: Path
    engine: ContainedEngine

    def dcos_docker(self, *args: str | Path) -> Result:
        """Run it to its end."""
        return self._python("-m", "dcos_docker_cli", *args)

    def node_image(self) -> str:
        """Return the tag of the image that it makes nodes from."""
        return self._python("-c", TAG).succeeded().strip()

    def popen(self, *args: str | Path) -> subprocess.Popen[bytes]:
        """Run it in the background."""
        return subprocess.Popen(
            [sys.executable, "-m", "dcos_docker_cli", *args],
            env=environment(self._env()),
            cwd=self.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def _python(self, *args: str | Path) -> Result:
        return dcos_docker(*args, program=[sys.executable], env=self._env(), cwd=self.directory)

    def _env(self) -> dict[str, str | None]:
        return {**at(self.engine.url), "PYTHONPATH": str(self.directory)}


def git(*args: str) -> bytes:
    """Return what git prints of this checkout; skip where there is none."""
    done = subprocess.run(["git", "-C", ROOT, *args], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"this is no checkout with a history: {done.stderr.decode().strip()}")
    return done.stdout


def revision_of(version: str) -> str:
    """Return the first revision that had a version; skip where the history does not go back to it."""
    file = "dcos_docker_cli/__init__.py"
    for revision in git("log", "--format=%H", "--", file).decode().split():
        if f'__version__ = "{version}"' in git("show", f"{revision}:{file}").decode():
            return revision
    pytest.skip(f"the history here does not go back to version {version}: it is shallow")


@pytest.fixture(params=OLDER)
def older(
    request: pytest.FixtureRequest, client: APIClient, nested: ContainedEngine, node_image: str, tmp_path: Path
) -> Older:
    """An older version, on an engine that has the node image under that version's tag, too."""
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    archive = git("archive", revision_of(request.param), "dcos_docker_cli")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(tmp_path / "older", filter="data")
    made = Older(tmp_path / "older", nested)
    assert made.dcos_docker("--version").succeeded() == f"dcos-docker, version {request.param}\n"
    nested.clear()
    nested.client.load_image(client.get_image(node_image))  # type: ignore[no-untyped-call]
    repository, _, tag = made.node_image().rpartition(":")
    nested.client.tag(node_image, repository, tag)
    return made


@pytest.mark.faults
@pytest.mark.xdist_group("nested-engine")
def test_with_an_older_version(nested: ContainedEngine, older: Older, installer: Path) -> None:
    older.dcos_docker("create", installer, "-c", "theirs", *LONE).succeeded()
    nested.dcos_docker("create", installer, "-c", "ours", *LONE).succeeded()
    before = nested.everything()
    for program, cluster_id in ((nested, "theirs"), (older, "ours")):
        assert program.dcos_docker("list").succeeded() == "ours\ntheirs\n"
        found = json.loads(program.dcos_docker("inspect", "-c", cluster_id).succeeded())
        assert (found["state"], [node["reference"] for node in found["nodes"]]) == ("running", ["master_0"])
        assert program.dcos_docker("run", "-c", cluster_id, "--", "echo", "well").succeeded() == "well\n"
        program.dcos_docker("wait", "-c", cluster_id, "--timeout", "120").succeeded()
        taken = program.dcos_docker("create", installer, "-c", cluster_id, *LONE)
        assert (taken.code, taken.stdout) == (5, "")
        assert program.dcos_docker("clean").succeeded() == ""
    assert nested.everything() == before
    assert nested.dcos_docker("destroy", "-c", "theirs").succeeded() == "theirs\n"
    assert older.dcos_docker("list").succeeded() == "ours\n"
    assert older.dcos_docker("destroy", "-c", "ours").succeeded() == "ours\n"
    assert [item.partition("-cache-")[0] for item in nested.everything()] == ["volume dcos-docker"]


@pytest.mark.faults
@pytest.mark.xdist_group("nested-engine")
def test_one_id_for_two_versions_at_once(nested: ContainedEngine, older: Older, installer: Path) -> None:
    """One of them has it; and while a create of the one goes on, `clean` of the other takes nothing of it."""
    with ExitStack() as stack:
        theirs = stack.enter_context(older.popen("create", installer, "-c", "contested", *LONE))
        running = stack.enter_context(Running("create", installer, "-c", "contested", *LONE, env=at(nested.url)))
        for _ in range(3):
            for program in (nested, older):
                assert program.dcos_docker("clean").succeeded() == ""
        result = running.end()
        _, said = theirs.communicate(timeout=180)
    assert sorted([result.code, theirs.returncode]) == [0, 5], (result, said)
    found = json.loads(nested.dcos_docker("inspect", "-c", "contested").succeeded())
    assert (found["state"], len(found["nodes"])) == ("running", 1)
    nested.dcos_docker("wait", "-c", "contested", "--timeout", "120").succeeded()
    nested.dcos_docker("destroy", "-c", "contested").succeeded()
    assert [item.partition("-cache-")[0] for item in nested.everything()] == ["volume dcos-docker"]


def newer_cluster(engine: OwnEngine) -> Zoo:
    """Have what a version to come may make of a cluster."""
    zoo = Zoo(engine.client)
    for name, kind in (("newer-reservation", "reservation"), ("newer-1", "node"), ("newer-2", "tower")):
        zoo.container(f"dcos-docker-{name}", IMAGE, labels={**NEWER, "dcos_docker.kind": kind})
    zoo.container("newer-disk", IMAGE, labels={**NEWER, "dcos_docker.kind": "sidecar", "dcos_docker.name": "disk"})
    for name, kind in (("newer", "network"), ("newer-data", "volume"), ("newer-cache", "cache")):
        zoo.add(name, {**NEWER, "dcos_docker.kind": kind}, IMAGE)
    zoo.image("dcos-docker/node:newer", {"dcos_docker.schema": "99", "dcos_docker.kind": "image"})
    return zoo


@pytest.mark.xdist_group("own-engine")
def test_what_a_newer_version_has_made(engine: OwnEngine) -> None:
    """It is listed, and never removed; what would need to read it says to upgrade."""
    zoo = newer_cluster(engine)
    before = zoo.look()
    listed = json.loads(engine.dcos_docker("list", "-o", "json").succeeded())
    assert [(item["cluster_id"], item["state"]) for item in listed] == [("newer", "unknown")]
    assert json.loads(engine.dcos_docker("inspect", "-c", "newer").succeeded())["state"] == "unknown"
    for args in (["destroy"], ["destroy-node", "master_0"], ["run", "--", "true"], ["wait"], ["web"], ["ssh-config"]):
        command, *rest = args
        result = engine.dcos_docker(command, "-c", "newer", *rest)
        assert (result.code, result.stdout) == (125 if command == "run" else 1, ""), result
        assert 'Error: The cluster "newer" was made by another version of dcos-docker' in result.stderr
        assert "labels (schema 99) this one cannot read. It is left alone.\nNext: Upgrade dcos-docker" in result.stderr
    for options in ((), EVERYTHING):
        assert engine.dcos_docker("clean", *options).succeeded() == ""
    assert engine.dcos_docker("provision", "-c", "newer").code == 5
    result = engine.dcos_docker("destroy-loopback-sidecar", "disk")
    assert (result.code, result.stdout) == (1, "")
    assert 'Error: The loopback sidecar "disk" was made by another version' in result.stderr
    assert zoo.look() == before


@pytest.mark.xdist_group("own-engine")
def test_a_cluster_of_ours_with_something_of_a_newer_version(engine: OwnEngine) -> None:
    """As one has that has begun to upgrade DC/OS on it: ours goes, the rest is left to that version."""
    zoo = Zoo(engine.client)
    zoo.container("newer-bootstrap", IMAGE, labels={**NEWER, "dcos_docker.kind": "bootstrap"})
    before = zoo.look()
    place = {"role": "master", "index": "0", "address": "172.28.0.2"}
    engine.container("dcos-docker-newer-master-0", ours("node", "newer", **place))
    engine.network("dcos-docker-newer", ours("network", "newer"))
    assert engine.dcos_docker("clean", *EVERYTHING).succeeded() == ""
    assert engine.dcos_docker("destroy", "-c", "newer").succeeded() == "newer\n"
    assert engine.everything() == ["container newer-bootstrap"]
    assert zoo.look() == before
