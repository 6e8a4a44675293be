"""`--dry-run` tells what would be done, checks it as the real thing does, and makes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.engine import of_cluster
from tests.support.program import dcos_docker

if TYPE_CHECKING:
    from pathlib import Path

    from docker import APIClient

    from tests.support.clusters import Cluster

pytestmark = pytest.mark.xdist_group("shared")


def test_create(client: APIClient, installer: Path, cluster_id: str) -> None:
    options = ["--masters", "3", "--custom-agent-volume", "/a:/b:ro", "--one-master-host-port-map", "8080:80"]
    create = [
        "create",
        str(installer),
        "-c",
        cluster_id,
        *options,
        "--label",
        "team=blue",
        "--env",
        "A=secret",
        "--dry-run",
    ]
    result = dcos_docker(*create, "-o", "json")
    found = json.loads(result.succeeded())
    assert result.stderr == ""
    assert (found["would"], found["cluster_id"], found["variant"]) == ("create", cluster_id, "oss")
    assert found["installer"]["source"] == str(installer)
    assert found["environment"] == ["A"]
    assert "secret" not in result.stdout
    first, *_, agent, _ = found["nodes"]
    assert first["container_name"] == f"dcos-docker-{cluster_id}-master-0"
    assert (first["ports"], agent["ports"]) == (["127.0.0.1:8080:80/tcp"], [])
    assert (first["volumes"], agent["volumes"]) == ([], ["/a:/b:ro"])
    assert [node["labels"] for node in found["nodes"]] == [{"team": "blue"}] * 5
    assert found["config"]["cluster_name"] == cluster_id
    assert of_cluster(client, cluster_id) == []
    text = dcos_docker(*create).succeeded()
    assert "would:" in text
    assert f"dcos-docker-{cluster_id}-master-2" in text
    assert of_cluster(client, cluster_id) == []


def test_provision(client: APIClient, cluster_id: str) -> None:
    found = json.loads(dcos_docker("provision", "-c", cluster_id, "--dry-run", "-o", "json").succeeded())
    assert (found["would"], len(found["nodes"]), "installer" in found) == ("provision", 3, False)
    assert of_cluster(client, cluster_id) == []


def test_secrets_are_not_shown(enterprise_installer: Path, cluster_id: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("licence-4711")
    (tmp_path / "extra.yaml").write_text(
        "zk_super_credentials: super:4711\ncluster_docker_credentials: {auths: {x: 4711}}\n"
        "nested: {plain: shown, aws_secret_access_key: x4711}\nlisted: [{my_password: '4711'}]\n"
    )
    secret = ("--license-key", tmp_path / "key", "--extra-config", tmp_path / "extra.yaml")
    options = ("-c", cluster_id, *secret, "--dry-run", "-o", "json")
    text = dcos_docker("create", enterprise_installer, *options).succeeded()
    assert json.loads(text)["config"]["license_key_contents"] == "(given)"
    assert json.loads(text)["config"]["nested"]["plain"] == "shown"
    assert "4711" not in text


def test_a_taken_id_is_refused(installer: Path, shared: Cluster) -> None:
    for command in (["create", installer], ["provision"]):
        result = dcos_docker(*command, "-c", shared.cluster_id, "--dry-run")
        assert (result.code, result.stdout) == (5, "")


def test_install_where_it_is_already(installer: Path, shared: Cluster) -> None:
    result = shared.dcos_docker("install", str(installer), "--dry-run")
    assert (result.code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: DC/OS 2.1.0 is installed already on master_0.\nNext: ")


def test_upgrade(newer_installer: Path, shared: Cluster) -> None:
    found = json.loads(shared.dcos_docker("upgrade", str(newer_installer), "--dry-run", "-o", "json").succeeded())
    assert found["would"] == "upgrade"
    assert [node["dcos_version"] for node in found["nodes"]] == ["2.1.0"] * 4
    assert shared.inspect()["dcos_version"] == "2.1.0"


@pytest.mark.parametrize("command", ["install", "upgrade"])
def test_no_cluster(installer: Path, cluster_id: str, command: str) -> None:
    for options in ((), ("--dry-run",)):
        result = dcos_docker(command, installer, "-c", cluster_id, *options)
        assert (result.code, result.stdout) == (4, "")
        assert result.stderr.startswith(f'Error: There is no cluster "{cluster_id}".')
