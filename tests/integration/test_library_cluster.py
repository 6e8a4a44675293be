"""A `Cluster` from its making to its end, with DC/OS on it."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli.backends import Docker
from dcos_docker_cli.cluster import Cluster
from dcos_docker_cli.exceptions import (
    ClusterNotFoundError,
    DCOSNotInstalledError,
    DCOSTimeoutError,
    DownloadError,
    GenconfError,
    InstallError,
    InvalidInstallerError,
    NodeNotFoundError,
    UsageError,
)
from dcos_docker_cli.node import DCOSBuildInfo, DCOSVariant, Node, Output, Role, Transport
from tests.support.clusters import create
from tests.support.elsewhere import NEEDS_FILES
from tests.support.engine import containers, of_cluster
from tests.support.installers import without_variant
from tests.support.library import cluster_of, only, served
from tests.support.program import dcos_docker, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

MAKE = """
from dcos_docker_cli.backends import Docker
from dcos_docker_cli.cluster import Cluster
Cluster(Docker())
"""
DESTROY = """
from dcos_docker_cli.backends import Docker
from dcos_docker_cli.cluster import Cluster
cluster = Cluster(Docker())
print(cluster.cluster_id, flush=True)
cluster.destroy()
import time
time.sleep(10)
"""
AT_EXIT = """
import atexit
from dcos_docker_cli.backends import Docker
from dcos_docker_cli.cluster import Cluster
cluster = Cluster(Docker(), masters=1, agents=0, public_agents=0)
atexit.register(cluster.destroy)
print(cluster.cluster_id)
"""
LIMITED = """
import os, signal, sys, time
import docker
from dcos_docker_cli.backends import Docker
from dcos_docker_cli.cluster import Cluster

class Limit(Exception):
    pass

def limit(number, frame):
    raise Limit

def limited(seconds, work):
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        work()
    except Limit:
        pass
    else:
        sys.exit("it was not ended")

def make_for_ever():
    while True:
        Cluster(Docker(), masters=1, agents=1, public_agents=0).destroy()

signal.signal(signal.SIGALRM, limit)
for seconds in (0.3, 0.6, 0.9, 1.2, 1.5):
    limited(seconds, make_for_ever)
with Cluster(Docker(), masters=1, agents=0, public_agents=0) as cluster:
    cluster.install_dcos_from_path(sys.argv[1])
    for node in cluster.masters:
        node.run(["systemctl", "stop", "dcos-marathon"])
    begin = time.monotonic()
    limited(1, cluster.wait_for_dcos_oss)
    print(time.monotonic() - begin)
