"""`doctor --cluster-id`: what has gone wrong with a cluster is found, and is gone when its remedy has been followed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from dcos_docker_cli.backends.docker.host import DockerHost
from dcos_docker_cli.doctor.cluster import diagnose_cluster
from dcos_docker_cli.doctor.finding import Level
from tests.support.clusters import Cluster, create
from tests.support.engine import of_cluster
from tests.support.nodes import Nodes
from tests.support.program import PROGRAM, dcos_docker, environment, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

pytestmark = pytest.mark.xdist_group("doctor-cluster")
MISSING = "/tmp/unit-that-lacks-it"
Found = dict[str, Any]


@pytest.fixture(scope="module")
def cluster(client: APIClient, installer: Path) -> Iterator[Cluster]:
    with create(client, installer, "--agents", "2", "--wait-for-dcos") as made:
        yield made


@pytest.fixture
def nodes(client: APIClient, cluster: Cluster) -> Nodes:
    return Nodes(client, cluster.cluster_id)


def findings(cluster_id: str, *options: str) -> list[Found]:
    """Return what is found, which the exit code must agree with."""
    result = dcos_docker("doctor", "--cluster-id", cluster_id, "--output", "json", *options)
    assert result.code in (0, 1), result.stderr
    found: list[Found] = json.loads(result.stdout)
    assert result.code == any(item["level"] == "error" for item in found), found
    return found


def wrong(cluster: Cluster, check: str) -> list[Found]:
    """Return what one check finds that is not well, with nothing wrong that another finds."""
    found = [item for item in findings(cluster.cluster_id) if item["level"] in ("warning", "error")]
    assert {item["id"] for item in found} == {check}, found
    return found


def message(cluster: Cluster, check: str) -> str:
    (only,) = wrong(cluster, check)
    return str(only["message"])


def well(cluster: Cluster) -> None:
    """Wait until nothing is wrong: DC/OS takes a moment to come back."""
    last: list[Found] = []

    def is_well() -> bool:
        last[:] = [item for item in findings(cluster.cluster_id) if item["level"] != "ok"]
        return not last

    eventually(is_well, f"all is well, but for {last}")


def paste(remedy: str) -> str:
    """Do what a remedy says, as somebody who pastes it into a shell."""
    variables = environment({"PATH": f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}"})
    done = subprocess.run(
        ["sh", "-c", remedy],
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, (remedy, done.stdout, done.stderr)
    return done.stdout


def cured(cluster: Cluster, check: str) -> str:
    """Follow the remedies of what a check finds until all is well; return the first message."""
    found = wrong(cluster, check)
    for remedy in dict.fromkeys(item["remedy"] for item in found):
        paste(remedy)
    well(cluster)
    return str(found[0]["message"])


def test_all_is_well(cluster: Cluster) -> None:
    found = findings(cluster.cluster_id)
    assert {item["level"] for item in found} == {"ok"}
    assert [item["id"] for item in found] == [f"DD{number}" for number in range(101, 116)]
    text = cluster.dcos_docker("doctor").succeeded()
    assert text.startswith("The cluster\n  ok       DD101 nodes          All nodes run.\n")


def test_nodes_that_were_stopped_and_paused(client: APIClient, cluster: Cluster, nodes: Nodes) -> None:
    client.stop(nodes.container("agent_1"), timeout=30)
    client.pause(nodes.container("public_agent_0"))
    found = wrong(cluster, "DD101")
    assert len(found) == 2
    assert re.fullmatch(r"agent_1 does not run; its container is: Exited \(\d+\) .* ago\.", found[0]["message"])
    assert re.fullmatch(r"public_agent_0 does not run; its container is: Up .* \(Paused\)\.", found[1]["message"])
    cured(cluster, "DD101")


def test_a_node_that_was_disconnected(client: APIClient, cluster: Cluster, nodes: Nodes) -> None:
    network = f"dcos-docker-{cluster.cluster_id}"
    client.disconnect_container_from_network(nodes.container("agent_0"), network)
    found = [item for item in findings(cluster.cluster_id) if item["level"] == "error"]
    assert (found[0]["id"], found[0]["message"]) == ("DD103", f"agent_0 is not in the network {network}.")
    assert {item["id"] for item in found} <= {"DD103", "DD114", "DD115"}, "it is not said of its neighbours too"
    paste(found[0]["remedy"])
    well(cluster)


def test_a_node_that_was_renumbered(client: APIClient, cluster: Cluster, nodes: Nodes) -> None:
    network, name = f"dcos-docker-{cluster.cluster_id}", nodes.container("agent_0")
    client.disconnect_container_from_network(name, network)
    client.connect_container_to_network(name, network, ipv4_address=nodes_address(client, network, 77))
    found = [item for item in findings(cluster.cluster_id) if item["level"] == "error"]
    assert found[0]["id"] == "DD104"
    assert re.match(r"agent_0 has the address \S+\.77 in place of \S+\.3, ", found[0]["message"])
    paste(found[0]["remedy"])
    well(cluster)


def nodes_address(client: APIClient, network: str, number: int) -> str:
    """Return an address in a network."""
    subnet = client.inspect_network(network)["IPAM"]["Config"][0]["Subnet"]
    return f"{subnet.rpartition('.')[0]}.{number}"


def test_a_unit_that_fails(cluster: Cluster, nodes: Nodes) -> None:
    """It says why in its journal, and is cured when the reason has gone."""
    nodes.shell(
        'printf "[Service]\\nType=oneshot\\nExecStart=/bin/sh -c \\"echo for want of it >&2; test -e $1\\"\\n" '
        ">/etc/systemd/system/broken.service; systemctl start broken || true",
        MISSING,
        node="agent_1",
    )
    (found,) = wrong(cluster, "DD108")
    assert re.fullmatch(r"agent_1: broken\.service is failed since \S+ \S+ UTC \(\d+ s\)\.", found["message"])
    assert "for want of it" in found["details"]
    nodes.output("touch", MISSING, node="agent_1")
    paste(found["remedy"])
    well(cluster)


def test_docker_on_a_node_that_was_stopped(cluster: Cluster, nodes: Nodes) -> None:
    nodes.output("systemctl", "stop", "docker.socket", "docker.service", node="agent_0")
    assert cured(cluster, "DD109").startswith("Docker on agent_0 is inactive (dead) since ")


def test_docker_on_a_node_with_another_driver(cluster: Cluster, nodes: Nodes) -> None:
    nodes.shell(
        "mkdir -p /etc/systemd/system/docker.service.d /run/systemd/system/docker.service.d;"
        'printf "[Service]\\nEnvironment=DOCKER_DRIVER=vfs\\n" >/run/systemd/system/docker.service.d/zz.conf;'
        "systemctl daemon-reload; systemctl restart docker",
        node="agent_0",
    )
    try:
        assert re.fullmatch(r"Docker on agent_0 stores images with vfs in place of \w+\.", message(cluster, "DD109"))
    finally:
        nodes.shell(
            "rm /run/systemd/system/docker.service.d/zz.conf; systemctl daemon-reload; systemctl restart docker",
            node="agent_0",
        )
    well(cluster)


def test_a_full_disk(cluster: Cluster, nodes: Nodes) -> None:
    """By blocks, and by inodes; that of one node, whose remedy shows what takes it."""
    where = "/var/lib/mesos/slave"
    nodes.shell('mount -t tmpfs -o size=4m,nr_inodes=40 none "$1"', where, node="agent_1")
    try:
        nodes.shell('mkdir "$1/big"; head -c 4150000 /dev/zero >"$1/big/file"', where, node="agent_1")
        (found,) = wrong(cluster, "DD107")
        assert re.fullmatch(rf"agent_1: {where} \(none\) has 1\.\d% of room left, \d+ KiB\.", found["message"])
        assert found["level"] == "error"
        assert f"{where}/big" in paste(found["remedy"])
        nodes.shell('rm -r "$1/big"; for i in $(seq 38); do touch "$1/$i"; done', where, node="agent_1")
        assert re.search(r"% of its inodes left, \d inodes\.$", message(cluster, "DD107"))
    finally:
        nodes.output("umount", where, node="agent_1")
    well(cluster)


def test_names(cluster: Cluster, nodes: Nodes) -> None:
    """A wrong line in /etc/hosts, and a resolver that is none."""
    nodes.shell('echo "192.0.2.7 $1" >/etc/hosts', nodes.container("master_0"), node="agent_0")
    nodes.shell("echo nameserver 192.0.2.1 >/etc/resolv.conf", node="agent_1")
    said = {item["message"] for item in wrong(cluster, "DD111")}
    name = nodes.container("master_0")
    assert any(text.startswith(f"On agent_0 the name {name} is 192.0.2.7 in place of ") for text in said)
    assert "The resolver of agent_1 does not answer; its name servers: 192.0.2.1." in said
    cured(cluster, "DD111")


def test_a_port_that_is_blocked(cluster: Cluster, nodes: Nodes) -> None:
    rule = ["INPUT", "-p", "tcp", "--dport", "22", "-j", "DROP"]
    nodes.output("iptables", "-A", *rule, node="agent_1")
    try:
        (found,) = wrong(cluster, "DD112")
        assert re.fullmatch(r"agent_0 does not reach agent_1 at \S+, port 22: no answer within 3 s\.", found["message"])
        assert "-A INPUT -p tcp -m tcp --dport 22 -j DROP" in paste(found["remedy"])
    finally:
        nodes.output("iptables", "-D", *rule, node="agent_1")
    well(cluster)


def test_another_clock(cluster: Cluster, nodes: Nodes) -> None:
    """Nodes have the kernel's clock: only what is put before it can differ."""
    fake = "/usr/local/bin/date"
    nodes.shell('printf "#!/bin/sh\\nexec /bin/date -d +90sec \\"\\$@\\"\\n" >$1; chmod +x $1', fake, node="agent_0")
    try:
        (found,) = wrong(cluster, "DD110")
        assert re.match(r"The clock of agent_0 and the engine's differ by (8|9)\d\.\d s\.", found["message"])
        assert fake in paste(found["remedy"])
    finally:
        nodes.output("rm", fake, node="agent_0")
    well(cluster)


