"""The ways to a node: what all of them do alike, and what is SSH's own."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcos_docker_cli.backends.docker.engine import connect
from dcos_docker_cli.backends.docker.images.recipe import node_image
from dcos_docker_cli.concurrency import Cancellation
from dcos_docker_cli.exceptions import Cancelled, DcosDockerError, NodeNotFoundError, NodeUnreachableError
from dcos_docker_cli.transports import ssh_connection
from dcos_docker_cli.transports.docker_exec import DockerExec
from dcos_docker_cli.transports.receiving import receive
from dcos_docker_cli.transports.sending import send
from dcos_docker_cli.transports.ssh import SERVER, SSH
from tests.support.elsewhere import NEEDS_ADDRESSES, is_remote
from tests.support.engine import execute
from tests.support.ids import new_id
from tests.support.program import ENGINE_VARIABLES, eventually
from tests.support.proxy import EngineProxy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docker import APIClient

    from dcos_docker_cli.transports.base import Feed, Write
    from tests.support.clusters import Cluster

pytestmark = pytest.mark.xdist_group("shared")

KINDS = ["docker-exec", "ssh"]
MB = 1 << 20
USER = "transport-tester"
ODD = [
    "",
    " two  words ",
    "$HOME `id` $(id)",
    "'",
    '"',
    "*",
    "-v",
    "--",
    "a=b",
    "ümläut",
    "line\nbreak\n",
    "\\",
    "\t\x01",
]
AUTHORIZE = 'mkdir -p -m 700 ~/.ssh && echo "$0" >>~/.ssh/authorized_keys'
SSHD = "ssh-keygen -A; mkdir -p /run/sshd; exec /usr/sbin/sshd -D"
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@dataclass(frozen=True)
class Machine:
    """A container to which there are both ways."""

    container: str
    address: str
    key_path: Path

    def way(self, kind: str, cancellation: Cancellation | None = None) -> SSH | DockerExec:
        if kind == "ssh":
            return self.ssh(cancellation=cancellation)
        return DockerExec(connect(cancellation), self.container)

    def ssh(self, login: str = "root", cancellation: Cancellation | None = None) -> SSH:
        return SSH(
            self.address, login=login, key_path=self.key_path, cancellation=cancellation, proxy_command=self.proxy()
        )

    def proxy(self) -> str:
        """Return a command that leads to it, where its address does not."""
        return DockerExec(connect(), self.container).command_line(SERVER) if is_remote() else ""


@dataclass
class Done:
    """How a command ended."""

    code: int
    stdout: bytes
    stderr: bytes


def run(
    way: SSH | DockerExec,
    *args: str,
    stdin: bytes | Feed | None = None,
    env: Mapping[str, str] | None = None,
    user: str = "root",
    tty: bool = False,
) -> Done:
    stdout, stderr = bytearray(), bytearray()
    feed = (lambda write: write(stdin)) if isinstance(stdin, bytes) else stdin
    code = way.stream(args, stdout=stdout.extend, stderr=stderr.extend, stdin=feed, env=env, user=user, tty=tty)
    return Done(code, bytes(stdout), bytes(stderr))


@contextlib.contextmanager
def closed_after(way: SSH | DockerExec) -> Iterator[SSH | DockerExec]:
    try:
        yield way
    finally:
        way.close() if isinstance(way, SSH) else way.engine.close()


@pytest.fixture(scope="module")
def key_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


@pytest.fixture(scope="module")
def node(client: APIClient, shared: Cluster, key_path: Path) -> Iterator[Machine]:
    """A node of the cluster, which is afterwards as it was."""
    container = shared.container("agent_1")
    (address,) = (found["address"] for found in shared.inspect()["nodes"] if found["reference"] == "agent_1")
    public = key_path.with_suffix(".pub").read_text().strip()
    before = "cp -a /root/.ssh /root/.ssh.before 2>/dev/null || true; useradd --create-home " + USER
    execute(client, container, "sh", "-c", before)
    try:
        execute(client, container, "sh", "-c", AUTHORIZE, public)
        yield Machine(container, address, key_path)
    finally:
        after = "rm -rf /root/.ssh; mv /root/.ssh.before /root/.ssh 2>/dev/null || true; userdel --remove " + USER
        execute(client, container, "sh", "-c", after)


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def way(node: Machine, kind: str) -> Iterator[SSH | DockerExec]:
    with closed_after(node.way(kind)) as made:
        yield made


@pytest.fixture
def machine(client: APIClient, shared: Cluster, key_path: Path) -> Iterator[Machine]:
    """A container of a test's own, with sshd, and with a user `admin` who may do all. `shared` is for the image."""
    del shared
    public = key_path.with_suffix(".pub").read_text().strip()
    container = client.create_container(node_image(), ["sh", "-c", SSHD], name=f"sshd-{new_id()}")["Id"]
    try:
        client.start(container)
        address = client.inspect_container(container)["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
        made = Machine(container, address, key_path)
        make_admin = "useradd --create-home admin && echo 'admin ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/admin"
        execute(client, container, "sh", "-c", f"{AUTHORIZE}; {make_admin}; useradd {USER}", public)
        execute(client, container, "runuser", "-u", "admin", "--", "sh", "-c", AUTHORIZE, public)
        eventually(lambda: run_quietly(made) == 0, "sshd answers")
        yield made
    finally:
        client.remove_container(container, force=True, v=True)


def run_quietly(machine: Machine) -> int:
    try:
        with closed_after(machine.ssh()) as way:
            return run(way, "true").code
    except NodeUnreachableError:
        return -1


@contextlib.contextmanager
def command_of_long(way: SSH | DockerExec, *, talks: bool = False) -> Iterator[list[str]]:
    """A command that runs for long, of which nothing is left on the node after the block."""
    name = f"long-{new_id()}"
    silent = ["sh", "-c", "echo up; sleep 99 & trap 'kill $!; exit 0' TERM; wait"]
    try:
        yield [*(["yes"] if talks else silent), name]
    finally:
        run(way, "pkill", "-f", f"{name}$")


def is_running(way: SSH | DockerExec, command: list[str]) -> bool:
    return run(way, "pgrep", "-f", f"{command[-1]}$").code == 0


# Exit codes


@pytest.mark.parametrize("code", [0, 1, 7, 125, 126, 127, 255])
def test_exit_code(way: SSH | DockerExec, code: int) -> None:
    assert run(way, "sh", "-c", f"exit {code}") == Done(code, b"", b"")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSEGV])
