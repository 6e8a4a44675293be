"""What went wrong with the older tool: the cases that no other test has. docs/reliability.md lists all of them."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dcos_docker_cli
from tests.support.clusters import Cluster
from tests.support.engine import of_cluster, restart
from tests.support.installers import without_variant
from tests.support.program import PROGRAM, Running, at, dcos_docker
from tests.support.proxy import EngineProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

PACKAGE = Path(dcos_docker_cli.__file__).parent
REMOVED = ("asynchat", "asyncore", "cgi", "crypt", "distutils", "imp", "pipes", "pkg_resources", "smtpd", "telnetlib")
"""Modules that Python had up to 3.11 or 3.12, or that came with it only there."""
LONE = ("--agents", "0", "--public-agents", "0")
NOBODY = 65534
READ = "dac_read_search"
"""Lets who is not root run the tests' Python, wherever that is installed; to write or remove takes more."""
# Not JSON, as that of some versions.
TELLS = b"""#!/bin/bash
case "$1" in --version) echo "DC/OS 2.1.0 (open)"; exit 0;; esac
"""


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A directory for temporary files; its path is short, for sockets are in it."""
    path = Path(tempfile.mkdtemp(prefix="t-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def below(path: Path) -> list[str]:
    """Return all that is below a directory."""
    return sorted(str(found.relative_to(path)) for found in path.rglob("*"))


@pytest.mark.parametrize("transport", [pytest.param("docker-exec", marks=pytest.mark.faults), "ssh"])
def test_ctrl_c_leaves_no_key_and_no_file_here(
    client: APIClient, engine_socket: str, installer: Path, cluster_id: str, temporary: Path, transport: str
) -> None:
    with EngineProxy(engine_socket) as proxy:
        begun: list[Running] = []
        proxy.when(r"\"Cmd\".*dcos_install\.sh", lambda: begun[0].send(signal.SIGINT))
        env = {**at(proxy.url), "TMPDIR": str(temporary)}
        with Running("create", installer, "-c", cluster_id, "--transport", transport, *LONE, env=env) as running:
            begun.append(running)
            assert running.end().code == 130
    assert of_cluster(client, cluster_id) == []
    assert below(temporary) == []


def test_a_stopped_cluster_is_listed_and_its_id_is_not_given_out(
    client: APIClient, installer: Path, cluster_id: str
) -> None:
    """Nor does `clean` take it for a leftover, and it can be destroyed as it is."""
    dcos_docker("provision", "-c", cluster_id, *LONE).succeeded()
    client.kill(f"dcos-docker-{cluster_id}-master-0")
    before = of_cluster(client, cluster_id)
    assert cluster_id in dcos_docker("list").succeeded().splitlines()
    for command in (("create", installer), ("provision",)):
        result = dcos_docker(*command, "-c", cluster_id, *LONE)
        assert (result.code, result.stdout) == (5, ""), result
    assert cluster_id not in dcos_docker("clean", "--dry-run", "--cache", "--images").succeeded()
    assert of_cluster(client, cluster_id) == before
    assert dcos_docker("destroy", "-c", cluster_id).succeeded() == f"{cluster_id}\n"
    assert of_cluster(client, cluster_id) == []


def test_temporary_files_that_are_wiped(
    client: APIClient, engine_socket: str, installer: Path, cluster_id: str, temporary: Path
) -> None:
    """Nothing here is needed after a create: not even the directory, nor the docker command, which PATH has not."""
    programs = temporary.with_name(f"{temporary.name}-bin")
    programs.mkdir()
    for name in ("ssh", "setsid", "sh"):
        if found := shutil.which(name):
            (programs / name).symlink_to(found)
    env = {**at(f"unix://{engine_socket}"), "TMPDIR": str(temporary), "PATH": str(programs)}

    def wiped(*args: str | Path, **settings: Any) -> str:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        printed = dcos_docker(args[0], "-c", cluster_id, *args[1:], env=env, **settings).succeeded()
        assert below(temporary) == [], args
        return printed

    try:
        wiped("create", installer, "--transport", "ssh", *LONE)
        wiped("wait", "--timeout", "240", timeout=300)
        assert wiped("run", "--", "echo", "over SSH") == "over SSH\n"
        assert wiped("run", "--transport", "docker-exec", "--", "echo", "by the engine") == "by the engine\n"
        assert wiped("run", "--", "sh", "-c", "command -v python python2 python3; true") == "", "a node has no Python"
        wiped("send-file", str(installer), "/opt/sent.sh")
        assert wiped("run", "--", "stat", "-c", "%s", "/opt/sent.sh") == f"{installer.stat().st_size}\n"
        container = f"dcos-docker-{cluster_id}-master-0"
        assert [mount for mount in client.inspect_container(container)["Mounts"] if mount["Type"] == "bind"] == []
        restart(client, [container])
        wiped("wait", "--timeout", "240", timeout=300)
        assert wiped("destroy") == f"{cluster_id}\n"
    finally:
        shutil.rmtree(programs)
    assert of_cluster(client, cluster_id) == []


@pytest.mark.faults
def test_who_is_not_root(client: APIClient, engine_socket: str, installer: Path, cluster_id: str) -> None:
    """The installer writes as root: on the bootstrap node, and nothing of that comes here."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can become somebody else, by setpriv")
    caps = (f"--inh-caps=-all,+{READ}", f"--ambient-caps=-all,+{READ}", f"--bounding-set=-all,+{READ}")
    nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *caps]
    home = Path(tempfile.mkdtemp(prefix="t-"))
    os.chown(home, NOBODY, NOBODY)
    changes = {"HOME": str(home), "TMPDIR": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        with EngineProxy(engine_socket, tcp=True) as proxy:
            settings: dict[str, Any] = {"env": {**at(proxy.url), **changes}, "cwd": home, "program": [*nobody, PROGRAM]}
            dcos_docker("create", installer, "-c", cluster_id, *LONE, **settings).succeeded()
            assert dcos_docker("run", "-c", cluster_id, "--", "id", "-u", **settings).succeeded() == "0\n"
            assert dcos_docker("destroy", "-c", cluster_id, **settings).succeeded() == f"{cluster_id}\n"
        assert below(home) == []
    finally:
        shutil.rmtree(home)
    assert of_cluster(client, cluster_id) == []


def test_an_installer_whose_version_is_not_json(
    client: APIClient, installer: Path, cluster_id: str, temporary: Path, tmp_path: Path
) -> None:
    """And whose path has a space. It is said what is wrong, and nothing stays, here or there."""
    path = tmp_path / "DC OS" / "dcos generate config.sh"
    path.parent.mkdir()
    without_variant(installer, path)
    path.write_bytes(TELLS + path.read_bytes().partition(b"\n")[2])
    result = dcos_docker("create", path, "-c", cluster_id, *LONE, env={"TMPDIR": str(temporary)})
    assert (result.code, result.stdout) == (1, ""), result
    assert "\nError: " in result.stderr
    assert "\nNext: " in result.stderr
    assert of_cluster(client, cluster_id) == []
    assert below(temporary) == []
    assert below(tmp_path) == ["DC OS", "DC OS/dcos generate config.sh"]


def test_what_a_destroy_that_was_interrupted_leaves(client: APIClient, cluster_id: str) -> None:
    """One node has gone, and the other is stopped: that is listed, and destroyed by the next one."""
    dcos_docker("provision", "-c", cluster_id, "--agents", "1", "--public-agents", "0").succeeded()
    client.remove_container(f"dcos-docker-{cluster_id}-master-0", force=True, v=True)
    client.kill(f"dcos-docker-{cluster_id}-agent-0")
    assert Cluster(cluster_id).inspect()["state"] == "stopped"
    assert cluster_id in dcos_docker("list").succeeded().splitlines()
    assert dcos_docker("destroy", "-c", cluster_id).succeeded() == f"{cluster_id}\n"
    assert of_cluster(client, cluster_id) == []


def test_nothing_is_imported_that_newer_pythons_lack() -> None:
    """Without them the older tool installs on no Python from 3.12 on; what is deprecated is an error in all tests."""
    found = {
        f"{path.name}: {name}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
        if name.partition(".")[0] in REMOVED
    }
    assert found == set()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
