"""What the checks of a cluster make of what nodes and engines tell: recorded, and changed in the point that matters."""

from __future__ import annotations

import copy
import dataclasses
import socket
import subprocess
import threading
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from dcos_docker_cli.backends.docker.host import DockerHost
from dcos_docker_cli.concurrency import Cancellation
from dcos_docker_cli.doctor import cluster as doctor
from dcos_docker_cli.doctor import survey
from dcos_docker_cli.doctor.checks.of_cluster import CLUSTER_CHECKS
from dcos_docker_cli.doctor.checks.registry import CHECKS
from dcos_docker_cli.doctor.condition import Condition, Node
from dcos_docker_cli.doctor.finding import Category, ClusterCheck, Finding, Level
from dcos_docker_cli.doctor.limited import within
from dcos_docker_cli.doctor.survey import Report, since
from dcos_docker_cli.exceptions import Cancelled, DcosDockerError, EngineUnreachableError, UsageError
from dcos_docker_cli.model import ClusterInfo, NodeInfo, NodeRef, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

NETWORK = "745c7483902d"
NOW = datetime(2026, 11, 23, 2, 50, tzinfo=timezone.utc).timestamp()
# As nodes of Debian 12 said it.
SAID = f"""\
time={NOW}
name=dcos-docker-x-agent-0 172.28.0.3
name=dcos-docker-x-master-0 172.28.0.2
reached=172.28.0.2
docker_wanted=overlay2
nameservers=127.0.0.11
system=running
blocks=/ overlay          264212084 48413160  57977752      46% /
blocks=/var/lib/docker /dev/vda         264212084 48413160  57977752      46% /var/lib/docker
inodes=/ overlay        16777216 577047 16200169    4% /
component=dcos-mesos-slave.service
memory_limit=9223372036854771712
memory_used=536870912
memory_cache=8192
oom_kill=0
docker_driver=overlay2
docker_state=active
resolver=172.28.0.3
end=yes
"""
STOPPED = """\
unit=Type=simple
unit=Result=success
unit=NRestarts=0
unit=Id=dcos-mesos-slave.service
unit=TriggeredBy=
unit=Description=Mesos Agent
unit=ActiveState=inactive
unit=SubState=dead
unit=StateChangeTimestamp=Mon 2026-11-23 02:49:05 UTC
unit=InactiveEnterTimestamp=Mon 2026-11-23 02:49:05 UTC
unit=
journal=dcos-mesos-slave.service Stopped it.
"""


def report(*changes: str) -> Report:
    """Return what a node said, with lines in place of those of the same key, or more."""
    keys = {line.partition("=")[0] for change in changes for line in change.splitlines()}
    kept = [line for line in SAID.splitlines() if line.partition("=")[0] not in keys]
    said: dict[str, list[str]] = {}
    for line in [*kept, *(line for change in changes for line in change.splitlines())]:
        key, _, value = line.partition("=")
        said.setdefault(key, []).append(value)
    return Report(said, NOW, NOW + 1)


def node(role: Role, index: int, address: str, told: Report | None = None, **listed: Any) -> Node:
    ref = NodeRef(role, index)
    name = ref.host_name("x")
    recorded = {
        "State": "running",
        "Status": "Up 9 minutes",
        "HostConfig": {"NetworkMode": NETWORK},
        "NetworkSettings": {"Networks": {"net": {"NetworkID": NETWORK, "IPAddress": address}}},
        "Mounts": [
            {"Type": "volume", "Name": f"{name}-opt", "Destination": "/opt"},
            {"Type": "volume", "Name": "serve", "Destination": "/opt/dcos_install_tmp"},
        ],
        **listed,
    }
    return Node(NodeInfo(ref, "id", name, address, recorded["State"]), recorded, told or report())


