"""What `clean`, `list` and `destroy` take for ours, seen on an engine that has nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.own_engine import IMAGE, OwnEngine, ours

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = pytest.mark.xdist_group("own-engine")

CREATOR = "from dcos_docker_cli.labels import Creator; print(Creator.this_process(), flush=True)"


@pytest.fixture(scope="module")
def dead() -> str:
    """The creator label of a process that has ended."""
    return subprocess.run([sys.executable, "-c", CREATOR], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def alive() -> Iterator[str]:
    """The creator label of a process that runs."""
    waiting = f"{CREATOR}; input()"
    with subprocess.Popen(
        [sys.executable, "-c", waiting], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.communicate("\n")


def make_cluster(engine: OwnEngine, cluster_id: str, creator: str, *, reserved: bool, node: bool = True) -> None:
    """Make what a create makes, in its order."""
    if reserved:
        labels = ours("reservation", cluster_id, creator=creator)
        engine.container(f"dcos-docker-{cluster_id}-reservation", labels)
    engine.network(f"dcos-docker-{cluster_id}", ours("network", cluster_id, creator=creator))
    engine.volume(f"serve-{cluster_id}", ours("volume", cluster_id, creator=creator))
    if node:
        labels = ours("node", cluster_id, creator=creator, role="master", index="0", address="172.28.0.2")
        engine.container(f"dcos-docker-{cluster_id}-master-0", labels, volume=f"serve-{cluster_id}")


def test_nothing_to_clean(engine: OwnEngine) -> None:
    result = engine.dcos_docker("clean", "--cache", "--images", "-q")
    assert (result.code, result.stdout, result.stderr) == (0, "", "")
    for options in ([], ["--dry-run", "--all"]):
        result = engine.dcos_docker("clean", *options)
        assert (result.code, result.stdout, result.stderr.splitlines()[1:]) == (0, "", ["Nothing to remove."])


def test_killed_create_is_left_over(engine: OwnEngine, dead: str) -> None:
    make_cluster(engine, "killed", dead, reserved=True)
    told = [
        "container dcos-docker-killed-master-0",
        "container dcos-docker-killed-reservation",
        "network dcos-docker-killed",
        "volume serve-killed",
    ]
    assert engine.everything() == told
    dry = engine.dcos_docker("clean", "--dry-run", "-q")
    assert (dry.code, sorted(dry.stdout.splitlines()), dry.stderr) == (0, told, "")
    assert engine.everything() == told
    wet = engine.dcos_docker("clean", "-q")
    assert (wet.code, sorted(wet.stdout.splitlines()), wet.stderr) == (0, told, "")
    assert engine.everything() == []


def test_create_that_goes_on_is_left_alone(engine: OwnEngine, alive: str) -> None:
    make_cluster(engine, "going-on", alive, reserved=True)
    before = engine.everything()
    assert engine.dcos_docker("clean", "--cache", "--images", "-q").succeeded() == ""
    assert engine.everything() == before


def test_create_on_another_host_is_left_alone(engine: OwnEngine, dead: str) -> None:
    elsewhere = "/".join(["another-host", *dead.split("/")[1:]])
    make_cluster(engine, "elsewhere", elsewhere, reserved=True)
    before = engine.everything()
    assert engine.dcos_docker("clean", "-q").succeeded() == ""
    assert engine.everything() == before


@pytest.mark.parametrize("creator", ["", "no creator", "a/b/c/d", "///", "-/-/-/-", "x" * 500])
def test_creator_that_cannot_be_read_is_taken_for_alive(engine: OwnEngine, creator: str) -> None:
    make_cluster(engine, "odd", creator, reserved=True)
    before = engine.everything()
    assert engine.dcos_docker("clean", "-q").succeeded() == ""
    assert engine.everything() == before


def test_complete_cluster_is_left_alone(engine: OwnEngine, dead: str) -> None:
    """Its create has ended long ago, as all do."""
    make_cluster(engine, "complete", dead, reserved=False)
    before = engine.everything()
    assert engine.dcos_docker("clean", "--cache", "--images", "-q").succeeded() == ""
    assert engine.everything() == before


def test_rest_of_a_destroy_is_left_over(engine: OwnEngine, dead: str) -> None:
    make_cluster(engine, "half-gone", dead, reserved=False, node=False)
    assert engine.everything() == ["network dcos-docker-half-gone", "volume serve-half-gone"]
    told = engine.dcos_docker("clean", "-q").succeeded().splitlines()
    assert sorted(told) == ["network dcos-docker-half-gone", "volume serve-half-gone"]
    assert engine.everything() == []


def test_dead_bootstrap_and_sample_containers_are_left_over(engine: OwnEngine, dead: str, alive: str) -> None:
    engine.container("dcos-docker-sample-of-the-dead", ours("sample", creator=dead))
    engine.container("dcos-docker-sample-of-the-living", ours("sample", creator=alive))
    assert engine.dcos_docker("clean", "-q").succeeded() == "container dcos-docker-sample-of-the-dead\n"
    assert engine.everything() == ["container dcos-docker-sample-of-the-living"]


def test_caches(engine: OwnEngine) -> None:
    """Only on request, and only those that no container uses."""
    engine.volume("dcos-docker-cache-one", ours("cache", content="one"))
    engine.volume("dcos-docker-cache-used", ours("cache", content="used"))
    engine.container("user", {}, volume="dcos-docker-cache-used")
    engine.volume("dcos-docker-cache-of-somebody", {})
    before = engine.everything()
    assert engine.dcos_docker("clean", "-q").succeeded() == ""
    assert engine.dcos_docker("clean", "-q", "--cache", "--dry-run").succeeded() == "volume dcos-docker-cache-one\n"
    assert engine.everything() == before
    assert engine.dcos_docker("clean", "-q", "--cache").succeeded() == "volume dcos-docker-cache-one\n"
    assert engine.everything() == [item for item in before if item != "volume dcos-docker-cache-one"]


def test_images(engine: OwnEngine) -> None:
    """Only on request, and only ours that no container uses."""
    engine.image("dcos-docker/node:one", ours("image", content="one"), seed="one")
    used = engine.image("dcos-docker/node:used", ours("image", content="used"), seed="used")
    engine.image("dcos-docker/node:of-somebody", {"dcos_docker": "1"}, seed="somebody")
    engine.container("user", {}, image=used)
    assert engine.dcos_docker("clean", "-q").succeeded() == ""
    assert engine.dcos_docker("clean", "-q", "--images", "--dry-run").succeeded() == "image dcos-docker/node:one\n"
    assert engine.dcos_docker("clean", "-q", "--images").succeeded() == "image dcos-docker/node:one\n"
    tags = sorted(tag for image in engine.client.images() for tag in image["RepoTags"])
    assert tags == ["dcos-docker/node:of-somebody", "dcos-docker/node:used", IMAGE]


FOREIGN = {
    "x-dcos-docker-x": {},
    "dcos-docker-default-master-0": {},
    "dcos-docker-default-reservation-": {"dcos_docker": "1"},
    "dcos-docker-2": {"dcos-docker.cluster_id": "default", "dcos-docker.schema": "1"},
    "dcos-docker-3": {"dcos_docker_cluster_id": "default", "dcos_docker_schema": "1"},
    "dcos-docker-4": {"dcos_docker.cluster_id": "default"},
    "dcos-docker-5": {"com.example.dcos_docker.schema": "1", "com.example.dcos_docker.cluster_id": "default"},
    "dcos-docker-6": {"note": "dcos_docker.schema=1 dcos_docker.cluster_id=default"},
    "dcos-docker-7": {"DCOS_DOCKER.SCHEMA": "1", "DCOS_DOCKER.CLUSTER_ID": "default"},
}


def make_foreign(engine: OwnEngine) -> list[str]:
    for name, labels in FOREIGN.items():
        engine.container(name, labels)
        engine.volume(name, labels)
        engine.network(name, labels)
    return engine.everything()


def test_what_somebody_else_made_survives(engine: OwnEngine, dead: str) -> None:
    """Names and labels may look like ours."""
    foreign = make_foreign(engine)
    make_cluster(engine, "mine", dead, reserved=True)
    make_cluster(engine, "mine-too", dead, reserved=False)
    make_cluster(engine, "min", dead, reserved=False)
    assert engine.dcos_docker("list").succeeded() == "min\nmine\nmine-too\n"
    missing = engine.dcos_docker("destroy", "-q")
    assert (missing.code, missing.stderr.splitlines()[0]) == (4, 'Error: There is no cluster "default".')
    assert engine.dcos_docker("clean", "-q", "--cache", "--images").code == 0
    assert engine.dcos_docker("list").succeeded() == "min\nmine-too\n"
    assert engine.dcos_docker("destroy", "-q", "-c", "min").succeeded() == "min\n"
    assert engine.dcos_docker("list").succeeded() == "mine-too\n"
    assert engine.dcos_docker("destroy-list", "-q", "mine-too").succeeded() == "mine-too\n"
    assert engine.everything() == foreign


def test_copies_of_our_containers_are_not_ours(engine: OwnEngine, dead: str) -> None:
    """A container inherits its image's labels, and `docker commit` makes an image of a node."""
    make_cluster(engine, "mine", dead, reserved=False)
    labels = ours("node", "mine", creator=dead, role="master", index="0", address="172.28.0.2")
    copy = engine.image("somebody/copy-of-a-node:1", labels, seed="copy")
    engine.container("somebodys", {}, image=copy)
    engine.container("somebodys-reservation", ours("reservation", "mine", creator=dead))
    listed = json.loads(engine.dcos_docker("inspect", "-c", "mine").succeeded())
    assert [node["container_name"] for node in listed["nodes"]] == ["dcos-docker-mine-master-0"]
    assert engine.dcos_docker("clean", "-q").succeeded() == ""
    assert engine.dcos_docker("destroy", "-q", "-c", "mine").succeeded() == "mine\n"
    assert engine.everything() == ["container somebodys", "container somebodys-reservation"]
    assert engine.dcos_docker("clean", "-q", "--images").succeeded() == ""
    assert engine.client.images("somebody/copy-of-a-node") != []


