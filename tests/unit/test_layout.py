"""What nodes share."""

from __future__ import annotations

import pytest

from dcos_docker_cli.backends.docker.layout import host_entries


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ({"a-master-0": "10.0.0.2"}, ("a-master-0:10.0.0.2",)),
        ({"a_b.c-0": "10.0.0.2", "x": "10.0.0.3"}, ("a_b.c-0:10.0.0.2", "ab.c-0:10.0.0.2", "x:10.0.0.3")),
        ({}, ()),
    ],
)
def test_host_entries_have_what_systemd_leaves_of_a_name(names: dict[str, str], wanted: tuple[str, ...]) -> None:
    assert host_entries(names) == wanted
