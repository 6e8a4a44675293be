"""Bytes as people read them, and sums of what several workers move."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_docker_cli.cli.progress import Lines, amount_text, size_text
from dcos_docker_cli.progress import Amount, Logged, LoggedSteps, Printed, Progress, Silent


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1234, "1.2 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"),
        (104_857_600, "104.9 MB"), (1_234_567_890, "1.2 GB"), (5e12, "5.0 TB"), (7.2e16, "72000.0 TB"),
    ],
)  # fmt: skip
def test_size(count: float, text: str) -> None:
    assert size_text(count) == text


@given(st.integers(min_value=0, max_value=10**15))
def test_a_size_is_short_and_near(count: int) -> None:
    number, unit = size_text(count).split()
    assert float(number) <= 1000
    near = float(number) * 1000 ** ["B", "kB", "MB", "GB", "TB"].index(unit)
    assert abs(near - count) <= max(0.05 * count, 0.5)


def test_amount() -> None:
    amount = Amount(parts=2)
    amount.add(1500)
    amount.expect(1000)
    assert (amount.total, amount_text(amount, 0.5)) == (None, "1.5 kB, 3.0 kB/s")
    amount.expect(3000)
    assert amount_text(amount, 0.5) == "1.5 kB of 4.0 kB, 3.0 kB/s"
    amount.add(5000)
    assert amount_text(amount, 1.0).startswith("4.0 kB of 4.0 kB, "), "not more than all"


def test_amounts_of_threads_add_up() -> None:
    amount = Amount()

    def work() -> None:
        for _ in range(20_000):
            amount.add(1)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert amount.done == 80_000


@pytest.mark.parametrize(
    "progress", [Silent(), Logged(), LoggedSteps(), Printed(), Lines(verbosity=0)], ids=lambda it: type(it).__name__
)
def test_every_progress_takes_amounts(progress: Progress) -> None:
    with progress.transfer("Sending", 2) as amount:
        amount.add(3)
        amount.expect(1)
        amount.expect(2)
    assert (amount.done, amount.total) == (3, 3)
