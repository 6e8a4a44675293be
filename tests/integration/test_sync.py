"""`sync`: the code of a checkout takes the place of a master's own, as a whole or not at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli.backends.docker.host import DockerHost
from dcos_docker_cli.concurrency import Cancellation
from dcos_docker_cli.dcos.sync import SCRIPT, pack, read_checkout
from dcos_docker_cli.model import DCOSVariant
from dcos_docker_cli.transports.base import run
from tests.support.checkouts import make_checkout
from tests.support.clusters import Cluster, create
from tests.support.nodes import Nodes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

pytestmark = pytest.mark.xdist_group("shared")

BEGIN = re.compile(r"\[ *\d+\.\ds\] ")
TESTS = "/opt/mesosphere/active/dcos-integration-test"
BOOTSTRAP = "/opt/mesosphere/active/bootstrap/lib/python3.11/site-packages"
NEW = ["conftest.py f", "test_new.py f", "util d", "util/__init__.py f"]
MASTERS = ("master_0", "master_1", "master_2")
SAVE = f"mkdir /root/saved; cp -a {TESTS}/. /root/saved/tests; cp -a {BOOTSTRAP}/. /root/saved/bootstrap"
RESTORE = (
    f"find {TESTS}/ {BOOTSTRAP}/ -mindepth 1 -delete; cp -a /root/saved/tests/. {TESTS}/; "
    f"cp -a /root/saved/bootstrap/. {BOOTSTRAP}/; rm -r /root/saved"
)


@pytest.fixture
def nodes(client: APIClient, shared: Cluster) -> Iterator[Nodes]:
    """The nodes of the shared cluster, whose code is as before afterwards."""
    found = Nodes(client, shared.cluster_id)
    found.shell(SAVE)
    yield found
    found.shell(RESTORE)


@pytest.fixture(scope="module")
def enterprise(client: APIClient, enterprise_installer: Path) -> Iterator[Cluster]:
    with create(client, enterprise_installer, "--masters", "3", "--agents", "0", "--public-agents", "0") as cluster:
        yield cluster


def sync(cluster: Cluster, *args: str | Path, **settings: object) -> tuple[int, str]:
    """Sync; return the exit code, and what is said, without the times."""
    result = cluster.dcos_docker("sync", *map(str, args), **settings)
    assert result.stdout == ""
    return result.code, BEGIN.sub("", result.stderr)


def names(nodes: Nodes, path: str = TESTS, node: str = "master_0") -> list[str]:
    """Return what is below a directory, and its kinds."""
    script = 'cd "$1/" && find . -mindepth 1 -printf "%P %y\\n"'
    return sorted(nodes.shell(script, path, node=node).splitlines())


def nothing_else_is_left(nodes: Nodes, node: str = "master_0") -> bool:
    return ".dcos-docker-sync" not in nodes.output("ls", "-A", "/opt/mesosphere", node=node)


DONE = "Replacing the integration tests and the bootstrap code on master_0\n"


@pytest.mark.parametrize("transport", ["docker-exec", "ssh"])
def test_tests_and_bootstrap_code_are_replaced(shared: Cluster, nodes: Nodes, tmp_path: Path, transport: str) -> None:
    stale = "__pycache__ old_package; touch __pycache__/x.pyc old_package/__init__.py test_old.py results.xml"
    nodes.shell(
        f"cd {TESTS} && mkdir -p lib {stale} pkginfo.json lib/x.py && touch {BOOTSTRAP}/dcos_internal_utils/old.py"
    )
    nodes.shell(f"mkdir -p {BOOTSTRAP}/another && touch {BOOTSTRAP}/another/x.py")
    gone = ("__pycache__", "old_package", "test_old.py", "test_sample.py")
    said = DONE + "".join(f"           master_0: gone: {TESTS}/{name}\n" for name in gone)
    assert sync(shared, "-v", "--transport", transport, make_checkout(tmp_path)) == (0, said)
    assert names(nodes) == [*NEW[:1], "lib d", "lib/x.py f", "pkginfo.json f", "results.xml f", *NEW[1:]]
    assert names(nodes, BOOTSTRAP) == [
        "another d", "another/x.py f", "dcos_internal_utils d", "dcos_internal_utils/__init__.py f",
    ]  # fmt: skip
    assert nodes.output("cat", f"{BOOTSTRAP}/dcos_internal_utils/__init__.py") == "new = True"
    ran = shared.dcos_docker("run", "--test-env", "--", "pytest").succeeded()
    assert ran == "test_new.py::test_new PASSED\n0 failed, 1 passed, 0 skipped\n"
    python = shared.dcos_docker(
        "run", "--test-env", "--", "python3", "-c", "import dcos_internal_utils as d; print(d.new)"
    )
    assert python.succeeded() == "True\n"
    assert nothing_else_is_left(nodes)


def test_what_is_gone_in_the_checkout_goes(shared: Cluster, nodes: Nodes, tmp_path: Path) -> None:
    root = make_checkout(tmp_path)
    extra = root / "packages" / "dcos-integration-test" / "extra"
    (extra / "util" / "more.py").touch()
    (extra / "another").mkdir()
    (extra / "another" / "test_x.py").touch()
    assert sync(shared, cwd=root) == (0, DONE)
    assert [name for name in names(nodes) if name not in NEW] == ["another d", "another/test_x.py f", "util/more.py f"]
    (extra / "util" / "more.py").unlink()
    (extra / "another" / "test_x.py").unlink()
    (extra / "another").rmdir()
    (extra / "test_new.py").unlink()
    assert sync(shared, env={"DCOS_CHECKOUT_DIR": str(root)}) == (0, DONE)
    assert names(nodes) == [name for name in NEW if "test_new" not in name]


def test_every_python_gets_the_bootstrap_code(shared: Cluster, nodes: Nodes, tmp_path: Path) -> None:
    other = BOOTSTRAP.replace("3.11", "3.6")
    nodes.shell(f"mkdir -p {other}/dcos_internal_utils && touch {other}/dcos_internal_utils/old.py")
    try:
        assert sync(shared, make_checkout(tmp_path)) == (0, DONE)
        for place in (BOOTSTRAP, other):
            assert names(nodes, place) == ["dcos_internal_utils d", "dcos_internal_utils/__init__.py f"]
    finally:
        nodes.output("rm", "-r", other.removesuffix("/site-packages"))


def test_a_checkout_without_bootstrap_code(shared: Cluster, nodes: Nodes, tmp_path: Path) -> None:
    before = nodes.output("cat", f"{BOOTSTRAP}/dcos_internal_utils/__init__.py")
    assert sync(shared, make_checkout(tmp_path, bootstrap=None)) == (
        0,
        "Replacing the integration tests on master_0\n"
        "The bootstrap code stays as it was: the checkout has no packages/bootstrap/extra/dcos_internal_utils.\n",
    )
    assert names(nodes) == NEW
    assert nodes.output("cat", f"{BOOTSTRAP}/dcos_internal_utils/__init__.py") == before


def test_an_enterprise_checkout_and_an_open_cluster(shared: Cluster, nodes: Nodes, tmp_path: Path) -> None:
    before = names(nodes)
    root = make_checkout(tmp_path, enterprise=True)
    assert sync(shared, root) == (
        2,
        f"Error: {root} is a checkout of DC/OS Enterprise, and the cluster is one of open DC/OS.\n"
        "Next: Sync a checkout of open DC/OS, or create a cluster from an Enterprise installer.\n",
    )
    assert names(nodes) == before


def test_all_or_nothing(shared: Cluster, nodes: Nodes, tmp_path: Path) -> None:
    """When one of the renames fails, here of a mount, those before it are undone."""
    before = names(nodes), names(nodes, BOOTSTRAP)
    mounted = f"{BOOTSTRAP}/dcos_internal_utils"
    nodes.shell(f"mount --bind {mounted} {mounted}")
    try:
        code, said = sync(shared, make_checkout(tmp_path))
    finally:
        nodes.output("umount", mounted)
    error, *details = said.splitlines()[1:]
    assert (code, error) == (1, "Error: Syncing to master_0 failed with status 1.")
    assert "Device or resource busy" in details[0]
    assert (names(nodes), names(nodes, BOOTSTRAP)) == before
    assert nothing_else_is_left(nodes)


def test_what_is_cut_short_changes_nothing(shared: Cluster, nodes: Nodes, tmp_path: Path) -> None:
    """Even where tar takes what has come for all: after a whole member."""
    archive = pack(read_checkout(make_checkout(tmp_path)), DCOSVariant.OSS)
    end = archive.rindex(b"whole\0")
    before = names(nodes), names(nodes, BOOTSTRAP)
    host = DockerHost(cancellation=Cancellation())
    transport = host.transport(host.cluster(shared.cluster_id).masters[0])
    for length in (end, end - 700, 0):
        done = run(transport, ["bash", "-c", SCRIPT, "bash", "all"], stdin=archive[:length])
        assert done.returncode != 0
        assert done.stdout in (b"The connection was cut.\n", b"")
        assert (names(nodes), names(nodes, BOOTSTRAP)) == before
        assert nothing_else_is_left(nodes)


def test_what_a_killed_one_has_left_goes(shared: Cluster, nodes: Nodes, tmp_path: Path) -> None:
    nodes.shell(
        "mkdir -p /opt/mesosphere/.dcos-docker-sync/tests; touch /opt/mesosphere/.dcos-docker-sync/tests/test_killed.py"
    )
    assert sync(shared, make_checkout(tmp_path)) == (0, DONE)
    assert names(nodes) == NEW
    assert nothing_else_is_left(nodes)


def test_without_dcos_or_bootstrap_code(shared: Cluster, nodes: Nodes, tmp_path: Path) -> None:
    root = make_checkout(tmp_path)
    for path, said in (
        ("/opt/mesosphere/etc", "Error: DC/OS is not installed on master_0.\n"),
        ("/opt/mesosphere/active/bootstrap",
         f"{DONE}Error: Syncing to master_0 failed with status 1.\n"
         "  There is no bootstrap code in /opt/mesosphere/active/bootstrap.\n"),
    ):  # fmt: skip
        before = names(nodes)
        nodes.output("mv", path, f"{path}-away")
        try:
            assert sync(shared, root) == (1, said)
            assert names(nodes) == before
        finally:
            nodes.output("mv", f"{path}-away", path)


def test_no_such_cluster(tmp_path: Path) -> None:
    assert sync(Cluster("no-such-cluster"), make_checkout(tmp_path)) == (
        4,
        'Error: There is no cluster "no-such-cluster".\nNext: See what there is: dcos-docker list\n',
    )


def test_enterprise(client: APIClient, enterprise: Cluster, tmp_path: Path) -> None:
    """On all masters: the open tests are beside its own, which alone an Enterprise checkout replaces."""
    nodes = Nodes(client, enterprise.cluster_id)
    title = "Replacing the integration tests and the bootstrap code on 3 masters\n"
    is_open = "The bootstrap code is that of open DC/OS now, as the checkout is.\n"
    opened = make_checkout(tmp_path)
    assert sync(enterprise, opened) == (0, title + is_open)
    beside = ["open_source_tests d", "open_source_tests/test_new.py f"]
    util = ["util d", "util/__init__.py f"]
    for node in MASTERS:
        assert names(nodes, node=node) == [*beside, "test_sample.py f", *util]
    (opened / "packages/dcos-integration-test/extra/test_new.py").rename(
        opened / "packages/dcos-integration-test/extra/test_newer.py"
    )
    assert sync(enterprise, opened) == (0, title + is_open)
    own = make_checkout(tmp_path, enterprise=True, bootstrap="enterprise = True\n")
    assert sync(enterprise, own) == (0, title)
    for node in MASTERS:
        assert names(nodes, node=node) == [
            "conftest.py f", "open_source_tests d", "open_source_tests/test_newer.py f", "test_new.py f", *util,
        ]  # fmt: skip
        assert nodes.output("cat", f"{BOOTSTRAP}/dcos_internal_utils/__init__.py", node=node) == "enterprise = True"
        assert nothing_else_is_left(nodes, node)
