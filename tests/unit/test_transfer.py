"""What servers say of files."""

from __future__ import annotations

import pytest

from dcos_docker_cli.downloads.transfer import Version, _content_range

DATE = "Sun, 22 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        (Version('"one"', DATE), '"one"'),
        (Version('W/"one"', DATE), DATE),
        (Version("", DATE), DATE),
        (Version('W/"one"'), ""),
        (Version(size=7), ""),
    ],
)
def test_the_condition_for_the_rest(version: Version, wanted: str) -> None:
    assert version.condition == wanted


def test_what_can_be_the_same_file() -> None:
    version = Version('"one"', DATE, 7)
    assert version.can_be(version)
    assert version.can_be(Version())
    assert Version().can_be(version)
    assert version.can_be(Version('"one"'))
    for other in (Version('"two"', DATE, 7), Version('"one"', "Mon", 7), Version('"one"', DATE, 8)):
        assert not version.can_be(other)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("bytes 5-9/10", (5, 10)),
        ("bytes 5-9/*", (5, None)),
        ("bytes */10", (-1, None)),
        ("", (-1, None)),
        ("bytes 5-9/10, 1-2/10", (-1, None)),
        (f"bytes {'9' * 30}-9/10", (-1, None)),
    ],
)
def test_content_range(text: str, wanted: tuple[int, int | None]) -> None:
    assert _content_range(text) == wanted