@pytest.mark.parametrize("user", ["root", USER])
def test_command_that_a_signal_ends(way: SSH | DockerExec, number: signal.Signals, user: str) -> None:
    assert run(way, "sh", "-c", f"ulimit -c 0; kill -{number} $$", user=user) == Done(128 + number, b"", b"")


def test_signal_that_ends_all_processes_of_a_command(way: SSH | DockerExec) -> None:
    # A shell leads the group, and not the command, where one waits for it.
    assert run(way, "sh", "-c", "kill -KILL 0") == Done(137, b"", b"")
    assert run(way, "true").code == 0


def test_command_that_is_not_there(way: SSH | DockerExec) -> None:
    done = run(way, "no-such-program")
    assert done.code in ((127,) if isinstance(way, SSH) else (126, 127))  # older engines say 126
    assert b"no-such-program" in done.stdout + done.stderr


def test_command_that_cannot_be_executed(way: SSH | DockerExec) -> None:
    done = run(way, "/etc/passwd")
    assert done.code == 126
    assert b"ermission denied" in done.stdout + done.stderr


# Output


def test_stdout_and_stderr_stay_apart(way: SSH | DockerExec) -> None:
    assert run(way, "sh", "-c", "echo out; echo err >&2; printf 'no newline'") == Done(0, b"out\nno newline", b"err\n")


