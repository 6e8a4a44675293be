"""The options of `create`, each seen on the nodes that it made."""

from __future__ import annotations

import json
import socket
import subprocess
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.clusters import Cluster, create
from tests.support.elsewhere import NEEDS_FILES, give_files, reached
from tests.support.engine import containers, of_cluster, volume_exists
from tests.support.ids import new_id
from tests.support.networks import users_network
from tests.support.program import dcos_docker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Network
    from pathlib import Path

    from docker import APIClient

pytestmark = pytest.mark.xdist_group("create-options")

CONFIG = "/opt/mesosphere/etc/expanded.config.full.json"
LICENCE = "licence-SECRET-0815"
PASSWORD = "secret word"
SMALL = ("--agents", "0", "--public-agents", "0")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def network(client: APIClient) -> Iterator[tuple[str, IPv4Network]]:
    """A network of somebody else's: its name and its subnet."""
    name = f"theirs-{new_id()}"
    _, subnet = users_network(client, name)
    yield name, subnet
    assert client.inspect_network(name)["Containers"] == {}, "it is left, and empty"
    client.remove_network(name)


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def volume(client: APIClient) -> Iterator[str]:
    """A volume of somebody else's."""
    name = f"theirs-{new_id()}"
    client.create_volume(name)
    yield name
    assert volume_exists(client, name), "it is left"
    client.remove_volume(name)


@pytest.fixture(scope="module")
def cluster(
    client: APIClient,
    installer: Path,
    tmp_path_factory: pytest.TempPathFactory,
    network: tuple[str, IPv4Network],
    volume: str,
    port: int,
) -> Iterator[Cluster]:
    """One with everything."""
    name, subnet = network
    path = tmp_path_factory.mktemp("options")
    (path / "mounted").mkdir()
    (path / "mounted" / "file").write_text("of the host\n")
    (path / "ca").mkdir()
    (path / "ca" / "key with space").write_text("key\n")
    (path / "genconf").mkdir()
    (path / "genconf" / "ip-detect").write_text(
        "#!/bin/sh\ntouch /root/own-ip-detect\n"
        f"hostname -I | tr ' ' '\\n' | grep -m 1 '^{str(subnet).removesuffix('0/24')}'\n"
    )
    (path / "extra.yaml").write_text("cluster_name: named by extra config\n")
    give_files(path)
    options = [
        *("--network", name, "--transport", "ssh", "--docker-storage-driver", "vfs"),
        *("--custom-volume", f"{path}/mounted:/mnt/host:ro", "--custom-master-volume", f"{volume}:/mnt/named"),
        *("--custom-agent-volume", "/mnt/anonymous", "--custom-public-agent-volume", f"{path}/ca:/mnt/public"),
        *("--label", "org.example.team=blue", "--label", "org.example.empty="),
        *("--env", "GIVEN=a b", "--env", "HTTP_PROXY=http://127.0.0.1:9"),
        *("--one-master-host-port-map", f"{port}:80", "--copy-to-master", f"{path}/ca:/root/copied"),
        *("--genconf-dir", path / "genconf", "--extra-config", path / "extra.yaml"),
    ]
    with create(client, installer, *map(str, options)) as made:
        yield made


def test_network(cluster: Cluster, network: tuple[str, IPv4Network]) -> None:
    assert all(ip_address(node["address"]) in network[1] for node in cluster.inspect()["nodes"])


def test_transport_is_the_default_one_then(cluster: Cluster) -> None:
    assert cluster.inspect()["transport"] == "ssh"
    show = 'echo "${SSH_CONNECTION:+ssh}"'
    assert cluster.output("sh", "-c", show) == "ssh"
    assert cluster.dcos_docker("run", "--transport", "docker-exec", "--", "sh", "-c", show).succeeded() == "\n"


def test_storage_driver(cluster: Cluster) -> None:
    assert cluster.output("docker", "info", "--format", "{{.Driver}}", node="agent_0") == "vfs"


