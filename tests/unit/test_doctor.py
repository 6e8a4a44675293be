"""The checks of an engine, on facts as engines have told them: recorded, and changed in the one point that matters."""

from __future__ import annotations

import dataclasses
import os
import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli.backends.docker.facts import EngineFacts
from dcos_docker_cli.doctor import checks, diagnose
from dcos_docker_cli.doctor.checks import CHECKS, GIB, boots
from dcos_docker_cli.doctor.finding import Finding, Level
from dcos_docker_cli.exceptions import EngineUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dcos_docker_cli.backends.docker.host import DockerHost

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=timezone.utc)
RECORDED = EngineFacts(
    endpoint="unix:///var/run/docker.sock (the default)",
    is_local=True,
    version="20.10.24+dfsg1",
    api_version="1.41",
    oldest_api="1.12",
    newest_api="1.41",
    cgroup_version="1",
    root_directory="/",
    memory=16 * GIB,
    cpus=8,
    operating_system="Debian GNU/Linux 12 (bookworm)",
    engine_time=NOW,
    client_time=NOW,
)


def recorded(**changes: object) -> EngineFacts:
    return dataclasses.replace(RECORDED, **changes)  # type: ignore[arg-type]


def file_system(*, free: float = 1e12, inodes: int = 10**7, inodes_free: int = 10**7) -> os.statvfs_result:
    """Return what a file system tells; `free` is in bytes."""
    return os.statvfs_result(
        (4096, 4096, 10**9, int(free) // 4096, int(free) // 4096, inodes, inodes_free, inodes_free, 0, 255)
    )


def expect(finding: Finding, check: str, level: Level) -> None:
    assert (finding.check, finding.level) == (check, level)
    assert finding.message
    assert bool(finding.remedy) == (level in (Level.WARNING, Level.ERROR)), "who finds fault says what cures it"


def test_engine_recorded() -> None:
    finding = checks.engine(recorded())
    expect(finding, "engine", Level.OK)
    assert finding.message == (
        "Docker 20.10.24+dfsg1 answers at unix:///var/run/docker.sock (the default), "
        "on Debian GNU/Linux 12 (bookworm); it speaks API 1.12 to 1.41, we 1.41."
    )


@pytest.mark.parametrize(
    ("systemd", "version", "wanted"),
    [
        (219, "1", True), (219, "2", False), (229, "2", False), (230, "2", True), (252, "1", True), (252, "2", True),
        (255, "1", True), (256, "1", False), (256, "2", True), (257, "1", False),
    ],
)  # fmt: skip
def test_which_systemd_boots_on_which_cgroups(systemd: int, version: str, wanted: bool) -> None:
    assert boots(systemd, version) is wanted


@pytest.mark.parametrize(
    ("version", "systemd", "level"),
    [
        ("1", 252, Level.OK),
        ("2", 252, Level.WARNING),
        ("2", 219, Level.ERROR),
        ("1", 257, Level.ERROR),
    ],
)
def test_cgroups_recorded(monkeypatch: pytest.MonkeyPatch, version: str, systemd: int, level: Level) -> None:
    monkeypatch.setattr(checks, "IMAGE_SYSTEMD", {"some-image": systemd})
    finding = checks.cgroups(recorded(cgroup_version=version))
    expect(finding, "cgroups", level)
    assert f"cgroup v{version}" in finding.message
    assert ("systemd.unified_cgroup_hierarchy=0" in finding.remedy) is (version == "2")


@pytest.mark.parametrize(
    ("gib", "level"),
    [(16, Level.OK), (8, Level.OK), (7.9, Level.WARNING), (2, Level.WARNING), (1.9, Level.ERROR), (0, Level.ERROR)],
)
def test_memory_recorded(gib: float, level: Level) -> None:
    expect(checks.memory(recorded(memory=int(gib * GIB))), "memory", level)


@pytest.mark.parametrize(
    ("gib", "level"),
    [(21, Level.OK), (20, Level.OK), (19, Level.WARNING), (5, Level.WARNING), (4.9, Level.ERROR), (0, Level.ERROR)],
)
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the engine's files are out of sight")
def test_disk_recorded(monkeypatch: pytest.MonkeyPatch, gib: float, level: Level) -> None:
    monkeypatch.setattr(os, "statvfs", lambda path: file_system(free=gib * GIB))
    finding = checks.disk(recorded(root_directory="/data/docker"))
    expect(finding, "disk", level)
    assert finding.message == f"/data/docker has {gib:.1f} GiB free."


@pytest.mark.parametrize(
    ("free", "level"),
    [(10**6, Level.OK), (500_000, Level.OK), (499_999, Level.WARNING), (100_000, Level.WARNING), (99_999, Level.ERROR)],
)
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the engine's files are out of sight")
def test_inodes_recorded(monkeypatch: pytest.MonkeyPatch, free: int, level: Level) -> None:
    monkeypatch.setattr(os, "statvfs", lambda path: file_system(inodes_free=free))
    expect(checks.inodes(recorded()), "inodes", level)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the engine's files are out of sight")
def test_a_file_system_that_counts_no_inodes_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As btrfs does."""
    monkeypatch.setattr(os, "statvfs", lambda path: file_system(inodes=0, inodes_free=0))
    expect(checks.inodes(recorded()), "inodes", Level.OK)


@pytest.mark.parametrize(
    ("seconds", "level"),
    [
        (0, Level.OK),
        (2, Level.OK),
        (2.1, Level.WARNING),
        (60, Level.WARNING),
        (60.1, Level.ERROR),
        (90000, Level.ERROR),
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_clock_recorded(seconds: float, level: Level, sign: int) -> None:
    finding = checks.clock(recorded(engine_time=NOW + sign * timedelta(seconds=seconds)))
    expect(finding, "clock", level)
    assert finding.message == f"The engine's clock and this machine's differ by {seconds:.1f} s."


def test_clock_in_another_zone_recorded() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    expect(checks.clock(recorded(engine_time=elsewhere)), "clock", Level.OK)


@pytest.mark.parametrize(("text", "level"), [("1", Level.WARNING), ("0", Level.OK), (None, Level.OK)])
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the engine's files are out of sight")
def test_selinux_recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | None, level: Level) -> None:
    file = tmp_path / "enforce"
    if text is not None:
        file.write_text(text)
    monkeypatch.setattr(checks, "SELINUX_ENFORCE", file)
    expect(checks.selinux(recorded()), "selinux", level)


@pytest.mark.parametrize("check", [checks.disk, checks.inodes, checks.selinux])
@pytest.mark.parametrize("changes", [{"is_local": False}, {"operating_system": "Docker Desktop"}])
def test_what_is_out_of_sight_recorded(check: Callable[[EngineFacts], Finding], changes: dict[str, object]) -> None:
    expect(check(recorded(**changes)), check.__name__, Level.SKIPPED)


@pytest.mark.parametrize("check", [checks.disk, checks.inodes])
def test_a_directory_that_is_not_there_recorded(check: Callable[[EngineFacts], Finding]) -> None:
    expect(check(recorded(root_directory="/no/such/directory")), check.__name__, Level.SKIPPED)


def test_every_check_tells_its_own_name_recorded() -> None:
    assert [check(recorded()).check for check in CHECKS] == [check.__name__ for check in CHECKS]


class Backend:
    """As much of one as `diagnose` asks for."""

    def __init__(self, facts: EngineFacts | None) -> None:
        self._facts = facts

    def facts(self) -> EngineFacts:
        if self._facts is None:
            raise EngineUnreachableError("No engine.", hint="Start it.")
        return self._facts


def findings(facts: EngineFacts | None) -> list[Finding]:
    backend: DockerHost = Backend(facts)  # type: ignore[assignment]
    return diagnose.diagnose(backend)


def test_without_an_engine_there_is_one_finding() -> None:
    assert findings(None) == [Finding("engine", Level.ERROR, "No engine.", "Start it.")]


def test_all_checks_are_run_recorded() -> None:
    assert [finding.check for finding in findings(recorded())] == [check.__name__ for check in CHECKS]


def test_a_check_that_crashes_is_a_finding_and_hides_no_other_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(facts: EngineFacts) -> Finding:
        raise ZeroDivisionError(facts.version)

    monkeypatch.setattr(diagnose, "CHECKS", (broken, checks.memory))
    first, second = findings(recorded())
    expect(first, "broken", Level.WARNING)
    assert "ZeroDivisionError('20.10.24+dfsg1')" in first.message
    expect(second, "memory", Level.OK)
