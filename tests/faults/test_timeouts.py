"""An engine that hangs: it takes calls and says nothing. Whatever waits for it ends in time, and names it."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from dcos_docker_cli.backends.docker.engine import connect
from tests.support.clusters import Cluster, one_node
from tests.support.engine import of_cluster, volume_exists
from tests.support.hanging_proxy import HangingProxy
from tests.support.program import Running, at, dcos_docker, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

    from tests.support.program import Result

pytestmark = pytest.mark.xdist_group("timeouts")

SECONDS = 4
LIMITED = {"DCOS_DOCKER_ENGINE_TIMEOUT": str(SECONDS)}
QUICK = {"DCOS_DOCKER_ENGINE_TIMEOUT": "2"}
"""For calls that start nothing."""
SMALL = ("--agents", "1", "--public-agents", "0")
BOUND = 40
"""Seconds in which all ends with such a limit: a call's, and what its undoing tries, with what a busy machine adds."""
STOPPED = 60
"""The same after a Ctrl-C, with the limit that calls have by default."""
ANY = re.compile("")
NETWORK = re.compile(r"^POST \S+/networks/create")
START = re.compile(r"^POST \S+/containers/\w+/start")
VERSION = re.compile(r"/v1\.\d+")
HEX = re.compile(r"[0-9a-f]{64}")


@pytest.fixture(scope="module")
def node(client: APIClient) -> Iterator[Cluster]:
    """A cluster of one node without DC/OS."""
    with one_node(client) as made:
        yield made


def assert_named(result: Result, proxy: HangingProxy, code: int = 125) -> None:
    """See that it has ended because of the engine, and says so, and what it waited for."""
    assert (result.code, result.stdout) == (code, ""), result
    message, *details = result.stderr[result.stderr.index("Error: ") :].splitlines()
    assert message == f"Error: The Docker engine at {proxy.url} (from DOCKER_HOST) does not answer.", result.stderr
    assert re.fullmatch(r"  Waited \d+ s for: (GET|POST|DELETE|PUT) /\S+", details[0]), result.stderr
    assert details[-1].startswith("Next: Is it overloaded or stuck?"), result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("command", "nth"), [("list", 1), ("clean --dry-run", 2)])
def test_a_call(engine_socket: str, command: str, nth: int) -> None:
    with HangingProxy(engine_socket, ANY, nth) as proxy:
        result = dcos_docker(*command.split(), env={**at(proxy.url), **QUICK}, timeout=BOUND)
    assert_named(result, proxy)


def test_a_limit_that_is_none() -> None:
    value = "soon"
    result = dcos_docker("list", env={"DCOS_DOCKER_ENGINE_TIMEOUT": value})
    assert (result.code, result.stdout) == (2, "")
    assert f'Error: DCOS_DOCKER_ENGINE_TIMEOUT is "{value}", which is no number of seconds.\n' in result.stderr


def test_a_command_that_is_silent_for_longer_is_not_cut(node: Cluster) -> None:
    result = node.run("sh", "-c", "sleep 5; echo over", env=QUICK)
    assert result.succeeded() == "over\n"


@pytest.mark.parametrize("tcp", [pytest.param(False, marks=pytest.mark.faults), True])
def test_an_engine_that_hangs_while_a_command_runs(engine_socket: str, node: Cluster, *, tcp: bool) -> None:
    args = ("run", "-c", node.cluster_id, "--", "sh", "-c", "echo up >&2; exec sleep 300")
    with HangingProxy(engine_socket, tcp=tcp) as proxy, Running(*args, env={**at(proxy.url), **QUICK}) as running:
        running.wait_for_stderr("up")
        proxy.hang()
        result = running.end(BOUND)
    assert_named(result, proxy)
    assert "while a command on a node said nothing, which may go on there." in result.stderr


def test_a_command_that_fills_the_way_to_an_engine_that_hangs(
    engine_socket: str, node: Cluster, tmp_path: Path
) -> None:
    """What is sent stays in the way: the sender is held up, and ends all the same."""
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(200 << 20)
    args = ("send-file", "-c", node.cluster_id, big, "/var/tmp/big")  # which is no tmpfs
    with HangingProxy(engine_socket) as proxy:
        proxy.when("ustar", proxy.hang, nth=1)
        result = dcos_docker(*args, env={**at(proxy.url), **QUICK}, timeout=BOUND)
    assert_named(result, proxy)

    def is_empty() -> bool:
        return node.run("sh", "-c", "ls -A /var/tmp").succeeded() == ""

    eventually(is_empty, "the node has removed what came")


