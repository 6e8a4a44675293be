"""`download-file`: what comes, where it is put, and that nothing is overwritten or left half-done."""

from __future__ import annotations

import hashlib
import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.elsewhere import is_remote
from tests.support.ids import new_id
from tests.support.nodes import Nodes
from tests.support.program import Running, at, dcos_docker, eventually
from tests.support.proxy import EngineProxy
from tests.support.terminal import OnTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

    from tests.support.clusters import Cluster

pytestmark = pytest.mark.xdist_group("shared")

BEGIN = re.compile(r"\[ *\d+\.\ds\] ")
ON_BOTH = ("--node", "agent_0", "--node", "master_0")
HALF = '/usr/bin/tar "$@" | { head -c 10000000; exec sleep 15; }'
"""A tar that stops in the middle of what it gives."""
MAKE = """
mkdir -p "$1/dir/empty" && cd "$1"
echo one >one; echo two >'t w o'; echo dash >-dash; echo three >dir/three
ln -s one link; ln -s dir "dir link"; ln -s /nowhere broken; ln -s ../one dir/up
mkfifo fifo; mkdir special; mkfifo special/fifo; ln special/fifo special/again; mknod special/null c 1 3
echo four >special/four
perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "socket", Listen => 1) or die'; ln socket special/socket
printf x >"$(printf 'dir/\\377')"
"""


@pytest.fixture
def nodes(client: APIClient, shared: Cluster) -> Nodes:
    return Nodes(client, shared.cluster_id)


@pytest.fixture
def there(nodes: Nodes) -> Iterator[str]:
    """A directory of the first master with some files."""
    path = f"/root/{new_id()}"
    nodes.shell(MAKE, path)
    yield path
    nodes.output("rm", "-rf", path)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The working directory."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "to dir").symlink_to("dir")
    (tmp_path / "mine").write_text("mine")
    return tmp_path


def fetch(shared: Cluster, here: Path, *args: str) -> tuple[int, str]:
    """Fetch; return the exit code, and what is said, without the times."""
    result = shared.dcos_docker("download-file", *args, cwd=here)
    assert result.stdout == ""
    return result.code, BEGIN.sub("", result.stderr)


def listing(here: Path) -> dict[str, str]:
    """Return what is in the working directory that was not there."""
    return {
        str(path.relative_to(here)): f"-> {path.readlink()}"
        if path.is_symlink()
        else path.read_text()
        if path.is_file()
        else ""
        for path in here.rglob("*")
        if path.relative_to(here).parts[-1:] not in (("dir",), ("to dir",), ("mine",))
    }


DIRECTORY = {"empty": "", "three": "three\n", "up": "-> ../one", os.fsdecode(b"\xff"): "x"}


@pytest.mark.parametrize(
    ("source", "dest", "found"),
    [
        ("one", "new", {"new": "one\n"}),
        ("one", ".", {"one": "one\n"}),
        ("one", "dir", {"dir/one": "one\n"}),
        ("one", "to dir", {"dir/one": "one\n"}),
        ("one", "dir/new", {"dir/new": "one\n"}),
        ("one", "new/", {"new": "", "new/one": "one\n"}),
        ("t w o", "a  b$HOME", {"a  b$HOME": "two\n"}),
        ("-dash", ".", {"-dash": "dash\n"}),
        ("dir", "new", {"new": "", **{f"new/{name}": text for name, text in DIRECTORY.items()}}),
        ("link", ".", {"link": "one\n"}),
        ("dir link", "new", {"new": "", **{f"new/{name}": text for name, text in DIRECTORY.items()}}),
    ],
)  # fmt: skip
def test_where_it_goes(shared: Cluster, there: str, here: Path, source: str, dest: str, found: dict[str, str]) -> None:
    assert fetch(shared, here, f"{there}/{source}", dest) == (0, f"Fetching {there}/{source} from master_0\n")
    assert listing(here) == found
    assert (here / "mine").read_text() == "mine"