client = docker.from_env().api
found = client.containers(all=True, filters={"label": "dcos_docker.schema"})
print([item["Names"] for item in found if f"/{os.getpid()}/" in item["Labels"]["dcos_docker.creator"]])
"""
MARATHON = "http://localhost:8080/v2/apps"


@pytest.fixture(scope="module")
def large(client: APIClient, installer: Path) -> Iterator[Cluster]:
    """Three masters, two agents and a public agent, with open DC/OS that is ready."""
    with cluster_of(client, Docker(), masters=3, agents=2, public_agents=1) as made:
        made.install_dcos_from_path(installer)
        made.wait_for_dcos_oss(timeout=300)
        yield made


@pytest.mark.xdist_group("library-large")
class TestLarge:
    """On a cluster of six nodes. The tests stand in the order in which they may be run: the last ones change it."""

    def test_every_node_has_dcos(self, large: Cluster) -> None:
        assert (len(large.masters), len(large.agents), len(large.public_agents)) == (3, 2, 1)
        for node in large.masters | large.agents | large.public_agents:
            info = node.dcos_build_info()
            assert (info.version, info.variant) == ("2.1.0", DCOSVariant.OSS)
            assert len(info.commit) == 40
        for nodes, role in ((large.masters, "master"), (large.agents, "slave"), (large.public_agents, "slave_public")):
            for node in nodes:
                assert node.run(["ls", "/etc/mesosphere/roles"]).stdout.decode().split()[0] == role

    def test_base_config(self, large: Cluster) -> None:
        found = large.base_config
        for key, nodes in (
            ("master_list", large.masters),
            ("agent_list", large.agents),
            ("public_agent_list", large.public_agents),
        ):
            assert sorted(found[key]) == sorted(str(node.private_ip_address) for node in nodes)
        assert Docker().base_config.items() <= found.items()

    def test_the_masters_are_one_cluster(self, large: Cluster) -> None:
        for master in large.masters:
            text = master.run(["curl", "-s", "http://localhost:8181/exhibitor/v1/cluster/status"]).stdout
            servers = json.loads(text)
            assert len(servers) == 3
            assert sum(server["isLeader"] for server in servers) == 1

    def test_run_with_test_environment(self, large: Cluster) -> None:
        seen = large.run_with_test_environment(["sh", "-c", "pwd; env"], env={"EXTRA": "a b", "DCOS_NUM_AGENTS": "9"})
        directory, *lines = seen.stdout.decode().splitlines()
        variables = dict(line.split("=", 1) for line in lines if "=" in line)
        assert directory == "/opt/mesosphere/active/dcos-integration-test"
        masters = sorted(str(node.private_ip_address) for node in large.masters)
        assert sorted(variables["MASTER_HOSTS"].split(",")) == masters
        assert sorted(variables["PUBLIC_MASTER_HOSTS"].split(",")) == masters
        assert len(variables["SLAVE_HOSTS"].split(",")) == 2
        assert variables["PUBLIC_SLAVE_HOSTS"] == str(only(large.public_agents).private_ip_address)
        assert variables["DCOS_DNS_ADDRESS"] == f"http://{masters[0]}"
        assert (variables["DCOS_NUM_MASTERS"], variables["EXTRA"], variables["DCOS_NUM_AGENTS"]) == ("3", "a b", "9")
        other = max(large.masters, key=lambda node: node.private_ip_address)
        told = large.run_with_test_environment(["sh", "-c", "uname -n; echo $DCOS_DNS_ADDRESS"], node=other).stdout
        assert told.decode().split() == [
            other.run(["uname", "-n"]).stdout.decode().strip(),
            f"http://{other.private_ip_address}",
        ]

    def test_the_integration_tests_pass(self, large: Cluster) -> None:
        done = large.run_with_test_environment(["pytest", "-k", "listed"], output=Output.LOG_AND_CAPTURE)
        assert b"0 failed, 2 passed" in done.stdout

    def test_it_is_found_by_its_id(self, client: APIClient, large: Cluster) -> None:
        with Cluster.find(large.cluster_id) as found:
            assert found.masters == large.masters
            assert found.cluster_id == large.cluster_id
            found.wait_for_dcos_oss(timeout=60)
        assert of_cluster(client, large.cluster_id), "what was found stays"
        dcos_docker("wait", "-c", large.cluster_id, "--timeout", "60").succeeded()

    def test_a_wait_names_what_is_not_ready(self, large: Cluster) -> None:
        master = min(large.masters, key=str)
        master.run(["systemctl", "stop", "dcos-marathon"])
        try:
            with pytest.raises(DCOSTimeoutError) as failure:
                large.wait_for_dcos_oss(timeout=15)
            assert "marathon" in str(failure.value)
            assert "master_0" in str(failure.value)
        finally:
            master.run(["systemctl", "start", "dcos-marathon"])
        large.wait_for_dcos_oss(timeout=120)

    def test_without_http_checks_the_pages_are_not_asked(self, large: Cluster) -> None:
        for master in large.masters:  # so nothing can be asked over HTTP, and DC/OS' own checks do not mind
            master.run(["dpkg-divert", "--rename", "--divert", "/usr/bin/curl.away", "/usr/bin/curl"])
        try:
            large.wait_for_dcos_oss(http_checks=False, timeout=60)
            with pytest.raises(DCOSTimeoutError, match="no answer"):
                large.wait_for_dcos_oss(timeout=15)
        finally:
            for master in large.masters:
                master.run(["dpkg-divert", "--rename", "--remove", "/usr/bin/curl"])

    def test_upgrade_keeps_what_there_is(self, large: Cluster, newer_installer: Path) -> None:
        app = json.dumps({"id": "/kept", "cmd": "sleep 1"})
        master = min(large.masters, key=str)
        put = ["curl", "-sf", "-X", "POST", "-H", "Content-Type: application/json", "-d", app, MARATHON]
        master.run(put)
        agents = large.agents | large.public_agents
        for node in agents:
            node.run(["touch", "/var/lib/mesos/slave/kept"])
        broken = max(large.agents, key=str)
        broken.run(["chmod", "000", "/usr/bin/tar"])
        broken.run(["mv", "/usr/bin/tar", "/usr/bin/tar.away"])
        try:
            with pytest.raises(InstallError, match="agent_1"):
                large.upgrade_dcos_from_path(newer_installer)
        finally:
            broken.run(["mv", "/usr/bin/tar.away", "/usr/bin/tar"])
            broken.run(["chmod", "755", "/usr/bin/tar"])
        large.upgrade_dcos_from_path(newer_installer, output=Output.LOG_AND_CAPTURE)  # goes on where it failed
        large.wait_for_dcos_oss(timeout=300)
        assert {node.dcos_build_info().version for node in large.masters | agents} == {"2.2.0"}
        assert b"/kept" in master.run(["curl", "-sf", MARATHON]).stdout
        for node in agents:
            node.run(["test", "-e", "/var/lib/mesos/slave/kept"])

    def test_z_destroy_node(self, client: APIClient, large: Cluster) -> None:
        gone, stays = sorted(large.agents, key=str)
        large.destroy_node(gone)
        assert large.agents == {stays}
        assert len(containers(client, large.cluster_id)) == 5
        assert str(gone.private_ip_address) not in large.base_config["agent_list"]
        with pytest.raises(NodeNotFoundError):
            large.destroy_node(gone)
        # Five nodes with four volumes each, the shared one, and the network.
        assert len(of_cluster(client, large.cluster_id)) == 5 + 5 * 4 + 1 + 1


@pytest.mark.xdist_group("library-enterprise")
class TestEnterprise:
    """Enterprise, downloaded, with files and settings of the user."""

    def test_from_url(self, client: APIClient, enterprise_installer: Path, tmp_path: Path) -> None:
        workspace = tmp_path / "workspace"
        (tmp_path / "real").write_text("extra\n")
        (tmp_path / "extra").symlink_to("real")
        backend = Docker(workspace_dir=workspace)
        seen: list[list[str]] = []
        with (
            cluster_of(client, backend, masters=1, agents=1, public_agents=0) as cluster,
            served(enterprise_installer.parent) as url,
            watching(workspace, seen),
        ):
            config = {
                **cluster.base_config,
                "superuser_username": "chief",
                "superuser_password_hash": hash_of(cluster, "secret word"),
                "fault_domain_enabled": False,
                "cluster_name": "theirs",
            }
            cluster.install_dcos_from_url(
                f"{url}/{enterprise_installer.name}",
                dcos_config=config,
                ip_detect_path=backend.ip_detect_path,
                output=Output.LOG_AND_CAPTURE,
                files_to_copy_to_genconf_dir=[(tmp_path / "extra", Path("/genconf/extra"))],
            )
            assert any(seen), "the download went there"
            assert list(workspace.iterdir()) == [], "and is gone"
            cluster.wait_for_dcos_ee("chief", "secret word", timeout=300)
            with pytest.raises(DCOSTimeoutError, match="login of chief: 401"):
                cluster.wait_for_dcos_ee("chief", "wrong", timeout=15)
            cluster.wait_for_dcos_ee("chief", "wrong", http_checks=False, timeout=60)
            master = only(cluster.masters)
            assert master.dcos_build_info().variant is DCOSVariant.ENTERPRISE
            settings = master.run(["cat", "/opt/mesosphere/etc/expanded.config.full.json"]).stdout
            assert json.loads(settings)["cluster_name"] == "theirs"
            login = {"DCOS_LOGIN_UNAME": "chief", "DCOS_LOGIN_PW": "secret word"}
            assert b"0 failed, 4 passed" in cluster.run_with_test_environment(["pytest"], env=login).stdout


def hash_of(cluster: Cluster, password: str) -> str:
    """Return what `--hash-password` would print, by the node's own crypt(3)."""
    script = "print crypt($ARGV[0], q($6$saltsalt$))"
    return only(cluster.masters).run(["perl", "-e", script, password]).stdout.decode()


