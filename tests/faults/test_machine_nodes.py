"""A node is killed, stopped or removed behind the program's back, in the midst of whatever it does."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from docker.errors import APIError

from tests.support.clusters import Cluster
from tests.support.engine import of_cluster
from tests.support.program import Running, at, dcos_docker, eventually
from tests.support.proxy import EngineProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from docker import APIClient

    from tests.support.program import Result

pytestmark = pytest.mark.xdist_group("killed-nodes")

SMALL = ("--agents", "1", "--public-agents", "0")
WAYS: dict[str, Callable[[APIClient, str], object]] = {
    "killed": lambda client, name: client.kill(name),
    "stopped": lambda client, name: client.stop(name, timeout=1),
    "removed": lambda client, name: client.remove_container(name, force=True, v=True),
}
BOOTING, INSTALLING = r"\"Cmd\".*is-system-running", r"\"Cmd\".*dcos_install\.sh agent|\"Cmd\".*dcos_install\.sh slave"


def agent(cluster_id: str) -> str:
    return f"dcos-docker-{cluster_id}-agent-0"


def lost(client: APIClient, cluster_id: str, way: str) -> None:
    """Lose the agent."""
    WAYS[way](client, agent(cluster_id))


@contextmanager
def losing(
    client: APIClient, engine_socket: str, cluster_id: str, way: str, pattern: str
) -> Iterator[dict[str, str | None]]:
    """Lose the agent a moment after what matches has gone to the engine; within the block, the program's variables."""
    with EngineProxy(engine_socket) as proxy:
        later = threading.Timer(0.5, lost, [client, cluster_id, way])
        trigger = proxy.when(pattern, later.start)
        yield at(proxy.url)
        assert trigger.fired.is_set(), proxy.requests
        later.join()


def assert_told(result: Result, *codes: int) -> None:
    assert result.code in codes, result
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr
    assert "agent_0" in result.stderr, result.stderr


@pytest.mark.faults
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("moment", [BOOTING, INSTALLING], ids=["booting", "installing"])
def test_create(client: APIClient, engine_socket: str, installer: Path, cluster_id: str, moment: str, way: str) -> None:
    """All of it is undone."""
    if moment == BOOTING:  # it is a matter of tenths of seconds
        with EngineProxy(engine_socket) as proxy:
            trigger = proxy.when(
                rf"POST \S+/{agent(cluster_id)}/|{BOOTING}", lambda: _when_there(client, cluster_id, way)
            )
            result = dcos_docker("create", installer, "-c", cluster_id, *SMALL, env=at(proxy.url))
            assert trigger.fired.is_set()
    else:
        with losing(client, engine_socket, cluster_id, way, moment) as env:
            result = dcos_docker("create", installer, "-c", cluster_id, *SMALL, env=env)
    assert_told(result, 1, 4)
    assert result.stdout == ""
    assert of_cluster(client, cluster_id) == []


def _when_there(client: APIClient, cluster_id: str, way: str) -> None:
    """Lose the agent as soon as it runs."""

    def runs() -> bool:
        return bool(client.containers(filters={"name": agent(cluster_id)}))

    eventually(runs, "the agent runs")
    lost(client, cluster_id, way)


@pytest.mark.faults
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("command", ["install", "upgrade"])
def test_install_and_upgrade(
    client: APIClient,
    engine_socket: str,
    installer: Path,
    newer_installer: Path,
    cluster_id: str,
    command: str,
    way: str,
) -> None:
    """It fails, and says which node it was; a node that is there again takes part when it is done again."""
    if command == "install":
        dcos_docker("provision", "-c", cluster_id, *SMALL).succeeded()
        pattern, args = INSTALLING, ("install", installer, "-c", cluster_id)
    else:
        dcos_docker("create", installer, "-c", cluster_id, *SMALL).succeeded()
        pattern, args = r"\"Cmd\".*dcos_node_upgrade\.sh", ("upgrade", newer_installer, "-c", cluster_id)
    with losing(client, engine_socket, cluster_id, way, pattern) as env:
        result = dcos_docker(*args, env=env)
    if not (command == "upgrade" and result.code == 0):  # the master comes first, and can have been quick
        assert_told(result, 1, 4)
    assert "bootstrap" not in " ".join(of_cluster(client, cluster_id))
    listed = dcos_docker("list").succeeded().split()
    assert cluster_id in listed
    dcos_docker("destroy", "-c", cluster_id).succeeded()
    assert of_cluster(client, cluster_id) == []


