"""What a create looks at first, and refuses before anything is made."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from docker.types import IPAMConfig, IPAMPool

from dcos_docker_cli.backends import Docker
from dcos_docker_cli.backends.docker.host import DockerHost
from dcos_docker_cli.backends.docker.settings import Settings, read_ports
from dcos_docker_cli.backends.docker.subnets import POOLS
from dcos_docker_cli.cluster import Cluster
from dcos_docker_cli.doctor.preflight import preflight
from dcos_docker_cli.exceptions import PreflightError
from dcos_docker_cli.model import ClusterPlan
from dcos_docker_cli.progress import Silent
from tests.support.engine import of_cluster
from tests.support.ids import new_id
from tests.support.program import at, dcos_docker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

    from tests.support.clusters import Cluster as Made
    from tests.support.own_engine import OwnEngine

ONE_NODE = ("--agents", "0", "--public-agents", "0")
SECONDS = 0.1


@pytest.fixture(scope="module")
def taken(client: APIClient, node_image: str) -> Iterator[tuple[int, str]]:
    """A port that somebody's container has, and the name of that."""
    with holder(client, node_image) as found:
        yield found


@contextmanager
def holder(client: APIClient, image: str) -> Iterator[tuple[int, str]]:
    name = f"theirs-{new_id()}"
    host = client.create_host_config(port_bindings={80: ("127.0.0.1",)})
    container = client.create_container(image, ["sleep", "600"], name=name, ports=[80], host_config=host)["Id"]
    try:
        client.start(container)
        (place,) = client.port(container, 80)
        yield int(place["HostPort"]), name
    finally:
        client.remove_container(container, force=True, v=True)


def publish(port: int) -> tuple[str, str]:
    return "--one-master-host-port-map", f"{port}:80"


@pytest.mark.parametrize("command", ["create", "provision"])
@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_port_of_a_container(
    client: APIClient, installer: Path, cluster_id: str, taken: tuple[int, str], command: str, more: tuple[str, ...]
) -> None:
    port, owner = taken
    first = [installer] if command == "create" else []
    result = dcos_docker(command, *first, "-c", cluster_id, *ONE_NODE, *publish(port), *more)
    assert (result.code, result.stdout) == (1, "")
    assert result.stderr.startswith(
        f"Error: DD017 ports: Ports of the engine's host are taken: {port} by the container {owner}.\nNext: Publish "
    )
    assert result.stderr.endswith("\n      Or go on all the same: --skip-preflight\n")
    assert of_cluster(client, cluster_id) == []


def test_without_preflight_the_engine_finds_it(
    client: APIClient, cluster_id: str, taken: tuple[int, str], node_image: str
) -> None:
    del node_image
    port, _ = taken
    dcos_docker("provision", "-c", cluster_id, *publish(port), "--skip-preflight", "--dry-run").succeeded()
    result = dcos_docker("provision", "-c", cluster_id, *ONE_NODE, *publish(port), "--skip-preflight")
    assert (result.code, result.stdout) == (1, "")
    assert "] Starting 1 node\n" in result.stderr
    assert "port is already allocated" in result.stderr
    assert of_cluster(client, cluster_id) == []


def test_library(client: APIClient, taken: tuple[int, str]) -> None:
    port, owner = taken
    ports = {"80/tcp": port}
    with pytest.raises(PreflightError, match=f"{port} by the container {owner}"):
        Cluster(Docker(one_master_host_port_map=ports), agents=0, public_agents=0)
    assert Docker(skip_preflight=True, one_master_host_port_map=ports).skip_preflight
    del client


@pytest.mark.xdist_group("shared")
def test_what_was_refused_before_still_is(shared: Made, client: APIClient, node_image: str) -> None:
    """An id that is taken, and what can never be, have codes of their own, and win."""
    with holder(client, node_image) as (port, _):
        result = dcos_docker("provision", "-c", shared.cluster_id, *publish(port))
        assert (result.code, result.stdout) == (5, "")
        result = dcos_docker("provision", *publish(port), "--linux-distribution", "debian-12", "--force-cgroup-v1")
        assert (result.code, result.stdout) == (2, "")


@pytest.fixture
def full_engine(engine: OwnEngine) -> Iterator[OwnEngine]:
    """An engine without a subnet for another cluster."""
    for number, pool in enumerate(POOLS):
        ipam = IPAMConfig(pool_configs=[IPAMPool(subnet=pool)])
        engine.client.create_network(f"theirs-{number}", ipam=ipam)
    yield engine
    engine.clear()


@pytest.mark.xdist_group("own-engine")
def test_no_subnet(full_engine: OwnEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no node image either, and it is not built for nothing."""
    before = full_engine.everything(), full_engine.images()
    result = full_engine.dcos_docker("provision", *ONE_NODE)
    assert (result.code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: DD016 subnets: Of {', '.join(POOLS)} no subnet of /24 is free.")
    assert f"{POOLS[0]} of the network theirs-0" in result.stderr
    assert "\nNext: Remove networks that nobody uses: docker network prune" in result.stderr
    for name, value in at(full_engine.url).items():
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
    with pytest.raises(PreflightError, match="DD016 subnets: "):
        Cluster(Docker(), agents=0, public_agents=0)
    assert (full_engine.everything(), full_engine.images()) == before


def test_memory_is_an_estimate_and_refuses_nothing(installer: Path, cluster_id: str) -> None:
    many = ("--agents", "200", "--dry-run", "-c", cluster_id)
    result = dcos_docker("create", installer, *many)
    assert result.succeeded()
    assert result.stderr.startswith("DD005 memory: The engine's host has ")
    assert dcos_docker("provision", *many).stderr == ""
    assert dcos_docker("create", installer, *many, "--skip-preflight").stderr == ""


def test_nothing_is_said_when_all_is_well(cluster_id: str) -> None:
    result = dcos_docker("provision", "-c", cluster_id, "--dry-run", *ONE_NODE)
    assert (result.code, result.stderr) == (0, "")


def test_it_takes_no_time_to_speak_of() -> None:
    """The best of some, for the machine may be busy; `/info` is what a create asks for anyway."""
    host = DockerHost(Settings(ports=read_ports({"80/tcp": 18080})))
    assert host.info
    took = []
    for _ in range(5):
        begin = time.perf_counter()
        preflight(host, ClusterPlan("any", 3, 5, 2), Silent(), with_dcos=True)
        took.append(time.perf_counter() - begin)
    host.connection.close()
    assert min(took) < SECONDS, took
