"""Objects of the engine with any labels at all: commands that read them say what they can, and never trace back."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from tests.support.entry import nothing_open_left, run_here
from tests.support.program import ENGINE_VARIABLES

if TYPE_CHECKING:
    from tests.support.own_engine import OwnEngine

__all__ = ["nothing_open_left"]  # a fixture
pytestmark = [
    pytest.mark.xdist_group("own-engine"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]
ODD = (
    *("", " ", "0", "-1", "9" * 400, "²", "٣", "nan", "null", "{}", "[]", "\x1b]0;hurt\x07", "a\nb", "é", "\u202e"),
    *("../..", "-rf", "$(touch hurt)", "'", '"', "%s", "true", "2026-01-01", "2026-01-01T00:00:00Z", "x" * 5000, "T"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "a/b/1/c", "///", "h/n/99999999999/x", "-/-/1/-"),
)
KEYS = (
    *("role", "index", "address", "created", "tool_version", "distribution", "docker_version", "variant", "transport"),
    *("name_prefix", "creator", "content", "base", "name", "size_megabytes", "unheard-of"),
)
KINDS = ("node", "reservation", "bootstrap", "sidecar", "sample", "build", "probe", "cache", "network", "volume", "odd")
COMMANDS = (
    *(["list"], ["list", "-o", "json"], ["list", "-o", "table"], ["list", "-o", "yaml"], ["clean", "--dry-run"]),
    *(["clean", "--dry-run", "--all", "--cache", "--images", "--older-than", "1d"], ["list-loopback-sidecars"]),
    *(["list-loopback-sidecars", "-o", "json"], ["image", "list"], ["image", "list", "-o", "json"]),
)
ROUNDS = 4


def labels(chance: random.Random, kind: str, cluster_id: str) -> dict[str, str]:
    found = {
        "dcos_docker.schema": chance.choice(["1", "1", "1", "2", "", "x"]),
        "dcos_docker.kind": kind if chance.random() < 0.9 else chance.choice(ODD),
        "dcos_docker.cluster_id": cluster_id if chance.random() < 0.9 else chance.choice(ODD),
        "dcos_docker.role": "master",
        "dcos_docker.index": "0",
        **{f"dcos_docker.{key}": chance.choice(ODD) for key in KEYS if chance.random() < 0.5},
    }
    return {key: value for key, value in found.items() if chance.random() < 0.95}


def fill(engine: OwnEngine, chance: random.Random) -> list[str]:
    """Put objects there; return ids of clusters that some of them may be of."""
    ids = []
    for number, odd in enumerate(("\x1b]0;hurt\x07", "a\nb", "-rf")):
        schema = {"dcos_docker.schema": "2", "dcos_docker.kind": "node", "dcos_docker.cluster_id": odd}
        engine.container(f"odd-{number}", schema)
    for number, kind in enumerate([*KINDS, *KINDS]):
        cluster_id = f"c{number}"
        names = {"node": f"dcos-docker-{cluster_id}-master-0", "reservation": f"dcos-docker-{cluster_id}-reservation"}
        engine.container(names.get(kind, f"dcos-docker-{kind}-{cluster_id}"), labels(chance, kind, cluster_id))
        if number % 4 == 0:
            engine.network(f"network-{number}", labels(chance, "network", cluster_id))
            engine.volume(f"volume-{number}", labels(chance, chance.choice(["volume", "cache"]), cluster_id))
        ids.append(cluster_id)
    return ids


@pytest.mark.parametrize("number", range(ROUNDS))
def test_of_any_object(engine: OwnEngine, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    chance = random.Random(f"labels-{number}")
    ids = fill(engine, chance)
    for name in ENGINE_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_HOST", engine.url)
    before = engine.everything()
    for command in COMMANDS:
        result = run_here(command)
        assert result.code == 0, f"{command}: {result.stderr}"
        assert "\x1b" not in result.stdout + result.stderr, command
    listed = json.loads(run_here(["list", "-o", "json"]).stdout)
    assert run_here(["list"]).stdout.splitlines() == [cluster["cluster_id"] for cluster in listed]
    for cluster_id in chance.sample(ids, 6):
        for command in (["inspect"], ["inspect", "--security"], ["status"], ["web"]):
            result = run_here([*command[:1], "-c", cluster_id, *command[1:]])
            assert result.code in (0, 1, 4), f"{command}: {result.stderr}"
            assert "\x1b" not in result.stdout + result.stderr
    assert engine.everything() == before
    for cluster in listed:
        if len(cluster["cluster_id"]) < 10:
            result = run_here(["destroy", "-c", cluster["cluster_id"]])
            assert result.code in (0, 1, 4), result.stderr
            assert result.code == 0 or "Error: " in result.stderr
    assert run_here(["list"]).code == 0