def test_a_component_that_has_stopped_and_since_when(cluster: Cluster, nodes: Nodes) -> None:
    before = datetime.now(timezone.utc).replace(microsecond=0)
    nodes.output("systemctl", "stop", "dcos-mesos-slave.service", node="agent_0")
    (found,) = wrong(cluster, "DD114")
    match = re.fullmatch(
        r"agent_0: dcos-mesos-slave\.service, Mesos Agent .*, is inactive \(dead\) since (.*) UTC \(\d+ s\)\.",
        found["message"],
    )
    assert match, found
    since = datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    assert before <= since <= before + timedelta(seconds=10)
    assert any("components_agent" in line for line in found["details"]), "DC/OS' own check says so too"
    cured(cluster, "DD114")


def test_a_component_that_fails_each_time(cluster: Cluster, nodes: Nodes) -> None:
    """The time is that of the first failure, not of the last."""
    directory = "/run/systemd/system/dcos-metronome.service.d"
    nodes.shell(
        'mkdir -p "$1"; printf "[Service]\\nExecStart=\\nExecStart=/bin/sh -c \\"echo no luck; exit 1\\"\\n" '
        '>"$1/x.conf";'
        "systemctl daemon-reload; systemctl restart dcos-metronome",
        directory,
    )
    began = time.time()
    eventually(lambda: int(restarts(nodes)) >= 3, "it was started again and again")
    try:
        (found,) = wrong(cluster, "DD114")
        match = re.search(r"started again (\d+) times since (.*) UTC", found["message"])
        assert match, found
        assert int(match[1]) >= 3
        since = datetime.strptime(match[2], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc).timestamp()
        assert 0 <= since - began + 1 < 20, "in full seconds"
        assert "no luck" in found["details"]
        assert "no luck" in paste(found["remedy"])
    finally:
        nodes.shell('rm -r "$1"; systemctl daemon-reload; systemctl restart dcos-metronome', directory)
    well(cluster)


