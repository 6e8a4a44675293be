"""What others have on an engine survives everything, however much it looks like ours: compared by full inspection."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.engine import objects, of_cluster
from tests.support.networks import users_network
from tests.support.own_engine import IMAGE, OwnEngine, ours
from tests.support.program import at, dcos_docker
from tests.support.zoo import CLUSTER_ID, Zoo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

    from tests.support.contained import ContainedEngine

CREATOR = "from dcos_docker_cli.labels import Creator; print(Creator.this_process(), flush=True)"
OLD = "2020-01-01T00:00:00+00:00"
LONE = ("--agents", "0", "--public-agents", "0")
CLEANS: dict[str, tuple[str, ...]] = {
    "plain": (),
    "by age": ("--older-than", "1m"),
    "caches": ("--cache",),
    "images": ("--images",),
    "everything": ("--all", "--yes", "--cache", "--images"),
    "everything by age": ("--all", "--yes", "--cache", "--images", "--older-than", "1m"),
}


@pytest.fixture(scope="module")
def dead() -> str:
    """The creator label of a process that has ended."""
    return subprocess.run([sys.executable, "-c", CREATOR], capture_output=True, text=True, check=True).stdout.strip()


@contextmanager
def untouched(zoo: Zoo) -> Iterator[None]:
    """See that the block leaves all of the zoo as it is."""
    before = zoo.look()
    yield
    assert zoo.look() == before


def lines(engine: ContainedEngine) -> set[str]:
    """Return all there is on an engine, as `clean` names it."""
    return {*objects(engine.client), *(f"image {name}" for name in engine.images())}


def cleaned(engine: ContainedEngine, *options: str) -> set[str]:
    """Clean; return what has gone, which is exactly what a dry run tells, and what the clean itself does."""
    before = lines(engine)
    told = {*engine.dcos_docker("clean", "--dry-run", *options).succeeded().splitlines()}
    assert lines(engine) == before
    done = {*engine.dcos_docker("clean", *options).succeeded().splitlines()}
    gone = before - lines(engine)
    assert done == told
    assert {line for line in done if not line.startswith("cluster ")} == gone
    assert lines(engine) <= before
    return gone


def make_ours(engine: OwnEngine, creator: str) -> None:
    """Have what a killed create leaves, a cluster, a cache and an image, all of them old."""
    more = {"creator": creator, "created": OLD}
    for name in ("left", "whole"):
        engine.network(f"dcos-docker-{name}", ours("network", name, **more))
        engine.volume(f"serve-{name}", ours("volume", name, **more))
        place = {"role": "master", "index": "0", "address": "172.28.0.2"}
        engine.container(f"dcos-docker-{name}-master-0", ours("node", name, **more, **place))
    engine.container("dcos-docker-left-reservation", ours("reservation", "left", **more))
    engine.volume("dcos-docker-cache-1", ours("cache", **more, content="1"))
    engine.image("dcos-docker/node:debian-12-0123456789ab", ours("image", **more, content="0123456789abc"), seed="1")


LEFT = {
    "container dcos-docker-left-master-0",
    "container dcos-docker-left-reservation",
    "network dcos-docker-left",
    "volume serve-left",
}
WHOLE = {"container dcos-docker-whole-master-0", "network dcos-docker-whole", "volume serve-whole"}
CACHE, OUR_IMAGE = {"volume dcos-docker-cache-1"}, {"image dcos-docker/node:debian-12-0123456789ab"}
GONE = {
    "plain": LEFT,
    "by age": LEFT,
    "caches": LEFT | CACHE,
    "images": LEFT | OUR_IMAGE,
    "everything": LEFT | CACHE | OUR_IMAGE | WHOLE,
    "everything by age": LEFT | CACHE | OUR_IMAGE | WHOLE,
}


@pytest.fixture(scope="module")
def house(request: pytest.FixtureRequest) -> tuple[OwnEngine, Zoo]:
    """An engine that has the zoo and nothing else."""
    engine: OwnEngine = request.getfixturevalue("_own_engine")
    engine.clear()
    zoo = Zoo(engine.client)
    zoo.fill(IMAGE)
    return engine, zoo


@pytest.mark.xdist_group("own-engine")
def test_the_zoo_survives_each_clean(house: tuple[OwnEngine, Zoo], dead: str) -> None:
    """And `clean` removes exactly what it is asked for."""
    engine, zoo = house
    with untouched(zoo):
        for form, options in CLEANS.items():
            make_ours(engine, dead)
            assert cleaned(engine, *options) == GONE[form], form
            cleaned(engine, *CLEANS["everything"])


@pytest.mark.xdist_group("own-engine")
def test_the_zoo_is_no_cluster_and_has_no_images_of_ours(house: tuple[OwnEngine, Zoo]) -> None:
    """What has our labels, with a schema that nobody knows, is listed; but nothing is done to it."""
    engine, zoo = house
    with untouched(zoo):
        listed = engine.dcos_docker("list").succeeded().splitlines()
        assert listed == [CLUSTER_ID]
        for args in (
            ("destroy", "-c", CLUSTER_ID),
            ("destroy-list", CLUSTER_ID),
            ("destroy-node", "-c", CLUSTER_ID, "master_0"),
        ):
            result = engine.dcos_docker(*args)
            assert (result.code, result.stdout) == (1, ""), result
            assert (
                f'Error: The cluster "{CLUSTER_ID}" was made by another version of dcos-docker, whose' in result.stderr
            )
        assert engine.dcos_docker("create-loopback-sidecar", "1", "disk").code != 0
        assert engine.dcos_docker("destroy-loopback-sidecar", "disk").code == 4
        for name in ("mine", "labels-0", "labels-5", "dcos-docker/base:mine", "dcos-docker/x:1"):
            assert engine.dcos_docker("image", "remove", name).code == 4
        engine.dcos_docker("doctor", "--fix", "leftovers", "--yes")


@pytest.mark.xdist_group("own-engine")
def test_images_and_containers_made_from_ours_are_not_ours(engine: OwnEngine, dead: str) -> None:
    """They inherit the labels of the image. What a tag of somebody's names is theirs, too, though it is our image."""
    more = ours("image", content="0123456789abc", creator=dead, created=OLD)
    engine.image("dcos-docker/node:debian-12-0123456789ab", more, seed="ours")
    zoo = Zoo(engine.client)
    made = zoo.container("somebodys", "dcos-docker/node:debian-12-0123456789ab")
    assert engine.client.inspect_container(made)["Config"]["Labels"]["dcos_docker.kind"] == "image"
    zoo.container("dcos-docker-zoo-master-0", "dcos-docker/node:debian-12-0123456789ab")
    with untouched(zoo):
        assert cleaned(engine, *CLEANS["everything by age"]) == set()
        assert engine.dcos_docker("list").succeeded() == ""
        assert engine.dcos_docker("destroy", "-c", CLUSTER_ID).code == 4
        assert engine.dcos_docker("image", "remove", "debian-12-0123456789ab").code == 1
    for container in zoo.containers:
        engine.client.remove_container(container)
    engine.image("dcos-docker/node:built-on-it", more, seed="theirs")
    engine.client.tag("dcos-docker/node:debian-12-0123456789ab", "dcos-docker/node", "my-name-for-it")
    assert cleaned(engine, *CLEANS["everything"]) == {"image dcos-docker/node:debian-12-0123456789ab"}
    assert set(engine.images()) == {IMAGE, "dcos-docker/node:built-on-it", "dcos-docker/node:my-name-for-it"}


