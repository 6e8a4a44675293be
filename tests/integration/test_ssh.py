"""`ssh`, `ssh-config` and `shell`: with the ssh client of this machine, directly and through the engine."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.clusters import create
from tests.support.elsewhere import NEEDS_ADDRESSES
from tests.support.program import PROGRAM, at, dcos_docker, environment
from tests.support.terminal import OnTerminal

if TYPE_CHECKING:
    from docker import APIClient

    from tests.support.clusters import Cluster

pytestmark = pytest.mark.xdist_group("shared")


@pytest.fixture
def state(tmp_path: Path) -> dict[str, str | None]:
    """Where programs keep what is theirs, for a test alone."""
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}


def keys_on_this_machine() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("dcos-docker-*key-*"))


def test_ssh_runs_a_command(shared: Cluster) -> None:
    before = keys_on_this_machine()
    command = ("ssh", "agent_0", "--", "hostname; exit 7")
    result = shared.dcos_docker(*command)
    assert (result.code, result.stdout, result.stderr) == (7, f"{shared.container('agent_0')}\n", "")
    assert keys_on_this_machine() <= before, "no key is left"


def test_ssh_passes_input(shared: Cluster) -> None:
    assert shared.dcos_docker("ssh", "master_0", "wc", "-c", stdin=b"x" * 100_000).succeeded() == "100000\n"


def test_ssh_on_a_terminal(shared: Cluster) -> None:
    with OnTerminal("ssh", "-c", shared.cluster_id, rows=31, columns=101) as terminal:
        terminal.wait_for(":~# ")
        terminal.type("stty size; exit 9\n")
        terminal.wait_for("31 101")
        assert terminal.end(30) == 9


def test_ssh_to_nobody(shared: Cluster) -> None:
    result = shared.dcos_docker("ssh", "agent_9", "true")
    assert (result.code, result.stdout) == (4, "")
    assert result.stderr.endswith("Its nodes: master_0, agent_0, agent_1, public_agent_0\n")


def test_without_an_ssh_client(shared: Cluster, tmp_path: Path) -> None:
    result = shared.dcos_docker("ssh", "agent_0", env={"PATH": str(tmp_path)})
    assert (result.code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: There is no ssh client on this machine.\nNext: ")


@pytest.mark.parametrize("way", [pytest.param("--direct", marks=NEEDS_ADDRESSES), "--through-engine"])
def test_ssh_config(shared: Cluster, state: dict[str, str | None], tmp_path: Path, way: str) -> None:
    """What it prints works for ssh and for scp."""
    config = tmp_path / "config"
    config.write_text(shared.dcos_docker("ssh-config", way, env=state).succeeded())
    key = tmp_path / "state" / "dcos-docker" / f"{shared.cluster_id}.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert (f"{PROGRAM} run" in config.read_text()) == (way == "--through-engine")
    name = shared.container("public_agent_0")
    variables = environment({"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"})
    done = subprocess.run(
        ["ssh", "-F", config, name, "hostname"], env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"{name}\n"), done.stderr
    (tmp_path / "sent").write_bytes(os.urandom(300_000))
    for source, target in ((tmp_path / "sent", f"{name}:/root/sent"), (f"{name}:/root/sent", tmp_path / "back")):
        command = ["scp", "-q", "-F", str(config), str(source), str(target)]
        subprocess.run(command, env=variables, capture_output=True, timeout=60, check=True)
    assert (tmp_path / "back").read_bytes() == (tmp_path / "sent").read_bytes()


def test_ssh_config_with_a_file_of_ones_own(shared: Cluster, tmp_path: Path) -> None:
    key = tmp_path / "a b" / "key"
    printed = shared.dcos_docker("ssh-config", "--identity-file", str(key)).succeeded()
    assert f'  IdentityFile "{key}"\n' in printed
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert [path.name for path in key.parent.iterdir()] == ["key"]
    (tmp_path / "config").write_text(printed)
    command = ["ssh", "-F", str(tmp_path / "config"), shared.container("agent_0"), "true"]
    subprocess.run(command, capture_output=True, timeout=60, check=True)


def test_what_is_there_is_not_overwritten(shared: Cluster, tmp_path: Path) -> None:
    """Unless it is this key already, or asked for."""
    key = tmp_path / "id_rsa"
    key.write_text("mine")
    write = ("ssh-config", "--identity-file", str(key))
    result = shared.dcos_docker(*write)
    assert (result.code, result.stdout) == (1, "")
    assert result.stderr == f"Error: {key} is there already.\nNext: Name another file, or overwrite it: --force\n"
    assert key.read_text() == "mine"
    for again in (("--force",), ()):
        shared.dcos_docker(*write, *again).succeeded()
        assert "PRIVATE KEY" in key.read_text()


@pytest.mark.parametrize(("name", "code"), [("a%d b", 0), ('a"b', 2), ("a${X}b", 2), ("a\nb", 2)])
def test_names_that_mean_something_to_ssh(shared: Cluster, tmp_path: Path, name: str, code: int) -> None:
    result = shared.dcos_docker("ssh-config", "--identity-file", str(tmp_path / name))
    assert (result.code, bool(result.stdout)) == (code, code == 0)
    assert (tmp_path / name).exists() == (code == 0)
    if code == 0:
        (tmp_path / "config").write_text(result.stdout)
        command = ["ssh", "-F", str(tmp_path / "config"), shared.container("agent_0"), "true"]
        subprocess.run(command, capture_output=True, timeout=60, check=True)


def test_the_engine_is_remembered(shared: Cluster, engine_socket: str) -> None:
    """Another shell, which points elsewhere, may call ssh."""
    printed = shared.dcos_docker("ssh-config", "--through-engine", env=at(f"unix://{engine_socket}")).succeeded()
    assert f"env DOCKER_HOST=unix://{engine_socket} {PROGRAM} run " in printed


def test_a_node_that_does_not_run_is_told_of(client: APIClient, shared: Cluster) -> None:
    name = shared.container("agent_1")
    client.stop(name, timeout=30)
    try:
        result = shared.dcos_docker("ssh-config")
    finally:
        client.start(name)
        shared.dcos_docker("wait", "--timeout", "120").succeeded()
    assert name not in result.succeeded()
    assert result.stderr == "agent_1 is not running, and left out: its container is exited.\n"


def test_a_place_where_no_key_can_be_written(shared: Cluster) -> None:
    result = shared.dcos_docker("ssh-config", "--identity-file", "/proc/none/key")
    assert (result.code, result.stdout) == (1, "")
    assert "The key cannot be written to /proc/none/key" in result.stderr


def test_destroy_removes_the_key(
    client: APIClient, installer: Path, state: dict[str, str | None], tmp_path: Path
) -> None:
    with create(client, installer, "--agents", "0", "--public-agents", "0") as cluster:
        cluster.dcos_docker("ssh-config", env=state).succeeded()
        directory = tmp_path / "state" / "dcos-docker"
        assert [path.name for path in directory.iterdir()] == [f"{cluster.cluster_id}.key"]
        cluster.dcos_docker("destroy", env=state).succeeded()
        assert list(directory.iterdir()) == []


def test_shell_reads_a_script(shared: Cluster) -> None:
    result = shared.dcos_docker("shell", "agent_1", stdin=b"pwd\necho out\necho err >&2\nexit 4\n")
    assert (result.code, result.stdout, result.stderr) == (4, "/root\nout\n", "err\n")
    assert shared.dcos_docker("shell", "--user", "nobody", stdin=b"id -un").succeeded() == "nobody\n"
    assert shared.dcos_docker("shell", "--env", "A=b", stdin=b"echo $A").succeeded() == "b\n"


def test_shell_on_no_node(shared: Cluster) -> None:
    result = shared.dcos_docker("shell", "none", stdin=b"")
    assert (result.code, result.stdout) == (125, "")
    assert dcos_docker("shell", "-c", "none-such").code == 125


def test_ctrl_c_while_ssh_connects(shared: Cluster, tmp_path: Path) -> None:
    """It ends, and leaves no key behind."""
    assert shutil.which("ssh")
    before = keys_on_this_machine()
    slow = tmp_path / "ssh"
    slow.write_text("#!/bin/sh\necho connecting\nexec sleep 60\n")
    slow.chmod(0o755)
    variables = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    with OnTerminal("ssh", "-c", shared.cluster_id, env=variables) as terminal:
        terminal.wait_for("connecting")
        os.killpg(terminal.process.pid, signal.SIGINT)
        assert terminal.end(30) == 130
    assert keys_on_this_machine() <= before
