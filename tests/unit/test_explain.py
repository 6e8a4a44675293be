"""What a failure's words point to. The words are those of real programs."""

from __future__ import annotations

import pytest

from dcos_docker_cli.doctor.checks.registry import CHECKS
from dcos_docker_cli.doctor.explain import MOST_LINES, explain, explained, shortened
from dcos_docker_cli.doctor.patterns import PATTERNS, matches
from dcos_docker_cli.exceptions import (
    DcosDockerError,
    DCOSTimeoutError,
    EngineError,
    InstallError,
    NodeStartError,
    UsageError,
)

# Of systemd, the kernel, Docker, runc and DC/OS, as recorded.
SAID = {
    "DD002": [
        "Failed to mount cgroup at /sys/fs/cgroup/systemd: Operation not permitted",
        "Freezing execution.",
        "[!!!!!!] Failed to mount API filesystems, freezing.",
        "Failed to create /init.scope control group: Read-only file system",
        "Refusing to run under cgroup v1, SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 not specified on kernel command line.",
    ],
    "DD003": ["Error response from daemon: cgroups: cgroup mountpoint does not exist: unknown."],
    "DD004": [
        "failed to start daemon: error initializing graphdriver: driver not supported",
        "[graphdriver] prior storage driver overlay2 failed: driver not supported",
        "error initializing graphdriver: overlay2: the backing extfs filesystem is formatted without d_type support",
        "prerequisites for driver not satisfied (wrong filesystem?)",
    ],
    "DD005": [
        "dcos-mesos-master.service: A process of this unit has been killed by the OOM killer. oom-kill",
        "runc: fork/exec /proc/self/exe: cannot allocate memory",
    ],
    "DD006": [
        "The Docker engine refused: OCI runtime create failed: unable to apply caps: operation not permitted: unknown",
        "The Docker engine refused: privileged mode is incompatible with user namespaces.  You must run the container "
        "in the host namespace when running privileged mode",
    ],
    "DD009": ["write /var/lib/docker/x: no space left on device", "tar: ./x: Cannot write: No space left on device"],
    "DD011": [
        "Failed to create control group inotify object: Too many open files",
        "Failed to allocate directory watch: Too many open files",
        "Failed to add a watch for /run/systemd/ask-password: inotify watch limit reached",
        "Failed to add control inotify watch descriptor for control group /: No space left on device",
        "unable to start inotify watcher",
        "systemd-ask-password-console.path has failed:",
    ],
    "DD012": ["error setting rlimits for ready process: error setting rlimit type 7: operation not permitted"],
    "DD013": [
        "bash: fork: retry: Resource temporarily unavailable",
        "java.lang.OutOfMemoryError: unable to create new native thread",
        "runtime/cgo: pthread_create failed: Resource temporarily unavailable",
    ],
    "DD014": ['avc:  denied  { mounton } for  pid=1 comm="systemd"'],
    "DD015": ['audit: type=1400 apparmor="DENIED" operation="mount"'],
    "DD016": [
        "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network",
        "The Docker engine refused: all predefined address pools have been fully subnetted",
        "The Docker engine refused: Pool overlaps with other one on this address space",
        "There is no free subnet for the cluster's network.",
    ],
    "DD017": [
        "driver failed programming external connectivity on endpoint x: Bind for 127.0.0.1:80 failed: "
        "port is already allocated",
        "failed to bind host port for 127.0.0.1:8080: address already in use",
        "Error starting userland proxy: listen tcp4 127.0.0.1:8080: bind: address already in use",
    ],
    "DD020": [
        "WARNING: IPv4 forwarding is disabled. Networking will not work.",
        "connect: No route to host",
        "driver failed programming external connectivity on endpoint x:  (iptables failed: iptables --wait -t nat "
        "-A DOCKER -p tcp -d 127.0.0.1: iptables: No chain/target/match by that name.",
    ],
    "DD021": ["x509: certificate has expired or is not yet valid", "Time is not synchronized / marked as bad"],
    "DD023": ["proxyconnect tcp: dial tcp: lookup proxy: no such host"],
}  # fmt: skip
BANNER = (
    "systemd 252.39-1~deb12u1 running in system mode (+PAM +AUDIT +SELINUX +APPARMOR +IMA +SMACK +SECCOMP "
    "+GCRYPT -GNUTLS +OPENSSL default-hierarchy=unified)"
)