@pytest.mark.parametrize(
    "way", [way if way == "removed" else pytest.param(way, marks=pytest.mark.faults) for way in WAYS]
)
def test_commands(client: APIClient, installer: Path, cluster_id: str, tmp_path: Path, way: str) -> None:
    """`run` ends as its command does, `send-file` and `wait` name the node; what they are told of it is its state."""
    dcos_docker("provision", "-c", cluster_id, *SMALL).succeeded()
    cluster = Cluster(cluster_id)
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(4 << 30)
    fifo_reader = ("run", "-c", cluster_id, "--node", "agent_0", "--", "sh", "-c", "echo up >&2; exec sleep 60")
    # As another user it goes as a stream: what the engine itself takes, the loss of the node would wait for.
    to_the_node = ("send-file", "-c", cluster_id, "--node", "agent_0", "--user", "nobody")
    with Running(*fifo_reader) as running, Running(*to_the_node, big, "/var/tmp/big") as sending:
        running.wait_for_stderr("up")
        sending.wait_for_stderr("Sending")
        threading.Event().wait(0.5)
        lost(client, cluster_id, way)
        ran, sent = running.end(30), sending.end(60)
    assert (ran.code, ran.stdout) == (143 if way == "stopped" else 137, ""), ran  # systemd ends it with SIGTERM
    assert_told(sent, 1, 4)
    for args in (
        ["run", "--node", "agent_0", "--", "true"],
        ["send-file", "--node", "agent_0", "/etc/passwd", "/var/x"],
    ):
        result = cluster.dcos_docker(*args)
        assert_told(result, *((125,) if args[0] == "run" else (1, 4)))
    cluster.dcos_docker("destroy").succeeded()
    assert of_cluster(client, cluster_id) == []


@pytest.mark.faults
@pytest.mark.parametrize("way", WAYS)
def test_wait(client: APIClient, engine_socket: str, installer: Path, cluster_id: str, way: str) -> None:
    """Waiting cures it not, so it ends before its time."""
    dcos_docker("create", installer, "-c", cluster_id, *SMALL).succeeded()
    Cluster(cluster_id).run("systemctl", "stop", "dcos-mesos-slave", node="agent_0").succeeded()
    with Running("wait", "-c", cluster_id, "--timeout", "100", "-v") as running:
        running.wait_for_stderr("Not ready")
        lost(client, cluster_id, way)
        result = running.end(60)
    assert_told(result, 4)


@pytest.mark.faults
def test_no_memory(client: APIClient, engine_socket: str, installer: Path, cluster_id: str) -> None:
    """It is what the failure is told to come from."""

    def limit() -> None:
        eventually(lambda: bool(client.containers(filters={"name": agent(cluster_id)})), "the agent runs")
        for size in range(16 << 20, 256 << 20, 4 << 20):  # the first that is not less than it has already
            with suppress(APIError):
                client.update_container(agent(cluster_id), mem_limit=size, memswap_limit=size)
                return

    with EngineProxy(engine_socket) as proxy:
        trigger = proxy.when(INSTALLING, limit)
        options = ("--wait-for-dcos", "--timeout", "20")
        result = dcos_docker("create", installer, "-c", cluster_id, *SMALL, *options, env=at(proxy.url))
    assert trigger.fired.is_set()
    assert result.code in (1, 124), result
    assert "Out of memory: " in result.stderr, result.stderr
    assert "make fewer nodes, or give the engine's (virtual) machine more memory" in result.stderr, result.stderr
    assert of_cluster(client, cluster_id) == []