def test_output_is_bytes(way: SSH | DockerExec) -> None:
    sent = bytes(range(256)) + b"\r\n\n\r~.\n\xff"
    assert run(way, "tee", "/dev/stderr", stdin=sent) == Done(0, sent, sent)


def test_output_comes_as_it_is_written(way: SSH | DockerExec) -> None:
    came: list[tuple[float, bytes]] = []

    def write(data: bytes) -> None:
        came.append((time.monotonic(), data))

    script = "for i in 1 2 3; do echo out$i; sleep 0.2; echo err$i >&2; sleep 0.2; done"
    assert way.stream(["sh", "-c", script], stdout=write, stderr=write) == 0
    assert [data for _, data in came] == [b"out1\n", b"err1\n", b"out2\n", b"err2\n", b"out3\n", b"err3\n"]
    assert came[-1][0] - came[0][0] > 0.8


def test_big_output_is_not_collected(way: SSH | DockerExec) -> None:
    size, digest, growth, before = 0, hashlib.sha256(), 0, resident()

    def write(data: bytes) -> None:
        nonlocal size, growth
        size += len(data)
        digest.update(data)
        growth = max(growth, resident() - before)

    assert way.stream(["head", "-c", str(200 * MB), "/dev/zero"], stdout=write, stderr=write) == 0
    assert size == 200 * MB
    assert digest.hexdigest() == hashlib.sha256(bytes(200 * MB)).hexdigest()
    assert growth < 32 * MB


