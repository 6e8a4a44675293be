"""Node images as things of an engine: listed, written to files, read from them, removed. No container of one is run."""

from __future__ import annotations

import gzip
import json
import os
import secrets
import shlex
import signal
import subprocess
import tarfile
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest
import yaml

from dcos_docker_cli.backends.docker.images.recipe import node_image
from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.docker_versions import DockerVersion
from tests.cli.test_completion import offered
from tests.support.own_engine import IMAGE, OwnEngine, ours
from tests.support.program import PROGRAM, Running, at, environment, eventually, raw
from tests.support.terminal import OnTerminal, plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("own-engine")

CURRENT = node_image()
CURRENT_STATIC = node_image(Distribution.DEBIAN_11, DockerVersion.v20_10)
OLD = "dcos-docker/node:debian-12-0123456789ab"
FOREIGN = "somebody/on-a-node:1"
CREATED = "2024-02-29T12:00:00+00:00"


def of_a_node(distribution: str = "debian-12", docker_version: str = "distribution", **more: str) -> dict[str, str]:
    made = {"created": CREATED, "tool_version": "2024.2.0", "base": "debian:bookworm-slim", "content": "0" * 64}
    return ours("image", distribution=distribution, docker_version=docker_version, **{**made, **more})


def make(engine: OwnEngine, tag: str = CURRENT, *, seed: str = "", labels: Mapping[str, str] | None = None) -> str:
    """Have a node image, by its labels and its tag, which ends with its content's digest; return its id."""
    content = tag.rpartition("-")[2].ljust(64, "0")
    return engine.image(tag, dict(labels or of_a_node(content=content)), seed=seed or tag)


def tags(engine: OwnEngine) -> set[str]:
    """Return all tags; an image without one is `<none>:<none>`."""
    return {tag for image in engine.client.images() for tag in image["RepoTags"] or ["<none>:<none>"]} - {IMAGE}


def ids(engine: OwnEngine, tag: str) -> list[str]:
    return [str(image["Id"]) for image in engine.client.images(tag)]


def left_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


# list


def test_nothing_to_list(engine: OwnEngine) -> None:
    result = engine.dcos_docker("image", "list")
    assert (result.code, result.stdout, result.stderr) == (0, "", "")
    result = engine.dcos_docker("image", "list", "-o", "table")
    assert (result.code, result.stdout, result.stderr) == (0, "", "There are no node images.\n")
    assert json.loads(engine.dcos_docker("image", "list", "-o", "json").succeeded()) == []
    assert yaml.safe_load(engine.dcos_docker("image", "list", "-o", "yaml").succeeded()) == []


def test_list(engine: OwnEngine) -> None:
    current = make(engine)
    make(engine, CURRENT_STATIC, labels=of_a_node("debian-11", "20.10"))
    make(engine, OLD)
    engine.container("of-a-node", {}, image=current)
    wanted = sorted([CURRENT, CURRENT_STATIC, OLD])
    assert engine.dcos_docker("image", "list").succeeded().splitlines() == wanted
    assert engine.dcos_docker("image", "list", "-o", "names").succeeded().splitlines() == wanted
    listed = json.loads(engine.dcos_docker("image", "list", "-o", "json").succeeded())
    assert listed == yaml.safe_load(engine.dcos_docker("image", "list", "-o", "yaml").succeeded())
    assert [image["image"] for image in listed] == wanted
    by_tag = {image["image"]: image for image in listed}
    (size,) = (image["Size"] for image in engine.client.images(CURRENT))
    assert by_tag[CURRENT] == {
        "image": CURRENT,
        "distribution": "debian-12",
        "docker_version": "distribution",
        "is_current": True,
        "size": size,
        "containers": 1,
        "created": CREATED,
        "base": "debian:bookworm-slim",
        "tool_version": "2024.2.0",
    }
    assert (by_tag[OLD]["is_current"], by_tag[OLD]["containers"]) == (False, 0)
    static = by_tag[CURRENT_STATIC]
    assert (static["is_current"], static["distribution"], static["docker_version"]) == (True, "debian-11", "20.10")