def test_unknown_schema_is_listed_and_left_alone(engine: OwnEngine, dead: str) -> None:
    newer = {"dcos_docker.schema": "99", "dcos_docker.cluster_id": "newer", "dcos_docker.creator": dead}
    engine.container("newer-1", {**newer, "dcos_docker.kind": "reservation"})
    engine.container("newer-2", {**newer, "dcos_docker.kind": "node", "dcos_docker.role": "tower"})
    engine.volume("newer-3", {**newer, "dcos_docker.kind": "volume"})
    engine.network("newer-4", {**newer, "dcos_docker.kind": "network"})
    engine.volume("newer-5", {"dcos_docker.schema": "99", "dcos_docker.kind": "cache"})
    engine.container("newer-6", {"dcos_docker.schema": "", "dcos_docker.cluster_id": "empty"})
    make_cluster(engine, "known", dead, reserved=False)
    before = engine.everything()
    listed = json.loads(engine.dcos_docker("list", "-o", "json").succeeded())
    assert [(cluster["cluster_id"], cluster["state"], cluster["masters"]) for cluster in listed] == [
        ("empty", "unknown", 0),
        ("known", "stopped", 1),
        ("newer", "unknown", 0),
    ]
    assert json.loads(engine.dcos_docker("inspect", "-c", "newer").succeeded())["state"] == "unknown"
    assert engine.dcos_docker("clean", "-q").succeeded() == ""
    assert engine.everything() == before