def resident() -> int:
    """Return the bytes of memory that this process has."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def test_failure_of_what_takes_output_is_raised(way: SSH | DockerExec) -> None:
    def write(data: bytes) -> None:
        raise KeyboardInterrupt(data)

    before = children()
    with pytest.raises(KeyboardInterrupt):
        way.stream(["seq", "1000000"], stdout=write, stderr=write)
    assert children() <= before | masters(way)


def children() -> set[int]:
    """Return the processes that this one has started."""
    listed = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(child) for path in listed for child in path.read_text().split()}


def masters(way: SSH | DockerExec) -> set[int]:
    master = way._connection._master if isinstance(way, SSH) else None
    return {master.process.pid} if master else set()


# Arguments and environment


def test_odd_arguments(way: SSH | DockerExec) -> None:
    assert run(way, "printf", "%s|", *ODD).stdout.decode() == "".join(f"{argument}|" for argument in ODD)


@pytest.mark.parametrize("user", ["root", USER])
def test_odd_environment(way: SSH | DockerExec, user: str) -> None:
    given_variables = {f"ODD_{number}": value for number, value in enumerate(ODD)}
    assert given_variables.items() <= environment_of(run(way, "env", "-0", env=given_variables, user=user)).items()


@settings(max_examples=8)
@given(arguments=st.lists(TEXTS, max_size=6), value=TEXTS)
def test_any_arguments_and_environment(way: SSH | DockerExec, arguments: list[str], value: str) -> None:
    done = run(way, "sh", "-c", 'printf "%s\\0" "$ANY" "$@"', "sh", *arguments, env={"ANY": value})
    assert done.stdout.decode().split("\0")[:-1] == [value, *arguments]


def environment_of(done: Done) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in done.stdout.decode().split("\0")[:-1])


def test_environment_and_directory(way: SSH | DockerExec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "POSIX")
    found = environment_of(run(way, "env", "-0"))
    assert found["HOME"] == "/root"
    assert {"/usr/bin", "/usr/sbin"} <= set(found["PATH"].split(":"))
    assert "LC_ALL" not in found  # ssh would pass it on
    assert run(way, "pwd").stdout == b"/\n"


# Users


def test_user(way: SSH | DockerExec) -> None:
    assert run(way, "id", "-un").stdout == b"root\n"
    done = run(way, "sh", "-c", 'id -un; id -gn; echo "$HOME"; exit 3', user=USER)
    assert done == Done(3, f"{USER}\n{USER}\n/home/{USER}\n".encode(), b"")


def test_user_that_is_not_there(way: SSH | DockerExec) -> None:
    done = run(way, "true", user="no-such-user")
    assert done.code != 0
    assert b"no-such-user" in done.stdout + done.stderr


# Standard input


def test_without_stdin_it_has_ended(way: SSH | DockerExec) -> None:
    assert run(way, "cat") == Done(0, b"", b"")


def test_stdin_of_5_mb(way: SSH | DockerExec) -> None:
    sent = os.urandom(5 * MB)
    done = run(way, "cat", stdin=sent)
    assert (done.code, hashlib.sha256(done.stdout).hexdigest()) == (0, hashlib.sha256(sent).hexdigest())


def test_stdin_that_nobody_reads_is_dropped(way: SSH | DockerExec) -> None:
    assert run(way, "head", "-c", "3", stdin=b"x" * (5 * MB)) == Done(0, b"xxx", b"")
    assert run(way, "true", stdin=b"x" * (5 * MB)).code == 0


def test_command_ends_although_its_stdin_has_not(way: SSH | DockerExec) -> None:
    ended = threading.Event()
    try:
        assert run(way, "echo", "hello", stdin=lambda _: (None, ended.wait(30))[0]) == Done(0, b"hello\n", b"")
    finally:
        ended.set()


def test_conversation(way: SSH | DockerExec) -> None:
    asked = threading.Event()

    def answer(write: Write) -> None:
        assert asked.wait(10)
        write(b"answer\n")

    seen = bytearray()

    def write(data: bytes) -> None:
        seen.extend(data)
        if seen == b"question\n":
            asked.set()

    script = 'echo question; read given; echo "got $given"; cat'
    assert way.stream(["sh", "-c", script], stdout=write, stderr=write, stdin=answer) == 0
    assert seen == b"question\ngot answer\n"


def test_failure_of_what_gives_stdin_is_raised(way: SSH | DockerExec) -> None:
    def fail(write: Write) -> None:
        write(b"some")
        raise ValueError("no more")

    with command_of_long(way) as command, pytest.raises(ValueError, match="no more"):
        run(way, *command, stdin=fail)


# Terminals


def test_terminal(way: SSH | DockerExec) -> None:
    script = "test -t 0 && test -t 1 && test -t 2 && echo out && echo err >&2; exit 255"
    assert run(way, "sh", "-c", script, tty=True) == Done(255, b"out\r\nerr\r\n", b"")


def test_no_terminal(way: SSH | DockerExec) -> None:
    assert run(way, "sh", "-c", "test -t 0 || test -t 1 || test -t 2", stdin=b"").code == 1


def test_terminal_without_stdin_ends_it(way: SSH | DockerExec) -> None:
    assert run(way, "cat", tty=True).code == 0


def test_keys_on_a_terminal(way: SSH | DockerExec) -> None:
    done = run(way, "cat", stdin=b"hello\n\x04", tty=True)
    assert (done.code, done.stdout.replace(b"hello", b"", 1)) == (0, b"\r\nhello\r\n")  # it shows what is typed


@pytest.mark.parametrize(("script", "code"), [("sleep 30", 130), ("trap 'exit 9' INT; echo; sleep 30 & wait", 9)])
def test_ctrl_c_on_a_terminal(way: SSH | DockerExec, script: str, code: int) -> None:
    ready = threading.Event()

    def press(write: Write) -> None:
        assert ready.wait(10)
        time.sleep(0.1)
        write(b"\x03")

    def seen(_: bytes) -> None:
        ready.set()

    assert way.stream(["sh", "-c", f"echo ready; {script}"], stdout=seen, stderr=seen, stdin=press, tty=True) == code


# Many at once


def test_16_commands_at_once(way: SSH | DockerExec) -> None:
    """Each waits until all have begun. An sshd allows for ten on one connection."""
    directory = f"/tmp/{new_id()}"
    script = (
        'mkdir -p "$0/$1"; until [ "$(ls "$0" | wc -l)" = 16 ]; do sleep 0.05; done; cat; echo "err $1" >&2; exit $1'
    )

    def one(number: int) -> Done:
        return run(way, "timeout", "30", "sh", "-c", script, directory, str(number), stdin=f"in {number}".encode())

    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(one, range(16)))
    run(way, "rm", "-r", directory)
    assert done == [Done(number, f"in {number}".encode(), f"err {number}\n".encode()) for number in range(16)]


# Ends that nobody wants


@pytest.mark.parametrize("talks", [False, True])
def test_cancelled_while_a_command_runs(node: Machine, way: SSH | DockerExec, kind: str, talks: bool) -> None:
    cancellation = Cancellation()
    with closed_after(node.way(kind, cancellation)) as stopped, command_of_long(way, talks=talks) as command:
        began = threading.Event()

        def cancel() -> None:
            began.wait(10)
            cancellation.cancel()

        canceller = threading.Thread(target=cancel)
        canceller.start()
        before = children()
        with pytest.raises(Cancelled):
            stopped.stream(command, stdout=lambda _: began.set(), stderr=lambda _: None)
        canceller.join()
        assert children() - before <= masters(stopped)
        with pytest.raises(Cancelled):
            run(stopped, "true")
        with pytest.raises(Cancelled):
            stopped.popen(["true"])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ssh_connection.OPTIONS, "ConnectTimeout", "1")
    monkeypatch.setitem(ssh_connection.OPTIONS, "ServerAliveInterval", "1")


@pytest.mark.usefixtures("impatient")
def test_node_that_is_killed_while_a_command_runs(client: APIClient, machine: Machine, kind: str) -> None:
    with closed_after(machine.way(kind)) as way:
        seen: list[float] = []

        def kill(_: bytes) -> None:
            client.kill(machine.container)
            seen.append(time.monotonic())

        command = ["sh", "-c", "echo up; sleep 60"]
        if kind == "ssh":
            with pytest.raises(NodeUnreachableError, match=f"connection to root@{machine.address} was lost"):
                way.stream(command, stdout=kill, stderr=kill)
        else:
            assert way.stream(command, stdout=kill, stderr=kill) == 137
        assert time.monotonic() - seen[0] < 5
        with pytest.raises((NodeNotFoundError, NodeUnreachableError)):
            run(way, "true")


# Processes


def test_process_with_three_streams(way: SSH | DockerExec) -> None:
    process = way.popen(["sh", "-c", "cat; echo err >&2; exit 7"])
    sent = bytes(range(256)) * 4096
    assert process.communicate(sent, timeout=30) == (sent, b"err\n")
    assert process.returncode == 7


@pytest.mark.parametrize("script", ["exit 0", "exit 255", "kill -9 $$"])
def test_process_ends_as_the_command(way: SSH | DockerExec, script: str) -> None:
    with way.popen(["sh", "-c", script]) as process:
        assert process.communicate(timeout=30) == (b"", b"")
    assert process.returncode == {"exit 0": 0, "exit 255": 255, "kill -9 $$": 137}[script]


def test_process_has_environment_and_user(way: SSH | DockerExec) -> None:
    variables = {f"ODD_{number}": value for number, value in enumerate(ODD)}
    with way.popen(["env", "-0"], env=variables, user=USER) as process:
        out, _ = process.communicate(timeout=30)
    found = environment_of(Done(0, out, b""))
    assert {**variables, "HOME": f"/home/{USER}"}.items() <= found.items()


def test_process_lives(way: SSH | DockerExec) -> None:
    with way.popen(["sh", "-c", "echo up; read line; echo $line; cat"]) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        assert process.poll() is None
        process.stdin.write(b"line\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"line\n"
        process.stdin.close()
        assert process.wait(30) == 0
        assert process.stdout.read() == b""


def test_process_that_is_terminated_leaves_the_command(way: SSH | DockerExec) -> None:
    with command_of_long(way) as command, way.popen(command) as process:
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        process.terminate()
        assert process.wait(10) != 0
        assert is_running(way, command)


def test_process_whose_output_nobody_reads(way: SSH | DockerExec) -> None:
    with way.popen(["seq", "20000000"]) as process:
        assert process.stdout
        assert process.stdout.readline() == b"1\n"
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == b""
        assert process.wait(30) != 0


def test_12_processes_at_once(way: SSH | DockerExec) -> None:
    processes = [way.popen(["sh", "-c", "echo up; cat"]) for _ in range(12)]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
    assert [process.communicate(timeout=30) for process in processes] == [(b"", b"")] * 12
    assert {process.returncode for process in processes} == {0}


@pytest.mark.usefixtures("impatient")
def test_process_on_a_node_that_is_stopped(client: APIClient, machine: Machine, kind: str) -> None:
    client.kill(machine.container)
    with closed_after(machine.way(kind)) as way:
        if isinstance(way, SSH):
            with pytest.raises(NodeUnreachableError):
                way.popen(["true"])
        else:
            process = way.popen(["true"])
            said = f"Error: The node's container {machine.container} is not running.\n"
            assert process.communicate(timeout=30) == (b"", said.encode())
            assert process.returncode == 125


@pytest.mark.parametrize("tcp", [False, True])
def test_process_uses_the_engine_of_its_transport(
    engine_socket: str, node: Machine, monkeypatch: pytest.MonkeyPatch, tcp: bool
) -> None:
    with EngineProxy(engine_socket, tcp=tcp) as proxy:
        with monkeypatch.context() as patch:
            for name in ENGINE_VARIABLES:
                patch.delenv(name, raising=False)
            patch.setenv("DOCKER_HOST", proxy.url)
            engine = connect()
        with closed_after(DockerExec(engine, node.container)) as way:
            process = way.popen(["cat"])
            assert process.communicate(b"in", timeout=30) == (b"in", b"")
        assert any("/exec" in request for request in proxy.requests)


# Files


def test_files(way: SSH | DockerExec, tmp_path: Path) -> None:
    tree = tmp_path / "tree ä"
    (tree / "empty").mkdir(parents=True)
    (tree / "binary").write_bytes(os.urandom(MB))
    remote = f"/tmp/{new_id()}/{tree.name}"
    send(way, tree, remote)
    receive(way, remote, tmp_path / "back")
    run(way, "rm", "-r", str(Path(remote).parent))
    assert (tmp_path / "back" / "binary").read_bytes() == (tree / "binary").read_bytes()
    assert sorted(path.name for path in (tmp_path / "back").iterdir()) == ["binary", "empty"]


# SSH alone


@pytest.fixture
def short_tmp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory for temporary files, short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="t-") as directory:
        monkeypatch.setattr(tempfile, "tempdir", directory)
        yield Path(directory)


def processes_about(text: str) -> list[str]:
    """Return the command lines that have a text in them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [line for line in found if text in line]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_close_leaves_nothing_and_the_next_use_connects_again(node: Machine, short_tmp: Path) -> None:
    gc.collect()
    files_before, children_before = open_files(), children()
    way = node.ssh()
    for _ in range(2):
        assert run(way, "cat", stdin=b"in") == Done(0, b"in", b"")
        assert run(way, "true", tty=True).code == 0
        assert way.popen(["true"]).communicate(timeout=30) == (b"", b"")
        assert len(list(short_tmp.iterdir())) == 1
        assert processes_about(str(short_tmp))
        way.close()
        way.close()
        gc.collect()
        assert list(short_tmp.iterdir()) == []
        assert processes_about(str(short_tmp)) == []
        assert children() == children_before
        # The thread that presses Ctrl-D at a terminal sees a moment later that nobody is there any more.
        eventually(lambda: open_files() == files_before, "all files are closed", timeout=5)