def condition(*nodes: Node, **changes: Any) -> Condition:
    found = nodes or (node(Role.MASTER, 0, "172.28.0.2"), node(Role.AGENT, 0, "172.28.0.3"))
    cluster = ClusterInfo("x", tuple(one.info for one in found), None, None, "debian-12", "docker-exec", "1")
    volumes = {name for one in found for name in one.volumes.values()}
    recorded = Condition(
        cluster=cluster,
        nodes=found,
        hosts={one.info.container_name: one.info.address for one in found},
        name_prefix="dcos-docker",
        networks={NETWORK: "net"},
        volumes=volumes,
        own_volumes=volumes,
        of_cluster=[],
    )
    return dataclasses.replace(recorded, **changes)


def agent(*changes: str, **listed: Any) -> Condition:
    """Return a cluster whose agent has told something else, or is listed in another way."""
    return condition(node(Role.MASTER, 0, "172.28.0.2"), node(Role.AGENT, 0, "172.28.0.3", report(*changes), **listed))


def found(name: str, looked_at: Condition) -> list[Finding]:
    (check,) = (check for check in CLUSTER_CHECKS if check.name == name)
    return doctor.findings(check, looked_at)


def only(name: str, looked_at: Condition) -> Finding:
    (finding,) = found(name, looked_at)
    return finding


def test_all_is_well_recorded() -> None:
    for check in CLUSTER_CHECKS:
        finding = only(check.name, condition())
        assert (finding.level, finding.message, finding.remedy) == (Level.OK, check.well, "")


def test_ids_and_names_are_given_once() -> None:
    everything = (*CHECKS, *CLUSTER_CHECKS)
    for key in ("id", "name"):
        assert len({getattr(check, key) for check in everything}) == len(everything)
    assert {check.category for check in CLUSTER_CHECKS} == {Category.CLUSTER}


def test_volumes_that_have_gone_recorded() -> None:
    """The engine removes none that is in use: this is what a damaged data root looks like."""
    left = condition()
    finding = only("node-volumes", dataclasses.replace(left, volumes={"serve", "dcos-docker-x-master-0-opt"}))
    assert (finding.level, finding.message) == (Level.ERROR, "agent_0 lacks its volumes for /opt.")
    first, second = found("node-volumes", dataclasses.replace(left, volumes=set(left.volumes) - {"serve"}))
    assert first.message == "master_0 lacks its volumes for /opt/dcos_install_tmp."
    assert second.remedy == "dcos-docker destroy -c x"


def test_gone_nodes_are_known_by_what_others_were_told_and_by_their_numbers() -> None:
    second = node(Role.AGENT, 2, "172.28.0.9")
    looked_at = condition(second, hosts={"dcos-docker-x-master-0": "", "dcos-docker-xx-agent-7": "", "other": ""})
    assert [str(ref) for ref in looked_at.gone] == ["master_0", "agent_0", "agent_1"]


def test_a_node_of_another_prefix_is_none_of_this_cluster() -> None:
    looked_at = condition(hosts={"mine-x-agent-5": "10.0.0.1"}, name_prefix="mine")
    assert [str(ref) for ref in looked_at.gone] == ["agent_5"]
    assert condition(hosts={"mine-x-agent-5": "10.0.0.1"}).gone == []


def test_a_cluster_in_the_making() -> None:
    left = condition()
    cluster = dataclasses.replace(left.cluster, reserved=True)
    making = dataclasses.replace(left, cluster=cluster, own_volumes={"not-mounted-yet"})
    finding = only("nodes", making)
    assert (finding.level, finding.remedy) == (Level.ERROR, "dcos-docker clean")
    assert only("removed-nodes", making).level is Level.OK, "what no node has yet is not what one has left"


def test_a_cluster_of_another_version() -> None:
    cluster = ClusterInfo("x", (), None, None, "", "", "9.0", unknown_schema="9")
    finding = only("nodes", Condition(cluster))
    assert (finding.level, finding.remedy) == (Level.WARNING, "Use the version of dcos-docker that made it: 9.0.")
    assert only("removed-nodes", Condition(cluster)).level is Level.OK, "its nodes are only unknown"


