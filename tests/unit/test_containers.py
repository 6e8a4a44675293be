"""The configuration of a node's container, which is a pure function of the plan."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from dcos_docker_cli import __version__, labels
from dcos_docker_cli.backends.docker.containers import (
    DATA_DIRECTORIES,
    WAIT_UNTIL_BOOTED,
    console,
    node_config,
    proxy_environment,
)
from dcos_docker_cli.backends.docker.layout import Layout
from dcos_docker_cli.backends.docker.settings import Mounts, Settings
from dcos_docker_cli.docker_storage_drivers import DockerStorageDriver
from dcos_docker_cli.model import ClusterPlan, DCOSVariant, NodeRef, Role

if TYPE_CHECKING:
    from pathlib import Path

PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
MASTER = NodeRef(Role.MASTER, 0)
AGENT = NodeRef(Role.AGENT, 0)
LAYOUT = Layout(
    addresses={MASTER: "172.28.0.2", AGENT: "172.28.0.3"},
    image="dcos-docker/node:abc",
    network_id="net1",
    serve_volume="volume1",
    hosts=("dcos-docker-x-master-0:172.28.0.2", "dcos-docker-x-agent-0:172.28.0.3"),
    bootstrap_address="172.28.0.254",
)
SETTINGS = Settings()
PLAN = ClusterPlan("x", agents=1, public_agents=0, variant=DCOSVariant.ENTERPRISE)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in PROXY_VARIABLES:
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def config() -> dict[str, Any]:
    return node_config(PLAN, SETTINGS, LAYOUT, MASTER, nofile=1234)


def test_systemd_has_what_it_needs(config: dict[str, Any]) -> None:
    host = config["HostConfig"]
    assert host["Privileged"] is True
    assert host["CgroupnsMode"] == "private"
    assert host["Init"] is False
    assert host["Tmpfs"] == {"/run": "exec", "/tmp": "exec"}
    assert host["Ulimits"] == [{"Name": "nofile", "Soft": 1234, "Hard": 1234}]
    assert host["RestartPolicy"] == {"Name": "unless-stopped"}
    assert "Cmd" not in config, "PID 1 is the image's own"
    assert "Entrypoint" not in config
    assert config["Tty"] is True


def test_nothing_of_the_host_is_in_it(config: dict[str, Any]) -> None:
    host = config["HostConfig"]
    assert not {"Binds", "VolumesFrom", "Devices", "PidMode", "IpcMode", "UTSMode", "PortBindings"} & set(host)
    assert {mount["Type"] for mount in host["Mounts"]} == {"volume"}
    assert all(not mount.get("Source", "").startswith("/") for mount in host["Mounts"])
    assert "ExposedPorts" not in config


def test_mounts(config: dict[str, Any]) -> None:
    *own, serve = config["HostConfig"]["Mounts"]
    assert tuple(mount["Target"] for mount in own) == DATA_DIRECTORIES
    assert serve == {"Type": "volume", "Source": "volume1", "Target": "/opt/dcos_install_tmp", "ReadOnly": True}
    for mount in own:
        assert "Source" not in mount, "without a name it goes with its container"
        found = labels.decode(mount["VolumeOptions"]["Labels"])
        assert (found.is_known, found.kind, found.cluster_id) == (True, labels.Kind.VOLUME, "x")


def test_name_and_network(config: dict[str, Any]) -> None:
    assert config["Image"] == LAYOUT.image
    assert config["Hostname"] == "dcos-docker-x-master-0"
    assert config["HostConfig"]["NetworkMode"] == "net1"
    assert config["HostConfig"]["ExtraHosts"] == list(LAYOUT.hosts)
    endpoints = config["NetworkingConfig"]["EndpointsConfig"]
    assert endpoints == {"net1": {"IPAMConfig": {"IPv4Address": "172.28.0.2"}}}


@pytest.mark.parametrize("ref", PLAN.refs)
def test_labels_tell_all_of_a_node(ref: NodeRef) -> None:
    found = labels.decode(node_config(PLAN, SETTINGS, LAYOUT, ref, nofile=1)["Labels"])
    assert found.is_known
    assert (found.kind, found.cluster_id, found.ref) == (labels.Kind.NODE, "x", ref)
    assert (found.address, found.variant) == (LAYOUT.addresses[ref], DCOSVariant.ENTERPRISE)
    assert (found.distribution, found.transport, found.tool_version) == ("debian-12", "docker-exec", __version__)
    assert found.creator is not None
    assert not found.creator.is_dead()


def test_a_variant_that_is_not_known_is_no_label() -> None:
    config = node_config(ClusterPlan("x"), SETTINGS, LAYOUT, MASTER, nofile=1)
    assert labels.VARIANT_KEY not in config["Labels"]


def test_the_engine_can_read_it(config: dict[str, Any]) -> None:
    assert json.loads(json.dumps(config)) == config
    assert all(isinstance(value, str) for value in config["Labels"].values())


def test_without_a_proxy_there_are_no_variables(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert config["Env"] == []
    monkeypatch.setenv("NO_PROXY", "internal")
    monkeypatch.setenv("http_proxy", "")
    assert proxy_environment(LAYOUT.hosts) == []


def test_a_proxy_is_passed_on_but_not_for_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3129")
    monkeypatch.setenv("no_proxy", "internal,.corp")
    found = dict(entry.split("=", 1) for entry in proxy_environment(LAYOUT.hosts))
    assert set(found) == {"http_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"}
    assert (found["http_proxy"], found["HTTPS_PROXY"]) == ("http://proxy:3128", "http://proxy:3129")
    assert found["no_proxy"] == found["NO_PROXY"]
    exempt = found["no_proxy"].split(",")
    assert exempt[:4] == ["internal", ".corp", "127.0.0.1", "localhost"]
    assert exempt[4:] == ["dcos-docker-x-master-0", "172.28.0.2", "dcos-docker-x-agent-0", "172.28.0.3"]


def test_capital_no_proxy_is_kept_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "internal")
    assert "NO_PROXY=internal,127.0.0.1,localhost" in proxy_environment(())


OWN_DISK: dict[Role | None, Mounts] = {None: Mounts(binds=("/mnt/disk:/var/lib/docker",))}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (Settings(), True),
        (Settings(storage_driver=DockerStorageDriver.AUTO), True),
        (Settings(mounts=OWN_DISK), False),
        (Settings(mounts=OWN_DISK, storage_driver=DockerStorageDriver.AUTO), False),
        (Settings(mounts=OWN_DISK, storage_driver=DockerStorageDriver.OVERLAY_2), True),
        (Settings(mounts={Role.AGENT: OWN_DISK[None]}), True),
    ],
)
def test_docker_is_told_its_driver_unless_its_disk_is_a_users_own(settings: Settings, told: bool) -> None:
    layout = dataclasses.replace(LAYOUT, storage_driver="overlay2")
    found = node_config(PLAN, settings, layout, MASTER, nofile=1234)["Env"]
    assert found == (["DOCKER_DRIVER=overlay2"] if told else [])


def test_forcing_cgroup_v1_is_in_the_command_line_of_systemd() -> None:
    found = node_config(PLAN, Settings(force_cgroup_v1=True), LAYOUT, MASTER, nofile=1234)["Cmd"]
    assert found[0] == "/lib/systemd/systemd"
    assert {"systemd.unified_cgroup_hierarchy=0", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"} < set(found)


class Logs:
    """As much of an engine as `console` asks for."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    def logs(self, container: str, tail: int) -> bytes:
        assert (container, tail) == ("x", 30)
        return self._text


