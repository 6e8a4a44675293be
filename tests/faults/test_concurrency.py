"""Many at work on one engine at once: on one id, on different ones, and among containers of others that come and go."""

from __future__ import annotations

import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.clusters import Cluster
from tests.support.engine import containers, of_cluster
from tests.support.ids import new_id
from tests.support.program import Result, Running, at, dcos_docker, eventually
from tests.support.proxy import EngineProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from docker import APIClient

LONE = ("--agents", "0", "--public-agents", "0")
CREATE = r"POST \S+/containers/create\?name=\S+"
DESIGNED = {0, 1, 4, 5}
"""How a create, a destroy and the rest may end when others are at work on the same cluster."""
STORM_SECONDS = 60
CHURN_RUNS = 50
LARGE = 4 << 30
"""Bytes of a file that has no blocks, and takes longer to send than the test waits."""


@contextmanager
def churn(client: APIClient, image: str) -> Iterator[list[int]]:
    """Have containers, networks and volumes of others come and go within the block; yields how many have so far."""
    done, ended = [0], threading.Event()
    prefix = f"somebodys-{new_id()}"

    def come_and_go(number: int) -> None:
        while not ended.is_set():
            name = f"{prefix}-{number}-{done[0]}"
            client.create_volume(name)
            network = client.create_network(name, internal=True)["Id"]
            host = client.create_host_config(binds={name: {"bind": "/data"}})
            made = client.create_container(image, ["true"], name=name, host_config=host)["Id"]
            client.remove_container(made, force=True)
            client.remove_network(network)
            client.remove_volume(name)
            done[0] += 1
            ended.wait(0.05)  # the engine has two cores, and others to serve

    with ThreadPoolExecutor(2) as pool:
        workers = [pool.submit(come_and_go, number) for number in range(2)]
        try:
            yield done
        finally:
            ended.set()
            for worker in workers:
                worker.result()


def assert_designed(result: Result, codes: set[int] | None = None) -> None:
    """See that a command ended as the design says, and told why if it failed."""
    assert result.code in (codes or DESIGNED), result
    assert "Traceback" not in result.stderr, result.stderr
    assert "bug" not in result.stderr, result.stderr
    if result.code:
        assert result.stdout == "", result
        assert "Error: " in result.stderr, result


def parts(nodes: int) -> int:
    """Return how many objects a cluster has: nodes with four volumes each, the shared volume, the network."""
    return nodes * (1 + 4) + 2


# One id


def race(client: APIClient, installer: Path, cluster_id: str, count: int) -> None:
    """Create one id many times at once; see that one has it and the others have harmed nothing."""
    with ExitStack() as stack:
        all_ = [stack.enter_context(Running("create", installer, "-c", cluster_id, *LONE)) for _ in range(count)]
        results = sorted((running.end(600) for running in all_), key=lambda result: result.code)
    assert [result.code for result in results] == [0] + [5] * (count - 1), results
    for refused in results[1:]:
        assert_designed(refused)
        assert f'Error: The cluster id "{cluster_id}" is in use.\n' in refused.stderr
    cluster = Cluster(cluster_id)
    cluster.dcos_docker("wait", "--timeout", "240", timeout=300).succeeded()
    cluster.dcos_docker("status").succeeded()
    assert cluster.nodes == ["master_0"]
    assert len(of_cluster(client, cluster_id)) == parts(1)


def test_eight_creates_of_one_id(client: APIClient, installer: Path, cluster_id: str) -> None:
    race(client, installer, cluster_id, 8)


@pytest.mark.faults
def test_twenty_creates_of_one_id(client: APIClient, installer: Path, cluster_id: str) -> None:
    race(client, installer, cluster_id, 20)


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(r"POST \S+/networks/create", id="making the network", marks=pytest.mark.faults),
        pytest.param(CREATE + "-master-0", id="creating the node", marks=pytest.mark.faults),
        pytest.param(r"\"Cmd\".*is-system-running", id="waiting for the node"),
    ],
)
def test_a_third_takes_the_id_of_a_create_that_was_destroyed(
    client: APIClient, engine_socket: str, cluster_id: str, moment: str
) -> None:
    """What the first undoes when it finds out is its own, and nothing of the other's of the same id."""
    other: list[Result] = []

    def destroyed_and_made_anew() -> None:
        dcos_docker("destroy", "-c", cluster_id).succeeded()
        other.append(dcos_docker("provision", "-c", cluster_id, *LONE))

    with EngineProxy(engine_socket) as proxy:
        proxy.when(moment, destroyed_and_made_anew)
        with Running("provision", "-c", cluster_id, *LONE, env=at(proxy.url)) as first:
            result = first.end()
    assert other[0].succeeded() == f"{cluster_id}\n"
    assert_designed(result, {1})
    assert f'Error: The cluster "{cluster_id}" was destroyed while it was being created.\n' in result.stderr
    cluster = Cluster(cluster_id)
    assert cluster.inspect()["state"] == "running"
    assert cluster.output("echo", "well") == "well"
    assert len(of_cluster(client, cluster_id)) == parts(1)