class watching:  # noqa: N801 - used as a function
    """Note what is in a directory, again and again, within a block."""

    def __init__(self, directory: Path, seen: list[list[str]]) -> None:
        self._directory, self._seen, self._over = directory, seen, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._over.wait(0.005):
            if self._directory.is_dir():
                self._seen.append([path.name for path in self._directory.iterdir()])

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture(scope="module")
def bare(client: APIClient, installer: Path) -> Iterator[Cluster]:
    """One node without DC/OS."""
    del installer
    with cluster_of(client, Docker(), masters=1, agents=0, public_agents=0) as made:
        yield made


@pytest.mark.xdist_group("library-bare")
class TestBare:
    """On a single node on which nothing gets installed, but by the last of the tests."""

    def test_nothing_to_wait_for(self, bare: Cluster) -> None:
        with pytest.raises(DCOSNotInstalledError, match="not installed on master_0"):
            bare.wait_for_dcos_oss(timeout=60)

    def test_nothing_to_upgrade(self, bare: Cluster, newer_installer: Path) -> None:
        with pytest.raises(DCOSNotInstalledError):
            bare.upgrade_dcos_from_path(newer_installer)

    def test_bad_installers(self, bare: Cluster, tmp_path: Path) -> None:
        with pytest.raises(InvalidInstallerError, match="no file"):
            bare.install_dcos_from_path(tmp_path / "nothing.sh")
        (tmp_path / "text.sh").write_text("hello")
        with pytest.raises(InvalidInstallerError):
            bare.install_dcos_from_path(tmp_path / "text.sh")
        with served(tmp_path) as url:
            with pytest.raises(InvalidInstallerError):
                bare.install_dcos_from_url(f"{url}/text.sh")
            with pytest.raises(DownloadError, match="404"):
                bare.install_dcos_from_url(f"{url}/nothing.sh")
        with pytest.raises(DownloadError, match="refused"):
            bare.install_dcos_from_url("http://127.0.0.1:1/x.sh")
        with pytest.raises(UsageError, match="no URL"):
            bare.install_dcos_from_url("/a/path.sh")
        assert list(Path(tempfile.gettempdir()).glob("dcos-docker-*/*.sh")) == []

    def test_bad_files_and_settings(self, bare: Cluster, installer: Path, tmp_path: Path) -> None:
        nothing = tmp_path / "nothing"
        for source, target in ((nothing, "/genconf/x"), (installer, "/etc/x"), (installer, "../x")):
            with pytest.raises(UsageError):
                bare.install_dcos_from_path(installer, files_to_copy_to_genconf_dir=[(source, Path(target))])
        with pytest.raises(GenconfError) as failure:
            bare.install_dcos_from_path(installer, dcos_config={**bare.base_config, "master_list": ["x"]})
        assert "master_list" in str(failure.value)
        assert not only(bare.masters).run(["sh", "-c", "ls /opt/mesosphere 2>/dev/null; true"]).stdout

    def test_own_ip_detect_and_output(
        self, bare: Cluster, installer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        headerless = tmp_path / "headerless.sh"
        without_variant(installer, headerless)
        script = tmp_path / "ip-detect"
        script.write_text(f"#!/bin/sh\n# mine\n{Docker().ip_detect_path.read_text()}")
        bare.install_dcos_from_path(headerless, ip_detect_path=script, output=Output.NO_CAPTURE)
        assert "Generating" in capsys.readouterr().out
        master = only(bare.masters)
        assert b"# mine" in master.run(["cat", "/opt/mesosphere/bin/detect_ip"]).stdout
        bare.wait_for_dcos_oss(timeout=120)


# Making and ending


@pytest.mark.xdist_group("library-ends")
class TestEnds:
    """How a cluster comes to its end."""

    def test_an_exception_in_the_block_destroys_it_too(self, client: APIClient, installer: Path) -> None:
        del installer
        ids = []

        def work() -> None:
            with Cluster(Docker(), masters=1, agents=0, public_agents=0) as cluster:
                ids.append(cluster.cluster_id)
                raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            work()
        assert of_cluster(client, ids[0]) == []

    def test_destroy_in_the_block(self, client: APIClient, installer: Path) -> None:
        del installer
        with Cluster(Docker(), masters=1, agents=0, public_agents=0) as cluster:
            cluster.destroy()
            assert of_cluster(client, cluster.cluster_id) == []
            assert cluster.masters == set()

    def test_as_a_decorator(self, client: APIClient, installer: Path) -> None:
        """A function that is called twice has a cluster of its own each time."""
        del installer
        seen: list[str] = []
        wanted = {"label": ["who=decorated"]}

        cluster = Cluster(Docker(docker_container_labels={"who": "decorated"}), masters=1, agents=0, public_agents=0)

        @cluster
        def work(number: int) -> int:
            (item,) = client.containers(filters=wanted)
            assert cluster.cluster_id in item["Names"][0]
            assert only(cluster.masters).run(["echo", str(number)]).stdout == f"{number}\n".encode()
            seen.append(item["Names"][0])
            return number

        assert [work(1), work(2)] == [1, 2]
        assert len(set(seen)) == 2
        assert client.containers(all=True, filters=wanted) == []

    def test_a_cluster_of_the_command_line(self, client: APIClient, installer: Path) -> None:
        with create(client, installer, "--agents", "0", "--public-agents", "0", "--wait-for-dcos") as made:
            cluster = Cluster.find(made.cluster_id)
            assert only(cluster.masters).dcos_build_info() == DCOSBuildInfo(
                "2.1.0", only(cluster.masters).dcos_build_info().commit, DCOSVariant.OSS
            )
            cluster.wait_for_dcos_oss(timeout=60)
            assert only(cluster.masters).run(["id", "-un"], transport=Transport.SSH).stdout == b"root\n"
            cluster.destroy()
            assert of_cluster(client, made.cluster_id) == []
        with pytest.raises(ClusterNotFoundError):
            Cluster.find("nobody-has-this")

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_while_it_is_made_undoes_it(
        self, client: APIClient, installer: Path, number: signal.Signals
    ) -> None:
        del installer
        with subprocess.Popen([sys.executable, "-c", MAKE], stderr=subprocess.PIPE) as process:

            def made() -> list[str]:
                found = client.containers(all=True, filters={"label": ["dcos_docker.kind=node"]})
                return [
                    str(item["Labels"]["dcos_docker.cluster_id"])
                    for item in found
                    if f"/{process.pid}/" in item["Labels"]["dcos_docker.creator"]
                ]

            eventually(lambda: made() != [], "a node is there")
            cluster_id = made()[0]
            os.kill(process.pid, number)
            _, stderr = process.communicate(timeout=60)
        assert process.returncode == -number
        assert (b"KeyboardInterrupt" in stderr) is (number is signal.SIGINT)
        assert of_cluster(client, cluster_id) == []

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_while_it_is_destroyed_lets_that_end(
        self, client: APIClient, installer: Path, number: signal.Signals
    ) -> None:
        del installer
        with subprocess.Popen(
            [sys.executable, "-c", DESTROY], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout
            cluster_id = process.stdout.readline().decode().strip()
            time.sleep(0.05)
            os.kill(process.pid, number)
            process.communicate(timeout=60)
        assert process.returncode == -number
        assert of_cluster(client, cluster_id) == []

    def test_a_time_limit_of_the_suite_ends_it_soon_and_leaves_nothing(self, installer: Path) -> None:
        """As of pytest-timeout: a handler that raises."""
        done = subprocess.run(
            [sys.executable, "-c", LIMITED, installer], capture_output=True, text=True, timeout=120, check=True
        )
        seconds, left = done.stdout.splitlines()
        assert float(seconds) < 10
        assert left == "[]"

    def test_at_the_end_of_the_program(self, client: APIClient, installer: Path) -> None:
        del installer
        done = subprocess.run([sys.executable, "-c", AT_EXIT], capture_output=True, text=True, timeout=60, check=True)
        assert done.stderr == ""
        assert of_cluster(client, done.stdout.strip()) == []

    def test_destroyed_by_somebody_else(self, client: APIClient, installer: Path) -> None:
        del installer
        with Cluster(Docker(), masters=1, agents=0, public_agents=0) as cluster:
            dcos_docker("destroy", "-c", cluster.cluster_id).succeeded()
        assert of_cluster(client, cluster.cluster_id) == []

    def test_importing_it_is_quiet_and_contacts_nothing(self) -> None:
        script = "import dcos_docker_cli.cluster, sys; print('docker' in sys.modules, 'requests' in sys.modules)"
        env = {**os.environ, "DOCKER_HOST": "tcp://127.0.0.1:1"}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, env=env, check=True
        )
        assert (done.stdout, done.stderr) == ("False False\n", "")


@pytest.mark.xdist_group("library-single")
class TestSingleNode:
    """A node of a cluster that installs itself."""

    @NEEDS_FILES
    def test_install_and_upgrade(self, client: APIClient, installer: Path, newer_installer: Path) -> None:
        backend = Docker()
        with (
            cluster_of(client, backend, masters=1, agents=0, public_agents=0) as cluster,
            served(installer.parent) as url,
        ):
            node = only(cluster.masters)
            port = url.rpartition(":")[2]
            here = node.run(["ip route | awk '/default/ { print $3 }'"], shell=True).stdout.decode().strip()
            node.install_dcos_from_url(
                f"http://{here}:{port}/{installer.name}", cluster.base_config, backend.ip_detect_path, Role.MASTER
            )
            cluster.wait_for_dcos_oss(timeout=120)
            assert node.dcos_build_info().version == "2.1.0"
            node.upgrade_dcos_from_path(newer_installer, cluster.base_config, backend.ip_detect_path, Role.MASTER)
            cluster.wait_for_dcos_oss(timeout=120)
            assert node.dcos_build_info().version == "2.2.0"
            left = node.run(["find", "/var/lib/dcos-docker-install", "-size", "+1M", "-path", "*generate*"]).stdout
            assert left == b""


def test_steps_are_logged(client: APIClient, installer: Path, caplog: pytest.LogCaptureFixture) -> None:
    del installer
    with (
        caplog.at_level(logging.INFO, logger="dcos_docker_cli"),
        cluster_of(client, Docker(), masters=1, agents=0, public_agents=0) as cluster,
    ):
        assert isinstance(only(cluster.masters), Node)
    assert "Starting 1 node" in caplog.text
