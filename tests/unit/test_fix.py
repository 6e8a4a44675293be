"""What is decided before anything of an engine's host is changed."""

from __future__ import annotations

import pytest

from dcos_docker_cli.backends.docker.host_commands import NoProbeError
from dcos_docker_cli.backends.docker.host_settings import Clocks, _seconds
from dcos_docker_cli.doctor.checks.registry import CHECKS
from dcos_docker_cli.doctor.fix import CURES, clock_cure, unguarded

(CLOCK,) = (check for check in CHECKS if check.name == "clock")
NOW = 1_700_000_000.0


def test_cures_are_of_checks() -> None:
    assert set(CURES) <= {check.name for check in CHECKS}


def test_recorded_clock_of_a_machine_that_slept() -> None:
    """As on a laptop: ten minutes behind, with hardware that tells whole seconds."""
    cure = clock_cure(CLOCK, Clocks(client=NOW + 0.4, system=NOW - 600, hardware=NOW))
    assert cure.refusal == ""
    assert list(cure.changes) == [
        "its clock: 2023-11-14 22:03:20 UTC → 2023-11-14 22:13:20 UTC, which its hardware clock shows"
    ]
    assert cure.undo == "sudo date -s '-600 seconds'"


def test_recorded_clock_that_is_ahead() -> None:
    assert clock_cure(CLOCK, Clocks(NOW, NOW + 90, NOW + 1)).undo == "sudo date -s '+89 seconds'"


@pytest.mark.parametrize("hardware", [NOW - 600, NOW + 601, NOW + 7200, NOW - 599.5])
def test_recorded_hardware_clock_that_is_no_better(hardware: float) -> None:
    """In local time, for example, as beside Windows."""
    cure = clock_cure(CLOCK, Clocks(NOW, NOW - 600, hardware))
    assert not cure.changes
    assert "is no better" in cure.refusal


def test_clock_without_hardware() -> None:
    cure = clock_cure(CLOCK, Clocks(NOW, NOW - 600, None))
    assert not cure.changes
    assert "has no hardware clock" in cure.refusal


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1700000000.250000000", 1_700_000_000.25),
        ("1700000000.%N", NOW),
        ("1700000000.N", NOW),
        ("1700000000.", NOW),
        ("1700000000\r", NOW),
    ],
)
def test_recorded_clock_of_busybox(text: str, seconds: float) -> None:
    """Its `date` knows no parts of a second."""
    assert _seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "%N", "date: bad format"])
def test_clock_that_cannot_be_read(text: str) -> None:
    with pytest.raises(NoProbeError, match="cannot be read"):
        _seconds(text)


@pytest.mark.parametrize(
    "rules", [["-P FORWARD DROP"], ["-P FORWARD ACCEPT", "-A FORWARD -j DOCKER-USER", "-A FORWARD -j DOCKER-FORWARD"]]
)
def test_recorded_firewall_that_guards_a_host_that_forwards(rules: list[str]) -> None:
    assert unguarded(rules) == ""


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ([], "cannot be seen from here"),
        (["-P FORWARD ACCEPT"], "would pass on packets of everybody"),
        (["-P FORWARD ACCEPT", "-A FORWARD -s 10.0.0.0/8 -j DROP"], "would pass on packets of everybody"),
    ],
)
def test_recorded_firewall_that_does_not(rules: list[str], why: str) -> None:
    assert why in unguarded(rules)