def test_volumes(cluster: Cluster, volume: str, client: APIClient) -> None:
    for node in cluster.nodes:
        assert cluster.output("cat", "/mnt/host/file", node=node) == "of the host"
        assert "Read-only" in cluster.run("touch", "/mnt/host/new", node=node).stderr
        kinds = {"master_0": "/mnt/named", "agent_0": "/mnt/anonymous", "public_agent_0": "/mnt/public"}
        for path in kinds.values():
            assert (cluster.run("mountpoint", "-q", path, node=node).code == 0) == (kinds[node] == path)
    (master,) = containers(client, cluster.cluster_id)[-1:]
    mounts = client.inspect_container(cluster.container("master_0"))["Mounts"]
    assert [mount["Name"] for mount in mounts if mount["Destination"] == "/mnt/named"] == [volume]
    assert master


def test_labels(cluster: Cluster, client: APIClient) -> None:
    for container in containers(client, cluster.cluster_id):
        assert (container["Labels"]["org.example.team"], container["Labels"]["org.example.empty"]) == ("blue", "")


def test_variables(cluster: Cluster) -> None:
    """Commands have them, and Docker on the nodes the proxy."""
    by_engine = ("run", "--transport", "docker-exec", "--")
    assert cluster.dcos_docker(*by_engine, "printenv", "GIVEN").succeeded() == "a b\n"
    info = cluster.dcos_docker(*by_engine, "docker", "info", "--format", "{{.HTTPProxy}}").succeeded()
    assert info == "http://127.0.0.1:9\n"


def test_published_port_is_on_loopback(cluster: Cluster, client: APIClient, port: int) -> None:
    """And it is the web interface that answers there."""
    bindings = client.inspect_container(cluster.container("master_0"))["HostConfig"]["PortBindings"]
    assert bindings == {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}
    cluster.dcos_docker("wait", "--timeout", "120").succeeded()
    with reached("127.0.0.1", port) as (host, here):
        url = f"http://{host}:{here}/dcos-metadata/dcos-version.json"
        done = subprocess.run(["curl", "--silent", "--fail", url], capture_output=True, timeout=30, check=True)
    assert json.loads(done.stdout)["version"] == "2.1.0"


def test_copied_to_the_masters_alone(cluster: Cluster) -> None:
    assert cluster.output("cat", "/root/copied/key with space") == "key"
    assert cluster.run("test", "-e", "/root/copied", node="agent_0").code == 1


def test_files_of_users_for_the_installer(cluster: Cluster) -> None:
    cluster.output("test", "-e", "/root/own-ip-detect", node="agent_0")
    assert json.loads(cluster.output("cat", CONFIG))["cluster_name"] == "named by extra config"


# Enterprise


def test_enterprise(client: APIClient, enterprise_installer: Path, tmp_path: Path) -> None:
    """The mode and the key reach DC/OS, and the key and the password reach nothing that others can read."""
    (tmp_path / "key").write_text(f"{LICENCE}\n")
    cluster_id = new_id()
    create_it = [
        "create",
        str(enterprise_installer),
        "-c",
        cluster_id,
        *SMALL,
        "--security-mode",
        "strict",
        "--wait-for-dcos",
        "-vv",
    ]
    try:
        made = dcos_docker(*create_it, env={"DCOS_LICENSE_KEY_PATH": str(tmp_path / "key")})
        made.succeeded()
        cluster = Cluster(cluster_id)
        settings = json.loads(cluster.output("cat", CONFIG))
        assert (settings["security"], settings["license_key_contents"]) == ("strict", LICENCE)
        assert LICENCE not in made.stdout + made.stderr
        everything: list[Any] = [client.inspect_container(name) for name in of_containers(client, cluster_id)]
        assert everything
        assert LICENCE not in json.dumps(everything)
        found = cluster.dcos_docker("run", "--test-env", "--", "printenv", "DCOS_LOGIN_UNAME", "DCOS_LOGIN_PW")
        assert found.succeeded() == "bootstrapuser\ndeleteme\n"
        assert "4 passed" in cluster.dcos_docker("run", "--test-env", "--", "pytest").succeeded()
        own = ("--dcos-login-uname", "me", "--dcos-login-pw", PASSWORD)
        found = cluster.dcos_docker("run", "--test-env", *own, "--", "printenv", "DCOS_LOGIN_UNAME", "DCOS_LOGIN_PW")
        assert found.succeeded() == f"me\n{PASSWORD}\n"
    finally:
        dcos_docker("destroy", "-c", cluster_id)
    assert of_cluster(client, cluster_id) == []


