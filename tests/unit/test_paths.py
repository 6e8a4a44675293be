"""Where files are to go, as `cp` and `docker cp` have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcos_docker_cli.exceptions import UsageError
from dcos_docker_cli.lifecycle.paths import read_sources, read_target, remote_path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("file", "dir/a", "dir/b/c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("12345")
    (tmp_path / "to file").symlink_to("file")
    (tmp_path / "to dir").symlink_to("dir")
    (tmp_path / "dir" / "link").symlink_to("/etc")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "path"),
    [("/a/b", "/a/b"), ("a/b", "/a/b"), ("-x", "/-x"), ("./~", "/./~"), ("//a", "/a"), ("/a b/", "/a b/"), (".", "/.")],
)
def test_path_of_a_node(text: str, path: str) -> None:
    assert remote_path(text) == path


@pytest.mark.parametrize("text", ["", "-", "~", "~/x", "~user/x", "master_0:/x", "public_agent_12:", "agent_0:x\ny"])
def test_no_path_of_a_node(text: str) -> None:
    with pytest.raises(UsageError):
        remote_path(text)


@pytest.mark.parametrize(
    ("sources", "dest", "into", "remote"),
    [
        (["file"], "/x/y", False, "/x/y"),
        (["file"], "/x/y/", True, "/x/y"),
        (["file"], "/x/y/.", True, "/x/y"),
        (["file"], "/x/../y", False, "/x/../y"),
        (["file", "dir"], "/x/y", True, "/x/y"),
        (["file"], "/", True, "/"),
    ],
)
@pytest.mark.usefixtures("here")
def test_into_a_directory(sources: list[str], dest: str, into: bool, remote: str) -> None:
    sending = read_sources(sources, dest)
    assert (sending.into, sending.remote) == (into, remote)


@pytest.mark.parametrize(
    ("source", "name", "size"),
    [
        ("file", "file", 5), ("./file", "file", 5), ("to file", "to file", 5), ("dir", "dir", 10), ("dir/", "dir", 10),
        ("to dir", "to dir", 10), ("to dir/", "to dir", 10), ("dir/.", "", 10), (".", "", 15), ("dir/..", "", 15),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("here")
def test_source(source: str, name: str, size: int) -> None:
    (found,) = read_sources([source], "/x").sources
    assert (found.name, found.size()) == (name, size)
    assert not found.path.is_symlink(), "what the link leads to is sent"


@pytest.mark.parametrize(
    ("source", "dest", "target"),
    [
        ("/a/z", "new", "new"),
        ("/a/z", "dir", "dir/z"),
        ("/a/z", "to dir", "to dir/z"),
        ("/a/z", ".", "z"),
        ("/a/z/", "new", "new"),
        ("/a/z", "new/", "new/z"),
        ("/a/z/.", "new/", "new/z"),
        ("/a/z", "dir/new", "dir/new"),
    ],
)
@pytest.mark.usefixtures("here")
def test_target(source: str, dest: str, target: str) -> None:
    fetching = read_target(source, dest, ["master_0"], force=False)
    assert fetching.target("master_0") == Path(target)


@pytest.mark.parametrize("dest", ["new", "new/", "dir", "deep/new"])
@pytest.mark.usefixtures("here")
def test_targets_of_several_nodes(dest: str) -> None:
    fetching = read_target("/a/b", dest, ["master_0", "agent_0"], force=False)
    assert fetching.target("agent_0") == Path(dest, "agent_0", "b")
