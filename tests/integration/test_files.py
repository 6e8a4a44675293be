"""Files to and from a node, as streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli.backends.docker.host import DockerHost
from dcos_docker_cli.exceptions import CommandError, PathError
from dcos_docker_cli.transports.base import run
from dcos_docker_cli.transports.receiving import receive
from dcos_docker_cli.transports.sending import send
from tests.support.trees import contents, make_tree

if TYPE_CHECKING:
    from pathlib import Path

    from dcos_docker_cli.transports.docker_exec import DockerExec
    from tests.support.clusters import Cluster

pytestmark = pytest.mark.xdist_group("shared")


@pytest.fixture
def node(shared: Cluster) -> DockerExec:
    backend = DockerHost()
    return backend.transport(backend.cluster(shared.cluster_id).node("agent_0"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make_tree(tmp_path)


@pytest.mark.parametrize("parent", ["/root/made/on the way", "/tmp/made", "/run"])  # the last two are tmpfs
def test_a_tree_comes_back_as_it_was_sent(node: DockerExec, tree: Path, tmp_path: Path, parent: str) -> None:
    remote = f"{parent}/{tree.name}"
    send(node, tree, remote)
    receive(node, remote, tmp_path / "back")
    assert contents(tmp_path / "back") == contents(tree)


def test_a_file_is_sent_under_another_name_and_belongs_to_root(node: DockerExec, tmp_path: Path) -> None:
    (tmp_path / "here").write_text("content")
    send(node, tmp_path / "here", "/root/there")
    shown = run(node, ["sh", "-c", "cat /root/there; stat -c ' %U %a' /root/there"]).stdout
    assert shown.decode().split() == ["content", "root", "644"]


def test_a_file_that_is_not_here_is_named(node: DockerExec, tmp_path: Path) -> None:
    with pytest.raises(PathError, match="nothing"):
        send(node, tmp_path / "nothing", "/root/nothing")


def test_a_file_that_is_not_there_is_named(node: DockerExec, tmp_path: Path) -> None:
    with pytest.raises(PathError, match="There is no /root/nowhere on the node"):
        receive(node, "/root/nowhere", tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_what_cannot_be_written_is_an_error(node: DockerExec, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(CommandError) as failure:
        send(node, tmp_path / "file", "/proc/version/file")
    assert any("version" in line for line in failure.value.details)


def test_nothing_here_is_overwritten(node: DockerExec, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(PathError, match="is there already"):
        receive(node, "/etc/hostname", tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_link_that_leads_elsewhere_comes_back_as_it_is(node: DockerExec, tmp_path: Path) -> None:
    run(node, ["sh", "-c", "mkdir -p /root/links && ln -sfn /nowhere/at/all /root/links/absolute"])
    receive(node, "/root/links", tmp_path / "links")
    receive(node, "/root/links/absolute", tmp_path / "absolute")
    for path in (tmp_path / "links" / "absolute", tmp_path / "absolute"):
        assert str(path.readlink()) == "/nowhere/at/all"


def test_a_file_is_overwritten_in_its_place(node: DockerExec, tmp_path: Path) -> None:
    """So it keeps its owner; and /etc/hosts of a container is a mount that cannot be removed."""
    (tmp_path / "new").write_text("new\n")
    run(node, ["sh", "-c", "mkdir -p /root/own && echo old >/root/own/file && chown nobody /root/own/file /root/own"])
    send(node, tmp_path / "new", "/root/own/file")
    send(node, tmp_path / "new", "/root/own/other")
    owners = run(node, ["stat", "-c", "%U", "/root/own", "/root/own/file", "/root/own/other"]).stdout.split()
    assert owners == [b"nobody", b"nobody", b"root"]
    assert run(node, ["cat", "/root/own/file"]).stdout == b"new\n"
    receive(node, "/etc/hosts", tmp_path / "hosts")
    send(node, tmp_path / "hosts", "/etc/hosts")
    assert run(node, ["cat", "/etc/hosts"]).stdout == (tmp_path / "hosts").read_bytes()


def test_a_file_does_not_take_a_directory_s_place_nor_the_other_way_round(node: DockerExec, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()
    with pytest.raises(PathError, match="is no directory, and /var/tmp on the node is one"):
        send(node, tmp_path / "file", "/var/tmp")
    with pytest.raises(PathError, match="is a directory, and /etc/hostname on the node is none"):
        send(node, tmp_path / "directory", "/etc/hostname")