def of_containers(client: APIClient, cluster_id: str) -> list[str]:
    return [item["Id"] for item in containers(client, cluster_id)]


# What cannot be, found before anything is made


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--custom-volume", "a/b:/c"), 2, '"a/b:/c" is no volume'),
        (("--custom-master-volume", "/a:/opt/dcos_install_tmp"), 2, "Nothing can be mounted at /opt/dcos_install_tmp"),
        (("--one-master-host-port-map", "80:http"), 2, '"80:http" is no port to publish'),
        (("--label", "dcos_docker.role=x"), 2, 'The label "dcos_docker.role" cannot be given'),
        (("--label", "x"), 2, '"x" is not KEY=VALUE'),
        (("--env", "NO_SUCH_VARIABLE_HERE"), 2, "nor is there a variable of that name"),
        (("--copy-to-master", "/etc/hostname"), 2, "is not LOCAL:REMOTE"),
        (("--copy-to-master", "/no/such:/x"), 2, 'There is no "/no/such"'),
        (("--security-mode", "strict"), 2, "Only DC/OS Enterprise has security modes"),
        (("--license-key", "/no/such", "--variant", "enterprise"), 2, "The licence key /no/such cannot be read"),
        (("--copy-to-master", "/etc/hostname:/"), 2, "is not LOCAL:REMOTE"),
        (("--custom-volume", "/a:/b", "--custom-master-volume", "/c:/b"), 2, "Two volumes are to be at /b"),
        (("--workspace-dir", "/etc/hostname"), 2, "The workspace /etc/hostname is not a directory"),
        (("--genconf-dir", "/no/such"), 2, "The directory /no/such cannot be read"),
        (("--network", "no-such-network"), 4, "no-such-network"),
        (("--masters", "2"), 2, "DC/OS runs with 1, 3, 5, 7 or 9 masters"),
    ],
)  # fmt: skip
def test_refused(
    client: APIClient, installer: Path, cluster_id: str, options: tuple[str, ...], code: int, message: str
) -> None:
    for dry_run in ((), ("--dry-run",)):
        result = dcos_docker("create", installer, "-c", cluster_id, *options, *dry_run)
        assert (result.code, result.stdout) == (code, ""), result
        assert message in result.stderr
        assert "Traceback" not in result.stderr
    assert of_cluster(client, cluster_id) == []


@NEEDS_FILES
def test_port_that_is_taken(client: APIClient, installer: Path, cluster_id: str) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        result = dcos_docker("create", installer, "-c", cluster_id, *SMALL, "--one-master-host-port-map", f"{taken}:80")
    assert (result.code, result.stdout) == (1, "")
    assert str(taken) in result.stderr
    assert of_cluster(client, cluster_id) == []


# Variables instead of options


def test_options_by_variables(installer: Path, cluster_id: str) -> None:
    variables: dict[str, str | None] = {
        "DCOS_DOCKER_CLUSTER_ID": cluster_id,
        "DCOS_DOCKER_CREATE_AGENTS": "3",
        "DCOS_DOCKER_CREATE_DRY_RUN": "1",
        "DCOS_DOCKER_CREATE_OUTPUT": "json",
    }
    found = json.loads(dcos_docker("create", installer, env=variables).succeeded())
    assert (found["cluster_id"], len(found["nodes"])) == (cluster_id, 5)
    found = json.loads(dcos_docker("create", installer, "--agents", "0", "-c", "other", env=variables).succeeded())
    assert (found["cluster_id"], len(found["nodes"])) == ("other", 2)
