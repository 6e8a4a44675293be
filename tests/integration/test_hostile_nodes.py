"""A node whose tar is not tar, and names that are programs for a shell: only what was asked for is written here."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.support.archives import END, REFUSED, TAKEN, TOP, assert_plain, assert_untouched, member, whole
from tests.support.clusters import Cluster, one_node, tear_down
from tests.support.engine import execute
from tests.support.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from docker import APIClient

pytestmark = pytest.mark.xdist_group("hostile-cluster")
transports = pytest.mark.parametrize("transport", ["docker-exec", "ssh"])


@pytest.fixture(scope="module")
def cluster(client: APIClient) -> Iterator[Cluster]:
    with one_node(client) as made:
        yield made


# Archives


def with_tar(client: APIClient, cluster: Cluster, content: bytes) -> None:
    """Have the node's tar answer everything with these bytes; what it is given it reads and drops."""
    script = b"#!/bin/sh\ncat /evil.bytes\n"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data, mode in (("usr/local/bin/tar", script, 0o755), ("evil.bytes", content, 0o644)):
            made = tarfile.TarInfo(name)
            made.size, made.mode = len(data), mode
            tar.addfile(made, io.BytesIO(data))
    client.put_archive(cluster.container("master_0"), "/", buffer.getvalue())


@pytest.fixture
def hostile(client: APIClient, cluster: Cluster) -> Iterator[Cluster]:
    yield cluster
    execute(client, cluster.container("master_0"), "rm", "-f", "/usr/local/bin/tar", "/evil.bytes")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A directory to fetch into; beside it is something that is not to change."""
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def refuse(client: APIClient, cluster: Cluster, target: Path, transport: str, names: Iterable[str]) -> None:
    for name in names:
        with_tar(client, cluster, whole(name))
        result = cluster.dcos_docker("download-file", "--transport", transport, "/opt", f"{target}/top")
        assert (result.code, result.stdout) == (1, ""), f"{name}: {result.stderr}"
        assert "Error: /opt could not be fetched from master_0" in result.stderr, name
        assert list(target.iterdir()) == [], name
        assert_untouched(target)


@transports
def test_some_archives_that_are_refused(client: APIClient, hostile: Cluster, target: Path, transport: str) -> None:
    some = {"docker-exec": ("through a link", "hard link", "over a link", "huge header"), "ssh": ("parent", "nothing")}
    refuse(client, hostile, target, transport, some[transport])


@pytest.mark.faults
@transports
def test_archives_that_are_refused(client: APIClient, hostile: Cluster, target: Path, transport: str) -> None:
    refuse(client, hostile, target, transport, REFUSED)


@pytest.mark.parametrize("transport", ["docker-exec", pytest.param("ssh", marks=pytest.mark.faults)])
def test_archives_that_are_odd(client: APIClient, hostile: Cluster, target: Path, transport: str) -> None:
    for name in TAKEN:
        with_tar(client, hostile, whole(name))
        result = hostile.dcos_docker("download-file", "--transport", transport, "/opt", f"{target}/{name}")
        assert (result.code, result.stdout) == (0, ""), f"{name}: {result.stderr}"
        assert "\x1b" not in result.stderr
        assert_untouched(target)
        assert_plain(target / name)
    odd = (target / "odd names").iterdir()
    assert sorted(os.fsencode(path.name) for path in odd) == [b"-rf", b"a\nb", b"\xff"]


def test_a_file_that_is_told_to_be_larger_than_any_disk(client: APIClient, hostile: Cluster, target: Path) -> None:
    with_tar(client, hostile, TOP + member("top/x", pax_headers={"size": str(1 << 62)}) + b"x" * 1024 + END)
    result = hostile.dcos_docker("download-file", "/opt", f"{target}/top")
    assert result.code == 1
    assert list(target.iterdir()) == []


# Names

NAMES = (
    *("; touch hurt", "$(touch hurt)", "`touch hurt`", "'; touch hurt; '", '"; touch hurt; "', "&& touch hurt"),
    *(
        "-rf",
        "--help",
        "--to-command=touch hurt",
        "a\nb",
        "a\ttab",
        " ",
        "*",
        "?[a]",
        "~",
        "$HOME",
        "\\",
        "%s",
        "é\u202e",
    ),
    *("a'b\"c`d$e", "#x", "!x", "| touch hurt", "-", "{a,b}", "=x", "A=B"),
)
QUICK = NAMES[::7]


def assert_unhurt(cluster: Cluster) -> None:
    assert cluster.output("find", "/", "-ignore_readdir_race", "-xdev", "-name", "hurt") == ""


@transports
def test_names_mean_nothing_to_any_shell(cluster: Cluster, tmp_path: Path, transport: str) -> None:
    """Files of each of these names go to a node and come back; as arguments and variables they arrive."""
    by = ("--transport", transport)
    (tmp_path / "out").mkdir()
    for name in NAMES:
        (tmp_path / "out" / name).write_text(name)
    cluster.dcos_docker("send-file", *by, f"{tmp_path}/out/", "/root/all").succeeded()
    cluster.dcos_docker("download-file", *by, "/root/all", str(tmp_path)).succeeded()
    assert {path.name: path.read_text() for path in (tmp_path / "all").iterdir()} == {name: name for name in NAMES}
    printed = cluster.dcos_docker("run", *by, "--", "printf", "%s\\0", *NAMES).succeeded()
    assert printed.split("\0")[:-1] == list(NAMES)
    variables = [word for number, name in enumerate(NAMES) for word in ("--env", f"V{number}={name}")]
    show = ["sh", "-c", "; ".join(f'printf "%s\\0" "$V{number}"' for number in range(len(NAMES)))]
    assert cluster.dcos_docker("run", *by, *variables, "--", *show).succeeded().split("\0")[:-1] == list(NAMES)
    cluster.run("rm", "-rf", "/root/all").succeeded()
    assert_unhurt(cluster)


def each_by_its_name(cluster: Cluster, directory: Path, transport: str, names: Iterable[str]) -> None:
    """Send and fetch a file as a path of its own, in a directory of the same name; and run something as such a user."""
    by = ("--transport", transport)
    (directory / "work").mkdir()
    for name in names:
        (directory / name).write_text(name)
        remote = f"/root/one by one/{name}/{name}"
        cluster.dcos_docker("send-file", *by, "--", f"{directory}/{name}", remote, cwd=directory / "work").succeeded()
        back = directory / "work" / "back"
        cluster.dcos_docker("download-file", *by, "--", remote, str(back), cwd=directory / "work").succeeded()
        assert back.read_text() == name
        back.unlink()
        result = cluster.dcos_docker("run", *by, "--user", name, "--", "true", cwd=directory / "work")
        assert result.code != 0, name
        assert "Traceback" not in result.stderr
    assert list((directory / "work").iterdir()) == []
    cluster.run("rm", "-rf", "/root/one by one").succeeded()
    assert_unhurt(cluster)


def test_some_paths_and_users(cluster: Cluster, tmp_path: Path) -> None:
    each_by_its_name(cluster, tmp_path, "docker-exec", QUICK)


@pytest.mark.faults
@transports
def test_paths_and_users(cluster: Cluster, tmp_path: Path, transport: str) -> None:
    each_by_its_name(cluster, tmp_path, transport, NAMES)


def test_labels_and_variables_of_nodes(client: APIClient) -> None:
    """Of nodes themselves: what is in the engine is what was given."""
    made = Cluster(new_id())
    pairs = {f"label{number}": name for number, name in enumerate(NAMES)}
    given = [word for key, name in pairs.items() for word in ("--label", f"{key}={name}", "--env", f"{key}={name}")]
    try:
        made.dcos_docker("provision", "--agents", "0", "--public-agents", "0", *given).succeeded()
        found = client.inspect_container(made.container("master_0"))["Config"]
        assert pairs.items() <= found["Labels"].items()
        assert pairs.items() <= dict(line.split("=", 1) for line in found["Env"]).items()
        shown = made.run("printenv", "label3").succeeded()
        assert shown == f"{NAMES[3]}\n"
        assert_unhurt(made)
    finally:
        tear_down(client, made.cluster_id)