def test_labels_that_make_no_sense_do_not_crash_a_listing(engine: OwnEngine) -> None:
    odd = {
        "role": ["", "master", "slave", "MASTER", "\x01"],
        "index": ["", "-1", "1.5", "²", "9" * 30, "9" * 5000],
        "created": ["", "yesterday", "2026-13-45", "9999-12-31T23:59:59+00:00", "2026-01-01"],
        "variant": ["", "cloud"],
        "creator": ["", "a/b/c/d", f"a/b/{'9' * 5000}/c"],
        "kind": ["", "star"],
        "address": ["", "not an address"],
    }
    labels = ours("node", "odd", role="master", index="0")
    for number, (key, value) in enumerate((key, value) for key, values in odd.items() for value in values):
        engine.container(f"odd-{number}", {**labels, f"dcos_docker.{key}": value})
        named = {**ours("node", f"odd-{number}", role="master", index="0"), f"dcos_docker.{key}": value}
        engine.container(f"dcos-docker-odd-{number}-master-0", named)
    engine.container("dcos-docker-odd-master-0", labels)
    for output in ("ids", "table", "json", "yaml"):
        assert "odd" in engine.dcos_docker("list", "-o", output).succeeded()
    for output in ("table", "json", "yaml"):
        engine.dcos_docker("inspect", "-c", "odd", "-o", output).succeeded()
    assert engine.dcos_docker("clean", "-q").succeeded() == ""