def test_list_on_a_terminal(engine: OwnEngine) -> None:
    make(engine)
    make(engine, OLD)
    with OnTerminal("image", "list", env=at(engine.url), columns=200) as terminal:
        assert terminal.end() == 0
        header, *rows = plain(terminal.seen).splitlines()
    assert header.split() == ["IMAGE", "CURRENT", "SIZE", "CONTAINERS", "CREATED", "BASE"]
    wanted = [[OLD, "no", "0", "MB", "0"], [CURRENT, "yes", "0", "MB", "0"]]
    assert sorted(row.split() for row in rows) == sorted([*one, CREATED, "debian:bookworm-slim"] for one in wanted)


def test_an_image_that_tells_little_of_itself(engine: OwnEngine) -> None:
    """As another version of the tool has made it."""
    make(engine, OLD, labels=ours("image"))
    (listed,) = json.loads(engine.dcos_docker("image", "list", "-o", "json").succeeded())
    assert (listed["image"], listed["is_current"], listed["base"]) == (OLD, False, None)
    assert datetime.fromisoformat(listed["created"]).tzinfo
    assert engine.dcos_docker("image", "list", "-o", "table").succeeded().splitlines()[1].startswith(OLD)


def test_what_a_user_builds_on_an_image_of_ours_is_not_ours(engine: OwnEngine) -> None:
    """It inherits the labels. Our tag on what has none of them does not make it ours, either."""
    make(engine)
    make(engine, FOREIGN, seed="more")
    engine.image("dcos-docker/node:of-somebody", {}, seed="other")
    assert engine.dcos_docker("image", "list").succeeded() == f"{CURRENT}\n"
    for name in (FOREIGN, "dcos-docker/node:of-somebody", "of-somebody"):
        result = engine.dcos_docker("image", "remove", "-q", name)
        message = f'Error: There is no node image "{name}".\nNext: See what there is: dcos-docker image list\n'
        assert (result.code, result.stdout, result.stderr) == (4, "", message)
    engine.dcos_docker("clean", "--images").succeeded()
    assert tags(engine) == {FOREIGN, "dcos-docker/node:of-somebody"}


# export


def test_export_of_what_is_not_there(engine: OwnEngine, tmp_path: Path) -> None:
    message = f'Error: There is no node image "{CURRENT}".\n'
    for path in (tmp_path / "node.tar", "-"):
        result = engine.dcos_docker("image", "export", str(path))
        assert (result.code, result.stdout) == (4, "")
        assert message in result.stderr
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("name", ["node.tar", "node.tar.gz", "node.tgz"])
def test_export_and_import(engine: OwnEngine, tmp_path: Path, name: str) -> None:
    made = make(engine, CURRENT_STATIC, labels=of_a_node("debian-11", "20.10"))
    path = tmp_path / name
    path.write_text("what was there before")
    options = ("--linux-distribution", "debian-11", "--docker-version", "20.10")
    assert engine.dcos_docker("image", "export", str(path), *options).succeeded() == f"{path}\n"
    assert left_in(tmp_path) == [name]
    with path.open("rb") as file:
        assert (file.read(2) == b"\x1f\x8b") == name.endswith("gz")
    with tarfile.open(path) as tar:
        assert "manifest.json" in tar.getnames()
    engine.dcos_docker("image", "remove", CURRENT_STATIC).succeeded()
    assert tags(engine) == set()
    assert engine.dcos_docker("image", "import", str(path)).succeeded() == f"{CURRENT_STATIC}\n"
    assert ids(engine, CURRENT_STATIC) == [made]
    (listed,) = json.loads(engine.dcos_docker("image", "list", "-o", "json").succeeded())
    assert (listed["docker_version"], listed["is_current"], listed["created"]) == ("20.10", True, CREATED)


def test_the_mode_of_what_is_exported_is_the_users(engine: OwnEngine, tmp_path: Path) -> None:
    make(engine)
    script = f"umask 027; {shlex.join([str(PROGRAM), 'image', 'export', str(tmp_path / 'node.tar')])}"
    subprocess.run(["sh", "-c", script], env=environment(at(engine.url)), check=True, capture_output=True)
    assert (tmp_path / "node.tar").stat().st_mode & 0o777 == 0o640