@pytest.mark.parametrize(
    ("state", "remedy"),
    [
        ("exited", "docker start "),
        ("created", "docker start "),
        ("paused", "docker unpause "),
        ("restarting", "docker logs "),
    ],
)
def test_states_recorded(state: str, remedy: str) -> None:
    assert only("nodes", agent(State=state)).remedy == f"{remedy}dcos-docker-x-agent-0"


def test_a_disk_that_nodes_share_is_told_of_once_recorded() -> None:
    full = "blocks=/ overlay 1000000 990000 10000 99% /\nblocks=/opt /dev/vda 1000000 990000 10000 99% /opt"
    looked_at = condition(
        node(Role.MASTER, 0, "172.28.0.2", report(full)), node(Role.AGENT, 0, "172.28.0.3", report(full))
    )
    shared = [finding for finding in found("node-disks", looked_at) if "/dev/vda" in finding.message]
    assert [finding.message for finding in shared] == [
        "master_0, agent_0: /opt (/dev/vda) has 1.0% of room left, 9 MiB."
    ]


@pytest.mark.parametrize(
    ("free", "level"), [(100, Level.OK), (99, Level.WARNING), (20, Level.WARNING), (19, Level.ERROR), (0, Level.ERROR)]
)
def test_room_recorded(free: int, level: Level) -> None:
    """Of 1000 blocks, without those that only root may take."""
    text = f"blocks=/opt /dev/vdb 2000 {1000 - free} {free} 9% /opt"
    assert only("node-disks", agent(text)).level is level


def test_a_file_system_that_counts_no_inodes_recorded() -> None:
    """As btrfs does: `df -P -i` has dashes or zeros."""
    for row in ("/dev/vdb 0 0 0 - /opt", "/dev/vdb - - - - /opt"):
        assert only("node-disks", agent(f"inodes=/opt {row}")).level is Level.OK


@pytest.mark.parametrize(
    ("behind", "level"), [(1.9, Level.OK), (2.1, Level.WARNING), (60, Level.WARNING), (60.1, Level.ERROR)]
)
def test_clocks_recorded(behind: float, level: Level) -> None:
    assert only("node-clocks", agent(f"time={NOW - behind}")).level is level
    assert only("node-clocks", agent(f"time={NOW + 1 + behind}")).level is level, "one second passed meanwhile"


def test_the_engines_clock_is_what_counts_recorded() -> None:
    ahead = report(f"time={NOW + 3600}")
    looked_at = condition(node(Role.MASTER, 0, "172.28.0.2", ahead), clock_offset=3600.0)
    assert only("node-clocks", looked_at).level is Level.OK


def test_memory_on_cgroup_v2_recorded() -> None:
    """As Linux 6.1 has it: memory.max, memory.current, memory.events; no limit is `max`."""
    unlimited = "memory_limit=max\nmemory_used=99999999999"
    assert only("node-memory", agent(unlimited)).level is Level.OK
    near = f"memory_limit={1 << 30}\nmemory_used={1 << 30}\nmemory_cache={1 << 20}"
    finding = only("node-memory", agent(near))
    assert finding.message == "agent_0 uses 1023 MiB of the 1024 MiB of memory that it may have."
    assert finding.remedy == "docker update --memory 2048m --memory-swap -1 dcos-docker-x-agent-0"
    cached = near.replace(f"memory_cache={1 << 20}", f"memory_cache={1 << 29}")
    assert only("node-memory", agent(cached)).level is Level.OK, "what is cached can be had again"


def test_a_component_tells_since_when_recorded() -> None:
    finding = only("components", agent(STOPPED))
    assert finding.message == (
        "agent_0: dcos-mesos-slave.service, Mesos Agent, is inactive (dead) since 2026-11-23 02:49:05 UTC (56 s)."
    )
    assert finding.remedy == "dcos-docker run -c x --node agent_0 -- systemctl restart dcos-mesos-slave.service"
    assert list(finding.details) == ["Stopped it."]