@pytest.mark.xdist_group("own-engine")
def test_what_others_use_of_ours_stays(engine: OwnEngine, dead: str) -> None:
    """Then all else is removed, and who uses it is named."""
    make_ours(engine, dead)
    zoo = Zoo(engine.client)
    zoo.container("holder", IMAGE, host={"binds": {"serve-left": {"bind": "/x"}, "serve-whole": {"bind": "/y"}}})
    with untouched(zoo):
        assert cleaned(engine) == LEFT - {"volume serve-left"}
        told = engine.dcos_docker("clean")
        assert (told.code, told.stdout) == (0, "")
        assert "volume serve-left stays, for it is used by what is not left over: holder.\n" in told.stderr
        result = engine.dcos_docker("destroy", "-c", "whole")
        assert (result.code, result.stdout) == (1, "")
        assert (
            "Error: Other containers use what is to be removed: volume serve-whole is used by holder\n" in result.stderr
        )
        assert "run the command again: docker rm --force holder\n" in result.stderr
        assert of_cluster(engine.client, "whole") == ["volume serve-whole"]
    engine.client.remove_container(zoo.containers[0])
    assert cleaned(engine) == {"volume serve-left", "volume serve-whole"}


# With nodes that run


@pytest.fixture
def full(client: APIClient, nested: ContainedEngine, node_image: str) -> ContainedEngine:
    """An engine on which nodes run, which has the node image and nothing else."""
    nested.clear()
    nested.client.load_image(client.get_image(node_image))  # type: ignore[no-untyped-call]
    return nested


