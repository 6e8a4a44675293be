"""The engine is killed under the program, and under clusters: what is left is known, and goes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.faults.mortal import MortalEngine, mortal_engine
from tests.support.program import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

    from tests.support.program import Result

pytestmark = [pytest.mark.xdist_group("mortal-engine"), pytest.mark.faults]

ID = ("--cluster-id", "fragile")
SMALL = ("--agents", "1", "--public-agents", "0")
CREATING = {
    "the id is taken": r"POST \S+/networks/create",
    "there is a network": r"POST \S+/volumes/create",
    "nodes start": r"POST \S+/containers/\w+/start",
    "nodes boot": r"\"Cmd\".*is-system-running",
    "the installer is loaded": r"\"Cmd\".*--genconf",
    "DC/OS is being installed": r"\"Cmd\".*dcos_install\.sh",
    "the id is given up": r"DELETE \S+/containers/\w+\?",
}
REMOVING = {"containers": r"DELETE \S+/containers/\w+\?", "networks": r"DELETE \S+/(networks|volumes)/"}


@pytest.fixture(scope="module")
def engine(client: APIClient, node_image: str) -> Iterator[MortalEngine]:
    with mortal_engine(client, node_image) as made:
        yield made


@pytest.fixture
def mortal(engine: MortalEngine) -> Iterator[MortalEngine]:
    """The engine, with no cluster on it before and, as `destroy` or `clean` have it, after."""
    engine.come_back()
    yield engine
    engine.come_back()
    engine.inside.dcos_docker("destroy", *ID)


@pytest.fixture
def cluster(mortal: MortalEngine, installer: Path) -> MortalEngine:
    """The engine, with a cluster of two nodes on it that DC/OS is on."""
    mortal.inside.dcos_docker("create", installer, *ID, *SMALL).succeeded()
    return mortal


def left(engine: MortalEngine) -> list[str]:
    """Return what there is on the engine but caches, which are kept, and volumes whose labels the engine has lost.

    An engine that is killed while it makes a volume may have its directory and not yet its labels: then the next one
    lists a volume of which nobody can tell whose it is, and which is therefore left alone.
    """
    volumes = engine.inside.client.volumes()["Volumes"] or ()
    unknown = {f"volume {volume['Name']}" for volume in volumes if not volume["Labels"]}
    found = [item for item in engine.inside.everything() if not item.startswith("volume dcos-docker-cache-")]
    return [item for item in found if item not in unknown]


def assert_lost(result: Result, code: int = 125) -> None:
    assert (result.code, result.stdout) == (code, ""), result
    assert "Error: " in result.stderr
    assert "\nNext: " in result.stderr
    assert "Traceback" not in result.stderr
    assert "bug of dcos-docker" not in result.stderr


@pytest.mark.parametrize("by", ["destroy", "clean"])
@pytest.mark.parametrize("away", [False, True], ids=["it-is-back-in-seconds", "it-stays-away"])
@pytest.mark.parametrize("moment", CREATING)
def test_create(mortal: MortalEngine, installer: Path, moment: str, by: str, *, away: bool) -> None:
    nth = 2 if moment == "the id is given up" else 1  # the first is the bootstrap node
    result = mortal.befalls(
        CREATING[moment], lambda: mortal.kill(away=away), "create", str(installer), *ID, *SMALL, nth=nth
    )
    if result.code != 0:  # the engine may come back in time for the last calls
        assert_lost(result, result.code)
        assert result.code in ((125,) if away else (125, 1)), result
    mortal.come_back()
    if result.code == 0 or by == "destroy":
        gone = mortal.inside.dcos_docker("destroy", *ID)
        assert gone.code in (0, 4), gone
    else:
        mortal.inside.dcos_docker("clean").succeeded()
    assert left(mortal) == []


@pytest.mark.parametrize("moment", ["--genconf", r"dcos_install\.sh"])
def test_install(mortal: MortalEngine, installer: Path, moment: str) -> None:
    mortal.inside.dcos_docker("provision", *ID, *SMALL).succeeded()
    result = mortal.befalls(rf"\"Cmd\".*{moment}", mortal.kill, "install", str(installer), *ID)
    assert_lost(result)
    mortal.come_back()
    mortal.inside.dcos_docker("clean").succeeded()
    assert [item for item in left(mortal) if "bootstrap" in item] == []
    assert mortal.inside.dcos_docker("destroy", *ID).succeeded() == "fragile\n"
    assert left(mortal) == []


@pytest.mark.parametrize("moment", ["generate-node-upgrade-script", r"dcos_node_upgrade\.sh"])
def test_upgrade(cluster: MortalEngine, newer_installer: Path, moment: str) -> None:
    """It is done again when the nodes are up again, and goes on where it was."""
    result = cluster.befalls(rf"\"Cmd\".*{moment}", cluster.kill, "upgrade", str(newer_installer), *ID)
    assert_lost(result)
    cluster.come_back()
    cluster.inside.dcos_docker("clean").succeeded()
    for node in json.loads(cluster.inside.dcos_docker("inspect", *ID).succeeded())["nodes"]:
        cluster.inside.client.start(node["container_id"])
    cluster.inside.dcos_docker("upgrade", newer_installer, *ID).succeeded()
    cluster.inside.dcos_docker("wait", *ID, "--timeout", "120").succeeded()
    assert '"dcos_version": "2.2.0"' in cluster.inside.dcos_docker("inspect", *ID).succeeded()


@pytest.mark.parametrize("moment", REMOVING)
@pytest.mark.parametrize("command", ["destroy", "clean"])
def test_destroy(mortal: MortalEngine, command: str, moment: str) -> None:
    """Done again, it ends what it began."""
    mortal.inside.dcos_docker("provision", *ID, *SMALL).succeeded()
    args = ("destroy", *ID) if command == "destroy" else ("clean", "--all", "--yes")
    result = mortal.befalls(REMOVING[moment], lambda: mortal.kill(away=True), *args)
    assert_lost(result)
    mortal.come_back()
    again = mortal.inside.dcos_docker(*args)
    assert again.code in (0, 4), again  # what was begun the engine may have ended
    assert left(mortal) == []


def test_a_restart_under_a_cluster(cluster: MortalEngine) -> None:
    """Nodes come back, as they were, and DC/OS on them."""
    before = json.loads(cluster.inside.dcos_docker("inspect", *ID).succeeded())
    cluster.stop()
    cluster.come_back()
    eventually(lambda: '"state": "running"' in listing(cluster), "it is listed as running", timeout=60)
    after = json.loads(cluster.inside.dcos_docker("inspect", *ID).succeeded())
    assert after == before
    cluster.inside.dcos_docker("wait", *ID, "--timeout", "120").succeeded()


def test_a_crash_under_a_cluster(cluster: MortalEngine) -> None:
    """The next engine ends what it finds running, and takes it for stopped by somebody, so that it stays stopped.

    It is told how nodes are started again; then all is as before.
    """
    before = json.loads(cluster.inside.dcos_docker("inspect", *ID).succeeded())
    cluster.kill()
    cluster.come_back()
    eventually(lambda: '"state": "running"' not in listing(cluster), "it is not listed as running", timeout=60)
    waited = cluster.inside.dcos_docker("wait", *ID, "--timeout", "30")
    assert waited.code == 4, waited
    assert "Next: docker start dcos-docker-fragile-master-0\n" in waited.stderr
    for node in before["nodes"]:
        cluster.inside.client.start(node["container_id"])
    after = json.loads(cluster.inside.dcos_docker("inspect", *ID).succeeded())
    assert after == before
    cluster.inside.dcos_docker("wait", *ID, "--timeout", "120").succeeded()


def listing(engine: MortalEngine) -> str:
    return engine.inside.dcos_docker("list", "-o", "json").succeeded()
