"""What is wrong is found where it is, and is gone when it is cured: each condition made true for real."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest
from docker.types import IPAMConfig, IPAMPool

from dcos_docker_cli.backends.docker.host import DockerHost
from dcos_docker_cli.backends.docker.host_commands import NoProbeError, on_host
from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.doctor.checks.registry import CHECKS
from tests.support.api import Answer, changed
from tests.support.contained import PORT
from tests.support.disks import disk
from tests.support.elsewhere import reached
from tests.support.engine import CREATOR, KIND, execute
from tests.support.ids import new_id
from tests.support.nested_engine import nested_engine
from tests.support.own_engine import OwnEngine, ours
from tests.support.program import Running, at, dcos_docker, eventually
from tests.support.proxy import EngineProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

    from tests.support.contained import ContainedEngine

GIB = 1 << 30
SMALL = ("--masters", "1", "--agents", "0", "--public-agents", "0")
INODES = 220_000
"""One node takes 160,000, an image some 15,000."""
POOLS = ("172.28.0.0/16", "172.27.0.0/16", "172.30.0.0/16", "192.168.128.0/17")


@dataclass(frozen=True)
class Found:
    """What a check has found."""

    level: str
    message: str
    remedy: str


def found(url: str | None, *args: str | Path) -> dict[str, Found]:
    """Return what doctor finds at an engine, by the names of the checks. Its exit code must tell of errors."""
    result = dcos_docker("doctor", "--output", "json", *args, env=at(url) if url else None)
    findings = json.loads(result.stdout)
    assert result.code == int(any(one["level"] == "error" for one in findings)), result
    return {one["check"]: Found(one["level"], one["message"], one["remedy"]) for one in findings}


@dataclass(frozen=True)
class Patient:
    """An engine in a container: its host can be made ill without harm to anybody else's."""

    engine: ContainedEngine
    shared: APIClient
    store: Path

    def found(self, check: str, *args: str | Path) -> Found:
        """Return what one check finds, for the smallest cluster."""
        return found(self.engine.url, "--only", check, *SMALL, *args)[check]

    def run(self, *command: str) -> str:
        """Run a command on the engine's host."""
        return execute(self.shared, self.engine.container_id, *command)


@pytest.fixture(scope="module")
def patient(client: APIClient, engine_socket: str, node_image: str) -> Iterator[Patient]:
    """An engine that stores its things on a small disk of its own, and has the node image."""
    assert engine_socket  # the disk is one of this machine
    with (
        disk(("mkfs.ext4", "-q", "-N", str(INODES)), 16 * GIB) as store,
        nested_engine(client, node_image, store=store) as engine,
    ):
        engine.client.load_image(client.get_image(node_image))  # type: ignore[no-untyped-call]
        yield Patient(engine, client, store)


pytestmark = pytest.mark.xdist_group("doctor")


def test_engine_that_all_other_tests_use(client: APIClient) -> None:
    """Nothing keeps clusters from coming up there."""
    result = dcos_docker("doctor", *SMALL)
    assert result.code == 0, result.stdout
    lines = [line for line in result.stdout.splitlines() if line.startswith("  ")]
    assert [line.split()[1] for line in lines if "→" not in line] == [check.id for check in CHECKS]
    assert client.version()["Version"] in lines[0]
    assert result.stderr.splitlines()[0].endswith("Looking at the engine, its host and this machine")


def test_all_checks_at_once_with_a_network_of_the_users() -> None:
    """They begin together in a process that has asked the engine for nothing yet."""
    for _ in range(3):
        result = dcos_docker("doctor", "--network", "bridge", *SMALL)
        assert (result.code, "itself failed" in result.stdout, "Traceback" in result.stderr) == (1, False, False)


def test_it_takes_no_longer_than_five_seconds_and_leaves_nothing(patient: Patient) -> None:
    before = patient.engine.everything()
    begin = time.monotonic()
    levels = {name: one.level for name, one in found(patient.engine.url, *SMALL).items()}
    assert time.monotonic() - begin < 5
    assert "skipped" not in levels.values()
    assert not {name for name, level in levels.items() if level == "error"}
    eventually(lambda: patient.engine.everything() == before, "the container that looks has gone")