def test_what_has_done_its_work_is_ready_recorded() -> None:
    """DC/OS has units that run once, and units that timers start."""
    for resting in ("unit=Type=oneshot", "unit=TriggeredBy=dcos-logrotate-agent.timer"):
        key = resting.rpartition("=")[0]
        lines = [line for line in STOPPED.splitlines() if not line.startswith(f"{key}=")]
        assert only("components", agent("\n".join([resting, *lines]))).level is Level.OK
        failed = "\n".join([resting, *lines]).replace("inactive", "failed")
        assert only("components", agent(failed)).level is Level.ERROR


def test_systemd_219_counts_no_restarts_recorded() -> None:
    """CentOS 7's knows neither NRestarts nor TriggeredBy, and leaves them out."""
    old = [line for line in STOPPED.splitlines() if "NRestarts" not in line and "TriggeredBy" not in line]
    text = "\n".join(old).replace("inactive", "activating").replace("dead", "auto-restart")
    finding = only("components", agent(text))
    assert " is activating (auto-restart) since 2026-11-23 02:49:05 UTC" in finding.message
    assert "journalctl -b -u" in finding.remedy


def test_dcos_own_checks_say_what_systemd_does_not_see_recorded() -> None:
    said = ["node-poststart: mesos_agent: port 5051 does not answer", "node-poststart: more"]
    looked_at = condition(dataclasses.replace(condition().nodes[1], dcos=said))
    finding = only("components", looked_at)
    assert finding.message == f"agent_0: DC/OS' own checks fail: {said[0]}"
    assert list(finding.details) == said[1:]


def test_dcos_on_some_nodes_only_recorded() -> None:
    without = dataclasses.replace(report(), said={**report().said, "component": []})
    looked_at = condition(node(Role.MASTER, 0, "172.28.0.2"), node(Role.AGENT, 0, "172.28.0.3", without))
    assert only("dcos", looked_at).message == "DC/OS is not installed on agent_0, but on the other nodes."
    nowhere = condition(node(Role.MASTER, 0, "172.28.0.2", without))
    assert {only(name, nowhere).level for name in ("dcos", "components")} == {Level.SKIPPED}


def test_a_node_that_is_cut_short_is_said_to_be_recorded() -> None:
    finding = only("answers", agent("end="))
    assert (finding.level, finding.message) == (Level.WARNING, "agent_0 did not answer everything in time.")
    assert only("answers", agent("system=maintenance")).message == "systemd on agent_0 is: maintenance."


def test_without_any_report_what_is_inside_is_skipped() -> None:
    stopped = dataclasses.replace(node(Role.MASTER, 0, "172.28.0.2", State="exited"), report=None)
    inside = [check for check in CLUSTER_CHECKS if check.inside]
    assert inside
    assert {only(check.name, condition(stopped)).level for check in inside} == {Level.SKIPPED}


def test_nodes_that_all_are_silent_are_an_error() -> None:
    silent = dataclasses.replace(node(Role.MASTER, 0, "172.28.0.2"), report=None, failure="its shell ended with 137")
    finding = only("answers", condition(silent))
    assert (finding.level, finding.message) == (
        Level.ERROR, "master_0 does not answer: its shell ended with 137",
    )  # fmt: skip


def test_answers_of_a_cluster_that_is_stopped() -> None:
    stopped = dataclasses.replace(node(Role.MASTER, 0, "172.28.0.2", State="exited"), report=None)
    finding = only("answers", condition(stopped))
    assert (finding.level, finding.message) == (Level.SKIPPED, "No node of the cluster runs.")