def test_a_cluster_that_is_destroyed_as_its_create_ends(client: APIClient, engine_socket: str, cluster_id: str) -> None:
    """All nodes were up, so that nothing has failed; yet there is no cluster, and that is what it says."""

    def destroy() -> None:
        dcos_docker("destroy", "-c", cluster_id).succeeded()

    with EngineProxy(engine_socket) as proxy:
        trigger = proxy.when(r"DELETE \S+/containers/", destroy)
        result = dcos_docker("provision", "-c", cluster_id, *LONE, env=at(proxy.url))
    assert trigger.fired.is_set()
    assert_designed(result, {1})
    assert f'Error: The cluster "{cluster_id}" was destroyed while it was being created.\n' in result.stderr
    assert of_cluster(client, cluster_id) == []


@pytest.mark.faults
def test_a_node_that_is_gone_when_its_create_ends(client: APIClient, engine_socket: str, cluster_id: str) -> None:
    """A destroy that has not seen all of it takes a part; what is left is no cluster."""

    def remove_one() -> None:
        client.remove_container(f"dcos-docker-{cluster_id}-agent-0", force=True, v=True)

    with EngineProxy(engine_socket) as proxy:
        trigger = proxy.when(r"GET \S+/containers/json\S+cluster_id", remove_one, nth=4)
        result = dcos_docker("provision", "-c", cluster_id, "--agents", "1", "--public-agents", "0", env=at(proxy.url))
    assert trigger.fired.is_set()
    assert_designed(result, {1})
    assert "was destroyed while it was being created" in result.stderr
    assert of_cluster(client, cluster_id) == []


# Different ids


def side_by_side(client: APIClient, installer: Path, ids: list[str]) -> None:
    """Create clusters at once; see that all come up, apart from each other."""
    with ExitStack() as stack:
        all_ = [stack.enter_context(Running("create", installer, "-c", one, *LONE)) for one in ids]
        results = [running.end(900) for running in all_]
    for one, result in zip(ids, results, strict=True):
        assert result.succeeded() == f"{one}\n"
    clusters = [Cluster(one) for one in ids]
    for cluster in clusters:
        cluster.dcos_docker("wait", "--timeout", "300", timeout=360).succeeded()
    assert len({node["address"] for cluster in clusters for node in cluster.inspect()["nodes"]}) == len(ids)
    subnets = {client.inspect_network(f"dcos-docker-{one}")["IPAM"]["Config"][0]["Subnet"] for one in ids}
    assert len(subnets) == len(ids)
    for one in ids:
        assert len(of_cluster(client, one)) == parts(1)


@pytest.mark.faults
def test_three_ids_at_once(client: APIClient, installer: Path, new_cluster_id: Callable[[], str]) -> None:
    side_by_side(client, installer, [new_cluster_id() for _ in range(3)])


@pytest.fixture
def room() -> None:
    """Skip where the kernel has not as much left as eight nodes need."""
    told = json.loads(dcos_docker("doctor", "DD011", "--agents", "7", "--public-agents", "0", "-o", "json").stdout)
    if any(finding["level"] != "ok" for finding in told):
        pytest.skip(told[0]["message"])


@pytest.mark.usefixtures("room")
@pytest.mark.faults
def test_eight_ids_at_once(client: APIClient, installer: Path, new_cluster_id: Callable[[], str]) -> None:
    side_by_side(client, installer, [new_cluster_id() for _ in range(8)])


# Create against destroy against clean against list


def storm(client: APIClient, installer: Path, image: str, cluster_id: str, seconds: float) -> dict[str, int]:
    """Have commands of all kinds at the same cluster, over and over; return how many ended how."""
    end = time.monotonic() + seconds
    ended: dict[str, int] = {}
    codes = {
        "list": {0},
        "inspect": {0, 4},
        "clean": {0},
        "destroy": {0, 4},
        "create": {0, 1, 5},
        "provision": {0, 1, 5},
    }
    commands = {
        "create": ("create", installer, "-c", cluster_id, *LONE),
        "provision": ("provision", "-c", cluster_id, *LONE),
        "destroy": ("destroy", "-c", cluster_id),
        "inspect": ("inspect", "-c", cluster_id),
        "clean": ("clean", "--dry-run"),
        "list": ("list", "-o", "json"),
    }

    def repeat(name: str, seed: int) -> None:
        chance = random.Random(seed)  # the same pauses in each run
        while time.monotonic() < end:
            result = dcos_docker(*commands[name])
            assert_designed(result, codes[name])
            ended[f"{name} {result.code}"] = ended.get(f"{name} {result.code}", 0) + 1
            time.sleep(chance.uniform(0, 2.5 if name == "destroy" else 0.2))

    with churn(client, image) as others, ThreadPoolExecutor(len(commands)) as pool:
        for future in [pool.submit(repeat, name, seed) for seed, name in enumerate(commands)]:
            future.result()
        ended["others"] = others[0]
    return ended