def test_where_it_is(patient: Patient) -> None:
    place = patient.found("place")
    assert (place.level, patient.engine.url in place.message) == ("note", True)


# Its host


def test_disk_that_is_full(patient: Patient) -> None:
    assert patient.found("disk").level == "ok"
    filler = patient.store / "filler"
    try:
        for free, level in ((8, "warning"), (3, "error")):
            with filler.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(patient.store).free - free * GIB)
            disk_now = patient.found("disk")
            assert disk_now.level == level
            assert f"has {free}.0 GiB free; some 10 GiB are needed for 1 node." in disk_now.message
            filler.unlink()
    finally:
        filler.unlink(missing_ok=True)
    assert patient.found("disk").level == "ok"


def test_inodes_that_are_used_up(patient: Patient) -> None:
    assert patient.found("inodes").level == "ok"
    many = patient.store / "many"
    many.mkdir()
    try:
        for number in range(os.statvfs(patient.store).f_favail - 90_000):
            os.mknod(many / str(number))
        inodes = patient.found("inodes")
        assert (inodes.level, patient.found("disk").level) == ("error", "ok")
        assert re.search(r" has 89\d\d\d inodes free of ", inodes.message)  # an engine makes some of its own
    finally:
        shutil.rmtree(many)
    assert patient.found("inodes").level == "ok"


def test_memory_for_a_cluster_that_is_too_large() -> None:
    large = found(None, "--only", "memory", "--masters", "9", "--agents", "240")["memory"]
    assert (large.level, "DC/OS on 250 nodes takes some 259 GiB." in large.message) == ("error", True)


# The network


def test_host_that_forwards_nothing(patient: Patient) -> None:
    assert patient.found("forwarding").level == "ok"
    patient.run("sysctl", "-qw", "net.ipv4.ip_forward=0")
    try:
        cured_by = patient.found("forwarding").remedy
        assert patient.found("forwarding").level == "error"
    finally:
        patient.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    assert cured_by == "On the engine's host: sudo sysctl -w net.ipv4.ip_forward=1"
    assert patient.found("forwarding").level == "ok"


def test_rules_of_docker_that_a_reload_has_taken_away(patient: Patient) -> None:
    """As firewalld's does; here they are put back from a copy in place of a restart of the engine."""
    patient.run("sh", "-c", "iptables-save >/run/rules && iptables -F FORWARD && iptables -P FORWARD DROP")
    try:
        assert patient.found("forwarding").level == "error"
    finally:
        patient.run("sh", "-c", "iptables-restore </run/rules")
    assert patient.found("forwarding").level == "ok"


@pytest.mark.parametrize("content", ["nameserver 127.0.0.1", ""])
def test_host_that_asks_itself_or_nobody_for_names(patient: Patient, content: str) -> None:
    patient.run("sh", "-c", "cp /etc/resolv.conf /run/resolv.conf; echo nameserver 192.0.2.53 >/etc/resolv.conf")
    try:
        assert patient.found("resolver").message == "Names are asked of 192.0.2.53."
        patient.run("sh", "-c", f"echo '{content}' >/etc/resolv.conf")
        assert patient.found("resolver").level == "warning"
    finally:
        patient.run("sh", "-c", "cat /run/resolv.conf >/etc/resolv.conf")


def _pool(subnet: str) -> IPAMConfig:
    return IPAMConfig(pool_configs=[IPAMPool(subnet=subnet)])


@contextmanager
def networks(patient: Patient, *subnets: str) -> Iterator[list[str]]:
    """Have networks of somebody else's."""
    client = patient.engine.client
    made = []
    try:
        for number, subnet in enumerate(subnets):
            made.append(client.create_network(f"foreign-{number}", driver="bridge", ipam=_pool(subnet))["Id"])
        yield made
    finally:
        for one in made:
            client.remove_network(one)