def test_tcp_connections_find_out_that_the_other_end_is_gone(
    engine_socket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel asks the other end of those that are silent."""
    with HangingProxy(engine_socket, tcp=True) as proxy:
        monkeypatch.setenv("DOCKER_HOST", proxy.url)
        engine = connect()
        response = engine.get(f"{engine.base_url}/_ping", stream=True)
        raw: Any = response.raw
        end = raw._fp.fp.raw._sock
        assert end.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        idle, pause, count = (
            end.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        )
        assert idle + pause * count <= 120
        response.close()
        engine.close()


@pytest.mark.faults
@pytest.mark.parametrize("recovers", [False, True])
def test_create(client: APIClient, engine_socket: str, installer: Path, cluster_id: str, *, recovers: bool) -> None:
    """It says what is left to be done; done, nothing is left, also when the engine has carried all out by then."""
    hanging_create(client, engine_socket, installer, cluster_id, START, recovers=recovers)


def hanging_create(
    client: APIClient, engine_socket: str, installer: Path, cluster_id: str, call: re.Pattern[str], *, recovers: bool
) -> None:
    with HangingProxy(engine_socket, call) as proxy:
        begun = time.monotonic()
        result = dcos_docker("create", installer, "-c", cluster_id, *SMALL, env={**at(proxy.url), **LIMITED})
        assert proxy.has_hung.is_set()
        assert time.monotonic() - begun < BOUND + 20
        if recovers:
            proxy.go_on()
            time.sleep(2)
    assert_named(result, proxy)
    if of_cluster(client, cluster_id):
        ways = (f"dcos-docker destroy --cluster-id {cluster_id}", "goes with: dcos-docker clean\n")
        assert any(way in result.stderr for way in ways), result.stderr
        dcos_docker("destroy", "-c", cluster_id).succeeded()
    assert of_cluster(client, cluster_id) == []


@pytest.mark.parametrize("call", [NETWORK, pytest.param(START, marks=pytest.mark.faults)], ids=["network", "start"])
def test_interrupt(
    client: APIClient, engine_socket: str, installer: Path, cluster_id: str, call: re.Pattern[str]
) -> None:
    """Nobody waits until the call's own time, of two minutes, is over."""
    with (
        HangingProxy(engine_socket, call) as proxy,
        Running("create", installer, "-c", cluster_id, *SMALL, env=at(proxy.url)) as running,
    ):
        assert proxy.has_hung.wait(60)
        running.send(signal.SIGINT)
        begun = time.monotonic()
        result = running.end(STOPPED)
        print(f"ended {time.monotonic() - begun:.1f} s after the interrupt")  # noqa: T201
    assert (result.code, result.stdout) == (130, "")
    assert "Stopping…\n" in result.stderr
    assert (
        f"Not all of it could be removed: The Docker engine at {proxy.url} (from DOCKER_HOST) does not answer.\n"
        in (result.stderr)
    )
    assert f"When that is cured: dcos-docker destroy --cluster-id {cluster_id}\n" in result.stderr
    dcos_docker("destroy", "-c", cluster_id).succeeded()
    assert of_cluster(client, cluster_id) == []


@pytest.mark.parametrize("args", [["list"], ["run", "--", "sleep", "60"], ["wait"]], ids=lambda args: args[0])
def test_interrupt_of_what_changes_nothing(engine_socket: str, node: Cluster, args: list[str]) -> None:
    """It ends at once."""
    command, *rest = args
    env = {**at("nobody"), "DCOS_DOCKER_CLUSTER_ID": node.cluster_id}
    with (
        HangingProxy(engine_socket, re.compile(r"/containers/")) as proxy,
        Running(command, *rest, env={**env, "DOCKER_HOST": proxy.url}) as running,
    ):
        assert proxy.has_hung.wait(30)
        running.send(signal.SIGINT)
        assert running.end(5).code == 130


@pytest.mark.faults
def test_a_wait_says_that_it_is_the_engine(
    engine_socket: str, client: APIClient, installer: Path, cluster_id: str
) -> None:
    options = ("--agents", "0", "--public-agents", "0", "--wait-for-dcos")
    dcos_docker("create", installer, "-c", cluster_id, *options).succeeded()
    with HangingProxy(engine_socket, re.compile(r"^POST \S+/exec/"), 2) as proxy:
        result = dcos_docker("wait", "-c", cluster_id, "--timeout", "3", env=at(proxy.url), timeout=BOUND)
    assert (result.code, result.stdout) == (124, ""), result.stderr
    assert f"\n  The Docker engine at {proxy.url} (from DOCKER_HOST) does not answer.\n" in result.stderr


def kinds(requests: list[str]) -> dict[str, re.Pattern[str]]:
    """Return the kinds of calls, by name, each with what finds its first."""
    found: dict[str, re.Pattern[str]] = {}
    for request in requests:
        name = HEX.sub("ID", VERSION.sub("", request.partition("&")[0].partition("?filters")[0], count=1))
        pattern = re.escape(name).replace("ID", "[0-9a-f]{64}").replace(" /", r" (/v1\.\d+)?/", 1)
        found.setdefault(name, re.compile(f"^{pattern}"))
    return found


@pytest.mark.faults
@pytest.mark.parametrize("recovers", [False, True])
def test_create_at_each_kind_of_call(
    client: APIClient, engine_socket: str, fresh_installer: tuple[Path, str], cluster_id: str, *, recovers: bool
) -> None:
    installer, cache = fresh_installer
    with HangingProxy(engine_socket) as proxy:
        dcos_docker("create", installer, "-c", cluster_id, *SMALL, env=at(proxy.url)).succeeded()
    dcos_docker("destroy", "-c", cluster_id).succeeded()
    found = kinds(proxy.requests)
    assert len(found) > 12
    print(len(found), "kinds of calls of create:", *found, sep="\n  ")  # noqa: T201
    for pattern in found.values():
        if volume_exists(client, cache):
            client.remove_volume(cache)
        hanging_create(client, engine_socket, installer, cluster_id, pattern, recovers=recovers)


@pytest.mark.faults
@pytest.mark.parametrize(
    "command",
    [
        "list", "inspect", "status", "run -- true", "wait --timeout 60", "send-file /etc/passwd /var/tmp/x",
        "download-file /etc/passwd {tmp}/x", "image list", "image export {tmp}/node.tar", "clean --dry-run", "web",
        "ssh -- true", "list-loopback-sidecars", "destroy", "destroy-node agent_0",
    ],
)  # fmt: skip
def test_commands_at_each_call(
    client: APIClient, engine_socket: str, installer: Path, cluster_id: str, tmp_path: Path, command: str
) -> None:
    """Nothing but the engine is blamed, in time, whichever call it is."""
    args = command.replace("{tmp}", str(tmp_path)).split()
    dcos_docker("create", installer, "-c", cluster_id, *SMALL, "--wait-for-dcos").succeeded()
    ended = []
    for nth in range(1, 100):
        env = {"DCOS_DOCKER_CLUSTER_ID": cluster_id, **LIMITED}
        with HangingProxy(engine_socket, ANY, nth) as proxy:
            begun = time.monotonic()
            result = dcos_docker(*args, env={**at(proxy.url), **env})
            ended.append(time.monotonic() - begun)
        if not proxy.has_hung.is_set():
            break
        assert ended[-1] < BOUND, (nth, result)
        assert result.code in ((1, 124, 125) if args[0] == "status" else (124, 125)), (nth, result)
        assert f"The Docker engine at {proxy.url} (from DOCKER_HOST) does not answer." in (
            result.stdout + result.stderr
        ), (nth, result)
        assert "Traceback" not in result.stderr, (nth, result)
        assert not any(tmp_path.iterdir()), "half of something is left"
    assert result.code in ((0, 4) if args[0].startswith("destroy") else (0,)), result  # a step at a time it is done
    print(f"{nth - 1} calls of {args[0]}, the longest ended after {max(ended):.1f} s")  # noqa: T201
    dcos_docker("destroy", "-c", cluster_id)
    assert of_cluster(client, cluster_id) == []


@pytest.mark.faults
def test_one_connection_that_is_lost_on_the_way(engine_socket: str, node: Cluster) -> None:
    """What a firewall forgets: the engine answers others, and nobody is told that this one has gone."""
    if not shutil.which("iptables"):
        pytest.skip("no iptables")
    args = ("run", "-c", node.cluster_id, "--", "sh", "-c", "echo up >&2; exec sleep 600")
    with HangingProxy(engine_socket, tcp=True) as proxy, Running(*args, env=at(proxy.url)) as running:
        running.wait_for_stderr("up")
        port = proxy.url.rpartition(":")[2]
        shown = subprocess.run(["ss", "-Htn", f"dport = :{port}"], capture_output=True, text=True, check=True).stdout
        ends = [line.split()[3].rpartition(":")[2] for line in shown.splitlines()]
        rules = [
            ["INPUT", "-i", "lo", "-p", "tcp", f"--{way}", end, f"--{other}", port, "-j", "DROP"]
            for end in ends
            for way, other in (("sport", "dport"), ("dport", "sport"))
        ]
        try:
            for rule in rules:
                subprocess.run(["iptables", "-w", "-I", *rule], check=True)
            begun = time.monotonic()
            result = running.end(150)
        finally:
            for rule in rules:
                subprocess.run(["iptables", "-w", "-D", *rule], check=False)
    print(f"found after {time.monotonic() - begun:.0f} s")  # noqa: T201
    assert result.code == 125, result
    assert "broke while a command ran" in result.stderr
