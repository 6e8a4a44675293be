"""`send-file`: where things end up, what is said, and what is left when something is in the way."""

from __future__ import annotations

import hashlib
import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli.transports.archive import LARGE
from tests.support.elsewhere import is_remote
from tests.support.ids import new_id
from tests.support.nodes import Nodes
from tests.support.program import Running, at, dcos_docker, eventually
from tests.support.proxy import EngineProxy
from tests.support.terminal import OnTerminal
from tests.support.trees import contents, make_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

    from tests.support.clusters import Cluster

pytestmark = pytest.mark.xdist_group("shared")

BEGIN = re.compile(r"\[ *\d+\.\ds\] ")


NODES = ("master_0", "agent_0")
ON_BOTH = [option for node in NODES for option in ("--node", node)]


@pytest.fixture
def nodes(client: APIClient, shared: Cluster) -> Nodes:
    return Nodes(client, shared.cluster_id)


@pytest.fixture
def there(nodes: Nodes) -> Iterator[str]:
    """A new directory, the same on two nodes."""
    path = f"/root/{new_id()}"
    for node in NODES:
        nodes.output("mkdir", path, node=node)
    yield path
    for node in NODES:
        nodes.output("rm", "-rf", path, node=node)


def sends(shared: Cluster, *args: str | Path) -> str:
    """Send, which must succeed; return what is said of it."""
    result = shared.dcos_docker("send-file", *map(str, args))
    assert (result.code, result.stdout) == (0, ""), result.stderr
    return BEGIN.sub("", result.stderr)