def test_what_is_forgotten_is_closed(node: Machine, short_tmp: Path) -> None:
    process = node.ssh().popen(["sh", "-c", "read line; exit 5"])
    gc.collect()
    assert process.poll() is None  # a process keeps the connection
    process.communicate(b"\n", timeout=30)
    assert process.returncode == 5
    del process
    gc.collect()
    assert list(short_tmp.iterdir()) == []
    assert processes_about(str(short_tmp)) == []


@pytest.mark.parametrize("end", ["pass", "os.kill(os.getpid(), 9)"])
def test_end_of_the_program_ends_the_connection(node: Machine, short_tmp: Path, end: str) -> None:
    script = f"""
import os, sys
from pathlib import Path
from dcos_docker_cli.transports.ssh import SSH
way = SSH(sys.argv[1], key_path=Path(sys.argv[2]), proxy_command=sys.argv[3])
assert way.stream(["true"], stdout=print, stderr=print) == 0
{end}
"""
    subprocess.run(
        [sys.executable, "-c", script, node.address, node.key_path, node.proxy()],
        env={**os.environ, "TMPDIR": str(short_tmp)},
        timeout=60,
        check=False,
    )
    eventually(lambda: processes_about(str(short_tmp)) == [], "the master has ended")
    if end == "pass":
        assert list(short_tmp.iterdir()) == []


