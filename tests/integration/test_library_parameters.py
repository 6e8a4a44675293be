"""Each parameter of `Docker`, seen on nodes that were made with it."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import pytest
from docker.types import Mount

from dcos_docker_cli.backends import Docker
from dcos_docker_cli.cluster import Cluster
from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.docker_storage_drivers import DockerStorageDriver
from dcos_docker_cli.docker_versions import DockerVersion
from dcos_docker_cli.exceptions import DcosDockerError, NotFoundError, UsageError
from dcos_docker_cli.node import Node, Transport
from tests.support.elsewhere import NEEDS_FILES, give_files, has_file, is_remote, reached
from tests.support.engine import containers
from tests.support.ids import new_id
from tests.support.library import cluster_of, only
from tests.support.networks import users_network
from tests.support.program import ENGINE_VARIABLES, dcos_docker, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

pytestmark = pytest.mark.xdist_group("library-parameters")

PREFIX = "my-Prefix_1.x"
DIRECTORY = "/mnt/data"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def network(client: APIClient) -> Iterator[Any]:
    """A network of somebody else's, as docker-py's object."""
    made, _ = users_network(client, f"theirs-{new_id()}")
    high_level = docker.DockerClient(base_url="tcp://127.0.0.1:1", version=client.api_version)
    high_level.api = client  # whatever leads to the engine
    yield high_level.networks.get(made)
    assert client.inspect_network(made)["Containers"] == {}, "it is left, and empty"
    client.remove_network(made)
    high_level.close()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("mounted")
    (made / "file").write_text("of the host\n")
    give_files(made)
    return made


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def cluster(client: APIClient, installer: Path, network: Any, directory: Path, port: int) -> Iterator[Cluster]:
    """A cluster with most of what can be chosen. The installer is there for the node image."""
    del installer
    backend = Docker(
        container_name_prefix=PREFIX,
        custom_container_mounts=[Mount(DIRECTORY, str(directory), type="bind", read_only=True)],
        custom_master_mounts={str(directory): {"bind": "/mnt/master", "mode": "rw"}},
        custom_agent_mounts=[Mount("/mnt/agent", None, type="volume")],
        custom_public_agent_mounts=[Mount("/mnt/public-agent", "", type="tmpfs")],
        docker_container_labels={"all": "1", "who": "all"},
        docker_master_labels={"who": "master"},
        docker_agent_labels={"who": "agent"},
        docker_public_agent_labels={"who": "public agent"},
        storage_driver=DockerStorageDriver.VFS,
        transport=Transport.SSH,
        network=network,
        one_master_host_port_map={"80/tcp": port},
    )
    with cluster_of(client, backend, masters=3, agents=1, public_agents=1) as made:
        yield made


def everybody(cluster: Cluster) -> set[Node]:
    return cluster.masters | cluster.agents | cluster.public_agents


def listed(client: APIClient, cluster: Cluster, role: str) -> list[dict[str, Any]]:
    return [item for item in containers(client, cluster.cluster_id) if item["Labels"]["dcos_docker.role"] == role]


def works(node: Node, *args: str) -> bool:
    return node.run(["sh", "-c", '"$@" && echo yes || echo no', "sh", *args]).stdout == b"yes\n"


def test_numbers(cluster: Cluster) -> None:
    assert (len(cluster.masters), len(cluster.agents), len(cluster.public_agents)) == (3, 1, 1)
    assert len({node.private_ip_address for node in everybody(cluster)}) == 5


def test_container_name_prefix(client: APIClient, cluster: Cluster) -> None:
    found = sorted(item["Names"][0] for item in containers(client, cluster.cluster_id))
    roles = ("agent-0", "master-0", "master-1", "master-2", "publicagent-0")
    assert found == [f"/{PREFIX}-{cluster.cluster_id}-{role}" for role in roles]
    listed_ids = dcos_docker("list").succeeded().split()
    assert cluster.cluster_id in listed_ids, "the command line knows it under any prefix"


def test_custom_mounts(cluster: Cluster, directory: Path) -> None:
    for node in everybody(cluster):
        assert node.run(["cat", f"{DIRECTORY}/file"]).stdout == b"of the host\n"
        assert not works(node, "touch", f"{DIRECTORY}/new"), "it is read-only"
    for groups, path in (
        ([cluster.masters], "/mnt/master"),
        ([cluster.agents], "/mnt/agent"),
        ([cluster.public_agents], "/mnt/public-agent"),
    ):
        for node in everybody(cluster):
            assert works(node, "mountpoint", "-q", path) is any(node in group for group in groups), (node, path)
    master = min(cluster.masters, key=str)
    master.run(["touch", "/mnt/master/made"])
    assert has_file(directory / "made")


def test_labels(client: APIClient, cluster: Cluster) -> None:
    for role, who in (("master", "master"), ("agent", "agent"), ("public_agent", "public agent")):
        found = listed(client, cluster, role)
        assert found
        for item in found:
            assert (item["Labels"]["all"], item["Labels"]["who"]) == ("1", who)


def test_storage_driver(cluster: Cluster) -> None:
    for node in everybody(cluster):
        assert node.run(["docker", "info", "--format", "{{.Driver}}"]).stdout == b"vfs\n"


def test_transport(cluster: Cluster) -> None:
    for node in everybody(cluster):
        assert node.default_transport is Transport.SSH
        assert b"SSH_CONNECTION=" in node.run(["env"]).stdout
        assert b"SSH_CONNECTION=" not in node.run(["env"], transport=Transport.DOCKER_EXEC).stdout


def test_network(client: APIClient, cluster: Cluster, network: Any) -> None:
    addresses = {str(node.private_ip_address) for node in everybody(cluster)}
    inside = client.inspect_network(network.id)["Containers"].values()
    assert {endpoint["IPv4Address"].split("/")[0] for endpoint in inside} == addresses
    first, *others = sorted(everybody(cluster), key=str)
    for node in others:
        name = node.run(["uname", "-n"]).stdout.decode().strip()
        found = first.run(["getent", "ahostsv4", name]).stdout.decode().split()[0]
        assert found == str(node.private_ip_address)


def test_addresses_stay_after_a_restart(client: APIClient, cluster: Cluster) -> None:
    node = only(cluster.agents)
    (item,) = listed(client, cluster, "agent")
    client.restart(item["Id"], timeout=20)
    address = client.inspect_container(item["Id"])["NetworkSettings"]["Networks"]
    assert [endpoint["IPAddress"] for endpoint in address.values()] == [str(node.private_ip_address)]


def test_one_master_host_port_map(client: APIClient, cluster: Cluster, port: int) -> None:
    published = [item["Ports"] for item in listed(client, cluster, "master") if item["Ports"]]
    (ports,) = published
    assert [(entry["IP"], entry["PrivatePort"], entry["PublicPort"]) for entry in ports if "PublicPort" in entry] == [
        ("127.0.0.1", 80, port)
    ]
    for role in ("agent", "public_agent"):
        assert all("PublicPort" not in entry for item in listed(client, cluster, role) for entry in item["Ports"])
    master = min(cluster.masters, key=str)
    with master.popen(["perl", "-MIO::Socket::INET", "-e", ANSWER]) as process:

        def answers() -> bool:
            with suppress(OSError), socket.create_connection(place, timeout=5) as connection:
                return connection.recv(100) == b"hello"
            return False

        with reached("127.0.0.1", port) as place:
            eventually(answers, "the port leads to the master")
        process.terminate()


ANSWER = (
    "alarm 30; my $l = IO::Socket::INET->new(LocalPort => 80, Listen => 5, ReuseAddr => 1) or die; "
    "while (my $c = $l->accept) { print $c 'hello'; close $c }"
)


@pytest.fixture(scope="module")
def other(client: APIClient, installer: Path) -> Iterator[Cluster]:
    """A single node with what the other cluster cannot have too."""
    del installer
    backend = Docker(
        linux_distribution=Distribution.DEBIAN_11, docker_version=DockerVersion.DISTRIBUTION, mount_sys_fs_cgroup=True
    )
    if client.info()["CgroupVersion"] == "2":
        pytest.skip("systemd cannot have the host's tree of cgroup v2")
    with cluster_of(client, backend, masters=1, agents=0, public_agents=0) as made:
        yield made


def test_linux_distribution(client: APIClient, other: Cluster, cluster: Cluster) -> None:
    for one, version in ((other, b'VERSION_ID="11"\n'), (cluster, b'VERSION_ID="12"\n')):
        node = min(one.masters, key=str)
        assert node.run(["grep", "VERSION_ID", "/etc/os-release"]).stdout == version
        assert node.run(["systemctl", "is-system-running"]).stdout == b"running\n"
    (item,) = containers(client, other.cluster_id)
    assert item["Labels"]["dcos_docker.distribution"] == "debian-11"


def test_docker_version(client: APIClient, other: Cluster) -> None:
    node = only(other.masters)
    package = node.run(["dpkg-query", "-W", "-f", "${Version}", "docker.io"]).stdout.decode()
    version = node.run(["docker", "version", "--format", "{{.Server.Version}}"]).stdout.decode().strip()
    assert package.startswith(version.partition("+")[0])
    (item,) = containers(client, other.cluster_id)
    assert item["Labels"]["dcos_docker.docker_version"] == "distribution"


def test_mount_sys_fs_cgroup(client: APIClient, other: Cluster, cluster: Cluster) -> None:
    def sources(one: Cluster) -> list[str]:
        mounts = client.inspect_container(containers(client, one.cluster_id)[0]["Id"])["Mounts"]
        return [mount["Source"] for mount in mounts if mount["Destination"] == "/sys/fs/cgroup"]

    assert sources(other) == ["/sys/fs/cgroup"]
    assert sources(cluster) == []
    assert only(other.masters).run(["test", "-d", "/sys/fs/cgroup/memory/docker"]).returncode == 0, "the host's tree"


def test_default_storage_driver_is_the_engine_s(client: APIClient, other: Cluster) -> None:
    own = client.info()["Driver"]
    assert only(other.masters).run(["docker", "info", "--format", "{{.Driver}}"]).stdout.decode().strip() == own


# What cannot be


def test_nothing_is_contacted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENGINE_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    backend = Docker(network="mine", storage_driver=DockerStorageDriver.AUFS)
    assert backend.base_config
    assert backend.ip_detect_path.read_text().startswith("#!/bin/sh\n")
    assert backend.cluster_cls.__name__ == "DockerCluster"


def test_attributes_are_the_parameters() -> None:
    names = list(Docker.__init__.__annotations__)
    names.remove("return")
    assert len(names) == 19
    backend = Docker(container_name_prefix="x", mount_sys_fs_cgroup=True, docker_master_labels={"a": "b"})
    assert all(hasattr(backend, name) for name in names)
    assert (backend.container_name_prefix, backend.mount_sys_fs_cgroup) == ("x", True)
    assert backend.docker_master_labels == {"a": "b"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"container_name_prefix": "-x"},
        {"container_name_prefix": "x y"},
        {"docker_container_labels": {"dcos_docker.kind": "mine"}},
        {"docker_agent_labels": {"dcos_docker.schema": "1"}},
        {"custom_container_mounts": {"/host": {"mode": "ro"}}},
        {"custom_master_mounts": {"/host": "/node"}},
        {"custom_agent_mounts": ["/host:/node"]},
        {"one_master_host_port_map": {"http": 80}},
        {"one_master_host_port_map": {"80/tcp": 70000}},
        {"workspace_dir": "/etc/hostname"},
        {"custom_container_mounts": {"/host": {"bind": "/opt/dcos_install_tmp/"}}},
        {"linux_distribution": "debian-12"},
        {"storage_driver": "vfs"},
        {"transport": "ssh"},
        {"docker_version": None},
        {"docker_master_labels": {1: "x"}},
    ],
)
def test_what_can_never_be_is_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Docker(**wrong)


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"network": "nobody-has-this"}, NotFoundError, 'no network "nobody-has-this"'),
        ({"network": "host"}, UsageError, "docker network create --subnet"),
        ({"container_name_prefix": "x" * 60}, UsageError, "characters off"),
        ({"storage_driver": DockerStorageDriver.AUFS}, UsageError, "has no aufs"),
    ],
)
def test_what_this_engine_cannot_do_is_refused_and_leaves_nothing(
    client: APIClient, installer: Path, wrong: dict[str, Any], error: type[DcosDockerError], says: str
) -> None:
    del installer
    if "storage_driver" in wrong and is_remote():
        pytest.skip("the kernel of an engine elsewhere does not tell what it has")
    if "storage_driver" in wrong and "aufs" in Path("/proc/filesystems").read_text():
        pytest.skip("this kernel has aufs")
    before = everything(client)
    with pytest.raises(error) as failure:
        Cluster(Docker(**wrong), masters=1, agents=0, public_agents=0)
    assert says in str(failure.value)
    assert everything(client) - before == set()


@pytest.mark.parametrize("subnet", ["default", "automatic"])
def test_a_network_without_a_subnet_of_its_own_is_explained(client: APIClient, installer: Path, subnet: str) -> None:
    """The engine gives such addresses out as it likes, and DC/OS needs them fixed."""
    del installer
    name = "bridge" if subnet == "default" else f"theirs-{new_id()}"
    made = None if subnet == "default" else client.create_network(name)["Id"]
    try:
        with pytest.raises(DcosDockerError) as failure:
            Cluster(Docker(network=name), masters=1, agents=0, public_agents=0)
        assert "docker network create --subnet" in str(failure.value)
    finally:
        if made:
            client.remove_network(made)


@NEEDS_FILES
def test_a_port_that_is_taken_is_told_and_undone(client: APIClient, installer: Path) -> None:
    del installer
    before = everything(client)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(DcosDockerError, match=r"already allocated|in use"):
            Cluster(Docker(one_master_host_port_map={"80": port}), masters=1, agents=0, public_agents=0)
    assert everything(client) - before == set()


def everything(client: APIClient) -> set[str]:
    """Return what this process has on the engine: other tests make other things at the same time."""
    wanted = {"label": ["dcos_docker.schema"]}
    found = [
        *client.containers(all=True, filters=wanted),
        *client.networks(filters=wanted),
        *(client.volumes(filters=wanted)["Volumes"] or ()),
    ]
    return {
        str(item.get("Names") or item.get("Name"))
        for item in found
        if f"/{os.getpid()}/" in (item.get("Labels") or {}).get("dcos_docker.creator", "")
    }
