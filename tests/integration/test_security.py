"""What of a cluster is open: `inspect --security` says it, and it is so."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.test_documented_output import assert_documented
from tests.support.clusters import Cluster, one_node, tear_down
from tests.support.elsewhere import is_remote
from tests.support.engine import execute
from tests.support.ids import new_id
from tests.support.program import dcos_docker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

pytestmark = pytest.mark.xdist_group("open-cluster")
SECRET = "MarkerOfAVariable"


@pytest.fixture(scope="module")
def cluster(client: APIClient) -> Iterator[Cluster]:
    """A cluster that is more open than it should be: ports, a directory of the host's and a socket, a variable."""
    made = Cluster(new_id())
    options = ("--agents", "1", "--public-agents", "0", "--env", f"API_TOKEN={SECRET}", "--label", "team=a")
    ports = ("--one-master-host-port-map", "22", "--one-master-host-port-map", "0.0.0.0::22")
    volumes = ("--custom-volume", "/var/run:/host/run:ro", "--custom-master-volume", "/tmp:/host/tmp")
    socket_volume = ("--custom-agent-volume", "/var/run/docker.sock:/host/docker.sock:ro")
    try:
        made.dcos_docker("provision", *options, *ports, *volumes, *socket_volume).succeeded()
        yield made
    finally:
        tear_down(client, made.cluster_id)


def found(cluster: Cluster) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(cluster.dcos_docker("inspect", "--security").succeeded())
    return told


def test_its_form_is_documented(cluster: Cluster) -> None:
    cluster.dcos_docker("run", "--transport", "ssh", "--", "true").succeeded()
    assert_documented("inspect --security", found(cluster))


def test_ports_are_on_loopback_unless_they_are_asked_for_elsewhere(cluster: Cluster) -> None:
    first, second = sorted(found(cluster)["published_ports"], key=lambda port: bool(port["beyond_loopback"]))
    assert (first["node_port"], first["host_address"], first["beyond_loopback"]) == ("22/tcp", "127.0.0.1", False)
    assert (second["node_port"], second["host_address"], second["beyond_loopback"]) == ("22/tcp", "0.0.0.0", True)
    (warning,) = (one for one in found(cluster)["warnings"] if "published" in one)
    assert warning.startswith(f"Port 22/tcp of master_0 is published on 0.0.0.0:{second['host_port']}: ")
    if is_remote():
        return
    others = [address for address in addresses() if not address.startswith("127.")]
    assert others
    assert answers("127.0.0.1", first["host_port"])
    assert not any(answers(address, first["host_port"]) for address in others)
    assert any(answers(address, second["host_port"]) for address in others)


def addresses() -> list[str]:
    """Return this machine's own addresses."""
    told = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True).stdout.split()
    return [address for address in told if ":" not in address]


def answers(address: str, port: str) -> bool:
    """Whether something takes a connection: the engine does, whatever is behind the port."""
    with contextlib.closing(socket.socket()) as client:
        client.settimeout(3)
        return client.connect_ex((address, int(port))) == 0


def test_warnings(cluster: Cluster) -> None:
    told = found(cluster)
    for words in (
        "The host's /tmp is mounted into master_0 and can be written there.",
        "The engine's socket /var/run/docker.sock is mounted into agent_0: programs there can control the engine.",
        "The environment of agent_0 has API_TOKEN, which seems to be a secret: all users of the engine can read it.",
    ):
        assert words in told["warnings"]
    assert not [one for one in told["warnings"] if "/var/run is" in one], "it can be read only"
    assert SECRET not in json.dumps(told)


def test_as_text(cluster: Cluster) -> None:
    text = cluster.dcos_docker("inspect", "--security", "--output", "table").succeeded()
    assert text.startswith(f"{cluster.cluster_id}: {len(found(cluster)['warnings'])} warnings\n")
    for title in ("ENGINE", "RIGHTS", "PUBLISHED PORTS", "NETWORKS", "MOUNTS", "SSH", "SECRETS THAT THE ENGINE SHOWS"):
        assert f"\n{title}\n" in text
    assert "Privileged: master_0, agent_0." in text
    assert re.search(r"^master_0 +22/tcp +0\.0\.0\.0:\d+ +may reach it$", text, re.MULTILINE)
    assert SECRET not in text


def test_of_a_cluster_that_is_as_it_comes(shared_as_it_comes: Cluster) -> None:
    told = found(shared_as_it_comes)
    assert [one for one in told["warnings"] if "API is accessible" not in one and "without TLS" not in one] == []
    assert told["published_ports"] == []
    (network,) = told["networks"]
    assert (network["made_by_us"], network["reached_from_elsewhere"], network["other_containers"]) == (
        True, "if_routed", [],
    )  # fmt: skip


