"""What many nodes and many clusters cost: calls for each of what is worked on, and none for what is only there."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli.backends.docker import networks
from dcos_docker_cli.backends.docker.engine import connect
from tests.faults import load
from tests.faults.load import LEFT_OVER, cost
from tests.support.program import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

    from tests.support.own_engine import OwnEngine

pytestmark = pytest.mark.faults

FEW, MANY = 2, 12
CLUSTERS = 100
MEBIBYTES = 60
"""A program that imports docker and requests takes 35."""
FOR_EACH_NODE = {"provision": 8, "list": 0, "inspect": 0, "status": 3, "run --node all": 3, "destroy": 1}
"""A command on a node is three calls; an engine that is busy may be asked more than once whether it has ended."""
AT_ONCE = 60
CREATOR = "from dcos_docker_cli.labels import Creator; print(Creator.this_process())"


@pytest.fixture(scope="module")
def url(client: APIClient, node_image: str) -> Iterator[str]:
    with load.roomy_engine(client, node_image) as made:
        yield made


@pytest.mark.xdist_group("load")
def test_nodes_cost_calls_for_each_and_no_memory(url: str) -> None:
    few, many = load.of_nodes(url, FEW), load.of_nodes(url, MANY)
    for name, for_each in FOR_EACH_NODE.items():
        assert many[name].calls - few[name].calls <= for_each * (MANY - FEW), name
        assert many[name].mebibytes < MEBIBYTES, name


@pytest.mark.xdist_group("own-engine")
def test_clusters_that_are_only_there_cost_no_calls(engine: OwnEngine) -> None:
    load.make_clusters(engine, range(10))
    few = load.of_clusters(engine, 10)
    engine.clear()
    load.make_clusters(engine, range(CLUSTERS))
    many = load.of_clusters(engine, CLUSTERS)
    assert {name: found.calls for name, found in many.items()} == {name: found.calls for name, found in few.items()}
    assert [name for name, found in many.items() if found.mebibytes > MEBIBYTES] == []


@pytest.mark.xdist_group("own-engine")
def test_sixty_networks_at_once(engine: OwnEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them see the same subnets free, and one has the first; the others find another before they give up."""
    for name, value in at(engine.url).items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
    begin = threading.Barrier(AT_ONCE)

    def make(number: int) -> str:
        own = connect()
        begin.wait()
        made = networks.create_network(own, f"at-once-{number}", nodes=1)
        own.close()
        return made.addresses[0]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        addresses = set(pool.map(make, range(AT_ONCE)))
    assert len(addresses) == AT_ONCE


@pytest.mark.xdist_group("own-engine")
def test_clean_costs_calls_for_what_it_removes(engine: OwnEngine) -> None:
    dead = subprocess.run([sys.executable, "-c", CREATOR], capture_output=True, text=True, check=True).stdout.strip()
    calls = []
    for others in (0, CLUSTERS - LEFT_OVER):
        engine.clear()
        load.make_clusters(engine, range(others))
        load.make_clusters(engine, range(CLUSTERS - LEFT_OVER, CLUSTERS), dead, reserved=True)
        found = cost(engine.url, "clean")
        objects = LEFT_OVER * (load.NODES_OF_A_CLUSTER + 3)  # the reservation, the network, the volume
        assert len(found.stdout.splitlines()) == objects
        calls.append(found.calls - objects)
        assert len(cost(engine.url, "list", "-o", "ids").stdout.split()) == others
    assert calls[0] == calls[1] < 20