def see_the_end(client: APIClient, cluster_id: str) -> None:
    """See that after a storm a destroy leaves nothing, and that there is a cluster only if it is whole."""
    if of_cluster(client, cluster_id):
        found = Cluster(cluster_id).inspect()
        assert (found["state"], len(found["nodes"])) == ("running", 1)
        Cluster(cluster_id).dcos_docker("destroy").succeeded()
    assert of_cluster(client, cluster_id) == []


@pytest.mark.faults
def test_a_storm(client: APIClient, installer: Path, node_image: str, cluster_id: str) -> None:
    ended = storm(client, installer, node_image, cluster_id, STORM_SECONDS)
    print(json.dumps(ended, sort_keys=True))  # noqa: T201 - for docs/reliability.md
    assert ended["destroy 0"] > 1
    see_the_end(client, cluster_id)


# A cluster that goes while it is used


@pytest.fixture
def lone(client: APIClient, cluster_id: str) -> Cluster:
    """A cluster of one node without DC/OS."""
    dcos_docker("provision", "-c", cluster_id, *LONE).succeeded()
    assert containers(client, cluster_id) != []
    return Cluster(cluster_id)


def test_commands_whose_cluster_is_destroyed(client: APIClient, installer: Path, lone: Cluster, tmp_path: Path) -> None:
    """Two destroys at once, while others run on it: those end soon, each as a failure of its own that it tells.

    A file that the engine itself gives may still come whole: the destroy then waits for that. The one that is sent is
    another user's, and so a stream.
    """
    source, target = tmp_path / "large", tmp_path / "got"
    with source.open("wb") as file:
        file.truncate(LARGE)
    # While the engine gives a file it starts no command on that node.
    lone.run("truncate", "-s", str(LARGE // 8), "/opt/large").succeeded()
    more = ("-c", lone.cluster_id)
    with ExitStack() as stack:
        run = stack.enter_context(Running("run", *more, "--", "sh", "-c", "echo up; sleep 600"))
        eventually(lambda: "up" in run.stdout, "the command runs")
        send = stack.enter_context(Running("send-file", *more, "--user", "nobody", str(source), "/tmp/sent"))
        fetch = stack.enter_context(Running("download-file", *more, "/opt/large", str(target)))
        install = stack.enter_context(Running("install", installer, *more))
        install.wait_for_stderr("Configuring DC/OS")
        destroys = [stack.enter_context(Running("destroy", *more)) for _ in range(2)]
        codes = {destroy.end(60).code for destroy in destroys}
        ran = run.end(30)
        others = [command.end(30) for command in (send, install)]
        fetched = fetch.end(30)
    assert 0 in codes
    assert codes <= {0, 4}
    assert ran.code in (125, 137), ran
    assert "Traceback" not in ran.stderr
    for result in others:
        assert_designed(result, {1, 4})
    assert_designed(fetched, {0, 1, 4})
    assert {path.name for path in tmp_path.iterdir()} == ({"large", "got"} if fetched.code == 0 else {"large"})
    assert fetched.code != 0 or target.stat().st_size == LARGE // 8
    assert of_cluster(client, lone.cluster_id) == []


def test_a_cluster_is_destroyed_while_its_engine_takes_much(client: APIClient, lone: Cluster, tmp_path: Path) -> None:
    """Both end as designed: the engine removes the node once it has all, and what then is to be done there fails."""
    source = tmp_path / "large"
    with source.open("wb") as file:
        file.truncate(LARGE // 4)
    with Running("send-file", "-c", lone.cluster_id, str(source), "/opt/sent") as send:
        send.wait_for_stderr("Sending")
        destroyed = dcos_docker("destroy", "-c", lone.cluster_id)
        sent = send.end(30)
    assert destroyed.code == 0, destroyed
    assert_designed(sent, {0, 1, 4})
    assert of_cluster(client, lone.cluster_id) == []


# Others' containers


def test_runs_while_others_come_and_go(client: APIClient, node_image: str, lone: Cluster) -> None:
    with churn(client, node_image) as others:
        for number in range(CHURN_RUNS // 10):
            assert lone.run("echo", str(number)).succeeded() == f"{number}\n"
    assert others[0] > 0


@pytest.mark.faults
def test_fifty_of_each_while_others_come_and_go(client: APIClient, node_image: str, lone: Cluster) -> None:
    with churn(client, node_image) as others:
        for number in range(CHURN_RUNS):
            assert lone.run("echo", str(number)).succeeded() == f"{number}\n"
            assert lone.cluster_id in dcos_docker("list").succeeded().splitlines()
            lone.inspect()
            assert lone.cluster_id not in dcos_docker("clean", "--dry-run").succeeded()
    assert others[0] > CHURN_RUNS
