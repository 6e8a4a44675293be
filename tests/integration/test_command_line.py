"""What the command line makes of its words, where that needs a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.test_completion import offered
from tests.support.elsewhere import NEEDS_A_QUICK_WAY

if TYPE_CHECKING:
    from tests.support.clusters import Cluster

pytestmark = pytest.mark.xdist_group("shared")

ENGINE: dict[str, str | None] = {"DCOS_DOCKER_CLUSTER_ID": None}
"""What the tests themselves run with, not the engine that is none."""


def offered_in_time(*words: str, env: dict[str, str | None]) -> list[str]:
    """Return what is offered; a busy engine is not waited for, and then it is nothing."""
    for _ in range(20):
        if found := offered("dcos-docker", *words, env=env):
            return found
    raise AssertionError(f"nothing is offered for {words}")


@NEEDS_A_QUICK_WAY
def test_completion_leaves_out_what_is_on_the_line(shared: Cluster) -> None:
    where: dict[str, str | None] = {"DCOS_DOCKER_CLUSTER_ID": shared.cluster_id}

    def found(*words: str) -> list[str]:
        return offered_in_time(*words, env=where)

    assert found("destroy-node", "") == ["master_0", "agent_0", "agent_1", "public_agent_0"]
    assert found("destroy-node", "agent_0", "a") == ["agent_1"]
    assert found("run", "--node", "agent_1", "--node", "a") == ["agent_0"]
    assert found("run", "--node", "m") == ["master_0"], "a default is not on the line"
    assert shared.cluster_id in found("destroy-list", "")
    assert shared.cluster_id not in offered("dcos-docker", "destroy-list", shared.cluster_id, "", env=where)


@NEEDS_A_QUICK_WAY
def test_completion_of_a_node_knows_the_cluster_on_the_line(shared: Cluster) -> None:
    """As bash gives it, which takes an equals sign for the end of a word."""
    cluster = ("--cluster-id", "=", shared.cluster_id)
    assert offered_in_time("run", *cluster, "--node", "=", "pub", env=ENGINE) == ["public_agent_0"]
    assert shared.cluster_id in offered_in_time("run", "--cluster-id", "=", env=ENGINE)


@pytest.mark.parametrize("options", [(), ("-v",)])
def test_ssh_without_a_node(shared: Cluster, options: tuple[str, ...]) -> None:
    result = shared.dcos_docker("ssh", *options, "--", "hostname; exit 7")
    assert (result.code, result.stdout, result.stderr) == (7, f"{shared.container('master_0')}\n", "")