@pytest.fixture(scope="module")
def shared_as_it_comes(client: APIClient) -> Iterator[Cluster]:
    with one_node(client) as made:
        yield made


def test_of_a_stopped_node_and_a_foreign_container(cluster: Cluster, client: APIClient, node_image: str) -> None:
    network = found(cluster)["networks"][0]["name"]
    name = f"foreign-{new_id()}"
    container = client.create_container(
        node_image, ["sleep", "60"], name=name, host_config=client.create_host_config(network_mode=network, init=False)
    )["Id"]
    try:
        client.start(container)
        client.stop(cluster.container("agent_0"), timeout=20)
        told = found(cluster)
        assert told["networks"][0]["other_containers"] == [name]
        assert any(f"reach all ports of nodes: {name}." in one for one in told["warnings"])
        assert [node["ssh"] is None for node in told["nodes"]] == [False, True]
    finally:
        client.remove_container(container, force=True)
        client.start(cluster.container("agent_0"))


def test_no_such_cluster() -> None:
    result = dcos_docker("inspect", "--security", "--cluster-id", new_id())
    assert (result.code, result.stdout) == (4, "")


# SSH


def test_nobody_logs_in_with_a_password(cluster: Cluster, client: APIClient, tmp_path: Path) -> None:
    """With the right one, for root and for a user, by all ways that OpenSSH has to ask for it."""
    if is_remote():
        pytest.skip("its nodes are not reached from here")
    node = cluster.container("master_0")
    passwords = "printf 'root:right\nsomebody:right\n' | chpasswd"
    execute(client, node, "sh", "-c", f"useradd -m -s /bin/sh somebody; {passwords}")
    (tmp_path / "ask").write_text('#!/bin/sh\ntouch "$0.asked"\necho right\n')
    (tmp_path / "ask").chmod(0o700)
    env = {**os.environ, "SSH_ASKPASS": str(tmp_path / "ask"), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}
    address = cluster.inspect()["nodes"][0]["address"]
    settings = ["StrictHostKeyChecking=no", f"UserKnownHostsFile={tmp_path}/known", "IdentityFile=none",
                "PreferredAuthentications=password,keyboard-interactive,none", "PubkeyAuthentication=no"]  # fmt: skip
    options = [word for setting in settings for word in ("-o", setting)]
    for user in ("root", "somebody"):
        command = ["ssh", *options, "-l", user, address, "true"]
        quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "start_new_session": True}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False, **quiet)
        assert done.returncode == 255
        assert "Permission denied (publickey)" in done.stderr
    assert not (tmp_path / "ask.asked").exists(), "no password is even asked for"
    told = found(cluster)["nodes"][0]["ssh"]
    assert (told["listens"], told["password_login"]) == (True, False)


def test_a_server_that_takes_passwords_is_a_warning(cluster: Cluster, client: APIClient) -> None:
    node = cluster.container("agent_0")
    change = "sed -i 's/^PasswordAuthentication no/PasswordAuthentication {}/' /etc/ssh/sshd_config"
    execute(client, node, "sh", "-c", change.format("yes"))
    assert "The SSH server of agent_0 lets people log in with a password." in found(cluster)["warnings"]
    execute(client, node, "sh", "-c", change.replace(" no/", " yes/", 1).format("no"))
    assert not any("password" in one for one in found(cluster)["warnings"])


def test_keys_are_each_nodes_and_each_clusters_own(
    cluster: Cluster, shared_as_it_comes: Cluster, client: APIClient
) -> None:
    for one in (cluster, shared_as_it_comes):
        one.dcos_docker("run", "--transport", "ssh", "--", "true").succeeded()
    first, second = found(cluster), found(shared_as_it_comes)
    host_keys = [key for told in (first, second) for node in told["nodes"] for key in node["ssh"]["host_keys"]]
    assert len(host_keys) == 3
    assert len({key.split()[0] for key in host_keys}) == 3
    keys = [told["cluster_key"] for told in (first, second)]
    assert [(key["mode"], key["owner"], key["kept_on"]) for key in keys] == [("600", "root", "master_0")] * 2
    assert keys[0]["fingerprint"] != keys[1]["fingerprint"]
    assert first["nodes"][0]["ssh"]["authorised_keys"] == [keys[0]["fingerprint"]]
    execute(client, cluster.container("master_0"), "chmod", "644", "/root/.ssh/dcos-docker")
    assert any("can be read by others" in one for one in found(cluster)["warnings"])
    execute(client, cluster.container("master_0"), "chmod", "600", "/root/.ssh/dcos-docker")
