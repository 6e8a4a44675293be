"""How many calls of the engine each command makes: as many on every machine, whatever else is on the engine."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli.backends.docker.engine import FIRST_TIMEOUT
from tests.support.api import Answer, asked, changed
from tests.support.clusters import tear_down
from tests.support.elsewhere import is_remote
from tests.support.ids import new_id
from tests.support.program import at, dcos_docker
from tests.support.proxy import EngineProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

    from tests.support.clusters import Cluster

FOREIGN = 30
"""Containers of others, which are not started: they are there for no more than the listing."""
TO_PROVISION, TO_CREATE, TO_DESTROY = 5, 8, 1
"""Calls for each node. To make one: its container, its start, and a command that waits for systemd, which takes three;
to install DC/OS on it: another command. To remove one: itself."""
ONCE_TO_PROVISION, ONCE_TO_CREATE, ONCE_TO_DESTROY = 15, 35, 11
"""Calls for each cluster, at most: checks, the reservation, the network, the volume; the installer's run."""


TAKES_LIMITS = pytest.mark.skipif(
    is_remote(), reason="an engine in a container may refuse a node's limits, which costs calls to find out"
)


@pytest.fixture(scope="module")
def foreign(client: APIClient, node_image: str) -> Iterator[None]:
    """Have containers on the engine that are none of ours."""
    made = [
        client.create_container(node_image, ["true"], name=f"foreign-{new_id()}", labels={"of": "somebody"})["Id"]
        for _ in range(FOREIGN)
    ]
    yield
    for container in made:
        client.remove_container(container, force=True)


def calls_of(engine_socket: str, *args: str | Path) -> list[str]:
    """Return the calls that a command makes, which must succeed, less versions and ids."""
    with EngineProxy(engine_socket) as proxy:
        dcos_docker(*args, env=at(proxy.url)).succeeded()
    if "/v1.44/" in proxy.requests[-1]:  # an engine that has refused the first call
        del proxy.requests[0]
    return [re.sub(r"/v[\d.]+(/\S*?)(\?.*|$)", r"\1", re.sub(r"[0-9a-f]{64}", "ID", call)) for call in proxy.requests]


@pytest.mark.xdist_group("shared")
@pytest.mark.usefixtures("foreign")
def test_list_makes_one_call(engine_socket: str, shared: Cluster) -> None:
    for form in ("ids", "table", "json"):
        assert calls_of(engine_socket, "list", "--output", form) == ["GET /containers/json"]


@pytest.mark.xdist_group("shared")
@pytest.mark.usefixtures("foreign")
def test_inspect_makes_two_calls(engine_socket: str, shared: Cluster) -> None:
    """The listing tells all but which DC/OS it is."""
    calls = calls_of(engine_socket, "inspect", "-c", shared.cluster_id)
    assert calls == ["GET /containers/json", "GET /containers/ID/archive"]


@pytest.mark.xdist_group("shared")
@pytest.mark.usefixtures("foreign")
def test_run_makes_four_calls(engine_socket: str, shared: Cluster) -> None:
    calls = calls_of(engine_socket, "run", "-c", shared.cluster_id, "--", "true")
    assert calls == ["GET /containers/json", "POST /containers/ID/exec", "POST /exec/ID/start", "GET /exec/ID/json"]


@TAKES_LIMITS
@pytest.mark.usefixtures("foreign")
def test_nodes_cost_a_constant_number_of_calls(client: APIClient, engine_socket: str) -> None:
    provisioned, destroyed = {}, {}
    for nodes in (1, 3):
        cluster_id = new_id()
        try:
            options = ("--masters", "1", "--agents", str(nodes - 1), "--public-agents", "0", "-c", cluster_id)
            provisioned[nodes] = calls_of(engine_socket, "provision", *options)
            destroyed[nodes] = calls_of(engine_socket, "destroy", "-c", cluster_id)
        finally:
            tear_down(client, cluster_id)
    check(provisioned, TO_PROVISION, ONCE_TO_PROVISION)
    check(destroyed, TO_DESTROY, ONCE_TO_DESTROY)


@TAKES_LIMITS
@pytest.mark.xdist_group("shared")
@pytest.mark.usefixtures("foreign", "shared")  # whose create has sent the installer
def test_create_costs_a_constant_number_of_calls(client: APIClient, engine_socket: str, installer: Path) -> None:
    created = {}
    for nodes in (1, 2):
        cluster_id = new_id()
        try:
            options = ("--agents", str(nodes - 1), "--public-agents", "0", "-c", cluster_id)
            created[nodes] = calls_of(engine_socket, "create", installer, *options)
        finally:
            tear_down(client, cluster_id)
    check(created, TO_CREATE, ONCE_TO_CREATE)


def check(calls: dict[int, list[str]], for_each: int, once: int) -> None:
    """See that nodes cost so many calls each, and the cluster no more than so many; show them when they do not."""
    (few, fewer), (many, more) = sorted((nodes, settled(found)) for nodes, found in calls.items())
    assert (more - fewer).total() == for_each * (many - few), more - fewer
    assert fewer.total() - for_each * few <= once, fewer


def settled(calls: list[str]) -> Counter[str]:
    """Return how often each call was made, but for chance.

    A busy engine is asked more than once whether a command has ended; another create may take the first free subnet.
    """
    counted = Counter(calls)
    counted["GET /exec/ID/json"] = counted["POST /exec/ID/start"]
    counted["POST /networks/create"] = min(counted["POST /networks/create"], 1)
    return counted


# Which version of the API is spoken


def test_engine_that_refuses_the_version_of_the_first_call(engine_socket: str) -> None:
    """As engines from 29 on do, in their words; what answers is the real one."""
    seen = []

    def refuse(path: str, answer: Answer) -> Answer:
        seen.append(path.split("?", maxsplit=1)[0])
        if path.startswith("/v1.41/"):
            words = "client version 1.41 is too old. Minimum supported API version is 1.44"
            return Answer(400, {"Api-Version": "1.52"}, json.dumps({"message": words}).encode())
        return asked(engine_socket, path.replace("/v1.44/", "/v1.41/"))

    with changed(engine_socket, refuse) as url:
        dcos_docker("list", env=at(url)).succeeded()
    assert seen == ["/v1.41/containers/json", "/v1.44/containers/json"]


def test_engine_that_takes_its_time_for_the_first_call(engine_socket: str) -> None:
    seen = []

    def late(path: str, answer: Answer) -> Answer:
        seen.append(path.split("?", maxsplit=1)[0])
        if len(seen) == 1:
            time.sleep(FIRST_TIMEOUT + 1)
        return answer

    with changed(engine_socket, late) as url:
        dcos_docker("list", env=at(url)).succeeded()
    call, *others = seen
    assert (others[-1], call) == (call, "/v1.41/containers/json")
    assert "/v1.41/_ping" in others