@pytest.mark.parametrize("transport", ["docker-exec", "ssh"])
def test_from_several_nodes(shared: Cluster, here: Path, transport: str) -> None:
    args = (*ON_BOTH, "--transport", transport, "/etc/hostname", "logs/of today")
    assert fetch(shared, here, *args) == (0, "Fetching /etc/hostname from 2 nodes\n")
    assert listing(here) == {
        "logs": "", "logs/of today": "",
        "logs/of today/agent_0": "", "logs/of today/agent_0/hostname": f"dcos-docker-{shared.cluster_id}-agent-0\n",
        "logs/of today/master_0": "", "logs/of today/master_0/hostname": f"dcos-docker-{shared.cluster_id}-master-0\n",
    }  # fmt: skip
    code, said = fetch(shared, here, *ON_BOTH, "/etc/hostname", "logs/of today")
    assert (code, said.splitlines()[1:]) == (
        1,
        [
            "Error: logs/of today/master_0/hostname is there already.",
            "  logs/of today/agent_0/hostname is there already.",
            "Next: --force replaces a file.",
        ],
    ) or said.splitlines()[1:] == [
        "Error: logs/of today/agent_0/hostname is there already.",
        "  logs/of today/master_0/hostname is there already.",
        "Next: --force replaces a file.",
    ]
    assert fetch(shared, here, "--force", *ON_BOTH, "/etc/hostname", "logs/of today")[0] == 0


def test_what_one_node_has_comes_though_another_has_it_not(shared: Cluster, there: str, here: Path) -> None:
    assert fetch(shared, here, *ON_BOTH, f"{there}/one", "new") == (
        1,
        f"Fetching {there}/one from 2 nodes\nError: There is no {there}/one on agent_0.\n",
    )
    assert listing(here) == {"new": "", "new/master_0": "", "new/master_0/one": "one\n"}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("/nothing", "There is no {} on master_0."),
        ("{there}/broken", "There is no {} on master_0."),
        ("/proc/cpuinfo", "{} on master_0 is no file of a disk: it has content, but no size."),
        ("{there}/fifo", "{} could not be fetched from master_0: fifo is neither a file, a directory nor a link"),
        ("{there}/socket", "{} on master_0 is a socket: there is nothing in it to fetch."),
    ],
)  # fmt: skip
def test_what_does_not_come(shared: Cluster, there: str, here: Path, source: str, message: str) -> None:
    path = source.format(there=there)
    for dest in (path.rsplit("/", 1)[1], "new/"):
        code, said = fetch(shared, here, path, dest)
        first, error, *_ = said.splitlines()
        assert (code, first, error) == (1, f"Fetching {path} from master_0", f"Error: {message.format(path)}")
        assert listing(here) == {}
        assert sorted(path.name for path in here.iterdir()) == ["dir", "mine", "to dir"]


def test_what_has_no_content_is_left_out_of_a_directory(shared: Cluster, there: str, here: Path) -> None:
    code, said = fetch(shared, here, f"{there}/special", "new")
    assert (code, sorted(said.splitlines())) == (
        0,
        [
            f"Fetching {there}/special from master_0",
            "master_0: special/again: FIFO left out",
            "master_0: special/fifo: FIFO left out",
            "master_0: special/null: device left out",
            "master_0: tar: special/socket: socket ignored",
        ],
    )
    assert listing(here) == {"new": "", "new/four": "four\n"}


def test_nothing_is_overwritten_unless_that_is_asked_for(shared: Cluster, there: str, here: Path) -> None:
    code, said = fetch(shared, here, f"{there}/one", "mine")
    assert (code, said) == (1, "Error: mine is there already.\nNext: --force replaces a file.\n")
    assert (here / "mine").read_text() == "mine"
    (here / "also mine").hardlink_to(here / "mine")
    assert fetch(shared, here, "--force", f"{there}/one", "mine")[0] == 0
    assert (here / "mine").read_text() == "one\n"
    assert (here / "also mine").read_text() == "mine", "it was written beside"
    code, said = fetch(shared, here, "-f", f"{there}/dir", "mine")
    assert (code, BEGIN.sub("", said).splitlines()[1:]) == (1, ["Error: mine is there already."])
    assert (here / "mine").read_text() == "one\n"


def test_empty_and_large(shared: Cluster, nodes: Nodes, there: str, here: Path) -> None:
    digest = nodes.shell('cd "$1"; : >empty; head -c 104857600 /dev/urandom >large; sha256sum <large', there).split()[0]
    assert fetch(shared, here, f"{there}/empty", ".")[0] == 0
    code, said = fetch(shared, here, "-v", f"{there}/large", ".")
    assert code == 0
    assert re.fullmatch(rf"Fetching {there}/large from master_0\n +104\.9 MB of 104\.9 MB, \d+\.\d MB/s\n", said)
    assert (here / "empty").read_bytes() == b""
    assert hashlib.sha256((here / "large").read_bytes()).hexdigest() == digest


