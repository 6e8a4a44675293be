"""Machines that the tool did not make, used over SSH by a user who is not root and has sudo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli.backends import Docker
from dcos_docker_cli.cluster import Cluster
from dcos_docker_cli.dcos.config import IP_DETECT
from dcos_docker_cli.exceptions import ExistingNodesError, NodeUnreachableError
from dcos_docker_cli.node import DCOSVariant, Node, Role
from tests.support.elsewhere import NEEDS_ADDRESSES
from tests.support.engine import execute
from tests.support.library import LOGIN, machines, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

pytestmark = [pytest.mark.xdist_group("existing"), NEEDS_ADDRESSES]


@pytest.fixture(scope="module")
def nodes(client: APIClient, installer: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, Node]]:
    """A master and an agent, each of which has installed itself."""
    with machines(client, tmp_path_factory.mktemp("key"), 2) as (master, agent):
        settings = {
            **Docker().base_config,
            "master_list": [str(master.private_ip_address)],
            "agent_list": [str(agent.private_ip_address)],
            "public_agent_list": [],
        }
        for node, role in ((master, Role.MASTER), (agent, Role.AGENT)):
            node.install_dcos_from_path(installer, settings, IP_DETECT, role)
        yield master, agent
        for node in (master, agent):
            node.close()


@pytest.fixture
def cluster(nodes: tuple[Node, Node]) -> Cluster:
    master, agent = nodes
    return Cluster.from_nodes(masters={master}, agents={agent}, public_agents=set())


def test_it_can_be_waited_for_and_used(cluster: Cluster, nodes: tuple[Node, Node]) -> None:
    master, agent = nodes
    cluster.wait_for_dcos_oss(timeout=300)
    assert (cluster.masters, cluster.agents, cluster.public_agents) == ({master}, {agent}, set())
    assert cluster.base_config["master_list"] == [str(master.private_ip_address)]
    for node in nodes:
        assert node.run(["id", "-un"]).stdout.decode().strip() == LOGIN
        assert node.run(["id", "-un"], sudo=True).stdout == b"root\n"
        assert node.dcos_build_info().variant is DCOSVariant.OSS
    seen = cluster.run_with_test_environment(["sh", "-c", "id -un; echo $MASTER_HOSTS $SLAVE_HOSTS"]).stdout.decode()
    assert seen.split() == ["root", str(master.private_ip_address), str(agent.private_ip_address)]


def test_files(nodes: tuple[Node, Node], tmp_path: Path) -> None:
    master, _ = nodes
    (tmp_path / "file").write_text("content")
    master.send_file(tmp_path / "file", f"/home/{LOGIN}/made/file")
    assert master.run(["stat", "-c", "%U", f"/home/{LOGIN}/made/file"]).stdout.decode().strip() == LOGIN
    master.send_file(tmp_path / "file", "/root/file", sudo=True)
    master.download_file("/root/file", tmp_path / "back", sudo=True)
    assert (tmp_path / "back").read_text() == "content"


@pytest.mark.parametrize(
    "doing",
    [
        lambda cluster, path: cluster.destroy(),
        lambda cluster, path: cluster.destroy_node(next(iter(cluster.masters))),
        lambda cluster, path: cluster.install_dcos_from_path(path),
        lambda cluster, path: cluster.install_dcos_from_url(f"file://{path}"),
        lambda cluster, path: cluster.upgrade_dcos_from_path(path),
        lambda cluster, path: cluster.upgrade_dcos_from_url(f"file://{path}"),
    ],
)
def test_what_only_their_maker_can_do_is_a_named_error(cluster: Cluster, installer: Path, doing: object) -> None:
    assert callable(doing)
    with pytest.raises(ExistingNodesError, match="did not make these nodes"):
        doing(cluster, installer)


def test_they_stay_after_a_block(nodes: tuple[Node, Node]) -> None:
    master, agent = nodes
    with Cluster.from_nodes(masters={master}, agents={agent}, public_agents=set()) as cluster:
        assert cluster.cluster_id == ""
    assert master.run(["echo", "alive"]).stdout == b"alive\n"


def test_default_ssh_user(nodes: tuple[Node, Node]) -> None:
    master, agent = nodes
    unnamed = Node(agent.public_ip_address, agent.private_ip_address, ssh_key_path=agent.ssh_key_path)
    named = Node(master.public_ip_address, master.private_ip_address, "root", master.ssh_key_path)
    with Cluster.from_nodes({named}, {unnamed}, set(), default_ssh_user=LOGIN) as cluster:
        (found,) = cluster.agents
        assert found.run(["id", "-un"]).stdout.decode().strip() == LOGIN
        (kept,) = cluster.masters
        assert kept.default_user == "root", "who names a user keeps it"
        with pytest.raises(NodeUnreachableError, match="root@"):
            kept.run(["true"])


def test_y_upgrade_of_a_single_node(nodes: tuple[Node, Node], cluster: Cluster, newer_installer: Path) -> None:
    settings = {**Docker().base_config, **cluster.base_config}
    for node, role in zip(nodes, (Role.MASTER, Role.AGENT), strict=True):
        with served(newer_installer.parent) as url:
            here = node.run(["ip route | awk '/default/ { print $3 }'"], shell=True).stdout.decode().strip()
            address = f"http://{here}:{url.rpartition(':')[2]}/{newer_installer.name}"
            node.upgrade_dcos_from_url(address, settings, IP_DETECT, role)
        assert node.dcos_build_info().version == "2.2.0"
    cluster.wait_for_dcos_oss(timeout=300)


def test_z_a_machine_that_goes_away(client: APIClient, nodes: tuple[Node, Node]) -> None:
    master, _ = nodes
    name = master.run(["uname", "-n"]).stdout.decode().strip()
    assert execute(client, name, "uname", "-n").strip() == name
    client.kill(name)
    with pytest.raises(NodeUnreachableError, match=str(master.public_ip_address)):
        master.run(["true"])