def test_a_console_is_shown_without_what_is_for_terminals_recorded() -> None:
    text = b"\x1b[0;1;31mFailed\x1b[0m to start \x1b]0;title\x07it.\r\r\n\r\n[\x1b[32m  OK  \x1b[0m] Reached it\r\n"
    assert console(Logs(text), "x") == ["Failed to start it.", "[  OK  ] Reached it"]  # type: ignore[arg-type]


@pytest.mark.parametrize("takes_wait", [True, False])
@pytest.mark.parametrize(
    ("state", "docker", "said"),
    [("running", 0, "running"), ("running", 3, "its Docker does not start"), ("degraded", 0, "degraded")],
)
def test_waiting_for_systemd_old_and_new(tmp_path: Path, takes_wait: bool, state: str, docker: int, said: str) -> None:
    """Before 232 systemctl refuses `--wait` and prints nothing on its output."""
    systemctl = tmp_path / "systemctl"
    refuse = "" if takes_wait else 'case "$*" in *--wait*) echo unrecognized >&2; exit 1 ;; esac\n'
    systemctl.write_text(
        f"#!/bin/sh\n{refuse}"
        f'case "$*" in *is-active*) exit {docker} ;; *) echo {state}; [ {state} = running ] ;; esac\n'
    )
    systemctl.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(
        ["sh", "-c", WAIT_UNTIL_BOOTED], env=env, capture_output=True, text=True, timeout=10, check=True
    )
    assert done.stdout == f"{said}\n"