def test_listing_to_the_letter(engine: OwnEngine) -> None:
    more = {
        "created": "2026-01-02T03:04:05+00:00", "distribution": "debian-12", "transport": "docker-exec",
        "tool_version": "0.1.0", "variant": "oss",
    }  # fmt: skip
    ids = {}
    for index in (10, 9, 0):
        labels = ours("node", "one", role="agent", index=str(index), address=f"172.28.0.{index + 2}", **more)
        ids[index] = engine.container(f"dcos-docker-one-agent-{index}", labels)
    assert engine.dcos_docker("list", "-o", "ids").stdout == "one\n"
    assert engine.dcos_docker("list", "-o", "table").stdout == (
        "CLUSTER ID    STATE    VARIANT    MASTERS    AGENTS    PUBLIC AGENTS    CREATED\n"
        "one           stopped  oss        0          3         0                2026-01-02T03:04:05+00:00\n"
    )
    assert engine.dcos_docker("list", "-o", "yaml").stdout == (
        "- cluster_id: one\n  state: stopped\n  variant: oss\n  masters: 0\n  agents: 3\n  public_agents: 0\n"
        "  created: '2026-01-02T03:04:05+00:00'\n"
    )
    assert engine.dcos_docker("list", "-o", "json").stdout == (
        '[\n  {\n    "cluster_id": "one",\n    "state": "stopped",\n    "variant": "oss",\n    "masters": 0,\n'
        '    "agents": 3,\n    "public_agents": 0,\n    "created": "2026-01-02T03:04:05+00:00"\n  }\n]\n'
    )
    short = [ids[index][:12] for index in sorted(ids)]
    head, _, table = engine.dcos_docker("inspect", "-c", "one", "-o", "table").stdout.partition("\n\n")
    assert head == (
        "cluster id:    one\n"
        "state:         stopped\n"
        "variant:       oss\n"
        "created:       2026-01-02T03:04:05+00:00\n"
        "distribution:  debian-12\n"
        "transport:     docker-exec\n"
        "tool version:  0.1.0"
    )
    assert table == (
        "REFERENCE    ROLE    ADDRESS      STATE    SSH USER    CONTAINER NAME            CONTAINER ID\n"
        f"agent_0      agent   172.28.0.2   created  root        dcos-docker-one-agent-0   {short[0]}\n"
        f"agent_9      agent   172.28.0.11  created  root        dcos-docker-one-agent-9   {short[1]}\n"
        f"agent_10     agent   172.28.0.12  created  root        dcos-docker-one-agent-10  {short[2]}\n"
    )
    inspected = engine.dcos_docker("inspect", "-c", "one").stdout
    assert inspected.startswith(
        '{\n  "cluster_id": "one",\n  "state": "stopped",\n  "variant": "oss",\n  "dcos_version": null,\n'
        '  "web_address": null,\n'
        '  "created": "2026-01-02T03:04:05+00:00",\n  "distribution": "debian-12",\n  "transport": "docker-exec",\n'
        '  "tool_version": "0.1.0",\n  "nodes": [\n    {\n      "reference": "agent_0",\n      "role": "agent",\n'
        '      "address": "172.28.0.2",\n      "ssh_user": "root",\n      "state": "created",\n'
        '      "container_name": "dcos-docker-one-agent-0",\n'
        f'      "container_id": "{ids[0]}"\n    }},\n'
    )


def test_empty_listing(engine: OwnEngine) -> None:
    for output, stdout, stderr in (
        ("ids", "", ""),
        ("table", "", "There are no clusters.\n"),
        ("json", "[]\n", ""),
        ("yaml", "[]\n", ""),
    ):
        result = engine.dcos_docker("list", "-o", output)
        assert (result.code, result.stdout, result.stderr) == (0, stdout, stderr)


def test_destroy_list(engine: OwnEngine, dead: str) -> None:
    for cluster_id in ("one", "two", "three"):
        make_cluster(engine, cluster_id, dead, reserved=False)
    result = engine.dcos_docker("destroy-list", "one", "none", "two", "one", "nothing")
    assert (result.code, result.stdout) == (4, "one\ntwo\n")
    assert 'There is no cluster "none".\n' in result.stderr
    assert 'There is no cluster "nothing".\n' in result.stderr
    assert engine.dcos_docker("list").succeeded() == "three\n"


def test_destroy_list_of_nothing(engine: OwnEngine) -> None:
    result = engine.dcos_docker("destroy-list")
    assert (result.code, result.stdout, result.stderr) == (0, "", "")


def test_destroy_goes_on_after_an_error_and_says_what_stays(engine: OwnEngine, dead: str) -> None:
    """Somebody's container on the cluster's volume keeps that, and nothing else."""
    make_cluster(engine, "held", dead, reserved=False)
    engine.container("holder", {}, volume="serve-held")
    result = engine.dcos_docker("destroy", "-q", "-c", "held")
    assert (result.code, result.stdout) == (1, "")
    assert "volume serve-held" in result.stderr
    assert "holder" in result.stderr or "in use" in result.stderr
    assert engine.everything() == ["container holder", "volume serve-held"]
    assert engine.dcos_docker("inspect", "-c", "held").code == 4
    engine.client.remove_container("holder")
    assert engine.dcos_docker("destroy", "-q", "-c", "held").succeeded() == "held\n"
    assert engine.everything() == []
