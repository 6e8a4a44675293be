"""What is taken for a loopback sidecar of ours, seen on an engine that has nothing else, and starts nothing."""

from __future__ import annotations

import json

import pytest

from dcos_docker_cli.backends.docker.images.recipe import node_image
from tests.support.own_engine import OwnEngine, ours

pytestmark = pytest.mark.xdist_group("own-engine")


def container(name: str) -> str:
    return f"dcos-docker-sidecar-{name}"


def test_nothing(engine: OwnEngine) -> None:
    outputs = {"names": "", "json": "[]\n", "yaml": "[]\n", "table": ""}
    for output, stdout in outputs.items():
        result = engine.dcos_docker("list-loopback-sidecars", "-o", output)
        stderr = "There are no loopback sidecars.\n" if output == "table" else ""
        assert (result.code, result.stdout, result.stderr) == (0, stdout, stderr)


def test_listing_to_the_letter(engine: OwnEngine) -> None:
    created = "2026-01-02T03:04:05+00:00"
    labels = ours("sidecar", name="disk-2", created=created, size_megabytes="512")
    engine.container(container("disk-2"), labels)
    engine.container(container("disk-1"), ours("sidecar", name="disk-1", created="?", size_megabytes="many"))
    # A container inherits the labels of its image; that of a program has no name.
    engine.container("somebodys", labels)
    engine.container(container("0123456789ab"), ours("sidecar"))
    newer = {"dcos_docker.schema": "99", "dcos_docker.kind": "sidecar", "dcos_docker.name": "newer"}
    engine.container("newer-1", newer)
    assert engine.dcos_docker("list-loopback-sidecars").stdout == "disk-1\ndisk-2\nnewer\n"
    assert engine.dcos_docker("list-loopback-sidecars", "-o", "table").stdout == (
        "NAME    DEVICE    SIZE     STATE    CREATED\n"
        "disk-1                     created\n"
        "disk-2            512 MiB  created  2026-01-02T03:04:05+00:00\n"
        "newer                      unknown\n"
    )
    assert json.loads(engine.dcos_docker("list-loopback-sidecars", "-o", "json").stdout)[1] == {
        "name": "disk-2",
        "device": None,
        "size_megabytes": 512,
        "state": "created",
        "created": created,
    }
    assert engine.dcos_docker("list-loopback-sidecars", "-o", "yaml").stdout.startswith(
        "- name: disk-1\n  device: null\n  size_megabytes: null\n  state: created\n  created: null\n- name: disk-2\n"
    )


def test_a_name_that_somebody_elses_container_has(engine: OwnEngine) -> None:
    engine.image(node_image(), {}, seed="stands for the node image")
    engine.container(container("theirs"), {})
    before = engine.everything()
    result = engine.dcos_docker("create-loopback-sidecar", "-q", "theirs")
    assert (result.code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: The Docker engine refused: Conflict. ")
    assert engine.dcos_docker("destroy-loopback-sidecar", "-q", "theirs").code == 4
    assert engine.everything() == before
