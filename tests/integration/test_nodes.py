"""Nodes on which no DC/OS is installed yet: what a node is, and what the commands say of such a cluster."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from dcos_docker_cli.backends.docker import containers
from dcos_docker_cli.backends.docker.host import DockerHost
from dcos_docker_cli.backends.docker.transaction import provision
from dcos_docker_cli.exceptions import NodeStartError
from dcos_docker_cli.model import ClusterPlan
from dcos_docker_cli.progress import Silent
from tests.support import engine
from tests.support.clusters import Cluster, tear_down
from tests.support.ids import new_id
from tests.support.program import dcos_docker, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

pytestmark = pytest.mark.xdist_group("nodes")

REFERENCES = ["master_0", "agent_0", "agent_1"]


@contextmanager
def provisioned(client: APIClient, cluster_id: str, *, agents: int) -> Iterator[Cluster]:
    """Have a cluster without DC/OS within the block."""
    backend = DockerHost()
    plan = ClusterPlan(cluster_id, agents=agents, public_agents=0)
    try:
        provision(backend, plan, Silent())
        yield Cluster(cluster_id)
    finally:
        backend.engine.close()
        tear_down(client, cluster_id)


@pytest.fixture(scope="module")
def bare(client: APIClient, installer: Path) -> Iterator[Cluster]:
    """Three nodes, of an id with all that an id may have. The installer is there for the node image."""
    del installer
    with provisioned(client, f"{new_id()}.Az_9-", agents=2) as cluster:
        yield cluster


def test_is_running_without_a_failed_unit(bare: Cluster) -> None:
    for reference in REFERENCES:
        assert bare.output("systemctl", "is-system-running", node=reference) == "running"
        assert bare.output("systemctl", "--failed", "--no-legend", node=reference) == ""


def test_nothing_listens_but_sshd(bare: Cluster) -> None:
    """DC/OS' preflight refuses a node on which a port that it needs is taken, by a resolver for example."""
    for reference in REFERENCES:
        tcp = bare.output("ss", "-Hltn", node=reference).splitlines()
        udp = bare.output("ss", "-Hlun", node=reference).splitlines()
        # The engine's own resolver, which is in each container of such a network.
        places = [line.split()[3] for line in [*tcp, *udp] if not line.split()[3].startswith("127.0.0.11:")]
        assert sorted(places) == ["0.0.0.0:22", "[::]:22"]


def test_identities_differ(bare: Cluster) -> None:
    for path in ("/etc/ssh/ssh_host_ed25519_key.pub", "/etc/machine-id"):
        found = [bare.output("cat", path, node=reference) for reference in REFERENCES]
        assert all(found)
        assert len(set(found)) == len(REFERENCES), found


def test_names_resolve_on_every_node(bare: Cluster) -> None:
    nodes = bare.inspect()["nodes"]
    for reference in REFERENCES:
        for node in nodes:
            found = bare.output("getent", "ahostsv4", node["container_name"], node=reference)
            assert found.split()[0] == node["address"]


def test_nodes_reach_each_other(bare: Cluster) -> None:
    address = bare.inspect()["nodes"][2]["address"]
    script = 'exec 3<>"/dev/tcp/$0/22"; head -c 7 <&3'
    assert bare.output("bash", "-c", script, address, node="master_0") == "SSH-2.0"


def test_inner_docker_works(bare: Cluster) -> None:
    for reference in REFERENCES:
        assert bare.output("docker", "info", "--format", "{{.Driver}}", node=reference) == "overlay2"


def test_tmp_and_run_are_in_memory_and_executable(bare: Cluster) -> None:
    for path in ("/tmp", "/run"):
        kind, options = bare.output("findmnt", "-no", "FSTYPE,OPTIONS", path).split()
        assert kind == "tmpfs"
        assert "noexec" not in options.split(",")


def test_engine_is_given_no_path_of_the_host(client: APIClient, bare: Cluster) -> None:
    for name in engine.names(client, bare.cluster_id):
        assert {mount["Type"] for mount in client.inspect_container(name)["Mounts"]} <= {"volume", "tmpfs"}


def test_journal_is_kept_over_a_restart(client: APIClient, bare: Cluster) -> None:
    bare.output("systemd-cat", "echo", "from before", node="agent_1")
    eventually(lambda: "from before" in bare.output("journalctl", "--no-pager", node="agent_1"), "it is in the journal")
    engine.restart(client, [bare.container("agent_1")])
    eventually(lambda: bare.run("systemctl", "is-system-running", node="agent_1").stdout == "running\n", "it is up")
    assert "from before" in bare.output("journalctl", "--no-pager", node="agent_1")