@pytest.mark.parametrize(("check_id", "line"), [(one, line) for one, lines in SAID.items() for line in lines])
def test_words_are_known(check_id: str, line: str) -> None:
    assert check_id in [pattern.check_id for pattern in matches(line)]


def test_every_pattern_is_tried_and_has_its_check() -> None:
    assert {pattern.check_id for pattern in PATTERNS} == set(SAID)
    assert set(SAID) <= {check.id for check in CHECKS}
    for pattern in PATTERNS:
        assert any(pattern.place(line) is not None for line in SAID[pattern.check_id])


@pytest.mark.parametrize(
    "line",
    [
        BANNER,
        "Detected virtualization docker.",
        "Welcome to Debian GNU/Linux 12 (bookworm)!",
        "Started cron.",
        "OSError: [Errno 98] Address already in use",
    ],
)
def test_what_every_start_says_points_to_nothing(line: str) -> None:
    assert matches(line) == []


def test_node_start_failure() -> None:
    own = "`create --keep-on-failure` leaves the node there for a look."
    error = NodeStartError("master_0 did not come up.", hint=own, details=[BANNER, SAID["DD002"][0]])
    explain(error)
    assert error.hint == (
        "It may be DD002 cgroups: choose a --linux-distribution whose systemd boots on the host's cgroup version, or "
        f"--force-cgroup-v1\n      `dcos-docker doctor --only DD002` looks closer. {own}"
    )
    once = error.hint
    explain(error)
    assert error.hint == once


def test_two_causes() -> None:
    error = InstallError("It failed.", details=["no space left on device"])
    explain(error)
    first, look = error.hint.splitlines()
    assert first.startswith("It may be DD009 disk or DD010 inodes: make room ")
    assert look == "      `dcos-docker doctor --only DD009 --only DD010` looks closer."


def test_full_disk_leaves_a_place_for_another_cause() -> None:
    error = InstallError("It failed.", details=["no space left on device", "runc: cannot allocate memory"])
    explain(error)
    assert "\n      or DD005 memory: " in error.hint
    assert error.hint.endswith("`dcos-docker doctor --only DD009 --only DD010 --only DD005` looks closer.")


def test_what_is_said_first_comes_first() -> None:
    lines = [SAID["DD013"][0], SAID["DD005"][1], SAID["DD009"][0]]
    assert [pattern.check_id for pattern in matches("\n".join(lines))] == ["DD013", "DD005", "DD009"]
    assert [pattern.check_id for pattern in matches("\n".join(reversed(lines)))] == ["DD009", "DD005", "DD013"]


def test_iptables_without_docker_s_rules_is_no_port_that_is_taken() -> None:
    assert [pattern.check_id for pattern in matches(SAID["DD020"][2])] == ["DD020"]


def test_no_route_counts_where_nothing_else_is_said() -> None:
    assert [pattern.check_id for pattern in matches(f"{SAID['DD020'][1]}\n{SAID['DD005'][1]}")] == ["DD005"]


def test_no_cure_removes_what_is_not_in_use_just_now() -> None:
    """Clusters that are stopped are containers that do not run, in networks that nobody is in."""
    for pattern in PATTERNS:
        assert "system prune" not in pattern.cure
        assert "network prune;" not in pattern.cure


def test_cause_stays_when_an_outer_block_looks_again() -> None:
    """By then what said so may have been cut from the details, and somebody may have put more into the hint."""
    lines = ["no space left on device", *map(str, range(40))]
    with pytest.raises(InstallError) as failure, explained(), explained():
        raise InstallError("It failed.", details=lines)
    once = failure.value.hint
    assert once.startswith("It may be DD009 disk ")
    failure.value.hint += " More."
    with pytest.raises(InstallError), explained():
        raise failure.value
    assert failure.value.hint == f"{once} More."