def test_connection_that_was_ended_is_made_again(node: Machine) -> None:
    with contextlib.closing(node.ssh()) as way:
        assert run(way, "true").code == 0
        (master,) = masters(way)
        os.kill(master, signal.SIGKILL)
        eventually(lambda: Path(f"/proc/{master}/stat").read_text().split()[2] == "Z", "it has ended")
        assert run(way, "true").code == 0


def test_operations_share_a_connection_and_are_stopped_apart(node: Machine) -> None:
    with contextlib.closing(node.ssh()) as way:
        cancellation = Cancellation()
        operation = way.for_operation(cancellation)
        assert run(operation, "true").code == 0
        before = masters(way)
        assert before == masters(operation) != set()
        cancellation.cancel()
        with pytest.raises(Cancelled):
            run(operation, "true")
        assert run(way, "true").code == 0
        assert masters(way) == before


def test_connection_that_is_closed_while_a_command_runs(node: Machine) -> None:
    with (
        contextlib.closing(node.ssh()) as way,
        command_of_long(way) as command,
        pytest.raises(NodeUnreachableError, match="was lost"),
    ):
        way.stream(command, stdout=lambda _: way.close(), stderr=lambda _: None)


@pytest.mark.usefixtures("impatient")
def test_node_that_falls_silent(client: APIClient, machine: Machine) -> None:
    with contextlib.closing(machine.ssh()) as way:

        def pause(_: bytes) -> None:
            client.pause(machine.container)

        try:
            with pytest.raises(NodeUnreachableError, match=r"lost while a command ran: .*not responding"):
                way.stream(["sh", "-c", "echo up; sleep 60"], stdout=pause, stderr=pause)
        finally:
            client.unpause(machine.container)


