"""`clean --older-than` and `clean --all`, on an engine that has nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.support.own_engine import IMAGE, OwnEngine, ours
from tests.support.program import at, dcos_docker
from tests.support.terminal import OnTerminal, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.xdist_group("own-engine")

CREATOR = "from dcos_docker_cli.labels import Creator; print(Creator.this_process(), flush=True)"
ELSEWHERE = "another-host/1/1/-"
"""A process that nobody here can see."""


@pytest.fixture(scope="module")
def dead() -> str:
    """The creator label of a process that has ended."""
    return subprocess.run([sys.executable, "-c", CREATOR], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def alive() -> Iterator[str]:
    """The creator label of a process that runs."""
    with subprocess.Popen(
        [sys.executable, "-c", f"{CREATOR}; input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.communicate("\n")


def ago(*, hours: float) -> str:
    """Return a moment as labels tell it."""
    return (datetime.now(timezone.utc) - timedelta(hours=hours)).isoformat(timespec="seconds")


def make_cluster(
    engine: OwnEngine, cluster_id: str, creator: str, *, hours: float, reserved: bool = False
) -> list[str]:
    """Make what a create makes; return it."""
    more = {"creator": creator, "created": ago(hours=hours)}
    before = engine.everything()
    if reserved:
        engine.container(f"dcos-docker-{cluster_id}-reservation", ours("reservation", cluster_id, **more))
    engine.network(f"dcos-docker-{cluster_id}", ours("network", cluster_id, **more))
    engine.volume(f"serve-{cluster_id}", ours("volume", cluster_id, **more))
    place = {"role": "master", "index": "0", "address": "172.28.0.2"}
    name = f"dcos-docker-{cluster_id}-master-0"
    engine.container(name, ours("node", cluster_id, **more, **place), volume=f"serve-{cluster_id}")
    return [item for item in engine.everything() if item not in before]


def cleaned(engine: OwnEngine, *options: str) -> list[str]:
    """Return what `clean` says that it removes, which is what it says before and what it removes."""
    before = engine.everything()
    told = sorted(engine.dcos_docker("clean", "-q", "--dry-run", *options).succeeded().splitlines())
    assert engine.everything() == before
    done = sorted(engine.dcos_docker("clean", "-q", *options).succeeded().splitlines())
    assert done == told
    told = [item for item in told if not item.startswith("cluster ")]
    images = [item for item in told if item.startswith("image ")]
    assert engine.everything() == [item for item in before if item not in told]
    assert not {tag for image in engine.client.images() for tag in image["RepoTags"]} & {i[6:] for i in images}
    return told


# Leftovers


def test_creates_on_another_host(engine: OwnEngine) -> None:
    old = make_cluster(engine, "old", ELSEWHERE, hours=30, reserved=True)
    young = make_cluster(engine, "young", ELSEWHERE, hours=20, reserved=True)
    assert cleaned(engine) == []
    assert cleaned(engine, "--older-than", "2d") == []
    assert cleaned(engine, "--older-than", "1d") == old
    assert engine.everything() == young


def test_creates_that_are_dead(engine: OwnEngine, dead: str) -> None:
    young = make_cluster(engine, "young", dead, hours=1, reserved=True)
    assert cleaned(engine, "--older-than", "90m") == []
    assert cleaned(engine) == young


@pytest.mark.parametrize("options", [["--older-than", "1m"], ["--older-than", "1m", "--all", "--yes"], ["--all", "-y"]])
def test_creates_that_live(engine: OwnEngine, alive: str, options: list[str]) -> None:
    make_cluster(engine, "going-on", alive, hours=1000, reserved=True)
    engine.container("dcos-docker-sample-1", ours("sample", creator=alive, created=ago(hours=1000)))
    engine.container("dcos-docker-sidecar-1", ours("sidecar", creator=alive, created=ago(hours=1000)))
    assert cleaned(engine, "--cache", "--images", *options) == []


def test_containers_whose_process_nobody_can_see(engine: OwnEngine) -> None:
    for kind in ("sample", "sidecar"):
        for hours in (1, 3):
            labels = ours(kind, creator=ELSEWHERE, created=ago(hours=hours))
            engine.container(f"dcos-docker-{kind}-{hours}", labels)
    assert cleaned(engine) == []
    assert cleaned(engine, "--older-than", "2h") == [
        "container dcos-docker-sample-3",
        "container dcos-docker-sidecar-3",
    ]


def test_a_sidecar_with_a_name_stays(engine: OwnEngine, dead: str) -> None:
    more = {"creator": dead, "created": ago(hours=1000)}
    engine.container("dcos-docker-sidecar-disk", ours("sidecar", name="disk", **more), volume="of-disk")
    engine.volume("of-gone", ours("sidecar", name="gone", **more))
    assert cleaned(engine, "--older-than", "1d", "--all", "--yes", "--cache", "--images") == ["volume of-gone"]


def test_caches_and_images(engine: OwnEngine, dead: str) -> None:
    for age in ("old", "young"):
        created = ago(hours=100 if age == "old" else 1)
        engine.volume(f"dcos-docker-cache-{age}", ours("cache", created=created))
        engine.image(f"dcos-docker/node:{age}", ours("image", created=created), seed=age)
    engine.volume("dcos-docker-cache-of-unknown-age", ours("cache"))
    assert cleaned(engine, "--older-than", "1d") == []
    assert cleaned(engine, "--older-than", "1d", "--cache") == ["volume dcos-docker-cache-old"]
    assert cleaned(engine, "--older-than", "1d", "--images") == ["image dcos-docker/node:old"]
    assert cleaned(engine, "--cache", "--images") == [
        "image dcos-docker/node:young",
        "volume dcos-docker-cache-of-unknown-age",
        "volume dcos-docker-cache-young",
    ]


# Clusters


def test_all_clusters(engine: OwnEngine, dead: str, alive: str) -> None:
    mine = make_cluster(engine, "mine", dead, hours=1)
    elsewhere = make_cluster(engine, "elsewhere", ELSEWHERE, hours=1)
    of_a_program = make_cluster(engine, "of-a-program", alive, hours=1)
    made_now = make_cluster(engine, "made-now", ELSEWHERE, hours=1, reserved=True)
    assert cleaned(engine, "--cache", "--images") == []
    assert cleaned(engine, "--all", "--yes") == sorted([*mine, *elsewhere, *of_a_program])
    assert engine.everything() == made_now


def test_clusters_by_age(engine: OwnEngine, dead: str) -> None:
    old = make_cluster(engine, "old", dead, hours=200)
    young = make_cluster(engine, "young", dead, hours=100)
    assert cleaned(engine, "--older-than", "1w") == []
    assert cleaned(engine, "--older-than", "1w", "--all", "--yes") == old
    assert engine.everything() == young


def test_what_a_cluster_used_can_go_with_it(engine: OwnEngine, dead: str) -> None:
    """Also when nothing is removed, but only told."""
    image = engine.image("dcos-docker/node:used", ours("image", created=ago(hours=9)), seed="used")
    labels = ours("node", "x", creator=dead, created=ago(hours=9), role="master", index="0", address="172.28.0.2")
    engine.container("dcos-docker-x-master-0", labels, image=image)
    engine.volume("dcos-docker-cache-used", ours("cache", created=ago(hours=9)))
    boot = ours("bootstrap", "x", creator=dead, created=ago(hours=9))
    engine.container("dcos-docker-x-bootstrap", boot, volume="dcos-docker-cache-used")
    assert cleaned(engine, "--all", "--yes", "--cache", "--images", "--older-than", "8h") == [
        "container dcos-docker-x-bootstrap",
        "container dcos-docker-x-master-0",
        "image dcos-docker/node:used",
        "volume dcos-docker-cache-used",
    ]


def test_what_another_version_has_made_is_left_alone(engine: OwnEngine, dead: str) -> None:
    newer = {"dcos_docker.schema": "99", "dcos_docker.cluster_id": "newer", "dcos_docker.created": ago(hours=999)}
    engine.container("newer-1", {**newer, "dcos_docker.kind": "node", "dcos_docker.role": "master"})
    engine.network("newer-2", {**newer, "dcos_docker.kind": "network"})
    engine.volume("newer-3", {"dcos_docker.schema": "99", "dcos_docker.kind": "cache"})
    engine.image("dcos-docker/node:newer", {"dcos_docker.schema": "99", "dcos_docker.kind": "image"}, seed="newer")
    make_cluster(engine, "half", dead, hours=999)
    engine.volume("half-newer", {**newer, "dcos_docker.cluster_id": "half", "dcos_docker.kind": "volume"})
    assert cleaned(engine, "--all", "--yes", "--cache", "--images") == []
    assert cleaned(engine, "--all", "--yes", "--cache", "--images", "--older-than", "1d") == []


def test_what_somebody_else_made_is_left_alone(engine: OwnEngine) -> None:
    engine.container("dcos-docker-x-master-0", {"note": "dcos_docker.cluster_id=x"}, volume="theirs")
    engine.network("dcos-docker-x", {"dcos_docker.cluster_id": "x"})
    engine.image("dcos-docker/node:theirs", {}, seed="theirs")
    assert cleaned(engine, "--all", "--yes", "--cache", "--images", "--older-than", "1m") == []


def test_clusters_are_named_before_their_parts(engine: OwnEngine, dead: str) -> None:
    mine = [item for name in ("one", "two") for item in make_cluster(engine, name, dead, hours=100)]
    make_cluster(engine, "young", dead, hours=1)
    for options in (["--dry-run"], ["--yes"]):
        lines = engine.dcos_docker("clean", "--all", "--older-than", "1d", *options).succeeded().splitlines()
        assert lines[:2] == ["cluster one", "cluster two"]
        assert sorted(lines[2:]) == sorted(mine)


# Asking


def test_without_a_terminal_it_must_be_said(engine: OwnEngine, dead: str) -> None:
    make_cluster(engine, "mine", dead, hours=1)
    before = engine.everything()
    result = engine.dcos_docker("clean", "--all")
    assert (result.code, result.stdout) == (2, "")
    assert "--all removes clusters, and there is no terminal to ask on: add --yes, or --dry-run.\n" in result.stderr
    assert engine.everything() == before


@pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("\n", 1), ("", 130), ("y\n", 0)])
def test_on_a_terminal_it_asks(engine: OwnEngine, dead: str, answer: str, code: int) -> None:
    mine = make_cluster(engine, "mine", dead, hours=100)
    young = make_cluster(engine, "young", dead, hours=1)
    with OnTerminal("clean", "--all", "--older-than", "1d", env=at(engine.url)) as terminal:
        terminal.wait_for("Go on? [y/N]: ")
        asked = plain(terminal.seen)
        if answer:
            terminal.type(answer)
        else:
            time.sleep(0.3)  # Python takes no notice of a signal in the moment before it reads
            terminal.process.send_signal(signal.SIGINT)
        assert terminal.end(timeout=30) == code
        said = plain(terminal.seen)
    assert asked == "These clusters are removed, with all data in them:\n  mine\nGo on? [y/N]: "
    assert ("Nothing was removed." in said) is (code == 1)
    assert engine.everything() == (young if code == 0 else sorted([*mine, *young]))


def test_where_there_is_no_cluster_nothing_is_asked(engine: OwnEngine) -> None:
    with OnTerminal("clean", "--all", env=at(engine.url)) as terminal:
        assert terminal.end() == 0
        assert "Go on?" not in terminal.seen


@pytest.mark.parametrize("age", ["3600", "1.5d", "soon", ""])
def test_what_is_no_age(age: str) -> None:
    result = dcos_docker("clean", "--older-than", age, env=at("tcp://127.0.0.1:1"))
    assert (result.code, result.stdout) == (2, "")
    told = f"Error: Invalid value for '--older-than': \"{age}\" is no age. "
    assert f"{told}Write it with units, as in 90m, 12h, 7d, 1d12h or 2w.\n" in result.stderr


def test_the_image_for_containers_is_still_there(engine: OwnEngine) -> None:
    assert [tag for image in engine.client.images() for tag in image["RepoTags"]] == [IMAGE]