def test_hint_that_names_the_doctor_is_no_explanation() -> None:
    error = NodeStartError("No.", hint="See `dcos-docker doctor`.", details=["cannot allocate memory"])
    explain(error)
    assert error.hint.startswith("It may be DD005 memory: ")


def test_what_follows_from_any_failure_counts_where_nothing_else_is_said() -> None:
    lines = [SAID["DD011"][0], "Freezing execution."]
    assert "DD002" not in [pattern.check_id for pattern in matches("\n".join(lines))]
    assert [pattern.check_id for pattern in matches(lines[1])] == ["DD002"]


def test_node_that_says_nothing_known() -> None:
    error = NodeStartError("master_0 did not come up.", hint="Look.")
    explain(error)
    assert error.hint == "`dcos-docker doctor` checks the machine. Look."


def test_engine_s_refusal_with_a_cure_of_its_own_keeps_that() -> None:
    error = EngineError("There is no free subnet for the cluster's network.", status=403, hint="Remove networks.")
    explain(error)
    assert error.hint == "This is DD016 subnets: `dcos-docker doctor --only DD016` looks closer. Remove networks."


@pytest.mark.parametrize(
    "error", [DCOSTimeoutError("Not ready:"), EngineError("No.", 500), InstallError("No.", "Look.")]
)
def test_what_is_not_the_machine_s_is_left_alone(error: DcosDockerError) -> None:
    hint = error.hint
    explain(error)
    assert error.hint == hint


def test_what_users_have_asked_for_is_not_explained() -> None:
    with pytest.raises(UsageError) as failure, explained():
        raise UsageError("port is already allocated", hint="Mine.")
    assert failure.value.hint == "Mine."


def unit(name: str, lines: int = 8) -> list[str]:
    return [f"{name}.service has failed:", *(f"  {name} {number}" for number in range(lines))]


def test_few_lines_stay() -> None:
    lines = ["console", *unit("one"), *unit("two")]
    assert shortened(lines) == lines


def test_console_is_cut_at_its_beginning() -> None:
    console = list(map(str, range(40)))
    assert shortened([*console, *unit("one")]) == [*console[-12:], *unit("one")]
    assert shortened(console) == console[-MOST_LINES:]


def test_list_is_cut_at_its_end() -> None:
    nodes = [f"agent_{number}: not ready" for number in range(40)]
    assert shortened([*nodes, *unit("one")], is_list=True) == [*nodes[:11], "… and 29 more.", *unit("one")]


def test_each_unit_keeps_the_end_of_its_journal() -> None:
    units = ["one", "two", "three", "four"]
    found = shortened([*map(str, range(30)), *(line for name in units for line in unit(name))])
    for name in units:
        assert f"{name}.service has failed:" in found
        assert f"  {name} 7" in found
        assert f"  {name} 0" not in found


@pytest.mark.parametrize("console", [0, 3, 40])
@pytest.mark.parametrize("count", [0, 1, 5, 6, 20])
@pytest.mark.parametrize("lines", [0, 1, 8, 50])
@pytest.mark.parametrize("is_list", [True, False])
def test_never_more_than_is_read(console: int, count: int, lines: int, is_list: bool) -> None:
    details = [f"c{number}" for number in range(console)]
    details += [line for number in range(count) for line in unit(f"u{number}", lines)]
    found = shortened(details, is_list=is_list)
    assert len(found) <= MOST_LINES
    assert [line for line in found if line in details or line.startswith("… and ")] == found
    if count:
        assert "u0.service has failed:" in found
    if console:
        assert details[0 if is_list else console - 1] in found


def test_units_that_are_left_out_are_counted() -> None:
    found = shortened([line for number in range(9) for line in unit(f"u{number}")])
    assert found[-1] == "… and 2 more, as u7.service has failed."