def test_login_that_is_not_root(machine: Machine) -> None:
    with contextlib.closing(machine.ssh("admin")) as way:
        assert run(way, "sh", "-c", 'id -un; echo "$HOME"') == Done(0, b"root\n/root\n", b"")
        assert run(way, "sh", "-c", 'id -un; echo "$HOME"', user="admin") == Done(0, b"admin\n/home/admin\n", b"")
        assert run(way, "id", "-un", user=USER) == Done(0, f"{USER}\n".encode(), b"")
        variables = {f"ODD_{number}": value for number, value in enumerate(ODD)}
        for user in ("root", "admin"):
            assert variables.items() <= environment_of(run(way, "env", "-0", env=variables, user=user)).items()
            assert run(way, "printf", "%s|", *ODD, user=user).stdout.decode() == "".join(f"{text}|" for text in ODD)
            assert run(way, "sh", "-c", "kill -9 $$", user=user) == Done(137, b"", b"")
            assert run(way, "sh", "-c", "kill -15 0", user=user) == Done(143, b"", b"")
            assert run(way, "sh", "-c", "cat; exit 255", user=user, stdin=b"in") == Done(255, b"in", b"")
            assert run(way, "sh", "-c", "test -t 0 && test -t 1 && cat", user=user, tty=True).code == 0
        assert way.popen(["id", "-un"]).communicate(timeout=30) == (b"root\n", b"")


