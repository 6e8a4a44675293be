"""A cluster in steps: provision, install, upgrade."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.clusters import Cluster
from tests.support.engine import of_cluster
from tests.support.library import served
from tests.support.program import dcos_docker

if TYPE_CHECKING:
    from pathlib import Path

    from docker import APIClient

pytestmark = pytest.mark.xdist_group("install-upgrade")


def test_provision_install_upgrade(installer: Path, newer_installer: Path, cluster_id: str, tmp_path: Path) -> None:
    cluster = Cluster(cluster_id)
    assert cluster.dcos_docker("provision", "--public-agents", "0").succeeded() == f"{cluster_id}\n"
    found = cluster.inspect()
    assert (found["state"], found["dcos_version"], found["variant"]) == ("running", None, None)
    assert cluster.run("test", "-e", "/opt/mesosphere").code == 1
    bare = cluster.dcos_docker("upgrade", str(newer_installer))
    assert (bare.code, bare.stdout) == (1, "")
    assert "DC/OS is not installed on" in bare.stderr

    (tmp_path / "file").write_text("before DC/OS")
    copy = ("--copy-to-master", f"{tmp_path}/file:/root/copied")
    done = cluster.dcos_docker("install", str(installer), *copy, "--wait-for-dcos", "--timeout", "300")
    assert done.succeeded() == f"{cluster_id}\n"
    assert [line[10:] for line in done.stderr.splitlines()] == [
        "Configuring DC/OS",
        "Installing DC/OS on 2 nodes",
        f'Waiting for DC/OS on the cluster "{cluster_id}"',
    ]
    found = cluster.inspect()
    assert (found["dcos_version"], found["variant"]) == ("2.1.0", "oss")
    assert cluster.output("cat", "/root/copied") == "before DC/OS"

    again = cluster.dcos_docker("install", str(installer))
    assert (again.code, again.stdout) == (1, "")
    assert again.stderr.endswith(
        f"Next: For another version: dcos-docker upgrade INSTALLER --cluster-id {cluster_id}\n"
    )

    cluster.output("sh", "-c", "echo kept >/var/lib/dcos/kept")
    (tmp_path / "extra.yaml").write_text("cluster_name: upgraded\n")
    options = ("--extra-config", str(tmp_path / "extra.yaml"), "--wait-for-dcos")
    done = cluster.dcos_docker("upgrade", str(newer_installer), *options)
    assert done.succeeded() == f"{cluster_id}\n"
    assert cluster.inspect()["dcos_version"] == "2.2.0"
    settings = json.loads(cluster.output("cat", "/opt/mesosphere/etc/expanded.config.full.json", node="agent_0"))
    assert settings["cluster_name"] == "upgraded"
    assert cluster.output("cat", "/var/lib/dcos/kept") == "kept"

    nothing_left = cluster.dcos_docker("upgrade", str(newer_installer), "--wait-for-dcos")
    assert nothing_left.succeeded() == f"{cluster_id}\n"


def test_two_masters_can_be_made_but_not_installed(client: APIClient, installer: Path, cluster_id: str) -> None:
    nodes = ("--masters", "2", "--agents", "0", "--public-agents", "0")
    dcos_docker("provision", "-c", cluster_id, *nodes).succeeded()
    result = dcos_docker("install", installer, "-c", cluster_id)
    assert (result.code, result.stdout) == (2, "")
    assert result.stderr == "Error: DC/OS runs with 1, 3, 5, 7 or 9 masters, and this cluster has 2.\n"
    dcos_docker("destroy", "-c", cluster_id).succeeded()
    assert of_cluster(client, cluster_id) == []


def test_installer_of_a_url(client: APIClient, installer: Path, cluster_id: str, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    small = ("--agents", "0", "--public-agents", "0", "--workspace-dir", tmp_path / "work", "-c", cluster_id)
    with served(installer.parent) as url:
        made = dcos_docker("create", f"{url}/{installer.name}", *small)
        assert made.succeeded() == f"{cluster_id}\n"
        assert f"Downloading {url}/{installer.name}" in made.stderr
        assert list((tmp_path / "work").iterdir()) == [], "it is gone"
        dcos_docker("destroy", "-c", cluster_id).succeeded()
        missing = dcos_docker("create", f"{url}/none.sh", *small)
    assert (missing.code, missing.stdout) == (1, "")
    assert "404" in missing.stderr
    assert of_cluster(client, cluster_id) == []
    assert list((tmp_path / "work").iterdir()) == []