def test_export_through_pipes(engine: OwnEngine) -> None:
    made = make(engine)
    exported = raw("image", "export", "-", env=at(engine.url))
    assert (exported.returncode, exported.stderr) == (0, b"")
    engine.dcos_docker("image", "remove", CURRENT).succeeded()
    for content in (exported.stdout, gzip.compress(exported.stdout, 1)):
        imported = raw("image", "import", "-", env=at(engine.url), stdin=content)
        assert (imported.returncode, imported.stdout) == (0, f"{CURRENT}\n".encode())
        assert b"from standard input\n" in imported.stderr
        assert ids(engine, CURRENT) == [made]
    script = f"set -o pipefail; {PROGRAM} image export - | {PROGRAM} image import -"
    piped = subprocess.run(["bash", "-c", script], env=environment(at(engine.url)), capture_output=True, check=True)
    assert piped.stdout == f"{CURRENT}\n".encode()
    assert tags(engine) == {CURRENT}


def test_nobody_reads_what_is_exported(engine: OwnEngine) -> None:
    make(engine, seed=secrets.token_hex(1 << 20))
    script = f"{PROGRAM} image export - | head -c 10 >/dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], env=environment(at(engine.url)), capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"141\n", b"")


@pytest.mark.parametrize("name", ["node.tar", "node.tar.gz"])
def test_a_full_disk_leaves_what_was_there(engine: OwnEngine, tmp_path: Path, name: str) -> None:
    """A limit on the size of files ends a write as a full disk does."""
    make(engine, seed=secrets.token_hex(4 << 20))
    path = tmp_path / name
    path.write_text("what was there before")
    script = f"ulimit -f 1000; {shlex.join([str(PROGRAM), 'image', 'export', '-q', str(path)])}"
    done = subprocess.run(
        ["bash", "-c", script], env=environment(at(engine.url)), capture_output=True, text=True, check=False
    )
    wanted = f"Error: {path} could not be written: File too large.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", wanted)
    assert (left_in(tmp_path), path.read_text()) == ([name], "what was there before")


def test_standard_output_on_a_full_disk(engine: OwnEngine) -> None:
    make(engine)
    script = f"{PROGRAM} image export - >/dev/full"
    done = subprocess.run(
        ["bash", "-c", script], env=environment(at(engine.url)), capture_output=True, text=True, check=False
    )
    wanted = "Error: The output cannot be written: No space left on device.\n"
    assert (done.returncode, done.stderr) == (1, wanted)


def test_an_interrupted_export_leaves_what_was_there(engine: OwnEngine, tmp_path: Path) -> None:
    make(engine, seed=secrets.token_hex(50 << 20))
    path = tmp_path / "node.tar.gz"
    path.write_text("what was there before")

    def is_writing() -> bool:
        return any(one.stat().st_size for one in tmp_path.iterdir() if one != path)

    with Running("image", "export", path, env=at(engine.url)) as running:
        eventually(is_writing, "it writes")
        running.send(signal.SIGINT)
        ended = running.end()
    assert (ended.code, ended.stdout) == (130, "")
    assert ended.stderr.endswith("Stopping…\n")
    assert (left_in(tmp_path), path.read_text()) == ([path.name], "what was there before")
    assert engine.dcos_docker("image", "remove", CURRENT).succeeded() == f"{CURRENT}\n"


# import


def test_import_replaces_an_image_of_the_same_tag(engine: OwnEngine, tmp_path: Path) -> None:
    path = str(tmp_path / "node.tar")
    new = make(engine, seed="new")
    engine.dcos_docker("image", "export", path).succeeded()
    engine.client.remove_image(CURRENT)
    old = make(engine, seed="old")
    assert engine.dcos_docker("image", "import", path).succeeded() == f"{CURRENT}\n"
    assert ids(engine, CURRENT) == [new] != [old]
    assert tags(engine) == {CURRENT}