def test_address_pools_that_are_used_up(patient: Patient) -> None:
    with networks(patient, *POOLS):
        subnets = patient.found("subnets")
        assert subnets.level == "error"
        assert f"Of {', '.join(POOLS)} no subnet of /24 is free." in subnets.message
        assert "192.168.128.0/17 of the network foreign-3" in subnets.message
    assert patient.found("subnets").level == "ok"


def test_foreign_network_that_overlaps(patient: Patient) -> None:
    with networks(patient, "172.28.0.0/15"):
        subnets = patient.found("subnets")
        assert subnets.level == "note"
        assert "the next one is 172.27.0.0/24. Taken are 172.28.0.0/15 of the network foreign-0." in subnets.message
        # DC/OS has 172.29.0.0/16 for itself.
        assert patient.found("overlaps").level == "note"
    assert patient.found("overlaps").level == "ok"


def test_vpn_that_came_after_the_cluster(patient: Patient) -> None:
    client = patient.engine.client
    made = client.create_network("a", driver="bridge", ipam=_pool("172.28.7.0/24"), labels=ours("network", "a"))["Id"]
    try:
        assert patient.found("overlaps").level == "ok"
        patient.run("ip", "route", "add", "172.28.0.0/16", "dev", "eth0")
        overlaps = patient.found("overlaps")
        assert overlaps.level == "warning"
        assert "172.28.7.0/24 of the cluster a and the route 172.28.0.0/16 over eth0" in overlaps.message
        assert "172.28.0.0/16 of a route over eth0" in patient.found("subnets").message
        patient.run("ip", "route", "del", "172.28.0.0/16")
        assert patient.found("overlaps").level == "ok"
    finally:
        client.remove_network(made)


def test_vpn_that_takes_all_traffic(patient: Patient, node_image: str) -> None:
    """Its two routes are a default one: beside it there are subnets, and a cluster's network can be made."""
    halves = ("0.0.0.0/1", "128.0.0.0/1")
    try:
        for half in halves:
            patient.run("ip", "route", "add", half, "dev", "eth0")
        assert patient.found("subnets").level == "ok"
        made = patient.engine.client.create_network("a", ipam=_pool("172.28.7.0/24"), labels=ours("network", "a"))["Id"]
        assert patient.found("overlaps").level == "ok"
        patient.engine.client.remove_network(made)
    finally:
        for half in halves:
            patient.run("ip", "route", "del", half)


def test_network_that_nodes_cannot_join(patient: Patient) -> None:
    missing = patient.found("subnets", "--network", "foreign-0")
    assert (missing.level, missing.remedy) == ("error", "docker network ls")
    assert patient.found("subnets", "--network", "bridge").level == "error"
    with networks(patient, "10.55.0.0/29", "10.56.0.0/24"):
        small = patient.found("subnets", "--network", "foreign-0", "--agents", "5")
        assert (small.level, "too few free addresses for 6 nodes" in small.message) == ("error", True)
        assert patient.found("subnets", "--network", "foreign-1").level == "ok"


def test_remedy_for_networks_leaves_those_of_stopped_clusters(patient: Patient) -> None:
    client = patient.engine.client
    of_cluster = client.create_network("a", ipam=_pool("172.28.7.0/24"), labels=ours("network", "a"))["Id"]
    try:
        client.create_network("unused", ipam=_pool("10.55.0.0/24"))
        pruned = client.prune_networks({"label!": ["dcos_docker.schema"]})  # type: ignore[no-untyped-call]
        assert pruned["NetworksDeleted"] == ["unused"]
    finally:
        client.remove_network(of_cluster)


def test_port_that_a_container_has(patient: Patient, node_image: str) -> None:
    client = patient.engine.client
    host = client.create_host_config(port_bindings={80: ("127.0.0.1", 8080)}, init=False)
    made = client.create_container(node_image, ["sleep", "60"], name="somebody", ports=[80], host_config=host)["Id"]
    client.start(made)
    try:
        ports = patient.found("ports", "--one-master-host-port-map", "8080:80")
        assert (ports.level, "8080 by the container somebody" in ports.message) == ("error", True)
        assert patient.found("ports", "--one-master-host-port-map", "8081:80").level == "ok"
    finally:
        client.remove_container(made, force=True)
    assert patient.found("ports", "--one-master-host-port-map", "8080:80").level == "ok"


