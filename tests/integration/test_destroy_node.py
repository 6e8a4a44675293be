"""Removing nodes: what goes with them, and what of the cluster must not be lost track of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.engine import names, of_cluster, volume_exists, volumes_of
from tests.support.own_engine import OwnEngine, ours
from tests.support.program import Result, at, dcos_docker

if TYPE_CHECKING:
    from docker import APIClient

pytestmark = pytest.mark.xdist_group("own-engine")

INDEXES = {"master": 1, "agent": 2, "public_agent": 1}


def make_cluster(engine: OwnEngine, cluster_id: str = "one") -> None:
    """Make what a create leaves when it has ended, of nodes that never run."""
    engine.network(f"dcos-docker-{cluster_id}", ours("network", cluster_id))
    engine.volume(f"serve-{cluster_id}", ours("volume", cluster_id))
    for role, count in INDEXES.items():
        for index in range(count):
            labels = ours("node", cluster_id, role=role, index=str(index), address=f"172.28.{len(role)}.{index}")
            name = f"dcos-docker-{cluster_id}-{role.replace('_', '')}-{index}"
            engine.container(name, labels, volume=f"serve-{cluster_id}")


def destroy_node(engine: OwnEngine, *references: str, cluster_id: str = "one") -> Result:
    return engine.dcos_docker("destroy-node", "-q", "-c", cluster_id, *references)


def nodes(engine: OwnEngine, cluster_id: str = "one") -> list[str]:
    found = json.loads(engine.dcos_docker("inspect", "-c", cluster_id).succeeded())
    return [node["reference"] for node in found["nodes"]]


def test_nodes_that_run(client: APIClient, cluster_id: str) -> None:
    """Their own volumes go with them, and nothing of the others."""
    counts = ("--masters", "1", "--agents", "1", "--public-agents", "1")
    dcos_docker("provision", "-c", cluster_id, *counts, timeout=900).succeeded()
    prefix = f"dcos-docker-{cluster_id}"
    serve = set(volumes_of(client, f"{prefix}-master-0")) & set(volumes_of(client, f"{prefix}-agent-0"))
    gone = set(volumes_of(client, f"{prefix}-agent-0")) - serve
    kept = set(volumes_of(client, f"{prefix}-master-0")) | set(volumes_of(client, f"{prefix}-publicagent-0"))
    assert (len(gone), len(serve)) == (4, 1)
    result = dcos_docker("destroy-node", "-c", cluster_id, f"{prefix}-agent-0")
    assert (result.code, result.stdout) == (0, "agent_0\n")
    assert result.stderr.endswith(f'Removing agent_0 of the cluster "{cluster_id}"\n')
    assert names(client, cluster_id) == [f"{prefix}-master-0", f"{prefix}-publicagent-0"]
    assert [name for name in gone if volume_exists(client, name)] == []
    assert [name for name in kept if not volume_exists(client, name)] == []
    assert dcos_docker("run", "-c", cluster_id, "--", "echo", "up").succeeded() == "up\n"
    last = dcos_docker("destroy-node", "-q", "-c", cluster_id, "master_0", "public_agent_0")
    assert (last.code, last.stdout) == (0, "master_0\npublic_agent_0\n")
    assert of_cluster(client, cluster_id) == []


def test_in_the_order_given(engine: OwnEngine) -> None:
    make_cluster(engine)
    make_cluster(engine, "one-2")
    result = destroy_node(engine, "public_agent_0", "agent_1", "public_agent_0", "dcos-docker-one-agent-0")
    assert (result.code, result.stdout, result.stderr) == (0, "public_agent_0\nagent_1\nagent_0\n", "")
    assert nodes(engine) == ["master_0"]
    assert len(nodes(engine, "one-2")) == 4


def test_when_one_is_not_there_none_is_removed(engine: OwnEngine) -> None:
    make_cluster(engine)
    before = engine.everything()
    for unknown in ("agent_2", "agent_7", "dcos-docker-two-agent-0"):
        result = destroy_node(engine, "agent_0", unknown)
        assert (result.code, result.stdout, result.stderr) == (
            4,
            "",
            f'Error: The cluster "one" has no node "{unknown}".\n'
            "Next: Its nodes: master_0, agent_0, agent_1, public_agent_0\n",
        )
    assert engine.everything() == before


def test_without_a_cluster(engine: OwnEngine) -> None:
    result = destroy_node(engine, "agent_0")
    assert (result.code, result.stdout) == (4, "")
    assert result.stderr.startswith('Error: There is no cluster "one".\n')


def test_the_only_master(engine: OwnEngine) -> None:
    """The rest stays, is listed, and can be destroyed."""
    make_cluster(engine)
    result = engine.dcos_docker("destroy-node", "-c", "one", "master_0")
    assert (result.code, result.stdout) == (0, "master_0\n")
    assert result.stderr.endswith(
        'The cluster "one" has no master any more. Remove it with: dcos-docker destroy --cluster-id one\n'
    )
    assert engine.dcos_docker("list").stdout == "one\n"
    assert nodes(engine) == ["agent_0", "agent_1", "public_agent_0"]
    assert engine.dcos_docker("clean", "-q").stdout == ""
    engine.dcos_docker("destroy", "-c", "one").succeeded()
    assert engine.everything() == []


@pytest.mark.parametrize("at_once", [True, False])
def test_with_the_last_node_the_cluster_goes(engine: OwnEngine, at_once: bool) -> None:
    make_cluster(engine)
    make_cluster(engine, "one-2")
    of_the_other = [item for item in engine.everything() if "one-2" in item]
    references = nodes(engine)
    if not at_once:
        assert destroy_node(engine, *references[:-1]).code == 0
        references = references[-1:]
    result = engine.dcos_docker("destroy-node", "-c", "one", *references)
    assert (result.code, result.stdout.splitlines()) == (0, references)
    assert result.stderr.endswith('That was all of the cluster "one": it has gone, with its network.\n')
    assert engine.everything() == of_the_other


def test_while_the_cluster_is_being_made_the_id_is_not_given_up(engine: OwnEngine) -> None:
    make_cluster(engine)
    engine.container("dcos-docker-one-reservation", ours("reservation", "one"))
    assert destroy_node(engine, *nodes(engine)).code == 0
    assert engine.everything() == [
        "container dcos-docker-one-reservation",
        "network dcos-docker-one",
        "volume serve-one",
    ]


@pytest.mark.parametrize("references", [[], ["no body"], [""], ["agent_0", "a/b"]])
def test_what_is_no_reference(references: list[str]) -> None:
    result = dcos_docker("destroy-node", *references, env=at("tcp://127.0.0.1:1"))
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr.endswith("\nExample: dcos-docker destroy-node agent_1\n")