def test_import_of_what_replaces_an_image_in_use(engine: OwnEngine, tmp_path: Path) -> None:
    path = str(tmp_path / "node.tar")
    new = make(engine, seed="new")
    engine.dcos_docker("image", "export", path).succeeded()
    engine.client.remove_image(CURRENT)
    old = make(engine, seed="old")
    container = engine.container("of-a-node", {}, image=old)
    engine.dcos_docker("image", "import", path).succeeded()
    replaced = f"dcos-docker/node:replaced-{old.removeprefix('sha256:')[:12]}"
    assert (ids(engine, CURRENT), ids(engine, replaced)) == ([new], [old])
    assert tags(engine) == {CURRENT, replaced}
    listed = json.loads(engine.dcos_docker("image", "list", "-o", "json").succeeded())
    told = {image["image"]: (image["is_current"], image["containers"]) for image in listed}
    assert told == {CURRENT: (True, 0), replaced: (False, 1)}
    engine.client.remove_container(container)
    assert engine.dcos_docker("image", "remove", replaced).succeeded() == f"{replaced}\n"


def test_import_again_changes_nothing(engine: OwnEngine, tmp_path: Path) -> None:
    path = str(tmp_path / "node.tar")
    made = make(engine)
    engine.dcos_docker("image", "export", path).succeeded()
    for _ in range(2):
        assert engine.dcos_docker("image", "import", path).succeeded() == f"{CURRENT}\n"
        assert (ids(engine, CURRENT), tags(engine)) == ([made], {CURRENT})


def test_import_of_an_image_without_its_layers(engine: OwnEngine, tmp_path: Path) -> None:
    """What the file says of itself is ours, and the engine cannot use it."""
    content = json.dumps([{"Config": "c.json", "RepoTags": [CURRENT], "Layers": ["l/layer.tar"]}])
    (tmp_path / "manifest.json").write_text(content)
    with tarfile.open(tmp_path / "node.tar", "w") as tar:
        tar.add(tmp_path / "manifest.json", "manifest.json")
    result = engine.dcos_docker("image", "import", str(tmp_path / "node.tar"))
    assert (result.code, result.stdout) == (1, "")
    assert "Error: " in result.stderr
    assert "Traceback" not in result.stderr
    assert tags(engine) == set()


# remove


def test_remove(engine: OwnEngine) -> None:
    """With the repository or without it; what is given twice is removed once."""
    make(engine)
    make(engine, OLD)
    short = OLD.partition(":")[2]
    assert engine.dcos_docker("image", "remove", CURRENT, short, CURRENT).succeeded() == f"{CURRENT}\n{OLD}\n"
    assert tags(engine) == set()


def test_remove_all_that_are_listed(engine: OwnEngine) -> None:
    make(engine)
    make(engine, OLD)
    script = f"{PROGRAM} image remove $({PROGRAM} image list)"
    subprocess.run(["sh", "-c", script], env=environment(at(engine.url)), check=True, capture_output=True)
    assert tags(engine) == set()


def test_remove_what_is_in_use(engine: OwnEngine) -> None:
    used = make(engine)
    make(engine, OLD)
    engine.container("of-a-node", {}, image=used)
    result = engine.dcos_docker("image", "remove", "-q", CURRENT, "nothing", OLD)
    assert (result.code, result.stdout) == (1, f"{OLD}\n")
    assert f"The image {CURRENT} is in use: there are containers of it." in result.stderr
    assert 'There is no node image "nothing".' in result.stderr
    assert f"docker ps --all --filter ancestor={CURRENT}" in result.stderr
    assert tags(engine) == {CURRENT}
    alone = engine.dcos_docker("image", "remove", "-q", CURRENT)
    assert alone.stderr == (
        f"Error: The image {CURRENT} is in use: there are containers of it.\n"
        f"Next: Destroy their clusters first; see them with: docker ps --all --filter ancestor={CURRENT}\n"
    )


def test_remove_keeps_what_somebody_has_built_on_it(engine: OwnEngine) -> None:
    """And what has another tag keeps that one."""
    made = make(engine)
    container = engine.container("of-a-node", {}, image=made)
    repository, tag = FOREIGN.split(":")
    engine.client.commit(container, repository, tag)
    engine.client.remove_container(container)
    engine.client.tag(made, "somebody/else", "1")
    assert engine.dcos_docker("image", "remove", CURRENT).succeeded() == f"{CURRENT}\n"
    assert tags(engine) == {FOREIGN, "somebody/else:1"}
    engine.client.remove_image(FOREIGN)  # what is built on another goes before that