def restarts(nodes: Nodes) -> str:
    return nodes.output("systemctl", "show", "--property=NRestarts", "--value", "dcos-metronome.service")


def test_a_process_that_was_killed_for_want_of_memory(cluster: Cluster, nodes: Nodes) -> None:
    group = "/sys/fs/cgroup/memory/small"
    if "memory" not in nodes.output("ls", "/sys/fs/cgroup"):
        pytest.skip("the node makes groups of control groups' version 1")
    nodes.shell(
        'mkdir "$1"; echo 8M >"$1/memory.limit_in_bytes"; sh -c \'echo $$ >"$0/tasks"; tail /dev/zero\' "$1" || true',
        group,
        node="agent_1",
    )
    try:
        assert message(cluster, "DD113") == "agent_1: the kernel killed 1 processes for want of memory."
    finally:
        nodes.output("rmdir", group, node="agent_1")
    well(cluster)


def test_a_node_that_does_not_answer_keeps_nobody(cluster: Cluster, nodes: Nodes) -> None:
    slow = "/usr/local/bin/timeout"
    nodes.shell('printf "#!/bin/sh\\nsleep 6\\n" >"$1"; chmod +x "$1"', slow, node="agent_1")
    try:
        began = time.monotonic()
        found = diagnose_cluster(DockerHost(), cluster.cluster_id, limit=2.5)
        assert time.monotonic() - began < 5
    finally:
        nodes.output("rm", slow, node="agent_1")
    bad = {(result.check.id, result.finding.message) for result in found if result.finding.level is Level.ERROR}
    assert ("DD106", "agent_1 does not answer: Nothing came within 2.5 s.") in bad
    assert {check for check, _ in bad} <= {"DD106", "DD115"}


