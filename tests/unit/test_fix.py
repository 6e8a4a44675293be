"""What is decided before anything of an engine's host is changed."""

from __future__ import annotations

import pytest

from dcos_docker_cli.backends.docker.host_settings import Clocks
from dcos_docker_cli.doctor.checks.registry import CHECKS
from dcos_docker_cli.doctor.fix import CURES, clock_cure

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
