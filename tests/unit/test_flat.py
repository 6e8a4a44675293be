"""The rule by which a soak is judged: it sees what grows, however slowly, and is not fooled by a warm-up."""

from __future__ import annotations

import random

import pytest

from tests.faults.flat import Bound, slope, table

BOUND = Bound(spread=10, growth=0.1)


@pytest.mark.parametrize(
    "samples",
    [
        [5.0] * 8,
        [1, 40, 90, *[100.0] * 9],
        [100.0, *[5.0] * 11],
        [5.0, 9.0] * 20,
        [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0],
    ],
    ids=["constant", "warm-up", "falls at first", "to and fro", "falls"],
)
def test_flat(samples: list[float]) -> None:
    assert BOUND.problem(samples) == ""


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        ([5.0] * 8 + [5.2 + number / 5 for number in range(8)], "grows by 0.1"),
        ([*range(40)], "29 apart, and 10 may be"),
        ([number / 5 for number in range(40)], "grows by 0.20 in each round, and 0.1 may be"),
        ([*[5.0] * 10, 16.0, *[5.0] * 10], "5 to 16: 11 apart"),
        ([5.0, 5.0, 5.0][:2], "2 samples tell nothing"),
    ],
    ids=["late", "fast", "slowly", "once", "too few"],
)
def test_not_flat(samples: list[float], words: str) -> None:
    assert words in BOUND.problem(samples)


def test_slow_growth_is_seen_through_noise() -> None:
    chance = random.Random(7)
    noise = [chance.uniform(0, 8) for _ in range(60)]
    assert BOUND.problem([5 + value for value in noise]) == ""
    wide = Bound(spread=30, growth=0.1)
    assert "grows by" in wide.problem([value + number / 4 for number, value in enumerate(noise)])


def test_what_is_there_from_the_first_round_on() -> None:
    assert Bound(spread=0, growth=0, most=0).problem([4.0] * 12) == "4, and no more than 0 may be"


def test_slope() -> None:
    assert slope([3.0, 5.0, 7.0]) == 2
    assert slope([7.0, 7.0]) == 0


def test_table() -> None:
    samples = {"this": [0.0, 4.0, 4.0, 4.0, 4.0], "that": [1.0, 2.0, 22.0, 2.0, 2.0]}
    *_, this, that = table(samples, dict.fromkeys(samples, BOUND))
    assert this == "| this | 0 | 4 | 4 | 4 | +0.00 | 10 | 0.1 | flat |"
    assert that.startswith("| that | 1 | 2 | 2 | 22 | ")
    assert that.endswith(" | **2 to 22: 20 apart, and 10 may be** |")