def test_login_without_sudo(client: APIClient, machine: Machine) -> None:
    execute(client, machine.container, "rm", "/etc/sudoers.d/admin")
    with contextlib.closing(machine.ssh("admin")) as way:
        done = run(way, "true")
    assert (done.code, done.stdout) == (1, b"")
    assert b"password is required" in done.stderr


@NEEDS_ADDRESSES
def test_key_that_is_refused(node: Machine, tmp_path: Path) -> None:
    other = tmp_path / "other key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
    error = failure_of(SSH(node.address, key_path=other))
    assert error.message.startswith(f"There is no SSH connection to root@{node.address}: ")
    assert "Permission denied (publickey)" in error.message
    assert error.hint == f"Try it: ssh -i '{other}' -p 22 -l root -- {node.address}"
    assert error.exit_code == 1


@NEEDS_ADDRESSES
def test_key_that_others_can_read(node: Machine, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(node.key_path.read_bytes())
    key.chmod(0o644)
    error = failure_of(SSH(node.address, key_path=key))
    assert f"Permissions 0644 for '{key}' are too open." in error.message


def test_key_that_is_not_there(node: Machine, tmp_path: Path) -> None:
    assert "No such file or directory" in failure_of(SSH(node.address, key_path=tmp_path / "no-key")).message


def failure_of(way: SSH) -> DcosDockerError:
    before = open_files(), children()
    with pytest.raises(NodeUnreachableError) as failure:
        run(way, "true")
    assert (open_files(), children()) == before
    return failure.value


@pytest.mark.parametrize(
    ("address", "said"),
    [("127.0.0.1", "Connection refused"), ("no-such-host.invalid", "Could not resolve hostname")],
)
def test_address_where_nobody_is(node: Machine, address: str, said: str) -> None:
    error = failure_of(SSH(address, key_path=node.key_path, port=1, login="admin"))
    assert f"admin@{address}" in error.message
    assert said in error.message


def test_without_the_program_ssh(node: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    error = failure_of(node.ssh())
    assert "ssh, which is not installed" in error.message
    assert "openssh-client" in error.hint


@NEEDS_ADDRESSES
def test_configuration_of_the_user(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A jump host is honoured, all that would change a command is not. ssh finds ~ in /etc/passwd, not in HOME."""
    configuration = tmp_path / "config"
    configuration.write_text(f"""
Host {machine.address}
    IdentityFile {machine.key_path}
    StrictHostKeyChecking no
    UserKnownHostsFile /dev/null
Host 127.0.0.1
    ProxyJump root@{machine.address}
    User nobody
    Port 1
    RemoteCommand false
    RequestTTY force
    PermitLocalCommand yes
    LocalCommand touch {tmp_path}/local
    LocalForward {tmp_path}/forwarded 127.0.0.1:22
    ForwardAgent yes
    StrictHostKeyChecking yes
    ControlMaster auto
    ControlPath {tmp_path}/control
    LogLevel DEBUG3
""")
    (tmp_path / "ssh").write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {configuration} "$@"\n')
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with contextlib.closing(SSH("127.0.0.1", key_path=machine.key_path)) as way:
        assert run(way, "sh", "-c", "test -t 0 || echo no terminal") == Done(0, b"no terminal\n", b"")
        assert way.popen(["hostname"]).communicate(timeout=30) == (f"{machine.container[:12]}\n".encode(), b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config", "ssh"]
    eventually(lambda: processes_about(str(configuration)) == [], "the connection to the jump host has ended")
