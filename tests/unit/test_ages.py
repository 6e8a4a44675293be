"""Ages, as they are written on the command line."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_docker_cli.cli.ages import AGE, EXAMPLES


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("90m", timedelta(minutes=90)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        ("1d12h", timedelta(days=1, hours=12)),
        ("2w", timedelta(weeks=2)),
        ("1w2d3h4m", timedelta(weeks=1, days=2, hours=3, minutes=4)),
        ("007d", timedelta(days=7)),
        ("36500d", timedelta(days=36500)),
    ],
)
def test_age(text: str, wanted: timedelta) -> None:
    assert AGE.convert(text, None, None) == wanted


@pytest.mark.parametrize(
    "text",
    ["", "3600", "90s", "d", "-1d", "+1d", "1.5d", "1h1d", "1d1d", "1d ", " 1d", "1d 12h", "1D", "²d", "1d\n", "1y"],
)
def test_what_is_no_age(text: str) -> None:
    with pytest.raises(click.BadParameter) as failure:
        AGE.convert(text, None, None)
    assert failure.value.message == f'"{text}" is no age. {EXAMPLES}'


@pytest.mark.parametrize("text", ["0m", "0w0d", "36501d", "999999w", "36500d1m"])
def test_what_nothing_can_be_old(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no age that anything can have"):
        AGE.convert(text, None, None)


@given(st.text(alphabet="0123456789wdhms -.", max_size=12))
def test_anything_is_an_age_or_none(text: str) -> None:
    with suppress(click.BadParameter):
        assert timedelta() < AGE.convert(text, None, None) <= timedelta(days=36500)
