"""The JSON of every command is as docs/output.md has it: each key is there, and each that is there is written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.ids import new_id
from tests.support.program import dcos_docker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.clusters import Cluster

TEXT = (Path(__file__).parents[2] / "docs" / "output.md").read_text(encoding="utf-8")
FREE = {"config", "labels"}
"""Maps whose keys are the users' or DC/OS'."""

pytestmark = pytest.mark.xdist_group("shared")


def section(title: str) -> str:
    """Return what stands under a heading."""
    (found,) = re.findall(rf"^### `{re.escape(title)}`\n(.*?)(?=^##|\Z)", TEXT, re.DOTALL | re.MULTILINE)
    return str(found)


def keys(value: Any) -> Iterator[str]:
    """Return all keys of maps within a value."""
    if isinstance(value, list):
        for item in value:
            yield from keys(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key not in FREE:
                yield from keys(inner)


def assert_documented(title: str, value: Any) -> None:
    """Fail unless all keys stand in the section, and all that stand in its table are there."""
    text = section(title)
    found = set(keys(value))
    assert found
    assert {key for key in found if f"`{key}`" not in text} == set()
    tabled = {key for row in re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)}
    assert tabled <= found


def output(*args: str | Path, env: dict[str, str | None] | None = None) -> Any:
    """Return the JSON that a command prints."""
    return json.loads(dcos_docker(*args, "--output", "json", env=env).succeeded())


@pytest.mark.parametrize("command", ["list --output json", "inspect", "status --output json"])
def test_of_a_cluster(shared: Cluster, command: str) -> None:
    env: dict[str, str | None] = {"DCOS_DOCKER_CLUSTER_ID": shared.cluster_id}
    assert_documented(command, output(command.partition(" ")[0], env=env))


def test_of_what_would_be_created(installer: Path, tmp_path: Path) -> None:
    (tmp_path / "ip-detect").write_text("#!/bin/sh\nhostname -I\n", encoding="utf-8")
    more = ("--label", "team=a", "--env", "A=1", "--one-master-host-port-map", "8080:80", "--genconf-dir", tmp_path)
    assert_documented(
        "create --dry-run --output json", output("create", installer, "--cluster-id", new_id(), "--dry-run", *more)
    )


def test_of_what_would_be_upgraded(shared: Cluster, newer_installer: Path) -> None:
    found = output("upgrade", newer_installer, "--cluster-id", shared.cluster_id, "--dry-run")
    assert set(keys(found)) <= set(re.findall(r"`(\w+)`", section("create --dry-run --output json")))
    assert {node["dcos_version"] for node in found["nodes"]} == {"2.1.0"}


@pytest.mark.parametrize("command", ["doctor", "version"])
def test_of_the_engine(command: str) -> None:
    assert_documented(f"{command} --output json", output(command))


def test_of_loopback_sidecars() -> None:
    name = new_id()
    dcos_docker("create-loopback-sidecar", name, "--size", "1").succeeded()
    try:
        assert_documented("list-loopback-sidecars --output json", output("list-loopback-sidecars"))
    finally:
        dcos_docker("destroy-loopback-sidecar", name).succeeded()
