"""What is told of a cluster that is there, and that it needs nothing of the machine that made it."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.elsewhere import NEEDS_A_QUICK_WAY, is_remote
from tests.support.engine import containers
from tests.support.program import dcos_docker, eventually
from tests.support.terminal import OnTerminal, plain

if TYPE_CHECKING:
    from docker import APIClient

    from tests.support.clusters import Cluster

pytestmark = pytest.mark.xdist_group("shared")

REFERENCES = ["master_0", "agent_0", "agent_1", "public_agent_0"]


def test_list_as_data(shared: Cluster) -> None:
    as_json = json.loads(dcos_docker("list", "--output", "json").succeeded())
    (found,) = (cluster for cluster in as_json if cluster["cluster_id"] == shared.cluster_id)
    created = found.pop("created")
    assert found == {
        "cluster_id": shared.cluster_id,
        "state": "running",
        "variant": "oss",
        "masters": 1,
        "agents": 2,
        "public_agents": 1,
    }
    assert datetime.fromisoformat(created).utcoffset() is not None
    as_yaml = yaml.safe_load(dcos_docker("list", "--output", "yaml").succeeded())
    assert {**found, "created": created} in as_yaml


def test_list_in_a_pipe_prints_ids(shared: Cluster) -> None:
    ids = dcos_docker("list").succeeded().splitlines()
    assert shared.cluster_id in ids
    assert ids == sorted(ids)
    assert shared.cluster_id in dcos_docker("list", "--output", "ids").succeeded().splitlines()


def test_list_on_a_terminal_prints_a_table(shared: Cluster) -> None:
    with OnTerminal("list") as terminal:
        assert terminal.end(30) == 0
    header, *rows = plain(terminal.seen).splitlines()
    assert header.split("  ")[0] == "CLUSTER ID"
    (row,) = (row for row in rows if row.startswith(f"{shared.cluster_id} "))
    assert row.split()[1:6] == ["running", "oss", "1", "2", "1"]
    assert "\x1b" not in terminal.seen
    in_a_pipe = [line.split() for line in dcos_docker("list", "-o", "table").succeeded().splitlines()]
    assert in_a_pipe[0] == header.split()
    assert row.split() in in_a_pipe


def test_inspect_as_data(client: APIClient, shared: Cluster) -> None:
    found = shared.inspect()
    assert list(found) == [
        "cluster_id", "state", "variant", "dcos_version", "web_address", "created", "distribution", "transport",
        "tool_version", "nodes",
    ]  # fmt: skip
    listed = {item["Names"][0][1:]: item for item in containers(client, shared.cluster_id)}
    assert [node["reference"] for node in found["nodes"]] == REFERENCES
    for node in found["nodes"]:
        item = listed[node["container_name"]]
        (network,) = item["NetworkSettings"]["Networks"].values()
        assert (node["container_id"], node["address"]) == (item["Id"], network["IPAddress"])
        assert (node["state"], f"{node['role']}_{item['Labels']['dcos_docker.index']}") == (
            "running",
            node["reference"],
        )
    assert yaml.safe_load(shared.dcos_docker("inspect", "-o", "yaml").succeeded()) == found
    assert json.loads(shared.dcos_docker("inspect", "-o", "json").succeeded()) == found


def test_inspect_as_a_table(shared: Cluster) -> None:
    facts, _, table = shared.dcos_docker("inspect", "-o", "table").succeeded().partition("\n\n")
    found = shared.inspect()
    told = dict(line.split(":", 1) for line in facts.splitlines())
    assert told["dcos version"].strip() == found["dcos_version"] == "2.1.0"
    assert told["web address"].strip() == found["web_address"]
    header, *rows = table.splitlines()
    assert header.split("  ")[0] == "REFERENCE"
    keys = ("reference", "role", "address", "state", "ssh_user", "container_name")
    wanted = [[*(node[key] for key in keys), node["container_id"][:12]] for node in found["nodes"]]
    assert [row.split() for row in rows] == wanted


def test_web_prints_the_address(shared: Cluster) -> None:
    note = "The engine is on another machine: the address leads to the cluster there, maybe not here.\n"
    result = shared.dcos_docker("web")
    assert (result.code, result.stdout, result.stderr) == (
        0,
        f"http://{shared.inspect()['nodes'][0]['address']}/\n",
        note if is_remote() else "",
    )


def test_no_failed_unit(shared: Cluster) -> None:
    for reference in REFERENCES:
        assert shared.output("systemctl", "--failed", "--no-legend", node=reference) == ""


def test_labels_say_nothing_secret(client: APIClient, shared: Cluster) -> None:
    for item in containers(client, shared.cluster_id):
        told = json.dumps(client.inspect_container(item["Id"])["Config"])
        assert "PRIVATE KEY" not in told
        assert "$6$" not in told


def test_ip_detect_tells_the_address_in_the_cluster(shared: Cluster) -> None:
    """The nodes have others too, of their own Docker's bridge for one."""
    for node in shared.inspect()["nodes"]:
        detected = shared.output("/opt/mesosphere/bin/detect_ip", node=node["reference"])
        assert detected == node["address"]
        assert len(shared.output("hostname", "-I", node=node["reference"]).split()) > 1


