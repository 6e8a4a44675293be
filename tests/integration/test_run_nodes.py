"""`run` on nodes: which ones, several of them, and the environment of tests."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.program import Running, eventually

if TYPE_CHECKING:
    from docker import APIClient

    from tests.support.clusters import Cluster

pytestmark = pytest.mark.xdist_group("shared")

WAYS = ("docker-exec", "ssh")


def test_a_node_by_its_name_its_address_and_its_id(shared: Cluster) -> None:
    (node,) = (node for node in shared.inspect()["nodes"] if node["reference"] == "agent_1")
    for reference in (
        "agent_1",
        node["container_name"],
        node["address"],
        node["container_id"],
        node["container_id"][:12],
    ):
        assert shared.output("hostname", node=reference) == node["container_name"]


def test_an_id_that_is_too_short(shared: Cluster) -> None:
    ids = [node["container_id"] for node in shared.inspect()["nodes"]]
    first = [begin for begin in "0123456789abcdef" if sum(one.startswith(begin) for one in ids) > 1]
    if not first:
        pytest.skip("no two of these four ids begin with the same digit")
    result = shared.run("true", node=first[0])
    assert (result.code, result.stdout) == (125, "")
    assert result.stderr.startswith(f'Error: "{first[0]}" is more than one node of the cluster "{shared.cluster_id}".')


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("options", [(), ("--parallel",)])
def test_several_nodes(shared: Cluster, way: str, options: tuple[str, ...]) -> None:
    """Each line begins with its node's name, and stdout and stderr stay apart."""
    nodes = ("--node", "master_0", "--node", "public_agent_0", "--node", "agent_1", "--node", "agent_1")
    script = "hostname; echo to stderr >&2; printf 'no end'"
    result = shared.dcos_docker("run", *nodes, "--transport", way, *options, "--", "sh", "-c", script)
    name = f"dcos-docker-{shared.cluster_id}"
    wanted = [
        f"master_0       | {name}-master-0",
        "master_0       | no end",
        f"public_agent_0 | {name}-publicagent-0",
        "public_agent_0 | no end",
        f"agent_1        | {name}-agent-1",
        "agent_1        | no end",
    ]
    lines = result.succeeded().splitlines()
    assert (sorted(lines) if options else lines) == (sorted(wanted) if options else wanted)
    assert sorted(result.stderr.splitlines()) == sorted(
        f"{reference:14} | to stderr" for reference in ("master_0", "public_agent_0", "agent_1")
    )


def test_at_the_same_time(shared: Cluster) -> None:
    nodes = [word for node in shared.nodes for word in ("--node", node)]
    begin = time.monotonic()
    shared.dcos_docker("run", *nodes, "--parallel", "--", "sleep", "2").succeeded()
    assert time.monotonic() - begin < 2 * len(shared.nodes)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_several_at_the_same_time_can_be_interrupted(shared: Cluster, number: signal.Signals) -> None:
    nodes = ("--node", "agent_0", "--node", "agent_1", "--parallel")
    with Running("run", "-c", shared.cluster_id, *nodes, "--", "sh", "-c", "echo up; sleep 600") as running:
        eventually(lambda: running.stdout.count("up") == 2, "both run")
        running.send(number)
        assert running.end(30).code == 128 + number


def test_how_several_end(shared: Cluster) -> None:
    """It goes on after a failure, and ends as the first that failed, in the order given."""
    script = 'case "$(hostname)" in *-agent-*) exit 3;; *master*) exit 4;; esac; echo reached'
    nodes = ("--node", "agent_0", "--node", "master_0", "--node", "public_agent_0")
    for options in ((), ("--parallel",)):
        result = shared.dcos_docker("run", *nodes, *options, "--", "sh", "-c", script)
        assert (result.code, result.stdout) == (3, "public_agent_0 | reached\n")


def test_several_get_no_input(shared: Cluster) -> None:
    nodes = ("--node", "agent_0", "--node", "agent_1")
    assert (
        shared.dcos_docker("run", *nodes, "--", "wc", "-c", stdin=b"input").succeeded() == "agent_0 | 0\nagent_1 | 0\n"
    )


def test_one_of_several_is_not_there(shared: Cluster) -> None:
    """It is told before anything is run."""
    result = shared.dcos_docker("run", "--node", "agent_0", "--node", "agent_7", "--", "touch", "/root/run")
    assert (result.code, result.stdout) == (125, "")
    assert shared.run("test", "-e", "/root/run", node="agent_0").code == 1


def test_variables(shared: Cluster) -> None:
    """One without a value is ours."""
    command = ("run", "--env", "GIVEN=x y", "--env", "OURS", "--", "sh", "-c", 'echo "$GIVEN $OURS"')
    assert shared.dcos_docker(*command, env={"OURS": "from here"}).succeeded() == "x y from here\n"


@pytest.mark.parametrize("way", WAYS)
def test_environment_of_the_tests(client: APIClient, shared: Cluster, way: str) -> None:
    del client
    by_role: dict[str, list[str]] = {}
    for node in shared.inspect()["nodes"]:
        by_role.setdefault(node["role"], []).append(node["address"])
    test_env = ("run", "--transport", way, "--test-env")
    names = ("MASTER_HOSTS", "SLAVE_HOSTS", "PUBLIC_SLAVE_HOSTS", "DCOS_NUM_AGENTS")
    found = shared.dcos_docker(*test_env, "--", "printenv", *names).succeeded().splitlines()
    assert found == [",".join(by_role[role]) for role in ("master", "agent", "public_agent")] + ["3"]
    assert "2 passed" in shared.dcos_docker(*test_env, "--", "pytest", "-k", "listed").succeeded()
    assert (
        shared.dcos_docker(*test_env, "--env", "MASTER_HOSTS=x", "--", "printenv", "MASTER_HOSTS").succeeded() == "x\n"
    )
    assert shared.dcos_docker(*test_env, "--", "sh", "-c", "exit 37").code == 37