def test_port_that_a_container_has_for_ipv6(patient: Patient, node_image: str) -> None:
    client = patient.engine.client
    patient.run("sysctl", "-qw", "net.ipv6.conf.lo.disable_ipv6=0")  # engines in containers have none at first
    host = client.create_host_config(port_bindings={80: ("::1", 8080)}, init=False)
    made = client.create_container(node_image, ["sleep", "60"], name="somebody", ports=[80], host_config=host)["Id"]
    try:
        client.start(made)
        for address in ("127.0.0.1", "0.0.0.0"):
            assert patient.found("ports", "--one-master-host-port-map", f"{address}:8080:80").level == "ok"
        assert patient.found("ports", "--one-master-host-port-map", "[::1]:8080:80").level == "error"
    finally:
        client.remove_container(made, force=True)
        patient.run("sysctl", "-qw", "net.ipv6.conf.lo.disable_ipv6=1")


def test_port_that_a_program_has(patient: Patient) -> None:
    """The engine itself listens on it, as programs in Go do on `::`, which here is for IPv4 too."""
    ports = patient.found("ports", "--one-master-host-port-map", f"[::]:{PORT}:80")
    assert (ports.level, f"{PORT} by a program of the host" in ports.message) == ("error", True)
    wanted = ("--one-master-host-port-map", f"0.0.0.0:{PORT}:80")
    ports = patient.found("ports", *wanted)
    assert (ports.level, f"may have them for IPv4 too: {PORT}." in ports.message) == ("warning", True)
    assert patient.found("open-ports", *wanted).level == "warning"


def test_node_that_has_moved(patient: Patient, node_image: str) -> None:
    client = patient.engine.client
    labels = ours("node", "a", role="master", index="0", name_prefix="dcos-docker", address="172.28.9.2")
    made = client.create_container(node_image, ["sleep", "60"], name="dcos-docker-a-master-0", labels=labels)["Id"]
    client.start(made)
    try:
        addresses = patient.found("addresses")
        assert (addresses.level, "in place of 172.28.9.2" in addresses.message) == ("warning", True)
        assert addresses.remedy == "dcos-docker doctor --cluster-id a"
    finally:
        client.remove_container(made, force=True)
    assert patient.found("addresses").level == "ok"


# The engine


def test_leftovers_of_a_create_that_was_killed(patient: Patient, node_image: str) -> None:
    script = "from dcos_docker_cli.labels import Creator; print(Creator.this_process())"
    dead = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    labels = ours("reservation", "a", creator=dead)
    patient.engine.client.create_container(node_image, ["true"], name="dcos-docker-a-reservation", labels=labels)
    leftovers = patient.found("leftovers")
    assert (leftovers.level, leftovers.remedy) == ("warning", "dcos-docker clean")
    assert "one object is left: container dcos-docker-a-reservation." in leftovers.message
    patient.engine.dcos_docker(*leftovers.remedy.split()[1:]).succeeded()
    assert patient.found("leftovers").level == "ok"


def test_image_that_looks_in_place_of_ours(patient: Patient, node_image: str) -> None:
    """Where there is none of ours, one that Docker publishes does; what is behind the name is ours here, too."""
    client = patient.engine.client
    client.tag(node_image, "debian", "12")
    client.remove_image(node_image)
    try:
        assert patient.found("node-image").level == "note"
        assert patient.found("inotify").level != "skipped"
        client.tag("debian:12", "somebody", "1")
        client.remove_image("debian:12")
        assert patient.found("inotify").level == "skipped"
        client.tag("somebody:1", "debian", "12")
        client.remove_image("somebody:1")
    finally:
        client.tag("debian:12", *node_image.split(":"))  # type: ignore[arg-type]
        client.remove_image("debian:12")
    assert patient.found("node-image").level == "ok"


