"""`doctor --fix`: what is wrong is shown, cured, and looked at again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli.backends.docker.host import DockerHost
from dcos_docker_cli.backends.docker.host_settings import clocks, set_clock, set_sysctls, sysctls
from dcos_docker_cli.doctor.checks.registry import CHECKS
from dcos_docker_cli.doctor.finding import Finding, Level, Result
from dcos_docker_cli.doctor.fix import cures
from dcos_docker_cli.exceptions import DcosDockerError
from tests.support.engine import execute
from tests.support.own_engine import ours
from tests.support.program import at, dcos_docker
from tests.support.terminal import OnTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

    from tests.support.contained import ContainedEngine
    from tests.support.own_engine import OwnEngine

CREATOR = "from dcos_docker_cli.labels import Creator; print(Creator.this_process(), flush=True)"
INSTANCES, WATCHES = "fs.inotify.max_user_instances", "fs.inotify.max_user_watches"
MANY = ("--agents", "60")
"""More nodes than the usual limit of 128 instances is for."""


@pytest.fixture
def host(node_image: str) -> Iterator[DockerHost]:
    del node_image
    made = DockerHost()
    yield made
    made.connection.close()


@contextmanager
def lowered(host: DockerHost) -> Iterator[dict[str, int]]:
    """Have the limits of inotify be those that most kernels begin with; they are as before after the block."""
    before = sysctls(host.engine, [INSTANCES, WATCHES])
    low = {INSTANCES: min(before[INSTANCES], 128), WATCHES: min(before[WATCHES], 65536)}
    try:
        set_sysctls(host.engine, low)
        yield low
    finally:
        set_sysctls(host.engine, before)
        assert sysctls(host.engine, [INSTANCES, WATCHES]) == before


@pytest.mark.alone
def test_inotify(host: DockerHost) -> None:
    with lowered(host) as low:
        plan = [
            "DD011 inotify:",
            f"  {INSTANCES}: {low[INSTANCES]} → 8192",
            f"  {WATCHES}: {low[WATCHES]} → 1048576",
            f"  To undo it, on the engine's host: sudo sysctl -w {INSTANCES}={low[INSTANCES]} {WATCHES}={low[WATCHES]}",
            "  It holds until that host restarts; to have it for good, put it into a file in /etc/sysctl.d there.",
        ]
        dry = dcos_docker("doctor", "--fix", "DD011", "--dry-run", *MANY, "-q")
        assert (dry.code, dry.stderr) == (1, "")
        assert dry.stdout.splitlines()[-len(plan) :] == plan
        assert sysctls(host.engine, low) == low

        wet = dcos_docker("doctor", "--fix", "DD011", "--yes", *MANY)
        assert wet.code == 0
        before, after = [line for line in wet.stdout.splitlines() if "DD011" in line]
        assert before.startswith(f"  error    DD011 inotify        {INSTANCES} is {low[INSTANCES]}, ")
        assert after.startswith(f"  ok       DD011 inotify        {INSTANCES} is 8192, ")
        assert "\n".join(plan) in wet.stderr
        assert "] Fixing DD011 (inotify)\n" in wet.stderr
        assert sysctls(host.engine, low) == {INSTANCES: 8192, WATCHES: 1048576}

        set_sysctls(host.engine, low)  # what undoes it
        done = dcos_docker("doctor", "--fix", "--yes", "--only", "inotify", *MANY, "--output", "json")
        assert done.code == 0
        (found,) = json.loads(done.stdout)
        assert (found["id"], found["level"]) == ("DD011", "ok")


@pytest.mark.alone
def test_it_asks_on_a_terminal(host: DockerHost) -> None:
    with lowered(host) as low:
        for key, code in (("n", 1), ("y", 0)):
            with OnTerminal("doctor", "--fix", "DD011", *MANY, columns=200) as terminal:
                terminal.wait_for("Go on? [y/N]: ")
                assert sysctls(host.engine, low) == low
                terminal.type(f"{key}\r")
                assert terminal.end() == code
                assert ("Error: Nothing was changed." in terminal.seen) == (key == "n")
        assert sysctls(host.engine, low)[INSTANCES] == 8192


def test_what_cannot_be_set_is_told(host: DockerHost) -> None:
    """A value that the kernel does not take."""
    before = sysctls(host.engine, [INSTANCES])
    with pytest.raises(DcosDockerError, match=f"{INSTANCES} is still {before[INSTANCES]}") as failure:
        set_sysctls(host.engine, {INSTANCES: -1})
    assert failure.value.hint == f"On the engine's host: sudo sysctl -w {INSTANCES}=-1"
    assert sysctls(host.engine, [INSTANCES]) == before


def test_sysctl_that_a_kernel_does_not_have(host: DockerHost) -> None:
    assert sysctls(host.engine, ["fs.inotify.none"]) == {}


# Forwarding

NAMES = "sh timeout cat chroot date df find grep ls sed sort tail test tr wc xargs"
SMALL_IMAGE = """
programs=$(for name in $NAMES; do
    ls /usr/bin/$name /usr/sbin/$name 2>/dev/null; done)
files=$(ldd $programs | grep -o '/[^ :]*' | sort -u)
[ -z "$MODULES" ] || files="$files $(ls -d /usr/lib/*/xtables)"
tar -chf - --hard-dereference $files /bin/sh 2>/dev/null |
    DOCKER_HOST=tcp://127.0.0.1:2375 docker import - debian:small >/dev/null
