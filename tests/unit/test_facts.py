"""Times as engines write them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_docker_cli.backends.docker.facts import _time

UTC = timezone.utc


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-11-22T10:00:01.123456789Z", datetime(2026, 11, 22, 10, 0, 1, 123456, UTC)),
        ("2026-11-22T10:00:01.1Z", datetime(2026, 11, 22, 10, 0, 1, 100000, UTC)),
        ("2026-11-22T10:00:01Z", datetime(2026, 11, 22, 10, 0, 1, 0, UTC)),
        ("2026-11-22T10:00:01.123456789+01:00", datetime(2026, 11, 22, 9, 0, 1, 123456, UTC)),
        ("2026-11-22T10:00:01.5-05:30", datetime(2026, 11, 22, 15, 30, 1, 500000, UTC)),
    ],
)
def test_time(text: str, wanted: datetime) -> None:
    assert _time(text) == wanted


@pytest.mark.parametrize("zone", ["+01:00", "-05:30"])
def test_time_on_a_full_second_elsewhere(zone: str) -> None:
    """Go leaves the fraction out when it is zero."""
    assert _time(f"2026-11-22T10:00:01{zone}") == datetime.fromisoformat(f"2026-11-22T10:00:01{zone}")


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)), st.integers(0, 999))
def test_any_time_is_read_to_the_microsecond(moment: datetime, nanoseconds: int) -> None:
    fraction = f"{moment.microsecond:06}{nanoseconds:03}".rstrip("0")
    text = moment.replace(microsecond=0).isoformat() + (f".{fraction}" if fraction else "") + "Z"
    assert _time(text) == moment.replace(tzinfo=UTC)
    assert _time(text).utcoffset() == timedelta(0)