@pytest.fixture
def huge(nodes: Nodes, there: str) -> tuple[str, str]:
    """A file that is large enough for the engine to be asked for it, and its digest."""
    path = f"{there}/h u\nge"
    script = 'head -c 70000000 /dev/urandom >"$1"; sha256sum <"$1"'
    return path, nodes.shell(script, path).split()[0]


def archives(engine_socket: str, shared: Cluster, here: Path, source: str, *, tcp: bool = False) -> tuple[int, str]:
    """Fetch something as `new`; return how often the engine was asked for an archive, and the digest of what came."""
    with EngineProxy(engine_socket, tcp=tcp) as proxy:
        args = ("-c", shared.cluster_id, source, str(here / "new"))
        assert dcos_docker("download-file", *args, env=at(proxy.url)).succeeded() == ""
    digest = hashlib.sha256((here / "new").read_bytes()).hexdigest()
    return sum("/archive?" in request for request in proxy.requests), digest


@pytest.mark.skipif(is_remote(), reason="an engine elsewhere is not asked for it")
def test_a_large_file_is_given_by_the_engine(
    shared: Cluster, nodes: Nodes, there: str, here: Path, engine_socket: str, huge: tuple[str, str]
) -> None:
    """And is whole, also through a link, with the mode that it has."""
    path, digest = huge
    nodes.shell('chmod 750 "$1"; ln -s "$1" "$2/to huge"', path, there)
    assert archives(engine_socket, shared, here, f"{there}/to huge") == (1, digest)
    assert (here / "new").stat().st_mode & 0o777 == 0o750
    assert sorted(path.name for path in here.iterdir()) == ["dir", "mine", "new", "to dir"]


def test_an_engine_elsewhere_is_not_kept_from_its_node(
    shared: Cluster, here: Path, engine_socket: str, huge: tuple[str, str]
) -> None:
    """Nothing else can be done with a node while the engine gives an archive of it."""
    path, digest = huge
    assert archives(engine_socket, shared, here, path, tcp=True) == (0, digest)


@pytest.mark.parametrize("below", ["nothing", "another file", "one of the same size"])
def test_what_the_engine_does_not_see(
    shared: Cluster, nodes: Nodes, there: str, here: Path, engine_socket: str, below: str
) -> None:
    """A large file in a file system that was mounted within the node, where something else may be below."""
    sizes = {"another file": "80000000", "one of the same size": "70000000"}
    if below in sizes:
        nodes.shell('mkdir "$1/in"; truncate -s "$2" "$1/in/huge"', there, sizes[below])
    nodes.shell('mkdir -p "$1/in"; mount -t tmpfs -o size=100m none "$1/in"', there)
    try:
        made = nodes.shell('cd "$1/in"; head -c 70000000 /dev/urandom >huge; sha256sum <huge', there)
        assert archives(engine_socket, shared, here, f"{there}/in/huge")[1] == made.split()[0]
    finally:
        nodes.output("umount", f"{there}/in")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_interrupt_while_the_engine_gives(
    shared: Cluster, nodes: Nodes, there: str, here: Path, engine_socket: str, how: signal.Signals
) -> None:
    """The node can be used again at once, and with `SIGINT` nothing is left here."""
    nodes.output("truncate", "-s", "8G", f"{there}/huge")
    with Running("download-file", "-c", shared.cluster_id, f"{there}/huge", "new", cwd=here) as running:
        eventually(lambda: something_has_come(here), "a part has come")
        running.send(how)
        assert running.end(10).code == 128 + how
    assert nodes.output("echo", "used") == "used"
    if how is signal.SIGINT:
        assert sorted(path.name for path in here.iterdir()) == ["dir", "mine", "to dir"]


def test_a_log_that_grows(shared: Cluster, nodes: Nodes, there: str, here: Path) -> None:
    """All of it comes that was there; what tar remarks on it is said, and no failure."""
    remark = "/usr/bin/tar: log: file changed as we read it"
    with nodes.tar(f'/usr/bin/tar "$@"; echo "{remark}" >&2; exit 1'):
        assert fetch(shared, here, f"{there}/one", ".") == (
            0,
            f"Fetching {there}/one from master_0\nmaster_0: {remark}\n",
        )
    assert listing(here) == {"one": "one\n"}