def test_a_node_on_which_no_shell_starts_is_an_error_and_nothing_else(cluster: Cluster, nodes: Nodes) -> None:
    """It is not taken for one on which all is well, nor for one whose Docker and resolver are down."""
    fails = "/usr/local/bin/timeout"
    nodes.shell('printf "#!/bin/sh\\nexit 137\\n" >"$1"; chmod +x "$1"', fails, node="agent_1")
    try:
        found = findings(cluster.cluster_id, "--only", "cluster", "--skip", "DD115", "--skip", "DD114")
    finally:
        nodes.output("rm", fails, node="agent_1")
    (bad,) = (item for item in found if item["level"] in ("error", "warning"))
    assert (bad["id"], bad["message"]) == ("DD106", "agent_1 does not answer: its shell ended with 137")
    assert "as far as 3 of 4 nodes tell." in next(item["message"] for item in found if item["id"] == "DD108")
    well(cluster)


def test_an_ssh_server_that_was_stopped(cluster: Cluster, nodes: Nodes) -> None:
    nodes.output("systemctl", "stop", "ssh", node="agent_1")
    said = cured(cluster, "DD112")
    assert re.fullmatch(r"\w+ reaches agent_1 at \S+, and no SSH server listens there\.", said)


def test_checks_are_chosen(cluster: Cluster) -> None:
    only = findings(cluster.cluster_id, "--only", "DD105", "--only", "place")
    assert [item["id"] for item in only] == ["DD022", "DD105"]
    less = findings(cluster.cluster_id, "--skip", "names", "--skip", "DD101", "--skip", "memory")
    assert [item["id"] for item in less] == [f"DD{number}" for number in range(102, 116) if number != 111]


def test_nodes_that_were_removed(client: APIClient, cluster_id: str) -> None:
    """One whose volumes are left, one of which nothing is left, and in the end all."""
    dcos_docker("provision", "--cluster-id", cluster_id).succeeded()
    nodes = Nodes(client, cluster_id)
    levels = {item["level"] for item in findings(cluster_id)}
    assert levels == {"ok", "skipped"}, "without DC/OS there is nothing to say of it"

    client.remove_container(nodes.container("public_agent_0"), force=True)
    (found,) = (item for item in findings(cluster_id) if item["level"] == "error")
    assert (found["id"], found["message"]) == (
        "DD102", "public_agent_0 has been removed, and not by dcos-docker: 4 volumes are left.",
    )  # fmt: skip
    paste(found["remedy"])
    (found,) = (item for item in findings(cluster_id) if item["level"] not in ("ok", "skipped"))
    assert (found["level"], found["message"]) == ("note", "public_agent_0 has been removed, and nothing of it is left.")

    client.stop(nodes.container("agent_0"), timeout=30)
    client.remove_container(nodes.container("master_0"), force=True, v=True)
    client.remove_network(f"dcos-docker-{cluster_id}")
    said = [(item["id"], item["message"]) for item in findings(cluster_id) if item["level"] == "error"]
    assert said[1:] == [
        ("DD102", "master_0, public_agent_0 have been removed; DC/OS needs the masters that it was made with."),
        ("DD103", "The network that agent_0 was made in has gone."),
    ]
    client.remove_container(nodes.container("agent_0"), force=True)
    (found,) = (item for item in findings(cluster_id) if item["level"] == "error")
    assert found["message"] == "All nodes have been removed; networks or volumes of the cluster are left."
    paste(found["remedy"])
    assert of_cluster(client, cluster_id) == []
    assert dcos_docker("doctor", "--cluster-id", cluster_id).code == 4


def test_no_cluster() -> None:
    result = dcos_docker("doctor", "--cluster-id", "none-such", "--output", "json")
    assert (result.code, result.stdout) == (4, "")
    assert 'Error: There is no cluster "none-such".' in result.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--only", "DD101"], 'Error: "DD101" looks at a cluster.\nNext: Say at which one: --cluster-id ID\n'),
        (["-c", "x", "--only", "none-such"], 'Error: "none-such" is no check, and no category of checks.\n'),
        (["-c", "x", "--agents", "2"], "Error: --agents is for a cluster that is to come up, not for --cluster-id.\n"),
        (["-c", "x", "--fix", "--yes"], "Error: --fix is for a cluster that is to come up, not for --cluster-id.\n"),
        (["-c", "../x"], "cannot be a cluster id"),
    ],
)
def test_usage(options: list[str], says: str) -> None:
    """Found before an engine is asked: there is none."""
    result = dcos_docker("doctor", *options, env={"DOCKER_HOST": "unix:///nonexistent.sock"})
    assert (result.code, result.stdout) == (2, "")
    assert says in result.stderr
