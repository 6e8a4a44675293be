"""What a `Node` does, the same over both transports."""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dcos_docker_cli.backends import Docker
from dcos_docker_cli.cluster import Cluster
from dcos_docker_cli.exceptions import DCOSNotInstalledError, NodeNotFoundError, UsageError
from dcos_docker_cli.node import Node, Output, Transport
from tests.support.elsewhere import NEEDS_ADDRESSES
from tests.support.library import cluster_of, only
from tests.support.program import eventually
from tests.support.trees import contents, make_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

pytestmark = pytest.mark.xdist_group("library-node")

BOTH = "sh", "-c", "echo out; echo err >&2; exit $0"


@pytest.fixture(scope="module")
def cluster(client: APIClient, installer: Path) -> Iterator[Cluster]:
    """Two nodes without DC/OS. The installer is there for the node image."""
    del installer
    with cluster_of(client, Docker(), masters=1, agents=1, public_agents=0) as made:
        for node in made.masters | made.agents:
            node.run(["useradd", "--create-home", "--shell", "/bin/bash", "someone"])
            node.run(["useradd", "--create-home", "--shell", "/bin/bash", "sudoer"])
            node.run(["echo 'sudoer ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/sudoer"], shell=True)
        yield made


@pytest.fixture(scope="module", params=list(Transport), ids=lambda transport: transport.value)
def transport(request: pytest.FixtureRequest) -> Transport:
    found: Transport = request.param
    return found


@pytest.fixture
def node(cluster: Cluster, transport: Transport) -> Iterator[Node]:
    """A node whose default transport is each of them in turn."""
    found = only(cluster.masters)
    found.default_transport = transport
    yield found
    found.default_transport = Transport.DOCKER_EXEC


# What a node is


def test_addresses_and_users(cluster: Cluster) -> None:
    node = only(cluster.masters)
    assert isinstance(node.private_ip_address, IPv4Address)
    assert node.public_ip_address == node.private_ip_address
    assert node.default_user == "root"
    assert node.default_transport is Transport.DOCKER_EXEC


def test_equality_is_by_addresses() -> None:
    one, same, other = Node("10.0.0.1", "10.0.0.2"), Node("10.0.0.1", "10.0.0.2", "me"), Node("10.0.0.1", "10.0.0.3")
    assert one == same
    assert hash(one) == hash(same)
    assert len({one, same, other}) == 2
    assert one != other
    assert one != "10.0.0.1"
    assert (one.default_user, same.default_user) == ("root", "me")
    assert one.default_transport is Transport.SSH


def test_without_a_key_or_a_container_the_node_says_so() -> None:
    node = Node("10.0.0.1", "10.0.0.1")
    with pytest.raises(UsageError, match="no SSH key"):
        node.run(["true"])
    with pytest.raises(UsageError, match="SSH alone"):
        node.run(["true"], transport=Transport.DOCKER_EXEC)


