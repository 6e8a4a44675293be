"""What others do to a cluster at the same time, and what they have left."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker.container_removal import remove_container
from dcos_docker_cli.backends.docker.engine import connect, give_up
from dcos_docker_cli.backends.docker.naming import container_name
from dcos_docker_cli.concurrency import Cancellation
from dcos_docker_cli.labels import Kind
from tests.support.clusters import Cluster
from tests.support.engine import of_cluster
from tests.support.library import served
from tests.support.program import Running, dcos_docker

if TYPE_CHECKING:
    from pathlib import Path

    from docker import APIClient

pytestmark = pytest.mark.xdist_group("meanwhile")

SMALL = ("--agents", "0", "--public-agents", "0")


def test_what_a_destroy_that_was_cut_short_has_left_is_in_nobodys_way(client: APIClient, cluster_id: str) -> None:
    client.create_network(f"dcos-docker-{cluster_id}", labels=labels.common(Kind.NETWORK, cluster_id))
    client.create_volume(labels=labels.common(Kind.VOLUME, cluster_id))
    assert dcos_docker("provision", "-c", cluster_id, *SMALL).succeeded() == f"{cluster_id}\n"
    kinds = sorted(line.split()[0] for line in of_cluster(client, cluster_id))
    assert kinds.count("network") == 1
    assert dcos_docker("destroy", "-c", cluster_id).succeeded() == f"{cluster_id}\n"
    assert of_cluster(client, cluster_id) == []


def test_a_create_whose_cluster_is_destroyed(client: APIClient, installer: Path, cluster_id: str) -> None:
    with Running("create", installer, "-c", cluster_id, *SMALL) as running:
        running.wait_for_stderr("Starting 1 node")
        dcos_docker("destroy", "-c", cluster_id).succeeded()
        result = running.end()
    assert (result.code, result.stdout) == (1, "")
    assert f'Error: The cluster "{cluster_id}" was destroyed while it was being created.\n' in result.stderr
    assert of_cluster(client, cluster_id) == []


def test_an_install_while_another_goes_on(client: APIClient, installer: Path, cluster_id: str) -> None:
    """This test stands for the other one: it is the process that the bootstrap node belongs to."""
    dcos_docker("provision", "-c", cluster_id, *SMALL).succeeded()
    image = client.inspect_container(Cluster(cluster_id).container("master_0"))["Image"]
    for kind in (Kind.BOOTSTRAP, Kind.RESERVATION):
        name = container_name(kind, cluster_id)
        other = client.create_container(image, name=name, labels=labels.common(kind, cluster_id))["Id"]
        try:
            result = dcos_docker("install", installer, "-c", cluster_id)
        finally:
            client.remove_container(other, v=True)
        assert (result.code, result.stdout) == (1, "")
        assert f'Error: DC/OS is being installed or upgraded on the cluster "{cluster_id}" already.\n' in result.stderr
    dcos_docker("install", installer, "-c", cluster_id).succeeded()


def test_what_is_hopeless_is_not_downloaded_for(installer: Path, cluster_id: str, tmp_path: Path) -> None:
    with served(installer.parent) as address:
        url = f"{address}/{installer.name}"
        missing = dcos_docker("install", url, "-c", cluster_id)
        dcos_docker("provision", "-c", cluster_id, *SMALL).succeeded()
        taken = dcos_docker("create", url, "-c", cluster_id)
        (tmp_path / "file").touch()
        no_directory = dcos_docker("create", url, "-c", f"{cluster_id}-2", "--workspace-dir", tmp_path / "file" / "x")
    assert [result.code for result in (missing, taken)] == [4, 5]
    for result in (missing, taken):
        assert "Downloading" not in result.stderr
    assert (no_directory.code, no_directory.stdout) == (2, "")
    assert "cannot be made: Not a directory" in no_directory.stderr


def test_an_upgrade_to_the_other_variant(installer: Path, newer_enterprise_installer: Path, cluster_id: str) -> None:
    """What DC/OS is on the nodes says what it is, not what they were made for."""
    cluster = Cluster(cluster_id)
    dcos_docker("create", installer, "-c", cluster_id, *SMALL).succeeded()
    cluster.dcos_docker("upgrade", str(newer_enterprise_installer), "--wait-for-dcos", "--timeout", "300").succeeded()
    assert cluster.inspect()["variant"] == "enterprise"
    wrong = cluster.dcos_docker("status", "--superuser-password", "wrong")
    assert (wrong.code, "login of bootstrapuser: 401" in wrong.stdout) == (1, True)
    cluster.dcos_docker("status").succeeded()


def test_a_container_that_is_being_removed_already_is_waited_for(client: APIClient, node_image: str) -> None:
    """The engine removes no container while somebody reads from it; it says `409` to who comes second."""
    container = client.create_container(node_image, "true", labels=labels.common(Kind.PROBE))["Id"]
    engine = connect()
    reader = engine.get(f"{engine.base_url}/v1.41/containers/{container}/archive", params={"path": "/usr"}, stream=True)
    with reader, ThreadPoolExecutor() as pool:
        first = pool.submit(remove_container, engine, container)
        time.sleep(1)
        second = pool.submit(remove_container, engine.for_operation(Cancellation()), container)
        time.sleep(1)
        assert (first.done(), second.done()) == (False, False)
        give_up(reader)
        assert (first.result(10), second.result(10)) == (True, False)
    assert client.containers(all=True, filters={"id": container}) == []