def test_clean_removes_old_images_and_current_ones(engine: OwnEngine) -> None:
    make(engine)
    make(engine, OLD)
    make(engine, "dcos-docker/base:debian-12", labels=ours("image"))
    wanted = sorted(f"image {tag}" for tag in (CURRENT, OLD, "dcos-docker/base:debian-12"))
    assert sorted(engine.dcos_docker("clean", "--images", "--dry-run", "-q").succeeded().splitlines()) == wanted
    assert sorted(engine.dcos_docker("clean", "--images", "-q").succeeded().splitlines()) == wanted
    assert tags(engine) == set()


def test_completion_of_remove(engine: OwnEngine) -> None:
    make(engine)
    make(engine, OLD)
    make(engine, FOREIGN)
    short, old = CURRENT.partition(":")[2], OLD.partition(":")[2]
    env = at(engine.url)
    for words, wanted in (([""], sorted([short, old])), ([old[:-1]], [old]), ([old, ""], [short])):
        # A busy engine may take longer than somebody who waits for a completion does: then nothing is offered.
        complete = partial(offered, "dcos-docker", "image", "remove", *words, env=env)
        eventually(lambda: sorted(complete()) == wanted, f"{words} is completed", timeout=120)  # noqa: B023
    assert offered("dcos-docker", "image", "remove", "x", env=env) == []


# What is somebody else's


def test_a_users_name_for_an_image_that_is_replaced_stays(engine: OwnEngine, tmp_path: Path) -> None:
    make(engine, seed="new")
    engine.dcos_docker("image", "export", str(tmp_path / "new.tar")).succeeded()
    engine.dcos_docker("image", "remove", CURRENT).succeeded()
    old = make(engine, seed="old")
    engine.client.tag(old, "mine", "1")
    engine.dcos_docker("image", "import", str(tmp_path / "new.tar")).succeeded()
    assert ids(engine, "mine:1") == [old]
    assert tags(engine) == {CURRENT, "mine:1"}


def test_what_is_no_file_is_not_replaced(engine: OwnEngine, tmp_path: Path) -> None:
    make(engine)
    os.mkfifo(tmp_path / "fifo")
    result = engine.dcos_docker("image", "export", str(tmp_path / "fifo"))
    assert (result.code, result.stdout) == (2, "")
    assert "is not a file" in result.stderr
    assert (tmp_path / "fifo").is_fifo()


def test_a_link_stays_one(engine: OwnEngine, tmp_path: Path) -> None:
    make(engine)
    (tmp_path / "link.tar").symlink_to(tmp_path / "there.tar")
    engine.dcos_docker("image", "export", str(tmp_path / "link.tar")).succeeded()
    assert (tmp_path / "link.tar").is_symlink()
    assert (tmp_path / "there.tar").stat().st_size


def test_somebody_elses_container_has_the_name_of_the_lock(engine: OwnEngine) -> None:
    """It is no build to wait for, and not ours to remove."""
    name = f"dcos-docker-build-{CURRENT.rpartition(':')[2]}"
    engine.container(name, {})
    result = engine.dcos_docker("image", "build")
    assert (result.code, result.stdout) == (1, "")
    assert f"The container {name} is not ours" in result.stderr
    assert engine.everything() == [f"container {name}"]


def test_an_image_of_another_version_is_told_so(engine: OwnEngine, tmp_path: Path) -> None:
    make(engine, OLD)
    with (tmp_path / "old.tar").open("wb") as file:
        file.writelines(engine.client.get_image(OLD))
    engine.dcos_docker("image", "remove", OLD).succeeded()
    result = engine.dcos_docker("image", "import", str(tmp_path / "old.tar"))
    assert (result.code, result.stdout) == (0, f"{OLD}\n")
    assert f"{OLD} is of another version of dcos-docker" in result.stderr


def test_that_nothing_was_built_is_said_when_it_was_to_be_built_from_something(engine: OwnEngine) -> None:
    make(engine)
    result = engine.dcos_docker("image", "build", "--base-image", "registry.invalid/x:1")
    assert (result.code, result.stdout) == (0, f"{CURRENT}\n")
    assert "is there already, and nothing was built: --force" in result.stderr