"""


@pytest.mark.xdist_group("nested-engine")
def test_forwarding(client: APIClient, nested: ContainedEngine) -> None:
    """On an engine that has a network of its own, for all of the machine's depend on its forwarding."""
    here = nested.container_id
    setting = "/proc/sys/net/ipv4/ip_forward"
    nested.clear()
    try:
        execute(client, here, "sh", "-c", f"echo 0 >{setting}")
        execute(client, here, "sh", "-c", f'NAMES="{NAMES}"\n{SMALL_IMAGE}')
        blind = nested.dcos_docker("doctor", "--fix", "DD020", "--yes")
        assert execute(client, here, "cat", setting) == "0\n", "an image without iptables sees no firewall"
        assert blind.code == 1
        assert (
            "DD020 forwarding is not fixed. What the firewall of the engine's host lets by cannot be " in blind.stderr
        )

        execute(client, here, "sh", "-c", f'NAMES="{NAMES} iptables"\nMODULES=yes\n{SMALL_IMAGE}')
        result = nested.dcos_docker("doctor", "--fix", "DD020", "--yes")
        assert execute(client, here, "cat", setting) == "1\n", result.stderr
        before, after = [line for line in result.stdout.splitlines() if "DD020" in line]
        assert (result.code, before[:10], after[:10]) == (0, "  error   ", "  ok      ")
        assert "\n  net.ipv4.ip_forward: 0 → 1\n" in result.stderr
        assert "sudo sysctl -w net.ipv4.ip_forward=0\n" in result.stderr
    finally:
        execute(client, here, "sh", "-c", f"echo 1 >{setting}")
        nested.clear()


# Leftovers


@pytest.mark.xdist_group("own-engine")
def test_leftovers(engine: OwnEngine) -> None:
    dead = subprocess.run([sys.executable, "-c", CREATOR], capture_output=True, text=True, check=True).stdout.strip()
    engine.container("dcos-docker-killed-reservation", ours("reservation", "killed", creator=dead))
    engine.network("dcos-docker-killed", ours("network", "killed", creator=dead))
    engine.network("theirs", {})
    before = engine.everything()
    plan = [
        "DD008 leftovers:",
        "  remove container dcos-docker-killed-reservation",
        "  remove network dcos-docker-killed",
    ]

    dry = engine.dcos_docker("doctor", "--fix", "DD008", "--dry-run", "--strict", "-q")
    assert (dry.code, dry.stderr) == (1, "")
    assert dry.stdout.splitlines()[-3:] == plan
    assert engine.everything() == before

    wet = engine.dcos_docker("doctor", "--fix", "DD008", "--yes", "--strict")
    assert wet.code == 0
    assert "\n".join(plan) in wet.stderr
    assert wet.stdout.splitlines()[-1] == "  ok       DD008 leftovers      Nothing is left of creates that were killed."
    assert engine.everything() == ["network theirs"]

    again = engine.dcos_docker("doctor", "--fix", "DD008", "--yes")
    assert again.code == 0
    assert "Nothing to fix.\n" in again.stderr


@pytest.mark.xdist_group("own-engine")
def test_what_was_not_shown_stays(engine: OwnEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another create is killed while somebody reads what would be removed."""
    for name, value in at(engine.url).items():
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
    dead = subprocess.run([sys.executable, "-c", CREATOR], capture_output=True, text=True, check=True).stdout.strip()
    (check,) = (check for check in CHECKS if check.name == "leftovers")
    host = DockerHost()
    try:
        engine.container("dcos-docker-shown-reservation", ours("reservation", "shown", creator=dead))
        engine.network("dcos-docker-shown", ours("network", "shown", creator=dead))
        (cure,) = cures(host, [Result(check, Finding(Level.WARNING, "Left."))])
        assert cure.changes == ["remove container dcos-docker-shown-reservation", "remove network dcos-docker-shown"]
        engine.network("dcos-docker-later", ours("network", "later", creator=dead))
        cure.apply(host)
        assert engine.everything() == ["network dcos-docker-later"]
        cure.apply(host)
        assert engine.everything() == ["network dcos-docker-later"]
    finally:
        host.connection.close()
        engine.clear()


# The clock


def test_clocks_are_read(host: DockerHost) -> None:
    found = clocks(host.engine)
    assert abs(found.system - time.time()) < 60
    assert found.hardware is None or found.hardware > 0


def test_host_without_a_hardware_clock_is_refused(host: DockerHost) -> None:
    """The finding is recorded, for a clock that is off would be off for all on this machine."""
    if clocks(host.engine).hardware is not None:
        pytest.skip("the engine's host has a hardware clock")
    (check,) = (check for check in CHECKS if check.name == "clock")
    (cure,) = cures(host, [Result(check, Finding(Level.ERROR, "The clocks differ by 600.0 s."))])
    assert not cure.changes
    assert cure.refusal.startswith("The engine's host has no hardware clock: ")
    with pytest.raises(DcosDockerError, match="does not let a container set its clock"):
        set_clock(host.engine)


# Requests that are wrong


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--fix"], "--fix changes things, and there is no terminal to ask on: add --yes, or --dry-run."),
        (["--dry-run"], "--dry-run is for --fix."),
        (["--yes"], "--yes is for --fix."),
        (["--fix", "DD005", "--yes"], "What DD005 (memory) finds cannot be fixed from here."),
        (["--fix", "DD999", "--yes"], '"DD999" is no check, and no category of checks.'),
    ],
)
def test_wrong(client: APIClient, args: list[str], message: str) -> None:
    del client
    result = dcos_docker("doctor", *args, env={"DOCKER_HOST": "tcp://127.0.0.1:1"})
    assert (result.code, result.stdout) == (2, "")
    assert f"Error: {message}\n" in result.stderr