def test_state(bare: Cluster) -> None:
    found = bare.inspect()
    assert (found["state"], found["variant"]) == ("running", None)
    listed = json.loads(dcos_docker("list", "-o", "json").succeeded())
    (summary,) = (cluster for cluster in listed if cluster["cluster_id"] == bare.cluster_id)
    assert (summary["masters"], summary["agents"], summary["public_agents"]) == (1, 2, 0)


def test_wait_says_that_there_is_no_dcos(bare: Cluster) -> None:
    result = bare.dcos_docker("wait", "--timeout", "60")
    assert (result.code, result.stdout) == (1, "")
    assert re.search(r"^Error: DC/OS is not installed on (master|agent)_\d\.$", result.stderr, re.MULTILINE), (
        result.stderr
    )


def test_stopped_cluster(client: APIClient, bare: Cluster) -> None:
    """It stays listed, keeps its id, and every command says what it is."""
    names = engine.names(client, bare.cluster_id)
    for name in names:
        client.kill(name)
    try:
        found = bare.inspect()
        web, wait, run = bare.dcos_docker("web"), bare.dcos_docker("wait"), bare.run("true")
    finally:
        engine.restart(client, names)
        for reference in REFERENCES:
            eventually(
                lambda: bare.run("systemctl", "is-system-running", node=reference).stdout == "running\n",  # noqa: B023
                "it is up",
            )
    assert found["state"] == "stopped"
    assert found["web_address"] is None
    assert {node["state"] for node in found["nodes"]} == {"exited"}
    assert (web.code, web.stdout) == (4, "")
    assert web.stderr == f'Error: No master of the cluster "{bare.cluster_id}" is running.\nNext: dcos-docker inspect\n'
    assert (wait.code, run.code) == (4, 125)
    assert "is not running" in wait.stderr
    assert "is not running" in run.stderr


def test_another_machine_destroys_it(
    client: APIClient, installer: Path, cluster_id: str, elsewhere: dict[str, Any]
) -> None:
    del installer
    with provisioned(client, cluster_id, agents=0):
        done = dcos_docker("destroy", "-c", cluster_id, **elsewhere)
        assert (done.code, done.stdout) == (0, f"{cluster_id}\n"), done.stderr
        assert engine.of_cluster(client, cluster_id) == []


def test_failure_while_starting_undoes_everything(client: APIClient, installer: Path, cluster_id: str) -> None:
    """A name that somebody else has is one cause of many."""
    del installer
    taken = f"dcos-docker-{cluster_id}-agent-0"
    image = client.images("dcos-docker/node")[0]["Id"]
    client.create_container(image, ["true"], name=taken)
    try:
        with (
            pytest.raises(Exception, match="already in use"),
            provisioned(client, cluster_id, agents=1),
        ):
            pass
        assert engine.of_cluster(client, cluster_id) == []
    finally:
        client.remove_container(taken, v=True)


NAME_SERVER_PORTS = "sed -n 's/.* 0B00007F:\\([0-9A-F]*\\) .*/\\1/p' /proc/net/tcp /proc/net/udp"


def test_a_name_server_that_has_a_master_s_port_gets_another(
    client: APIClient, cluster_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine's own listens on two ports by chance. Here three of four ports are a master's."""
    monkeypatch.setattr(containers, "MASTER_PORTS", ("???[0-9AB]",))
    monkeypatch.setattr(containers, "START_ATTEMPTS", 100)
    with provisioned(client, cluster_id, agents=0) as cluster:
        container = cluster.container("master_0")
        ports = engine.execute(client, container, "sh", "-c", NAME_SERVER_PORTS).split()
        assert len(ports) == 2
        assert {port[3] for port in ports} <= set("CDEF")


def test_a_name_server_that_has_a_master_s_port_again_and_again_is_told_of(
    client: APIClient, cluster_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "MASTER_PORTS", ("????",))
    with (
        pytest.raises(NodeStartError, match="master_0 did not come up: the engine's name server has a port that DC/OS"),
        provisioned(client, cluster_id, agents=0),
    ):
        pass
    assert engine.of_cluster(client, cluster_id) == []