def test_agents_are_told_of_their_resources(shared: Cluster) -> None:
    common = shared.output("cat", "/var/lib/dcos/mesos-slave-common", node="agent_1")
    assert "MESOS_SYSTEMD_ENABLE_SUPPORT=false" in common.splitlines()
    roots = [shared.output("cat", "/var/lib/dcos/mesos-slave-common", node=node) for node in ("agent_0", "agent_1")]
    assert len(set(roots)) == 2
    resources = shared.output("cat", "/var/lib/dcos/mesos-resources", node="agent_1")
    (value,) = re.findall(r"^MESOS_RESOURCES='(.*)'$", resources, re.MULTILINE)
    assert {entry["name"] for entry in json.loads(value)} == {"ports", "disk"}
    assert shared.run("test", "-e", "/var/lib/dcos/mesos-resources").code == 1


def test_every_node_reads_the_same_installation_and_cannot_change_it(shared: Cluster) -> None:
    sums = {shared.output("sha256sum", "/opt/dcos_install_tmp/dcos_install.sh", node=node) for node in REFERENCES}
    assert len(sums) == 1
    for reference in REFERENCES:
        assert shared.run("touch", "/opt/dcos_install_tmp/new", node=reference).code != 0


def test_another_machine_can_work_with_it(shared: Cluster, elsewhere: dict[str, Any]) -> None:
    found = json.loads(dcos_docker("inspect", "-c", shared.cluster_id, **elsewhere).succeeded())
    assert found == shared.inspect()
    assert shared.cluster_id in dcos_docker("list", **elsewhere).succeeded().splitlines()
    ran = dcos_docker("run", "-c", shared.cluster_id, "--node", "agent_1", "--", "cat", stdin=b"there", **elsewhere)
    assert ran.succeeded() == "there"
    waited = dcos_docker("wait", "-c", shared.cluster_id, "--timeout", "120", **elsewhere)
    assert waited.code == 0, waited.stderr


@NEEDS_A_QUICK_WAY
def test_completion_offers_clusters_and_nodes(shared: Cluster) -> None:
    def offered(words: str) -> list[str]:
        done = dcos_docker(
            env={
                "_DCOS_DOCKER_COMPLETE": "bash_complete",
                "COMP_WORDS": words,
                "COMP_CWORD": str(len(words.split(" ")) - 1),
            }
        )
        assert (done.code, done.stderr) == (0, "")
        return [line.partition(",")[2] for line in done.stdout.splitlines()]

    # Nothing is offered when the engine is not quick enough, as it may be while other tests keep it busy.
    cluster_id = shared.cluster_id
    eventually(lambda: cluster_id in offered("dcos-docker destroy --cluster-id "), "ids of clusters")
    eventually(lambda: offered(f"dcos-docker destroy --cluster-id {cluster_id}") == [cluster_id], "the id")
    eventually(lambda: cluster_id in offered("dcos-docker destroy-list x "), "ids to destroy")
    run = f"dcos-docker run --cluster-id {cluster_id} --node"
    eventually(lambda: offered(f"{run} ") == REFERENCES, "nodes")
    eventually(lambda: offered(f"{run} a") == ["agent_0", "agent_1"], "agents")