@NEEDS_ADDRESSES
def test_ssh_key(cluster: Cluster, client: APIClient) -> None:
    """It is one for all nodes, for its owner alone, and nowhere to be seen on the engine."""
    master, agent = only(cluster.masters), only(cluster.agents)
    path = master.ssh_key_path
    assert path == agent.ssh_key_path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0
    ssh = ["ssh", "-i", str(path), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    for node in (master, agent):
        command = [*ssh, f"root@{node.public_ip_address}", "uname -n"]
        assert subprocess.run(command, capture_output=True, check=True).stdout == node.run(["uname", "-n"]).stdout
    kept = master.run(["stat", "-c", "%U %a", "/root/.ssh/dcos-docker"]).stdout
    assert kept == b"root 600\n"
    secret = path.read_text().splitlines()[1]
    for item in client.containers(all=True, filters={"label": f"dcos_docker.cluster_id={cluster.cluster_id}"}):
        assert secret not in str(client.inspect_container(item["Id"]))


# Commands


def test_run_returns_both_streams(node: Node) -> None:
    done = node.run([*BOTH, "0"])
    assert isinstance(done, subprocess.CompletedProcess)
    assert (done.returncode, done.stdout, done.stderr, done.args) == (0, b"out\n", b"err\n", [*BOTH, "0"])


def test_a_failure_has_both_streams(node: Node) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failure:
        node.run([*BOTH, "3"])
    assert (failure.value.returncode, failure.value.stdout, failure.value.stderr) == (3, b"out\n", b"err\n")
    assert failure.value.cmd == [*BOTH, "3"]


def test_arguments_are_literal_without_a_shell(node: Node) -> None:
    odd = ["$HOME", "a b", "", "'", '"', "*", "&& false", "\n", "ä", "-n"]
    assert node.run(["printf", "[%s]", *odd]).stdout.decode() == "".join(f"[{arg}]" for arg in odd)


def test_shell(node: Node) -> None:
    assert node.run(["echo", "$HOME", "&&", "echo", "a", "|", "tr", "a", "b"], shell=True).stdout == b"/root\nb\n"


def test_env(node: Node) -> None:
    variables = {"A": "1", "ODD": "a b'\"$HOME\n=ä", "EMPTY": ""}
    seen = node.run(["sh", "-c", 'printf "%s|" "$A" "$ODD" "${EMPTY-unset}"'], env=variables).stdout.decode()
    assert seen == "".join(f"{value}|" for value in variables.values())


def test_user(node: Node) -> None:
    assert node.run(["id", "-un"], user="someone").stdout == b"someone\n"
    assert node.run(["id", "-un"]).stdout == b"root\n"


def test_sudo(node: Node) -> None:
    assert node.run(["id", "-un"], sudo=True).stdout == b"root\n", "for root it means nothing"
    assert node.run(["id", "-un"], user="sudoer", sudo=True).stdout == b"root\n"
    seen = node.run(["echo", "$ODD"], user="sudoer", sudo=True, shell=True, env={"ODD": "a  b"}).stdout
    assert seen == b"a b\n"
    with pytest.raises(subprocess.CalledProcessError):
        node.run(["true"], user="someone", sudo=True)


def test_tty(node: Node) -> None:
    script = ["sh", "-c", "test -t 1 && echo terminal; echo err >&2"]
    done = node.run(script, tty=True)
    assert (done.stdout, done.stderr) == (b"terminal\r\nerr\r\n", b"")
    assert node.run(script).stdout == b""


def test_default_user(node: Node) -> None:
    node.default_user = "someone"
    try:
        assert node.run(["id", "-un"]).stdout == b"someone\n"
    finally:
        node.default_user = "root"


def test_transport_for_one_command(cluster: Cluster) -> None:
    node = only(cluster.agents)
    assert b"SSH_CONNECTION=" in node.run(["env"], transport=Transport.SSH).stdout
    assert b"SSH_CONNECTION=" not in node.run(["env"]).stdout


def test_log_and_capture_is_live(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    times: dict[str, float] = {}

    class Notes(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            times[record.getMessage()] = time.monotonic()

    handler = Notes()
    logger = logging.getLogger("dcos_docker_cli")
    logger.addHandler(handler)
    try:
        with caplog.at_level(logging.DEBUG, logger="dcos_docker_cli"):
            script = "echo first; sleep 1; echo second >&2; printf third"
            done = node.run(["sh", "-c", script], output=Output.LOG_AND_CAPTURE)
    finally:
        logger.removeHandler(handler)
    assert (done.stdout, done.stderr) == (b"first\nthird", b"second\n")
    assert times["second"] - times["first"] > 0.5
    assert "third" in times
    assert {record.levelno for record in caplog.records if record.getMessage() in times} == {logging.DEBUG}


def test_capture_logs_nothing(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="dcos_docker_cli"):
        node.run(["echo", "secret"])
    assert "secret" not in caplog.text


def test_no_capture_passes_on(node: Node, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    done = node.run([*BOTH, "0"], output=Output.NO_CAPTURE)
    assert [done.stdout, done.stderr] == [None, None]
    assert capfdbinary.readouterr() == (b"out\n", b"err\n")


def test_popen(node: Node) -> None:
    script = "read line; echo got $line; echo err >&2; exit 4"
    with node.popen(["sh", "-c", script], env={"X": "1"}, user="someone") as process:
        assert isinstance(process, subprocess.Popen)
        assert process.poll() is None
        assert process.communicate(b"this\n", timeout=30) == (b"got this\n", b"err\n")
    assert process.returncode == 4


def test_popen_is_live(node: Node) -> None:
    with node.popen(["echo begun; sleep 60"], shell=True) as process:
        assert process.stdout
        assert process.stdout.readline() == b"begun\n"
        process.terminate()
        assert process.wait(10) != 0


def test_a_command_is_a_list_of_words(node: Node) -> None:
    wrong: list[Any] = ["echo hi", b"echo", []]
    for args in wrong:
        with pytest.raises(UsageError, match="a list of its words"):
            node.run(args)
    assert node.run([Path("/bin/echo"), 1]).stdout == b"1\n"  # type: ignore[list-item]


def test_long_lines_are_logged_in_time(node: Node) -> None:
    begin = time.monotonic()
    done = node.run(["head", "-c", "30000000", "/dev/zero"], output=Output.LOG_AND_CAPTURE)
    assert len(done.stdout) == 30_000_000
    assert time.monotonic() - begin < 10


def test_popen_does_not_depend_on_where_this_program_is(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "__init__.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    with node.popen(["echo", "fine"]) as process:
        assert process.communicate(timeout=30)[0] == b"fine\n"


def test_many_threads_begin_with_ssh_at_once(cluster: Cluster) -> None:
    node = only(cluster.agents)
    node.close()
    with ThreadPoolExecutor(20) as pool:
        done = list(pool.map(lambda number: node.run(["echo", number], transport=Transport.SSH), range(20)))
    assert [int(each.stdout) for each in done] == list(range(20))


def test_after_close_it_can_be_used_again(cluster: Cluster) -> None:
    node = only(cluster.masters)
    node.run(["true"], transport=Transport.SSH)
    path = node.ssh_key_path
    cluster.close()
    assert not path.exists()
    for transport in Transport:
        assert node.run(["echo", "again"], transport=transport).stdout == b"again\n"


# Files


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make_tree(tmp_path)


@pytest.mark.parametrize("parent", ["/root/made/on the way", "/tmp/made", "/run/made"])  # the last two are tmpfs
def test_a_directory_comes_back_as_it_was(node: Node, tree: Path, tmp_path: Path, parent: str) -> None:
    node.send_file(tree, Path(parent) / tree.name)
    node.download_file(Path(parent) / tree.name, tmp_path / "back")
    assert contents(tmp_path / "back") == contents(tree)


def test_a_single_file_and_a_link(node: Node, tree: Path, tmp_path: Path) -> None:
    for name in ("binary", "empty", "script", "broken"):
        node.send_file(tree / name, f"/tmp/single/{name}")
        node.download_file(f"/tmp/single/{name}", tmp_path / name)
    assert (tmp_path / "binary").read_bytes() == (tree / "binary").read_bytes()
    assert (tmp_path / "empty").read_bytes() == b""
    assert os.access(tmp_path / "script", os.X_OK)
    assert str((tmp_path / "broken").readlink()) == "/nowhere/at/all"


def test_ownership(node: Node, tree: Path, tmp_path: Path) -> None:
    def owner(path: str) -> str:
        return node.run(["stat", "-c", "%U", path]).stdout.decode().strip()

    node.send_file(tree, "/home/someone/sent", user="someone")
    assert {owner(f"/home/someone/sent/{name}") for name in ("", "script", "empty directory")} == {"someone"}
    node.send_file(tree / "script", "/home/someone/sent/script")
    assert owner("/home/someone/sent/script") == "someone", "what is there keeps its owner"
    node.send_file(tree / "script", "/home/someone/new")
    assert (owner("/home/someone"), owner("/home/someone/new")) == ("someone", "root")
    node.download_file("/home/someone/sent", tmp_path / "mine")
    assert {path.lstat().st_uid for path in (tmp_path / "mine").rglob("*")} == {os.getuid()}


def test_files_with_sudo(node: Node, tree: Path, tmp_path: Path) -> None:
    target = "/root/with-sudo"
    with pytest.raises(Exception, match="could not be sent"):
        node.send_file(tree / "script", target, user="someone")
    node.send_file(tree / "script", target, user="sudoer", sudo=True)
    assert node.run(["stat", "-c", "%U", target]).stdout == b"root\n"
    with pytest.raises(ValueError, match="no /root/with-sudo"):  # who may not see it sees nothing
        node.download_file(target, tmp_path / "not", user="sudoer")
    node.download_file(target, tmp_path / "fetched", user="sudoer", sudo=True)
    assert (tmp_path / "fetched").read_text() == "#!/bin/sh\n"
    node.run(["rm", target])


def test_what_is_missing_or_in_the_way(node: Node, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"There is no .*nothing-here"):
        node.send_file(tmp_path / "nothing-here", "/tmp/x")
    with pytest.raises(ValueError, match="There is no /nothing/there on the node"):
        node.download_file("/nothing/there", tmp_path / "x")
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(ValueError, match="is there already"):
        node.download_file("/etc/hostname", tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "mine"
    with pytest.raises(ValueError, match="/etc on the node is one"):
        node.send_file(tmp_path / "mine", "/etc")
    assert not (tmp_path / "x").exists()


def test_hard_links_and_files_that_grow(node: Node, tmp_path: Path) -> None:
    make = "mkdir -p /root/hard && cd /root/hard && echo x >a && ln -f a b && rm -rf /root/log && mkdir /root/log"
    node.run([make], shell=True)
    node.download_file("/root/hard", tmp_path / "other name")
    assert {path.name: path.read_text() for path in (tmp_path / "other name").iterdir()} == {"a": "x\n", "b": "x\n"}
    grow = "timeout 30 sh -c 'while :; do head -c 100000 /dev/urandom >>/root/log/x; done'"
    with node.popen([grow], shell=True) as process:
        eventually(lambda: node.run(["du -k /root/log/x 2>/dev/null || :"], shell=True).stdout != b"", "it grows")
        for number in range(3):
            node.download_file("/root/log", tmp_path / f"log{number}")
            assert (tmp_path / f"log{number}" / "x").stat().st_size > 0
        node.run(["pkill", "-f", "/root/log/x"])
        process.communicate(timeout=30)


SEND = """
import resource, sys
from dcos_docker_cli.cluster import Cluster
(node,) = Cluster.find(sys.argv[1]).masters
node.send_file(sys.argv[2], "/opt/big")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_two_gigabytes_take_no_more_memory_than_two_bytes(cluster: Cluster, tmp_path: Path) -> None:
    big, small = tmp_path / "big", tmp_path / "small"
    small.write_bytes(b"12")
    with big.open("wb") as file:
        block = os.urandom(1 << 20)
        for _ in range(2048):
            file.write(block)
    peaks = {}
    for path in (small, big):
        command = [sys.executable, "-c", SEND, cluster.cluster_id, str(path)]
        peaks[path] = int(subprocess.run(command, capture_output=True, check=True, timeout=120).stdout)  # in KiB
    assert peaks[big] - peaks[small] < 64 * 1024, peaks
    node = only(cluster.masters)
    assert int(node.run(["stat", "-c", "%s", "/opt/big"]).stdout) == 2 << 30
    head = node.run(["head -c 1048576 /opt/big | sha256sum"], shell=True).stdout.decode().split()[0]
    assert head == hashlib.sha256(block).hexdigest()
    node.run(["rm", "/opt/big"])


# The engine's side


def test_only_the_node_that_is_used_must_run(cluster: Cluster, client: APIClient) -> None:
    """The key is the cluster's, and whichever node runs has one."""
    master, agent = only(cluster.masters), only(cluster.agents)
    name = master.run(["uname", "-n"]).stdout.decode().strip()
    client.kill(name)
    found = Cluster.find(cluster.cluster_id)
    try:
        assert only(found.agents).run(["echo", "here"], transport=Transport.SSH).stdout == b"here\n"
        stopped = only(found.masters)
        with pytest.raises(NodeNotFoundError, match=r"master_0 \(.*\) is not running"):
            stopped.run(["true"])
        client.start(name)
        eventually(lambda: b"running" in _state(stopped), "it is back, and the same object can be used")
    finally:
        found.close()
    assert agent.run(["echo", "here"], transport=Transport.SSH).stdout == b"here\n"


def test_a_node_that_stops_meanwhile(cluster: Cluster, client: APIClient) -> None:
    agent = only(cluster.agents)
    name = agent.run(["uname", "-n"]).stdout.decode().strip()
    with agent.popen(["sleep", "60"]) as process:
        eventually(lambda: b"sleep" in agent.run(["ps", "-e"]).stdout, "it runs")
        client.kill(name)
        assert process.wait(30) == 137
    with pytest.raises(Exception, match="is not running"):
        agent.run(["true"])
    client.start(name)
    eventually(lambda: b"running" in _state(agent), "it is back")


def _state(node: Node) -> bytes:
    try:
        return node.run(["systemctl", "is-system-running"]).stdout
    except subprocess.CalledProcessError as error:
        return bytes(error.stdout)


def test_without_dcos(cluster: Cluster) -> None:
    with pytest.raises(DCOSNotInstalledError, match="master_0"):
        only(cluster.masters).dcos_build_info()