def test_no_such_node(shared: Cluster, here: Path) -> None:
    assert fetch(shared, here, "--node", "agent_7", "/etc/hosts", "new/") == (
        4,
        f'Error: The cluster "{shared.cluster_id}" has no node "agent_7".\n'
        "Next: Its nodes: master_0, agent_0, agent_1, public_agent_0\n",
    )
    assert listing(here) == {}


# Transfers that do not end well


@pytest.fixture
def large(nodes: Nodes, there: str) -> str:
    """A file that comes only in part."""
    path = f"{there}/large"
    nodes.output("truncate", "-s", "20000000", path)
    return path


def something_has_come(here: Path) -> bool:
    return any(path.stat().st_size > 1_000_000 for path in here.glob(".dcos-docker-*/*"))


@pytest.mark.parametrize(
    ("how", "options"),
    [
        (signal.SIGINT, ("new",)),
        (signal.SIGTERM, ("--force", "mine")),
        (signal.SIGINT, ("--transport", "ssh", "dir/new/")),
    ],
)
def test_interrupt(
    shared: Cluster, nodes: Nodes, large: str, here: Path, how: signal.Signals, options: tuple[str, ...]
) -> None:
    *options_of, dest = options
    beside = here / "dir/new" if "new/" in dest else here
    with (
        nodes.tar(HALF),
        Running("download-file", "-c", shared.cluster_id, *options_of, large, dest, cwd=here) as running,
    ):
        eventually(lambda: something_has_come(beside), "a part has come")
        running.send(how)
        result = running.end(10)
    assert (result.code, result.stdout) == (128 + how, "")
    assert BEGIN.sub("", result.stderr) == f"Fetching {large} from master_0\nStopping…\n"
    assert sorted(path.name for path in here.rglob("*")) == ["dir", "mine", "to dir"]
    assert (here / "mine").read_text() == "mine"


def test_the_engine_goes_away(shared: Cluster, nodes: Nodes, large: str, here: Path, engine_socket: str) -> None:
    with (
        nodes.tar(HALF),
        EngineProxy(engine_socket) as proxy,
        Running("download-file", "-c", shared.cluster_id, large, "new", cwd=here, env=at(proxy.url)) as running,
    ):
        eventually(lambda: something_has_come(here), "a part has come")
        proxy.cut()
        result = running.end(30)
    assert (result.code, result.stdout) == (125, "")
    assert re.match(rf"Error: .*Docker engine .*at {proxy.url}", result.stderr.splitlines()[1])
    assert sorted(path.name for path in here.iterdir()) == ["dir", "mine", "to dir"]


def test_what_is_put_there_meanwhile_stays(shared: Cluster, nodes: Nodes, there: str, here: Path) -> None:
    with (
        nodes.tar('sleep 1; exec /usr/bin/tar "$@"'),
        Running("download-file", "-c", shared.cluster_id, f"{there}/one", "new", cwd=here) as running,
    ):
        eventually(lambda: list(here.glob(".dcos-docker-*")) != [], "it has begun")
        (here / "new").write_text("somebody else's")
        result = running.end(30)
    assert (result.code, result.stderr.splitlines()[1:]) == (1, ["Error: new is there already."])
    assert (here / "new").read_text() == "somebody else's"
    assert sorted(path.name for path in here.iterdir()) == ["dir", "mine", "new", "to dir"]


# What is seen of it on a terminal


def test_a_longer_one_shows_how_far_it_is(shared: Cluster, nodes: Nodes, large: str, here: Path) -> None:
    slowly = '/usr/bin/tar "$@" | { head -c 10000000; sleep 1.3; cat; }'
    with (
        nodes.tar(slowly),
        OnTerminal("download-file", "-c", shared.cluster_id, large, here / "new", columns=100) as terminal,
    ):
        terminal.wait_for(" MB of 20.0 MB, ")
        assert terminal.end(60) == 0
    assert re.search(
        r"✔\x1b\[0m Fetching /root/.*: 20\.0 MB of 20\.0 MB, \d+\.\d MB/s \([\d.]+ s\)\r?\n", terminal.seen
    )
    assert (here / "new").stat().st_size == 20_000_000


def test_one_that_fails(shared: Cluster, here: Path) -> None:
    with OnTerminal("download-file", "-c", shared.cluster_id, "/nothing", here / "new") as terminal:
        assert terminal.end(60) == 1
    assert re.search(r"✖\x1b\[0m Fetching /nothing from master_0 \(\d\.\d s\)\r?\n", terminal.seen)
    assert "Error: There is no /nothing on master_0." in terminal.seen