class Shell:
    """A way to a node on which a shell says this and no more."""

    def __init__(self, command: str) -> None:
        self.command = command

    def stream(
        self, args: Sequence[str], *, stdout: Callable[[bytes], None], stderr: Callable[[bytes], None], **_: Any
    ) -> int:
        done = subprocess.run(["sh", "-c", self.command], capture_output=True, check=False)
        stdout(done.stdout)
        stderr(done.stderr)
        return done.returncode

    def popen(self, args: Sequence[str], **_: Any) -> subprocess.Popen[bytes]:
        raise AssertionError(args)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("exit 137", "its shell ended with 137"),
        ("true", "its shell ended with 0"),
        ("echo first >&2; echo cannot exec in a frozen node >&2; exit 1", "cannot exec in a frozen node"),
        ("echo OCI runtime exec failed; exit 126", "its shell ended with 126"),
    ],
)
def test_a_node_that_says_nothing_fails(command: str, why: str) -> None:
    with pytest.raises(DcosDockerError) as failure:
        survey.survey(Shell(command), own="", names=(), targets=())
    assert failure.value.message == why


def test_a_node_that_was_cut_short_has_told_what_it_said() -> None:
    told = survey.survey(Shell("echo time=1; echo system=running; exit 124"), own="", names=(), targets=())
    assert (told.text("system"), told.is_whole) == ("running", False)


def test_what_a_node_that_was_cut_short_lacks_means_nothing_recorded() -> None:
    short = Report({"time": [str(NOW)], "system": ["running"]}, NOW, NOW + 1)
    both = condition(node(Role.MASTER, 0, "172.28.0.2"), node(Role.AGENT, 0, "172.28.0.3", short))
    assert only("answers", both).message == "agent_0 did not answer everything in time."
    for name in ("node-docker", "names", "units", "dcos"):
        finding = only(name, both)
        assert finding.level is Level.OK
        assert finding.message.endswith(", as far as 1 of 2 nodes tell.")
    alone = condition(node(Role.AGENT, 0, "172.28.0.3", short))
    assert {only(name, alone).level for name in ("node-docker", "names", "units")} == {Level.SKIPPED}


def test_no_dcos_is_all_that_is_said_of_its_components() -> None:
    without = dataclasses.replace(report(), said={**report().said, "component": []})
    alone = dataclasses.replace(node(Role.MASTER, 0, "172.28.0.2", without), dcos=["node-poststart: no such file"])
    assert [finding.level for finding in found("components", condition(alone))] == [Level.SKIPPED]


@pytest.mark.parametrize(("distribution", "unit"), [("debian-12", "ssh"), ("centos-7", "sshd")])
def test_a_refused_connection_is_an_answer_recorded(distribution: str, unit: str) -> None:
    said = agent("reached=172.28.0.2 Connection refused")
    finding = only(
        "reachability", dataclasses.replace(said, cluster=dataclasses.replace(said.cluster, distribution=distribution))
    )
    assert finding.message == "agent_0 reaches master_0 at 172.28.0.2, and no SSH server listens there."
    assert finding.remedy == f"dcos-docker run -c x --node master_0 -- systemctl start {unit}"


@pytest.mark.parametrize(
    ("free", "level"),
    [(80 << 20, Level.OK), ((10 << 20) - 1, Level.WARNING), (2 << 20, Level.WARNING), ((2 << 20) - 1, Level.ERROR)],
)
def test_room_of_a_big_disk_recorded(free: int, level: Level) -> None:
    """Two of a hundred parts of 4 TB are plenty."""
    text = f"blocks=/opt /dev/vdb {4 << 30} {(4 << 30) - free} {free} 98% /opt"
    assert only("node-disks", agent(text)).level is level


@pytest.mark.parametrize(
    ("free", "level"), [(100_000, Level.OK), (99_999, Level.WARNING), (20_000, Level.WARNING), (19_999, Level.ERROR)]
)
def test_inodes_of_a_big_disk_recorded(free: int, level: Level) -> None:
    text = f"inodes=/opt /dev/vdb {1 << 28} {(1 << 28) - free} {free} 99% /opt"
    assert only("node-disks", agent(text)).level is level


