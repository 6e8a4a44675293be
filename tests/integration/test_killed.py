"""Creates that were killed, or whose engine went away: what they leave is found, and removed."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.clusters import Cluster
from tests.support.engine import containers, of_cluster, volume_exists
from tests.support.program import Running, at, dcos_docker, eventually
from tests.support.proxy import EngineProxy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from docker import APIClient

# `clean` would take what another of these tests has left on purpose.
pytestmark = pytest.mark.xdist_group("killed")

SMALL = ("--agents", "1", "--public-agents", "0")
CREATE = r"POST \S+/containers/create\?name=\S+"
MOMENTS = {
    "the id is taken": (r"POST \S+/networks/create", 1),
    "there is a network": (r"POST \S+/volumes/create", 1),
    "the bootstrap node is made": (CREATE + "-master-0", 1),
    "a node starts": (r"\"Cmd\".*is-system-running", 1),
    "the installer is loaded": (r"\"Cmd\".*--genconf", 1),
    "DC/OS is being installed": (r"\"Cmd\".*dcos_install\.sh", 1),
}


def killed_create(engine_socket: str, installer: Path, cluster_id: str, moment: tuple[str, int]) -> None:
    """Create, and kill the program at a moment."""
    pattern, nth = moment
    with EngineProxy(engine_socket) as proxy:
        begun: list[Running] = []

        def kill() -> None:
            begun[0].process.kill()
            begun[0].process.wait()

        trigger = proxy.when(pattern, kill, nth=nth)
        with Running("create", installer, "-c", cluster_id, *SMALL, env=at(proxy.url)) as running:
            begun.append(running)
            assert running.end().code == 128 + signal.SIGKILL
        assert trigger.fired.is_set()


@pytest.mark.parametrize("moment", MOMENTS)
def test_clean_removes_what_a_killed_create_left(
    client: APIClient, engine_socket: str, installer: Path, cluster_id: str, moment: str
) -> None:
    killed_create(engine_socket, installer, cluster_id, MOMENTS[moment])
    assert f"container dcos-docker-{cluster_id}-reservation" in of_cluster(client, cluster_id)
    assert Cluster(cluster_id).inspect()["state"] == "incomplete"
    told = dcos_docker("clean", "--dry-run").succeeded().splitlines()
    left = of_cluster(client, cluster_id)
    assert set(left) <= set(told)
    assert dcos_docker("create", installer, "-c", cluster_id).code == 5
    assert of_cluster(client, cluster_id) == left
    cleaned = dcos_docker("clean").succeeded().splitlines()
    assert set(left) <= set(cleaned)
    assert of_cluster(client, cluster_id) == []


def test_destroy_removes_it_as_well(client: APIClient, engine_socket: str, installer: Path, cluster_id: str) -> None:
    killed_create(engine_socket, installer, cluster_id, MOMENTS["a node starts"])
    assert Cluster(cluster_id).dcos_docker("destroy").succeeded() == f"{cluster_id}\n"
    assert of_cluster(client, cluster_id) == []


def test_cache_of_a_killed_create_is_filled_anew(
    client: APIClient, engine_socket: str, fresh_installer: tuple[Path, str], new_cluster_id: Callable[[], str]
) -> None:
    """The bootstrap node that it left has the cache; the next create takes it over."""
    installer, cache = fresh_installer
    first, second = new_cluster_id(), new_cluster_id()
    killed_create(engine_socket, installer, first, (r"#EOF#", 1))
    assert volume_exists(client, cache)
    dcos_docker("create", installer, "-c", second, *SMALL, timeout=120).succeeded()
    Cluster(second).dcos_docker("wait", "--timeout", "120").succeeded()
    for one in (first, second):
        dcos_docker("destroy", "-c", one).succeeded()


def test_commands_on_what_is_left(client: APIClient, engine_socket: str, installer: Path, cluster_id: str) -> None:
    """Each of them says what is the matter, and none is a bug of ours."""
    killed_create(engine_socket, installer, cluster_id, MOMENTS["there is a network"])
    cluster = Cluster(cluster_id)
    listed = dcos_docker("list", "-o", "table").succeeded().splitlines()
    assert [line.split()[:2] for line in listed if cluster_id in line] == [[cluster_id, "incomplete"]]
    for result in (cluster.dcos_docker("wait", "--timeout", "5"), cluster.dcos_docker("web")):
        assert result.code in (1, 4), result
        assert "Error: " in result.stderr
    assert cluster.run("true").code == 125
    assert of_cluster(client, cluster_id) != []


def test_clean_leaves_a_create_that_goes_on(client: APIClient, installer: Path, cluster_id: str) -> None:
    with Running("create", installer, "-c", cluster_id, *SMALL) as running:
        for wanted in ("reservation", "bootstrap", "node"):
            eventually(lambda: containers(client, cluster_id, wanted) != [], f"there is its {wanted}")  # noqa: B023
            told = dcos_docker("clean").succeeded()
            assert cluster_id not in told
        assert running.end().succeeded() == f"{cluster_id}\n"
    told = dcos_docker("clean").succeeded()
    assert cluster_id not in told
    cluster = Cluster(cluster_id)
    cluster.dcos_docker("wait", "--timeout", "120").succeeded()
    assert len(of_cluster(client, cluster_id)) == 2 + 2 * 4 + 1 + 1


@pytest.mark.parametrize("moment", MOMENTS)
def test_engine_that_goes_away(
    client: APIClient, engine_socket: str, installer: Path, cluster_id: str, moment: str
) -> None:
    pattern, nth = MOMENTS[moment]
    with EngineProxy(engine_socket) as proxy:
        trigger = proxy.when(pattern, proxy.cut, nth=nth)
        result = dcos_docker("create", installer, "-c", cluster_id, *SMALL, env=at(proxy.url))
    assert trigger.fired.is_set()
    assert (result.code, result.stdout) == (125, ""), result.stderr
    assert f"\nError: No Docker engine answers at {proxy.url} (from DOCKER_HOST).\nNext: " in result.stderr
    assert f"\nWhen that is cured: dcos-docker destroy --cluster-id {cluster_id}\n" in result.stderr
    assert "Traceback" not in result.stderr
    assert of_cluster(client, cluster_id) != []
    assert dcos_docker("destroy", "-c", cluster_id).succeeded() == f"{cluster_id}\n"
    assert of_cluster(client, cluster_id) == []


@pytest.mark.parametrize(
    ("args", "nth"),
    [
        (["list"], 1),
        (["inspect"], 1),
        (["destroy"], 1),
        (["destroy-list", "t-one", "t-two"], 1),
        (["destroy-list", "t-one", "t-two"], 2),
        (["clean"], 1),
        (["clean"], 2),
        (["run", "--", "true"], 1),
        (["wait"], 1),
        (["web"], 1),
    ],
)
def test_engine_that_goes_away_from_other_commands(engine_socket: str, args: list[str], nth: int) -> None:
    with EngineProxy(engine_socket) as proxy:
        trigger = proxy.when(r"(GET|POST|DELETE) /v1", proxy.cut, nth=nth)
        result = dcos_docker(*args, env=at(proxy.url))
    assert trigger.fired.is_set()
    assert (result.code, result.stdout) == (125, ""), result.stderr
    assert f"Error: No Docker engine answers at {proxy.url} (from DOCKER_HOST).\n" in result.stderr
    assert "\nNext: " in result.stderr


def test_engine_that_goes_away_while_a_command_runs(engine_socket: str, installer: Path, cluster_id: str) -> None:
    dcos_docker("create", installer, "-c", cluster_id, "--agents", "0", "--public-agents", "0").succeeded()
    with EngineProxy(engine_socket) as proxy:
        script = "echo up >&2; exec sleep 60"
        with Running("run", "-c", cluster_id, "--", "sh", "-c", script, env=at(proxy.url)) as running:
            running.wait_for_stderr("up")
            proxy.cut()
            result = running.end(30)
    assert (result.code, result.stdout) == (125, ""), result.stderr
    assert "Error: No Docker engine answers" in result.stderr
