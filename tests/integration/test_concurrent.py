"""Creates and destroys at the same time."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.support.clusters import Cluster
from tests.support.engine import of_cluster
from tests.support.program import Running, at
from tests.support.proxy import EngineProxy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from docker import APIClient

SMALL = ("--agents", "1", "--public-agents", "0")


def test_two_creates_of_one_id(client: APIClient, installer: Path, cluster_id: str) -> None:
    """One of them makes the cluster, the other says that the id is in use and harms nothing."""
    with ExitStack() as stack:
        both = [stack.enter_context(Running("create", installer, "-c", cluster_id, *SMALL)) for _ in range(2)]
        results = sorted((running.end() for running in both), key=lambda result: result.code)
    assert [result.code for result in results] == [0, 5], results
    made, refused = results
    assert made.stdout == f"{cluster_id}\n"
    assert refused.stdout == ""
    assert refused.stderr.startswith(f'Error: The cluster id "{cluster_id}" is in use.\n')
    cluster = Cluster(cluster_id)
    found = cluster.inspect()
    assert found["state"] == "running"
    assert [node["reference"] for node in found["nodes"]] == ["master_0", "agent_0"]
    cluster.dcos_docker("wait", "--timeout", "120").succeeded()
    # Two nodes with four volumes each, the shared one, and the network.
    assert len(of_cluster(client, cluster_id)) == 2 + 2 * 4 + 1 + 1


def test_many_creates_of_one_id(client: APIClient, installer: Path, cluster_id: str) -> None:
    options = ("--agents", "0", "--public-agents", "0")
    with ExitStack() as stack:
        all_ = [stack.enter_context(Running("create", installer, "-c", cluster_id, *options)) for _ in range(5)]
        codes = sorted(running.end().code for running in all_)
    assert codes == [0, 5, 5, 5, 5]
    assert Cluster(cluster_id).inspect()["state"] == "running"
    assert len(of_cluster(client, cluster_id)) == 1 + 4 + 1 + 1


def test_two_ids_from_a_new_installer(
    client: APIClient, fresh_installer: tuple[Path, str], new_cluster_id: Callable[[], str]
) -> None:
    installer, _ = fresh_installer
    ids = [new_cluster_id(), new_cluster_id()]
    with ExitStack() as stack:
        both = [stack.enter_context(Running("create", installer, "-c", one, *SMALL)) for one in ids]
        for one, running in zip(ids, both, strict=True):
            assert running.end().succeeded() == f"{one}\n"
    clusters = [Cluster(one) for one in ids]
    for cluster in clusters:
        cluster.dcos_docker("wait", "--timeout", "120").succeeded()
    addresses = [node["address"] for cluster in clusters for node in cluster.inspect()["nodes"]]
    assert len(set(addresses)) == 4
    for one in ids:
        Cluster(one).dcos_docker("destroy").succeeded()
        assert of_cluster(client, one) == []


def test_cache_that_vanishes_before_it_is_used_is_made_anew(
    client: APIClient, engine_socket: str, fresh_installer: tuple[Path, str], cluster_id: str
) -> None:
    """Another create that failed, or `clean`, may just have removed it. What the engine then makes must be ours."""
    installer, cache = fresh_installer
    with EngineProxy(engine_socket) as proxy:
        trigger = proxy.when(r"POST \S+/containers/create\?name=\S+-bootstrap", lambda: client.remove_volume(cache))
        with Running("create", installer, "-c", cluster_id, *SMALL, env=at(proxy.url)) as running:
            assert running.end().succeeded() == f"{cluster_id}\n"
    assert trigger.fired.is_set()
    labels = client.inspect_volume(cache)["Labels"]
    assert (labels["dcos_docker.schema"], labels["dcos_docker.kind"]) == ("1", "cache")
    Cluster(cluster_id).dcos_docker("destroy").succeeded()


def test_two_destroys_of_one_id(client: APIClient, installer: Path, cluster_id: str) -> None:
    cluster = Cluster(cluster_id)
    with Running("create", installer, "-c", cluster_id, *SMALL) as running:
        running.end().succeeded()
    with ExitStack() as stack:
        both = [stack.enter_context(Running("destroy", "-c", cluster_id)) for _ in range(2)]
        results = [running.end() for running in both]
    assert {result.code for result in results} <= {0, 4}, results
    assert 0 in [result.code for result in results], results
    assert of_cluster(client, cluster_id) == []
    assert cluster.dcos_docker("destroy").code == 4