def fails(shared: Cluster, *args: str | Path) -> tuple[int, str]:
    """Send, which must fail; return the exit code, and what is said after the line of the step."""
    result = shared.dcos_docker("send-file", *map(str, args))
    assert result.stdout == ""
    return result.code, "".join(line for line in result.stderr.splitlines(keepends=True) if not BEGIN.match(line))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name in ("one", "two", "dir/three"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{name}\n")
    (tmp_path / "to one").symlink_to("one")
    (tmp_path / "to dir").symlink_to("dir")
    return tmp_path


@pytest.mark.parametrize(
    ("sources", "dest", "found"),
    [
        (["one"], "/new", ["new f one"]),
        (["one"], "/new/", ["new d", "new/one f one"]),
        (["one"], "", ["one f one"]),  # it is a directory
        (["one"], "/deep/er", ["deep d", "deep/er f one"]),
        (["one", "two", "dir"], "/new",
         ["new d", "new/dir d", "new/dir/three f dir/three", "new/one f one", "new/two f two"]),
        (["dir"], "/new", ["new d", "new/three f dir/three"]),
        (["dir"], "", ["dir d", "dir/three f dir/three"]),
        (["dir/."], "", ["three f dir/three"]),
        (["dir/."], "/new", ["new d", "new/three f dir/three"]),
        (["to one"], "", ["to one f one"]),
        (["to dir"], "/new", ["new d", "new/three f dir/three"]),
        (["one"], "/-x", ["-x f one"]),
        (["one"], "/a  b'\"$HOME", ["a  b'\"$HOME f one"]),
        (["one"], "/~", ["~ f one"]),
    ],
)  # fmt: skip
def test_where_it_goes(
    shared: Cluster, nodes: Nodes, there: str, files: Path, sources: list[str], dest: str, found: list[str]
) -> None:
    paths = [f"{files}/{source}" for source in sources]
    sends(shared, *paths, there + dest)
    assert nodes.listing(there) == sorted(found)


@pytest.mark.parametrize("parent", ["/tmp", "/run"])
def test_a_tmpfs_gets_it(shared: Cluster, nodes: Nodes, files: Path, parent: str) -> None:
    """What the engine itself copies there would be lost."""
    name = new_id()
    sends(shared, files / "one", f"{parent}/{name}")
    sends(shared, files / "two", f"{parent}/")
    assert nodes.output("cat", f"{parent}/{name}", f"{parent}/two") == "one\ntwo"
    nodes.output("rm", f"{parent}/{name}", f"{parent}/two")


def test_links_on_the_node(shared: Cluster, nodes: Nodes, there: str, files: Path) -> None:
    """One to a directory is that directory; one to a file is written through, as `cp` does."""
    script = 'cd "$1" && mkdir real && ln -s real link && echo old >file && ln -s file alias'
    nodes.shell(script, there)
    sends(shared, files / "one", f"{there}/link")
    sends(shared, files / "dir", f"{there}/link")
    sends(shared, files / "two", f"{there}/alias")
    assert nodes.listing(there) == [
        "alias l file", "file f two", "link l real", "real d", "real/dir d", "real/dir/three f dir/three",
        "real/one f one",
    ]  # fmt: skip


def test_names_with_a_dash_and_of_the_working_directory(shared: Cluster, nodes: Nodes, there: str, files: Path) -> None:
    (files / "-dash").write_text("dash\n")
    (files / "-").write_text("minus\n")
    shared.dcos_docker("send-file", "--", "-dash", "./-", there, cwd=files).succeeded()
    assert nodes.listing(there) == ["- f minus", "-dash f dash"]


@pytest.mark.parametrize("transport", ["docker-exec", "ssh"])
def test_a_tree_to_two_nodes(shared: Cluster, nodes: Nodes, there: str, tmp_path: Path, transport: str) -> None:
    tree = make_tree(tmp_path)
    (tree / os.fsdecode(b"not utf-8 \xff")).write_text("x")
    (tree / "new\nline").write_text("x")
    said = sends(shared, *ON_BOTH, "--transport", transport, tree, there)
    assert said == f"Sending {tree.name} to 2 nodes\n"
    for node in NODES:
        back = tmp_path / node
        shared.dcos_docker("download-file", "--node", node, f"{there}/{tree.name}", str(back)).succeeded()
        assert contents(back) == contents(tree)


def test_empty_and_large(shared: Cluster, nodes: Nodes, there: str, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    data = os.urandom(100 << 20)
    (tmp_path / "large").write_bytes(data)
    said = sends(shared, "-v", tmp_path / "empty", tmp_path / "large", there)
    assert re.fullmatch(r"Sending 2 files to master_0\n +104\.9 MB of 104\.9 MB, \d+\.\d MB/s\n", said)
    found = nodes.shell(f"cd {there} && stat -c %s empty && sha256sum <large")
    assert found.split() == ["0", hashlib.sha256(data).hexdigest(), "-"]


def test_more_files_than_go_at_once(shared: Cluster, nodes: Nodes, there: str, tmp_path: Path) -> None:
    names = [f"{number:03} {'x' * 200}" for number in range(150)]
    for name in names:
        (tmp_path / name).write_text(name)
    sends(shared, *sorted(tmp_path.iterdir()), there)
    assert nodes.output("ls", there).splitlines() == names


def test_who_owns_what_is_new(shared: Cluster, nodes: Nodes, there: str, files: Path) -> None:
    nodes.output("chown", "nobody", there)
    nodes.output("chmod", "755", "/root")
    try:
        sends(shared, "--user", "nobody", files / "one", there)
        sends(shared, files / "two", there)
        sends(shared, files / "two", f"{there}/one")
        assert fails(shared, "--user", "nobody", files / "one", "/root/") == (
            1,
            f"Error: {files}/one could not be sent to /root/one on master_0.\n"
            "  tar: one: Cannot open: Permission denied\n  tar: Exiting with failure status due to previous errors\n",
        )
    finally:
        nodes.output("chmod", "700", "/root")
    owners = nodes.shell(f"cd {there} && stat -c '%U %n' *").splitlines()
    assert owners == ["nobody one", "root two"]
    nodes.output("touch", "/tmp/of-root")
    assert fails(shared, "--user", "nobody", files / "one", "/tmp/of-root") == (
        1,
        f"Error: {files}/one could not be sent to /tmp/of-root on master_0.\n  /tmp/of-root: Permission denied\n",
    )
    nodes.output("rm", "/tmp/of-root")
    code, said = fails(shared, "--user", "no-such-user", files / "one", there)
    assert code == 1
    assert said.startswith(f"Error: no-such-user could not look for {there} on master_0.\n")
    assert "no-such-user" in said.splitlines()[1]


def test_what_is_in_the_way(shared: Cluster, nodes: Nodes, there: str, files: Path) -> None:
    nodes.shell(f"cd {there} && mkdir -p one && echo x >file && ln -s one two")
    assert fails(shared, files / "two", there) == (
        1,
        f"Error: {files}/two is no directory, and {there}/two on master_0 is one.\nNext: Name the target itself.\n",
    )
    assert fails(shared, files / "one", there) == (
        1,
        f"Error: {files}/one is no directory, and {there}/one on master_0 is one.\nNext: Name the target itself.\n",
    )
    assert fails(shared, files / "dir", f"{there}/file") == (
        1,
        f"Error: {files}/dir is a directory, and {there}/file on master_0 is none.\n",
    )
    assert fails(shared, files / "one", files / "two", f"{there}/file") == (
        1,
        f"Error: 2 files could not be sent to {there}/file on master_0.\n"
        f"  mkdir: cannot create directory \u2018{there}/file\u2019: File exists\n",
    )


def test_a_failure_on_one_node_does_not_keep_it_from_the_others(
    shared: Cluster, nodes: Nodes, there: str, files: Path
) -> None:
    nodes.output("touch", f"{there}/x", node="agent_0")
    code, said = fails(shared, *ON_BOTH, files / "one", f"{there}/x/")
    assert (code, said.splitlines()[0]) == (1, f"Error: {files}/one could not be sent to {there}/x/one on agent_0.")
    assert nodes.output("cat", f"{there}/x/one") == "one"


def test_no_such_node_or_cluster(shared: Cluster, files: Path) -> None:
    assert fails(shared, "--node", "agent_7", files / "one", "/tmp/") == (
        4,
        f'Error: The cluster "{shared.cluster_id}" has no node "agent_7".\n'
        "Next: Its nodes: master_0, agent_0, agent_1, public_agent_0\n",
    )
    none = type(shared)("no-such-cluster")
    assert fails(none, files / "one", "/tmp/") == (
        4,
        'Error: There is no cluster "no-such-cluster".\nNext: See what there is: dcos-docker list\n',
    )


def test_quiet(shared: Cluster, nodes: Nodes, there: str, files: Path) -> None:
    assert sends(shared, "-q", files / "one", there) == ""


def test_the_engine_goes_away(shared: Cluster, nodes: Nodes, there: str, tmp_path: Path, engine_socket: str) -> None:
    (tmp_path / "large").write_bytes(bytes(50 << 20))
    with EngineProxy(engine_socket) as proxy:
        proxy.when("\0" * 1000, proxy.cut, nth=20)
        result = shared.dcos_docker("send-file", str(tmp_path / "large"), there, env=at(proxy.url))
    assert (result.code, result.stdout) == (125, "")
    lines = result.stderr.splitlines()
    assert re.match(rf"Error: .*Docker engine .*at {proxy.url}", lines[1])


# What is seen of it on a terminal


def test_a_brief_transfer_leaves_nothing_on_a_terminal(shared: Cluster, nodes: Nodes, there: str, files: Path) -> None:
    with OnTerminal("send-file", "-c", shared.cluster_id, files / "one", there) as terminal:
        assert terminal.end(60) == 0
    kept = re.search(r"\(([\d.]+) s\)\r?\n", terminal.seen)
    assert kept is None or float(kept[1]) >= 1.0, "a busy machine took longer, and said so"
    shown = re.sub(r"\x1b\[\?25[lh]|\x1b\[\d*m", "", terminal.seen)
    assert re.search(r"(\n|\r\x1b\[K)$", shown), "the line is empty in the end"


def test_a_longer_one_shows_how_far_it_is(shared: Cluster, nodes: Nodes, there: str, tmp_path: Path) -> None:
    large = tmp_path / ("large" * 20)
    large.write_bytes(bytes(20_000_000))
    with (
        nodes.tar('sleep 1.3; exec /usr/bin/tar "$@"'),
        OnTerminal("send-file", "-c", shared.cluster_id, large, there, columns=90) as terminal,
    ):
        terminal.wait_for(" MB of 20.0 MB, ")
        assert terminal.end(60) == 0
    assert re.search(
        r"✔\x1b\[0m Sending (large)+[^/]*…: 20\.0 MB of 20\.0 MB, \d+\.\d MB/s \([\d.]+ s\)\r?\n", terminal.seen
    )
    assert terminal.seen.count("\n") == 1
    assert nodes.output("stat", "-c", "%s", f"{there}/{large.name}") == "20000000"


# Transfers that do not end well

HALF = 'head -c 5000000 | /usr/bin/tar "$@"; code=$?; sleep 2; exit $code'
"""A tar to which only a part has come."""


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large"
    path.write_bytes(bytes(1 << 30))
    return path


def something_has_come(nodes: Nodes, there: str) -> bool:
    return nodes.shell('find "$1" -path "*/.dcos-docker-*" -size +1000k || :', there) != ""


NOT_ASKED = pytest.mark.skipif(is_remote(), reason="an engine elsewhere is not asked for it")
HOW = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]


@pytest.mark.parametrize("how", HOW)
def test_what_was_there_stays_until_all_has_come(
    shared: Cluster, nodes: Nodes, there: str, large: Path, how: signal.Signals
) -> None:
    nodes.shell('cd "$1" && echo mine >large && echo mine >other', there)
    before = nodes.listing(there)
    args = ("-c", shared.cluster_id, "--transport", "ssh", large, f"{there}/")
    with Running("send-file", *args) as running:
        eventually(lambda: something_has_come(nodes, there), "a part has come")
        running.send(how)
        assert running.end(15).code == 128 + how
    eventually(lambda: nodes.listing(there) == before, "what was there is there, and nothing else")


@NOT_ASKED
@pytest.mark.parametrize("what", ["file", "directory"])
@pytest.mark.parametrize("how", HOW)
def test_an_end_while_the_engine_unpacks(
    shared: Cluster, nodes: Nodes, there: str, tmp_path: Path, how: signal.Signals, what: str, engine_socket: str
) -> None:
    large = tmp_path / "large"
    large.write_bytes(bytes(3 * LARGE))
    nodes.shell('cd "$1" && echo mine >large && echo mine >other', there)
    before = nodes.listing(there)
    source, target = (large, f"{there}/") if what == "file" else (large.parent, f"{there}/new")
    with EngineProxy(engine_socket) as proxy:
        begun: list[Running] = []

        def end() -> None:
            begun[0].send(how)
            if how != signal.SIGKILL:
                begun[0].wait_for_stderr("Stopping…")

        trigger = proxy.when("", end, nth=1000)  # of pieces of 64 KiB
        with Running("send-file", "-c", shared.cluster_id, source, target, env=at(proxy.url)) as running:
            begun.append(running)
            result = running.end(15)
        assert (result.code, result.stdout, "Traceback" in result.stderr) == (128 + how, "", False)
        assert trigger.fired.is_set()
        assert any(re.match(r"PUT \S+/archive", request) for request in proxy.requests)
    eventually(lambda: nodes.listing(there) == before, "what was there is there, and nothing else")


@NOT_ASKED
@pytest.mark.parametrize("parent", ["/opt", "/tmp"])
def test_much_is_unpacked_by_the_engine_where_it_sees_the_directory(
    shared: Cluster, nodes: Nodes, tmp_path: Path, parent: str, engine_socket: str
) -> None:
    """A file, a new directory, and one that is there: what is on a tmpfs of the node goes by the node itself."""
    source, there = tmp_path / "new", f"{parent}/unpacked"
    (source / "deep").mkdir(parents=True)
    for number in range(600):
        (source / "deep" / f"{number}").write_bytes(bytes(number))
    (source / "deep" / "link").symlink_to("../one")
    (source / "hard").hardlink_to(source / "deep" / "7")
    source.chmod(0o2750)
    (source / "one").write_text("content")
    os.utime(source / "one", (1_000_000_000, 1_000_000_000))
    os.chown(source / "one", 1234, 1234)
    (source / "one").chmod(0o640)
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.seek(LARGE)
        file.write(b"end")
    nodes.shell('rm -rf "$1" && mkdir "$1" && ln -s "$1" "$1.link"', there)
    try:
        # Into a directory that is there each file goes by the node: what is there may be a link, or a mount.
        for path, target, is_new in (
            (large, f"{there}.link/", True),
            (source, f"{there}.link/", True),
            (source, there, False),
        ):
            with EngineProxy(engine_socket) as proxy:
                dcos_docker("send-file", "-c", shared.cluster_id, path, target, env=at(proxy.url)).succeeded()
                put = [request for request in proxy.requests if request.startswith("PUT")]
            assert len(put) == (parent == "/opt" and is_new), (path, target)
        found = nodes.shell('cd "$1" && stat -c "%n %F %U:%G %a %Y" new new/one && ls new/deep | wc -l', there)
        lines = found.splitlines()
        assert lines[0].startswith("new directory root:root 2750 ")
        assert lines[1:] == ["new/one regular file root:root 640 1000000000", "601"]
        assert nodes.shell('cd "$1/new" && readlink deep/link && stat -c %h hard', there) == "../one\n2"
        assert nodes.shell('stat -c %s "$1/large"; tail -c 3 "$1/large"', there) == f"{LARGE + 3}\nend"
        assert nodes.shell('ls -A "$1"', there) == "large\nnew"
    finally:
        nodes.shell('rm -rf "$1" "$1.link"', there)


def test_what_comes_in_part_is_not_put_in_its_place(
    shared: Cluster, nodes: Nodes, there: str, files: Path, tmp_path: Path
) -> None:
    (tmp_path / "large").write_bytes(bytes(20_000_000))
    nodes.shell('cd "$1" && echo mine >one', there)
    with nodes.tar(HALF):
        code, said = fails(shared, files / "one", tmp_path / "large", there)
    assert (code, said.splitlines()[0]) == (1, f"Error: 2 files could not be sent to {there} on master_0.")
    with nodes.tar("cat >/dev/null"):  # as GNU tar ends well when it finds the end of its input between two files
        assert fails(shared, files / "one", there) == (
            1,
            f"Error: {files}/one could not be sent to {there}/one on master_0.\n  The connection was cut.\n",
        )
    assert nodes.listing(there) == ["one f mine"]


def test_a_file_that_is_there_keeps_what_it_is(shared: Cluster, nodes: Nodes, there: str, files: Path) -> None:
    (files / "one").chmod(0o755)
    show = 'cd "$1" && stat -c "%i %U %a" one; cat one'
    nodes.shell('cd "$1" && echo old >one && chown nobody one && chmod 640 one', there)
    old = nodes.shell(show, there)
    sends(shared, files / "one", there)
    assert nodes.shell(show, there) == old.replace("old", "one")
    nodes.shell('cd "$1" && chmod 755 /root', there)
    try:  # in a directory in which its owner can make nothing
        sends(shared, "--user", "nobody", files / "two", f"{there}/one")
    finally:
        nodes.output("chmod", "700", "/root")
    assert nodes.listing(there) == ["one f two"]


def test_no_room(shared: Cluster, nodes: Nodes, there: str, tmp_path: Path) -> None:
    """Neither for what comes, beside what is there, nor for all of it in its place."""
    (tmp_path / "large").write_bytes(bytes(6 << 20))
    nodes.shell('mount -t tmpfs -o size=8m none "$1" && echo mine >"$1/large"', there)
    try:
        code, said = fails(shared, tmp_path / "large", there)
        assert code == 1
        assert said.endswith(f"  {there}/large: No space left on device\n")
        nodes.shell('head -c 4000000 /dev/zero >"$1/other"', there)
        code, said = fails(shared, tmp_path / "large", there)
        assert code == 1
        assert said.endswith(f"  {there}: No space left on device\n")
        assert nodes.output("cat", f"{there}/large") == "mine"
        assert nodes.output("ls", "-A", there) == "large\nother"
    finally:
        nodes.output("umount", there)


def test_interrupt(shared: Cluster, nodes: Nodes, there: str, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(20_000_000))
    with (
        nodes.tar("exec sleep 20"),
        Running("send-file", "-c", shared.cluster_id, tmp_path / "large", there) as running,
    ):
        running.wait_for_stderr("Sending")
        running.send(signal.SIGINT)
        result = running.end(15)
    assert (result.code, result.stdout) == (130, "")
    assert BEGIN.sub("", result.stderr) == "Sending large to master_0\nStopping…\n"
