"""Why something failed: the error has the node's own words, the checks of the doctor that they point to, and a cure."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli.backends import Docker
from dcos_docker_cli.cluster import Cluster
from dcos_docker_cli.exceptions import DCOSTimeoutError, NodeStartError
from tests.support.elsewhere import NEEDS_FILES, give_files
from tests.support.engine import of_cluster
from tests.support.program import dcos_docker

if TYPE_CHECKING:
    from pathlib import Path

    from docker import APIClient

    from tests.support.clusters import Cluster as Made
    from tests.support.program import Result

ONE_NODE = ("--agents", "0", "--public-agents", "0")
INIT = "/usr/lib/systemd/systemd"
MOST_LINES = 30


@pytest.fixture
def host_directory(client: APIClient, tmp_path: Path) -> Path:
    """A directory that the engine can give to nodes, which takes one that is on this machine."""
    del client
    return tmp_path


def provision(cluster_id: str, *options: str) -> Result:
    return dcos_docker("provision", "-c", cluster_id, *ONE_NODE, *options)


def volume(path: Path, text: str, target: str) -> tuple[str, str]:
    """Return the option for a file that is to be in the place of another on nodes."""
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    give_files(path)
    return "--custom-volume", f"{path}:{target}:ro"


def details(stderr: str) -> list[str]:
    lines = [line for line in stderr.splitlines() if line.startswith("  ")]
    return [line for line in lines if not line.startswith("      ")]


def test_init_that_ends_at_once(client: APIClient, host_directory: Path, cluster_id: str, node_image: str) -> None:
    del node_image
    words = "Failed to create control group inotify object: Too many open files"
    script = f'#!/bin/sh\necho "{words}"\necho "Freezing execution."\nexit 1\n'
    result = provision(cluster_id, *volume(host_directory / "init", script, INIT))
    assert (result.code, result.stdout) == (1, "")
    assert "Error: master_0 did not come up: its first process has ended.\n" in result.stderr
    assert f"\n  {words}\n  Freezing execution.\n" in result.stderr
    hint = result.stderr.split("\nNext: ")[1]
    assert hint.startswith(
        "It may be DD011 inotify: on the engine's host, sudo sysctl -w fs.inotify.max_user_instances="
    )
    assert "`dcos-docker doctor --only DD011 --only DD012` looks closer." in hint
    assert "`create --keep-on-failure` leaves the node there for a look.\n" in hint
    assert of_cluster(client, cluster_id) == []


FAILING = """
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'for line in 1 2 3 4 5 6 7 8 9; do echo line $line; done; echo "{words}"; exit 1'
"""
WANTS = "[Unit]\nWants={units}\n"


def failing_units(directory: Path, words: str, *names: str) -> list[str]:
    """Return the options for units that fail at the start of nodes."""
    text = WANTS.format(units=" ".join(f"{name}.service" for name in names))
    options = [*volume(directory / "wants.conf", text, "/etc/systemd/system/multi-user.target.d/wants.conf")]
    for name in names:
        unit = FAILING.format(words=words)
        options += volume(directory / name, unit, f"/etc/systemd/system/{name}.service")
    return options


def test_unit_that_fails(client: APIClient, host_directory: Path, cluster_id: str, node_image: str) -> None:
    del node_image
    options = failing_units(host_directory, "write /x: no space left on device", "broken")
    result = provision(cluster_id, *options)
    assert (result.code, result.stdout) == (1, "")
    assert "Error: master_0 did not come up: degraded.\n" in result.stderr
    assert "\n  broken.service has failed:\n" in result.stderr
    assert "\n    line 9\n    write /x: no space left on device\n" in result.stderr
    assert "\nNext: It may be DD009 disk or DD010 inodes: make room " in result.stderr
    assert "\n      `dcos-docker doctor --only DD009 --only DD010` looks closer." in result.stderr
    assert of_cluster(client, cluster_id) == []


def test_many_units_that_fail_are_still_readable(host_directory: Path, cluster_id: str, node_image: str) -> None:
    """Each shows the end of its journal, and there is nothing that a doctor would know."""
    del node_image
    names = [f"broken-{number}" for number in range(6)]
    result = provision(cluster_id, *failing_units(host_directory, "it broke", *names))
    shown = details(result.stderr)
    assert len(shown) <= MOST_LINES
    assert len([line for line in shown if line.endswith(" has failed:")]) == 4
    assert shown[-1].startswith("  … and 2 more, as broken-")
    assert "\nNext: `dcos-docker doctor` checks the machine. `create --keep-on-failure` " in result.stderr


def test_library_tells_the_same(client: APIClient, host_directory: Path, node_image: str) -> None:
    del node_image, client
    path = host_directory / "init"
    volume(path, '#!/bin/sh\necho "Failed to mount cgroup at /sys/fs/cgroup: Operation not permitted"\n', INIT)
    backend = Docker(custom_container_mounts={str(path): {"bind": INIT, "mode": "ro"}})
    with pytest.raises(NodeStartError) as failure:
        Cluster(backend, agents=0, public_agents=0)
    assert failure.value.details == ("Failed to mount cgroup at /sys/fs/cgroup: Operation not permitted",)
    assert failure.value.hint.startswith("It may be DD002 cgroups: choose a --linux-distribution ")


@NEEDS_FILES
def test_port_of_a_program(cluster_id: str, node_image: str) -> None:
    """No container has it, so that it is taken shows when the node starts."""
    del node_image
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        result = provision(cluster_id, "--one-master-host-port-map", f"{port}:80")
    assert (result.code, result.stdout) == (1, "")
    assert "\nError: The Docker engine refused: driver failed programming " in result.stderr
    assert "\nNext: It may be DD017 ports: publish other ports, " in result.stderr
    assert result.stderr.endswith("\n      `dcos-docker doctor --only DD017` looks closer.\n")


def test_installation_that_fails(
    client: APIClient, tmp_path: Path, installer: Path, cluster_id: str, host_directory: Path
) -> None:
    """A unit of the node is what is wrong with it; it fails when DC/OS is installed."""
    del client
    text = "[Service]\nExecStartPre=/bin/sh -c 'echo pthread_create failed: Resource temporarily unavailable; exit 1'\n"
    drop_in = volume(
        host_directory / "x.conf", text + "Restart=no\n", "/etc/systemd/system/dcos-setup.service.d/x.conf"
    )
    extra = tmp_path / "extra.yaml"
    extra.write_text("{}\n")
    result = dcos_docker("create", installer, "-c", cluster_id, *ONE_NODE, "--extra-config", extra, *drop_in)
    assert (result.code, result.stdout) == (1, "")
    assert "\nError: DC/OS could not be installed on master_0: " in result.stderr
    assert "\n  dcos-setup.service has failed:\n" in result.stderr
    assert "\nNext: It may be DD013 threads: on the engine's host, sudo sysctl -w kernel.pid_max=" in result.stderr


def test_create_that_waits_in_vain_tells_the_cause(cluster_id: str, installer: Path, host_directory: Path) -> None:
    """The hint of the wait stays, with what is said of the create."""
    text = "[Service]\nExecStartPre=/bin/sh -c 'echo pthread_create failed: Resource temporarily unavailable; exit 1'\n"
    drop_in = volume(host_directory / "x.conf", text, "/etc/systemd/system/dcos-marathon.service.d/x.conf")
    wait = ("--wait-for-dcos", "--timeout", "20")
    result = dcos_docker("create", installer, "-c", cluster_id, *ONE_NODE, *wait, *drop_in)
    assert (result.code, result.stdout) == (124, "")
    hint = result.stderr.split("\nNext: ")[1]
    assert hint.startswith("It may be DD013 threads: ")
    assert hint.count("It may be ") == 1
    assert "journalctl -b -p warning\n" in hint
    assert hint.endswith("\n      With --keep-on-failure the nodes stay for it.\n")


@pytest.mark.xdist_group("shared")
def test_wait_shows_the_journal_of_a_unit_that_does_not_run(shared: Made) -> None:
    shared.output("systemctl", "stop", "dcos-marathon")
    try:
        result = shared.dcos_docker("wait", "--timeout", "4")
        with Cluster.find(shared.cluster_id) as found, pytest.raises(DCOSTimeoutError) as failure:
            found.wait_for_dcos_oss(timeout=4)
    finally:
        shared.output("systemctl", "start", "dcos-marathon")
        shared.dcos_docker("wait", "--timeout", "120").succeeded()
    assert result.code == 124
    for text in (result.stderr, str(failure.value)):
        assert "\n  master_0: dcos-marathon.service is inactive since " in text
        assert "\n    Stopped dcos-marathon.service" in text