@pytest.mark.xdist_group("own-engine")
def test_engine_without_an_image(engine: OwnEngine) -> None:
    """What needs a container on the engine's host says why it is skipped; the rest runs, and nothing is pulled."""
    before = engine.images()
    all_found = found(engine.url, *SMALL)
    skipped = {name for name, one in all_found.items() if one.level == "skipped"}
    assert {check.name for check in CHECKS if check.category.value == "host"} <= skipped
    assert {"engine", "cgroups", "memory", "subnets", "clock", "installer"} & skipped == set()
    reasons = {all_found[name].message for name in skipped}
    assert reasons == {
        "The engine has no image yet of which a container could look at its host. To have one: dcos-docker image build"
    }
    assert engine.images() == before


@pytest.fixture(scope="module")
def demanding(client: APIClient) -> Iterator[str]:
    """An engine that takes no client below the newest API that it speaks: Docker 26's 1.45."""
    image = dcos_docker("image", "build", "--linux-distribution", Distribution.DEBIAN_13.value, timeout=900).succeeded()
    container = client.create_container(
        image.strip(),
        ["dockerd", f"--host=tcp://0.0.0.0:{PORT}", "--tls=false", "--iptables=false", "--ip6tables=false"],
        name=f"own-engine-{new_id()}",
        environment={"DOCKER_MIN_API_VERSION": "1.45"},
        host_config=client.create_host_config(privileged=True),
        volumes=["/var/lib/docker"],
    )["Id"]
    try:
        client.start(container)
        (network,) = client.inspect_container(container)["NetworkSettings"]["Networks"].values()
        with reached(network["IPAddress"], PORT) as (host, port):
            eventually(lambda: _answers(host, port), "the engine in a container answers", timeout=60)
            yield f"tcp://{host}:{port}"
    finally:
        client.remove_container(container, force=True, v=True)


def _answers(address: str, port: int) -> bool:
    """Whether an engine is there; it would refuse the client of the other tests."""
    connection = HTTPConnection(address, port, timeout=10)
    try:
        connection.request("GET", "/_ping")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def test_engine_whose_oldest_api_is_too_new(demanding: str) -> None:
    all_found = found(demanding)
    first = all_found["engine"]
    assert first.level == "error"
    assert "client version 1.44 is too old. Minimum supported API version is 1.45" in first.message
    assert "DOCKER_MIN_API_VERSION=1.44" in first.remedy
    asked = {one.message for name, one in all_found.items() if name not in ("engine", "ports", "no-proxy", "installer")}
    assert asked - {"No proxy is in use."} == {"There is no engine to ask."}


def test_engine_whose_api_is_too_old(engine_socket: str) -> None:
    """A real one that says less than it can: those below 20.10 need other kernels."""

    def older(path: str, answer: Answer) -> Answer:
        return Answer(answer.status, {**answer.headers, "Api-Version": "1.40"}, answer.body)

    with changed(engine_socket, older) as url:
        first = found(url, "--only", "DD001")["engine"]
    assert (first.level, first.remedy) == ("error", "Use Docker 20.10 or later.")
    assert "speaks API 1.40; 1.41 is needed" in first.message


