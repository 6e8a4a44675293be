"""A cluster from its creation to its end, by the commands that a user gives."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.support import engine
from tests.support.clusters import Cluster
from tests.support.elsewhere import reached
from tests.support.installers import without_variant
from tests.support.program import dcos_docker

if TYPE_CHECKING:
    from pathlib import Path

    from docker import APIClient

SECONDS = r"\[ +\d+\.\ds\] "


def lines(*titles: str) -> re.Pattern[str]:
    """Return what progress looks like in a pipe: a plain line for each step, and nothing more."""
    return re.compile("".join(f"{SECONDS}{re.escape(title)}\n" for title in titles))


def test_from_create_to_destroy(client: APIClient, installer: Path, cluster_id: str) -> None:
    created = dcos_docker("create", installer, "-c", cluster_id, "--agents", "2")
    assert (created.code, created.stdout) == (0, f"{cluster_id}\n"), created.stderr
    steps = lines("Starting 4 nodes, and configuring DC/OS", "Installing DC/OS on 4 nodes")
    assert steps.fullmatch(created.stderr), created.stderr
    cluster = Cluster(cluster_id)
    assert cluster_id in dcos_docker("list").succeeded().splitlines()
    found = cluster.inspect()
    assert (found["state"], found["variant"]) == ("running", "oss")
    references = [node["reference"] for node in found["nodes"]]
    assert references == ["master_0", "agent_0", "agent_1", "public_agent_0"]

    waited = cluster.dcos_docker("wait", "--timeout", "120")
    assert (waited.code, waited.stdout) == (0, "")
    assert lines(f'Waiting for DC/OS on the cluster "{cluster_id}"').fullmatch(waited.stderr), waited.stderr
    assert cluster.output("hostname") == f"dcos-docker-{cluster_id}-master-0"
    for reference in references:
        assert cluster.output("systemctl", "is-system-running", node=reference) == "running"
    address = cluster.dcos_docker("web").succeeded().strip()
    assert address == f"http://{found['nodes'][0]['address']}/"
    with (
        reached(found["nodes"][0]["address"], 80) as (host, port),
        urllib.request.urlopen(f"http://{host}:{port}/", timeout=10) as answer,
    ):
        assert answer.status == 200
    users = json.loads(cluster.output("curl", "-s", "http://localhost:8101/acs/api/v1/users"))
    assert users == {"array": []}

    containers = [node["container_name"] for node in found["nodes"]]
    volumes = {volume for container in containers for volume in engine.volumes_of(client, container)}
    assert len(volumes) == 4 * 4 + 1  # each node has four, and all share what the installer wrote
    destroyed = cluster.dcos_docker("destroy")
    assert (destroyed.code, destroyed.stdout) == (0, f"{cluster_id}\n")
    assert lines(f'Destroying the cluster "{cluster_id}"').fullmatch(destroyed.stderr), destroyed.stderr
    assert engine.of_cluster(client, cluster_id) == []
    assert [name for name in volumes if engine.volume_exists(client, name)] == []
    assert cluster_id not in dcos_docker("list").succeeded().splitlines()


def test_restarted_nodes_keep_their_addresses_and_dcos_comes_back(
    client: APIClient, installer: Path, cluster_id: str
) -> None:
    dcos_docker("create", installer, "-c", cluster_id, "--masters", "3", "--public-agents", "0").succeeded()
    cluster = Cluster(cluster_id)
    before = cluster.inspect()
    addresses = {node["container_name"]: node["address"] for node in before["nodes"]}
    assert live_addresses(client, cluster_id) == addresses
    # In another order than that of their creation, in which an engine would hand addresses out.
    engine.restart(client, sorted(addresses, reverse=True))
    assert live_addresses(client, cluster_id) == addresses
    assert cluster.inspect() == before
    cluster.dcos_docker("wait", "--timeout", "120").succeeded()
    for node in before["nodes"]:
        assert cluster.output("systemctl", "--failed", "--no-legend", node=node["reference"]) == ""


def live_addresses(client: APIClient, cluster_id: str) -> dict[str, str]:
    return {
        item["Names"][0][1:]: network["IPAddress"]
        for item in engine.containers(client, cluster_id)
        for network in item["NetworkSettings"]["Networks"].values()
    }


def test_quiet_create_that_waits_says_nothing(installer: Path, cluster_id: str) -> None:
    result = dcos_docker(
        "create", installer, "-q", "-c", cluster_id, "--agents", "0", "--public-agents", "0", "--wait-for-dcos"
    )
    assert (result.code, result.stdout, result.stderr) == (0, f"{cluster_id}\n", "")


def test_path_with_a_space_and_verbose(tmp_path: Path, installer: Path, cluster_id: str) -> None:
    path = tmp_path / "DC OS $(touch oops)" / "dcos generate 'config'.sh"
    path.parent.mkdir()
    path.write_bytes(installer.read_bytes())
    result = dcos_docker(
        "create", path.name, "-vv", "-c", cluster_id, "--agents", "0", "--public-agents", "0", cwd=path.parent
    )
    assert (result.code, result.stdout) == (0, f"{cluster_id}\n"), result.stderr
    assert "Generating Bash configuration files for DC/OS" in result.stderr
    assert "\x1b" not in result.stderr
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_installer_that_does_not_tell_its_variant(
    tmp_path: Path, client: APIClient, enterprise_installer: Path, cluster_id: str
) -> None:
    path = tmp_path / "old.sh"
    without_variant(enterprise_installer, path)
    dcos_docker("create", path, "-c", cluster_id, "--agents", "0", "--public-agents", "0").succeeded()
    cluster = Cluster(cluster_id)
    assert cluster.inspect()["variant"] == "enterprise"
    cluster.dcos_docker("wait", "--timeout", "120").succeeded()


@pytest.mark.parametrize("proxy", ["http://proxy.example:3128"])
def test_extra_config_and_proxy_reach_the_nodes(tmp_path: Path, installer: Path, cluster_id: str, proxy: str) -> None:
    extra = tmp_path / "extra.yaml"
    extra.write_text("cluster_name: Ünïcode of the user\nprocess_timeout: 77\n", encoding="utf-8")
    dcos_docker(
        "create", installer, "-c", cluster_id, "--agents", "1", "--public-agents", "0", "--extra-config", extra,
        env={"http_proxy": proxy, "no_proxy": "here.example"},
    ).succeeded()  # fmt: skip
    cluster = Cluster(cluster_id)
    config = json.loads(cluster.output("cat", "/opt/mesosphere/etc/expanded.config.full.json"))
    assert (config["cluster_name"], config["process_timeout"]) == ("Ünïcode of the user", "77")
    variables = dict(line.split("=", 1) for line in cluster.output("env").splitlines())
    assert variables["http_proxy"] == proxy
    exempt = variables["no_proxy"].split(",")
    assert variables["NO_PROXY"] == variables["no_proxy"]
    assert {"here.example", "localhost", "127.0.0.1"} <= set(exempt)
    assert {node["address"] for node in cluster.inspect()["nodes"]} <= set(exempt)
    cluster.dcos_docker("wait", "--timeout", "120").succeeded()