@pytest.mark.faults
@pytest.mark.xdist_group("nested-engine")
def test_the_zoo_survives_clusters(full: ContainedEngine, node_image: str, installer: Path) -> None:
    """Others' containers run in networks that clusters come into, and have ours mounted; clusters have theirs."""
    zoo = Zoo(full.client)
    zoo.fill(node_image)
    zoo.networks.append(users_network(full.client, "users")[0])
    zoo.container("neighbour", node_image, "sleep", "100000", host={"network_mode": "users"})
    full.client.create_volume("users-data")
    zoo.volumes.append("users-data")
    zoo.container("reader", node_image, "sleep", "100000", host={"binds": {"users-data": {"bind": "/data"}}})
    in_reader(full, "echo empty >/data/file")  # for the engine tells of a volume when a file came into it
    with untouched(zoo):
        data = ("--custom-volume", "users-data:/data", "--custom-volume", "/etc/hostname:/host-file:ro")
        create = ("create", installer, "-c", "mine")
        assert full.dcos_docker(*create, "--network", "users", *LONE, *data).succeeded() == "mine\n"
        full.dcos_docker("run", "-c", "mine", "--", "sh", "-c", "echo kept >/data/file").succeeded()
        dcos_docker("wait", "-c", "mine", "--timeout", "300", env=at(full.url), timeout=360).succeeded()
        for form in ("plain", "by age", "caches", "images"):
            gone = cleaned(full, *CLEANS[form])
            assert all(line.startswith("volume dcos-docker-cache-") for line in gone), gone
        full.dcos_docker("doctor", "--fix", "--yes")
        assert full.dcos_docker("destroy", "-c", "mine").succeeded() == "mine\n"
        refused = full.dcos_docker("provision", "-c", CLUSTER_ID, *LONE)
        assert (refused.code, refused.stdout) == (5, "")
        full.dcos_docker("provision", "-c", "two", *LONE).succeeded()
        gone = cleaned(full, *CLEANS["everything"])
        assert {"container dcos-docker-two-master-0", "network dcos-docker-two"} <= gone
        assert "image " + node_image not in gone  # others' containers are of it
        assert full.dcos_docker("image", "remove", node_image).code == 1
    assert in_reader(full, "cat /data/file") == b"kept\n"


def in_reader(engine: ContainedEngine, script: str) -> bytes:
    """Return what a script says in the container of somebody else that has their data."""
    made = engine.client.exec_create("reader", ["sh", "-c", script])["Id"]
    said: bytes = engine.client.exec_start(made)
    return said


@pytest.mark.faults
@pytest.mark.xdist_group("nested-engine")
def test_names_that_others_have(full: ContainedEngine, node_image: str) -> None:
    """A create that needs such a name makes nothing, says who has it, and the others keep it."""
    zoo = Zoo(full.client)
    for name in ("one-master-0", "two", "three-reservation"):
        zoo.add(f"dcos-docker-{name}", {}, node_image)
    with untouched(zoo):
        before = lines(full)
        for cluster_id, why in (
            ("one", 'The container name "/dcos-docker-one-master-0" is already in use'),
            ("two", "There is a network dcos-docker-two already, which is not of this cluster."),
            ("three", 'The container name "/dcos-docker-three-reservation" is already in use'),
        ):
            result = full.dcos_docker("provision", "-c", cluster_id, *LONE)
            assert (result.code, result.stdout) == (1, ""), result
            assert why in result.stderr
            assert lines(full) == before


@pytest.mark.faults
@pytest.mark.xdist_group("nested-engine")
def test_a_container_of_others_in_a_clusters_network(full: ContainedEngine, node_image: str) -> None:
    """The cluster goes, but for the network, which goes when that container has left it."""
    full.dcos_docker("provision", "-c", "mine", *LONE).succeeded()
    zoo = Zoo(full.client)
    zoo.container("visitor", node_image, "sleep", "100000", host={"network_mode": "dcos-docker-mine"})
    with untouched(zoo):
        for _ in range(2):
            result = dcos_docker("destroy", "-c", "mine", env=at(full.url), timeout=30)
            assert (result.code, result.stdout) == (1, ""), result
            assert "network dcos-docker-mine is used by visitor\n" in result.stderr
            assert "docker network disconnect dcos-docker-mine visitor\n" in result.stderr
            assert of_cluster(full.client, "mine") == ["network dcos-docker-mine"]
        assert cleaned(full, *CLEANS["everything"]) == set()
        assert full.dcos_docker("list").succeeded() == ""
    full.client.disconnect_container_from_network("visitor", "dcos-docker-mine")
    assert full.dcos_docker("destroy", "-c", "mine").succeeded() == "mine\n"
    assert full.client.inspect_container("visitor")["State"]["Running"]