@pytest.mark.parametrize(("seconds", "level"), [(-90, "error"), (30, "warning"), (0, "ok")])
def test_clock_that_is_off_as_an_engine_would_tell_it(engine_socket: str, seconds: int, level: str) -> None:
    """The time in a real engine's answer is changed: programs in Go ask the kernel, and its clock is everybody's."""

    def skewed(path: str, answer: Answer) -> Answer:
        if not path.endswith("/info"):
            return answer
        told = json.loads(answer.body)
        told["SystemTime"] = (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat()
        return Answer(answer.status, answer.headers, json.dumps(told).encode())

    with changed(engine_socket, skewed) as url:
        clock = found(url, "--only", "clock")["clock"]
    assert clock.level == level
    assert ("behind" in clock.message) is (seconds < 0)


# This machine


def test_installer_that_was_half_downloaded(installer: Path, tmp_path: Path) -> None:
    assert found(None, "--only", "installer", "--installer", installer)["installer"].level == "ok"
    half = tmp_path / "half.sh"
    half.write_bytes(installer.read_bytes()[: installer.stat().st_size // 2])
    partial = found(None, "--only", "installer", "--installer", half)["installer"]
    assert (partial.level, "is cut short" in partial.message) == ("error", True)
    assert "Download it again" in partial.remedy


# The container that looks


def left_by(client: APIClient, process: int) -> list[dict[str, Any]]:
    """Return what a process has left that looks at the engine's host."""
    there = client.containers(all=True, filters={"label": [f"{KIND}=probe"]})
    return [one for one in there if f"/{process}/" in one["Labels"][CREATOR]]


@pytest.mark.parametrize("moment", ["/containers/create", r"/containers/\w+/attach", r"/containers/\w+/start"])
def test_ctrl_c_leaves_no_container(client: APIClient, engine_socket: str, moment: str) -> None:
    with EngineProxy(engine_socket) as proxy:
        running: list[Running] = []

        def interrupt() -> None:
            running[0].send(signal.SIGINT)
            time.sleep(0.3)  # the call goes on when the program knows

        trigger = proxy.when(f"POST .*{moment}", interrupt)
        with Running("doctor", env=at(proxy.url)) as program:
            running.append(program)
            result = program.end(20)
            assert trigger.fired.is_set()
    assert (result.code, result.stdout) == (130, "")
    assert "Traceback" not in result.stderr
    eventually(lambda: left_by(client, program.process.pid) == [], "the container has gone", timeout=5)


def test_engine_that_hangs_when_the_container_is_to_start(client: APIClient, engine_socket: str) -> None:
    """Each check ends at its limit, and the container is removed when the engine has found its words again."""
    with EngineProxy(engine_socket) as proxy:
        proxy.when(r"POST .*/containers/\w+/start", lambda: time.sleep(5))
        with Running("doctor", "--output", "json", env=at(proxy.url)) as program:
            result = program.end(20)
            assert left_by(client, program.process.pid) == []
    findings = {one["check"]: one for one in json.loads(result.stdout)}
    assert findings["inotify"]["message"] == "The check did not end within 4 s."
    assert findings["memory"]["level"] == "ok"


def test_script_whose_time_is_over_has_said_what_it_had_looked_at(node_image: str) -> None:
    assert node_image
    host = DockerHost()
    try:
        script = "echo quick=1; sleep 60; echo slow=2"
        assert on_host(host.engine, script, {}, is_whole=False) == {"quick": "1"}
        with pytest.raises(NoProbeError, match="did not end within"):
            on_host(host.engine, script, {})
    finally:
        host.connection.close()


def test_container_whose_program_is_killed_ends_by_itself(client: APIClient, engine_socket: str) -> None:
    """The engine removes it."""
    with EngineProxy(engine_socket) as proxy:
        started_at: list[float] = []
        proxy.when(r"POST .*/containers/\w+/start", lambda: started_at.append(time.monotonic()))
        with Running("doctor", env=at(proxy.url)) as program:
            eventually(lambda: bool(started_at), "the container is being started")
            eventually(
                lambda: any(one["State"] == "running" for one in left_by(client, program.process.pid)), "it runs"
            )
            program.send(signal.SIGKILL)
            pid = program.process.pid
    eventually(lambda: left_by(client, pid) == [], "the container has gone", timeout=10)


def test_container_that_was_not_started_when_its_program_was_killed_is_left_over(
    client: APIClient, engine_socket: str
) -> None:
    with EngineProxy(engine_socket) as proxy:
        running: list[Running] = []
        proxy.when(r"POST .*/containers/\w+/attach", lambda: running[0].send(signal.SIGKILL))
        with Running("doctor", env=at(proxy.url)) as program:
            running.append(program)
            assert program.end(20).code == 128 + signal.SIGKILL
            (left,) = left_by(client, program.process.pid)
    try:
        assert f"container {left['Names'][0][1:]}" in dcos_docker("clean", "--dry-run").succeeded().splitlines()
    finally:
        client.remove_container(left["Id"], force=True)
