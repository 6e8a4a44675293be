"""Commands on nodes: their status, their streams, and a terminal."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.engine import execute
from tests.support.program import PROGRAM, Running, environment, eventually, raw
from tests.support.terminal import OnTerminal

if TYPE_CHECKING:
    from pathlib import Path

    from docker import APIClient

    from tests.support.clusters import Cluster

pytestmark = pytest.mark.xdist_group("shared")


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 0", 0), ("exit 1", 1), ("exit 37", 37), ("exit 255", 255), ("kill -9 $$", 137), ("kill -15 $$", 143)],
)
def test_ends_with_the_status_of_the_command(shared: Cluster, script: str, code: int) -> None:
    result = shared.run("sh", "-c", script)
    assert (result.code, result.stdout, result.stderr) == (code, "", "")


def test_command_that_is_not_there(shared: Cluster) -> None:
    result = shared.run("no-such-program")
    assert result.code in (126, 127)  # older engines say 126
    assert "no-such-program" in result.stdout + result.stderr


def test_command_that_cannot_be_executed(shared: Cluster) -> None:
    result = shared.run("/etc/passwd")
    assert result.code == 126
    assert "permission denied" in result.stdout + result.stderr


def test_stdout_and_stderr_stay_apart(shared: Cluster) -> None:
    result = shared.run("sh", "-c", "echo out; echo err >&2; printf 'no newline'")
    assert (result.code, result.stdout, result.stderr) == (0, "out\nno newline", "err\n")


def test_arguments_arrive_as_they_are(shared: Cluster) -> None:
    arguments = ["", " two  words ", "$HOME", "'", '"', "*", "-v", "--help", "--node", "ümläut", "line\nbreak"]
    result = shared.run("printf", "%s|", *arguments)
    assert (result.code, result.stdout) == (0, "".join(f"{argument}|" for argument in arguments))


def test_options_of_the_command_are_its_own(shared: Cluster) -> None:
    result = shared.dcos_docker("run", "uname", "-s", "--nodename")
    assert result.succeeded() == f"Linux dcos-docker-{shared.cluster_id}-master-0\n"


def test_output_of_20_mb_is_intact_both_ways(shared: Cluster) -> None:
    sent = os.urandom(20 << 20)
    done = raw("run", "-c", shared.cluster_id, "--", "tee", "/dev/stderr", stdin=sent)
    assert done.returncode == 0
    digests = [hashlib.sha256(data).hexdigest() for data in (done.stdout, done.stderr)]
    assert digests == [hashlib.sha256(sent).hexdigest()] * 2


def test_a_big_file_through_a_pipe(shared: Cluster, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(os.urandom(1 << 20) * 100)
    script = f'cat "$1" | "{PROGRAM}" run -c {shared.cluster_id} -- sh -c "cat >/opt/x"'
    subprocess.run(["bash", "-ec", script, "bash", big], env=environment(), timeout=120, check=True)
    assert shared.output("sha256sum", "/opt/x").split()[0] == hashlib.sha256(big.read_bytes()).hexdigest()
    shared.output("rm", "/opt/x")


@pytest.mark.parametrize(("pipefail", "code"), [("set -o pipefail", 1), ("set +o pipefail", 0)])
def test_status_in_a_pipe_of_a_script(shared: Cluster, pipefail: str, code: int) -> None:
    script = f'{pipefail}; "{PROGRAM}" run -c {shared.cluster_id} -- false | true'
    done = subprocess.run(["bash", "-c", script], env=environment(), stdin=subprocess.DEVNULL, timeout=60, check=False)
    assert done.returncode == code


def test_output_is_passed_on_as_it_comes(shared: Cluster) -> None:
    script = "echo one; read answer; echo two $answer"
    with subprocess.Popen(
        [PROGRAM, "run", "-c", shared.cluster_id, "--", "sh", "-c", script],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stdin
        assert process.stdout.readline() == b"one\n"
        process.stdin.write(b"and\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"two and\n"
        # Its standard input is still open: nothing waits for that.
        assert process.wait(30) == 0


def test_stdin_is_piped(shared: Cluster) -> None:
    assert shared.run("wc", "-c", stdin=b"x" * 12345).succeeded() == "12345\n"


def test_input_that_nobody_reads_is_dropped(shared: Cluster) -> None:
    assert shared.run("true", stdin=b"x" * (5 << 20)).code == 0


def test_empty_stdin_ends_at_once(shared: Cluster) -> None:
    assert shared.run("cat").succeeded() == ""


def test_closed_stdin(shared: Cluster) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", PROGRAM, "run", "-c", shared.cluster_id, "--", "sh", "-c", "cat; echo end"],
        env=environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"end\n", b"")


def test_reader_that_goes_away(shared: Cluster) -> None:
    script = f'set -o pipefail; "{PROGRAM}" run -c {shared.cluster_id} -- seq 20000000 | head -1'
    done = subprocess.run(
        ["bash", "-c", script],
        env=environment(),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (141, b"1\n", b"")


def test_environment(shared: Cluster) -> None:
    result = shared.dcos_docker(
        "run",
        "--env",
        "ONE=1",
        "--env",
        "TWO=a=b  ü",
        "--env",
        "EMPTY=",
        "--",
        "sh",
        "-c",
        'echo "$ONE $TWO ${EMPTY-no}"',
    )
    assert result.succeeded() == "1 a=b  ü \n"


def test_user(shared: Cluster) -> None:
    assert shared.dcos_docker("run", "--", "id", "-un").succeeded() == "root\n"
    assert shared.dcos_docker("run", "--user", "nobody", "--", "id", "-un").succeeded() == "nobody\n"


def test_user_that_is_not_there(shared: Cluster) -> None:
    result = shared.dcos_docker("run", "--user", "no-such-user", "--", "true")
    assert result.code in (125, 126)
    assert "no-such-user" in result.stdout + result.stderr


@pytest.mark.parametrize("reference", ["master_0", "agent_0", "agent_1", "public_agent_0"])
def test_each_node(shared: Cluster, reference: str) -> None:
    assert shared.output("hostname", node=reference) == shared.container(reference)


def test_no_such_node(shared: Cluster) -> None:
    result = shared.run("true", node="agent_2")
    assert (result.code, result.stdout, result.stderr) == (
        125,
        "",
        f'Error: The cluster "{shared.cluster_id}" has no node "agent_2".\n'
        "Next: Its nodes: master_0, agent_0, agent_1, public_agent_0\n",
    )


def test_stopped_node(client: APIClient, shared: Cluster) -> None:
    name = f"dcos-docker-{shared.cluster_id}-publicagent-0"
    client.stop(name, timeout=30)
    try:
        result = shared.run("true", node="public_agent_0")
        listed = shared.inspect()
    finally:
        client.start(name)
        shared.dcos_docker("wait", "--timeout", "120").succeeded()
    assert (result.code, result.stdout, result.stderr) == (
        125,
        "",
        f"Error: public_agent_0 is not running: its container {name} is exited.\nNext: docker start {name}\n",
    )
    assert (listed["state"], listed["nodes"][-1]["state"]) == ("degraded", "exited")


def test_interrupt(shared: Cluster) -> None:
    with Running("run", "-c", shared.cluster_id, "--", "sh", "-c", "echo up >&2; exec sleep 60") as running:
        running.wait_for_stderr("up")
        running.send(signal.SIGINT)
        result = running.end(30)
    assert (result.code, result.stdout, result.stderr) == (130, "", "up\n")


def test_terminal_has_our_size_and_follows_it(shared: Cluster) -> None:
    # `wait` is left for a trap and loses no key; `read` with a time limit can.
    wait_for_enter = "head -n 1 <&3 >/dev/null & while kill -0 $! 2>/dev/null; do wait $!; done; exit 9"
    script = f"exec 3<&0; trap 'stty size' WINCH; stty size; tty; echo $TERM; {wait_for_enter}"
    with OnTerminal(
        "run", "-c", shared.cluster_id, "--", "bash", "-c", script, rows=41, columns=137, env={"TERM": "vt220"}
    ) as terminal:
        terminal.wait_for("41 137\r\n")
        terminal.wait_for("/dev/pts/")
        terminal.wait_for("vt220\r\n")
        terminal.resize(30, 99)
        terminal.process.send_signal(signal.SIGWINCH)  # it is not this terminal's foreground process
        terminal.wait_for("30 99\r\n")
        terminal.type("\r")
        assert terminal.end(30) == 9


def test_ctrl_c_on_a_terminal_goes_to_the_command(client: APIClient, shared: Cluster) -> None:
    script = "trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 0.05; done"
    with OnTerminal("run", "-c", shared.cluster_id, "--", "bash", "-c", script) as terminal:
        terminal.wait_for("ready")
        terminal.type("\x03")
        terminal.wait_for("caught")
        assert terminal.end(30) == 7
    eventually(
        lambda: "echo ready" not in execute(client, shared.container("master_0"), "ps", "ax", "-o", "args"),
        "the command has ended",
    )


def test_terminal_is_as_before_afterwards(shared: Cluster) -> None:
    with OnTerminal("run", "-c", shared.cluster_id, "--", "true") as terminal:
        before = terminal.settings()
        assert terminal.end(30) == 0
        assert terminal.settings() == before


def test_output_to_a_pipe_from_a_terminal_is_no_terminal(shared: Cluster) -> None:
    with OnTerminal(
        "run", "-c", shared.cluster_id, "--", "sh", "-c", "test -t 1 || echo none", stdout=subprocess.PIPE
    ) as terminal:
        assert terminal.process.stdout
        assert terminal.process.stdout.read() == b"none\n"
        assert terminal.end(30) == 0