def test_what_is_well_is_so_of_the_nodes_that_tell() -> None:
    stopped = dataclasses.replace(node(Role.AGENT, 0, "172.28.0.3", State="exited"), report=None)
    looked_at = condition(node(Role.MASTER, 0, "172.28.0.2"), stopped)
    assert only("units", looked_at).message == ("No unit of systemd has failed on a node, as far as 1 of 2 nodes tell.")
    assert only("node-volumes", looked_at).message == "All nodes have their volumes."


def test_a_node_out_of_place_is_no_fault_of_its_neighbours_recorded() -> None:
    moved = copy.deepcopy(dict(condition().nodes[1].listed["NetworkSettings"]))
    moved["Networks"]["net"]["IPAddress"] = "172.28.0.77"
    looked_at = agent("reached=172.28.0.2 No route to host", "resolver=", NetworkSettings=moved)
    assert only("reachability", looked_at).level is Level.OK
    assert only("names", looked_at).level is Level.OK
    assert "172.28.0.77 in place of 172.28.0.3" in only("node-addresses", looked_at).message


def test_a_check_that_crashes_is_a_finding() -> None:
    def broken(_: Condition) -> Iterator[Finding]:
        raise ZeroDivisionError("why")
        yield

    finding = doctor.findings(ClusterCheck("DD199", "broken", Category.CLUSTER, broken, ""), condition())[0]
    assert (finding.level, "ZeroDivisionError('why')" in finding.message) == (Level.WARNING, True)


@pytest.mark.parametrize(
    ("age", "text"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (86400 * 3, "3 d"), (-5, "0 s")]
)
def test_since(age: int, text: str) -> None:
    when = datetime.fromtimestamp(NOW - age, timezone.utc)
    assert since(when, NOW) == f"since {when:%Y-%m-%d %H:%M:%S} UTC ({text})"


def test_every_question_of_the_script_has_a_limit_below_the_scripts() -> None:
    limits = [int(text.split()[0]) for text in survey.SCRIPT.split("timeout ")[1:]]
    assert max(limits) < survey.SECONDS < doctor.LIMIT


def test_chosen() -> None:
    everything, nothing = doctor.chosen_for_cluster((), ())
    assert (everything, nothing) == (list(CLUSTER_CHECKS), [])
    of_cluster, of_engine = doctor.chosen_for_cluster(["dd101", "memory", "names"], ["DD111"])
    assert [check.id for check in (*of_cluster, *of_engine)] == ["DD101", "DD005"]
    with pytest.raises(UsageError, match='"none" is no check'):
        doctor.chosen_for_cluster((), ["none"])


def test_within_leaves_out_what_is_late_and_keeps_failures() -> None:
    cancellation, released = Cancellation(), threading.Event()

    def late() -> str:
        with cancellation.closing(released.set):
            released.wait(30)
        return "late"

    def fails() -> str:
        raise ValueError("no")

    began = time.monotonic()
    result = within({"late": late, "fails": fails, "ok": lambda: "ok"}, 0.3, cancellation)
    assert time.monotonic() - began < 5
    assert (set(result), result["ok"], str(result["fails"])) == ({"fails", "ok"}, "ok", "no")
    assert released.is_set(), "what it waited for was closed"
    cancellation.check()


def test_within_has_more_time_for_more_than_a_poolful() -> None:
    calls = {number: lambda: time.sleep(0.1) for number in range(40)}
    assert len(within(calls, 0.25, Cancellation())) == 40


def test_within_ends_when_interrupted() -> None:
    cancellation = Cancellation()
    threading.Timer(0.2, cancellation.cancel).start()
    with pytest.raises(Cancelled):
        within({"long": lambda: cancellation.sleep(30)}, 30, cancellation)


def test_an_engine_that_is_stuck_keeps_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It accepts connections, and never answers."""
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        began = time.monotonic()
        with pytest.raises(EngineUnreachableError, match=r"does not answer within 0\.5 s"):
            doctor.diagnose_cluster(DockerHost(), "x", limit=0.5)
        assert time.monotonic() - began < 5
