"""The scripts of examples/, run as they stand there."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.engine import of_cluster
from tests.support.program import PROGRAM, TIMEOUT, environment, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

    from tests.support.clusters import Cluster

EXAMPLES = Path(__file__).parents[2] / "examples"
SMALL: dict[str, str | None] = {"DCOS_DOCKER_CREATE_AGENTS": "0", "DCOS_DOCKER_CREATE_PUBLIC_AGENTS": "0"}
NODES = ["master_0", "agent_0", "public_agent_0"]


@contextmanager
def ci(
    directory: Path, installer: Path, cluster_id: str, *tests: str, env: dict[str, str | None] = SMALL
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the CI job within the block, in an empty directory, to which it also says what it says."""
    settings = {"INSTALLER": str(installer), "CLUSTER_ID": cluster_id, "ARTIFACTS": "kept"}
    path = f"{PROGRAM.parent}:{os.environ['PATH']}"
    with (directory / "stdout").open("wb") as stdout, (directory / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [EXAMPLES / "ci.sh", *tests],
            cwd=directory,
            env=environment({**settings, "PATH": path, **env}),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def kept(directory: Path) -> list[str]:
    """Return the paths of the artifacts."""
    root = directory / "kept"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def said(directory: Path) -> str:
    """Return what the job has said so far."""
    return "".join((directory / name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))


def test_a_ci_job_whose_tests_succeed(client: APIClient, installer: Path, cluster_id: str, tmp_path: Path) -> None:
    with ci(tmp_path, installer, cluster_id, env={}) as job:
        assert job.wait(TIMEOUT) == 0, said(tmp_path)
    assert "test_agents_registered PASSED\n0 failed, 4 passed, 0 skipped\n" in said(tmp_path)
    assert kept(tmp_path) == sorted(["cluster.json", "status.json", *(f"{node}.log" for node in NODES)])
    cluster = json.loads((tmp_path / "kept" / "cluster.json").read_text(encoding="utf-8"))
    assert [node["reference"] for node in cluster["nodes"]] == NODES
    status = json.loads((tmp_path / "kept" / "status.json").read_text(encoding="utf-8"))
    assert (status["cluster_id"], status["health"]) == (cluster_id, "healthy")
    for node in NODES:
        assert "dcos-mesos-" in (tmp_path / "kept" / f"{node}.log").read_text(encoding="utf-8")
    assert of_cluster(client, cluster_id) == []


def test_a_ci_job_whose_tests_fail(client: APIClient, installer: Path, cluster_id: str, tmp_path: Path) -> None:
    """It ends as they do, and what they have left is there."""
    tests = ("sh", "-c", "echo it was wrong >/root/results/why; exit 37")
    with ci(tmp_path, installer, cluster_id, *tests) as job:
        assert job.wait(TIMEOUT) == 37, said(tmp_path)
    assert kept(tmp_path) == ["cluster.json", "master_0.log", "results/why", "status.json"]
    assert (tmp_path / "kept" / "results" / "why").read_text(encoding="utf-8") == "it was wrong\n"
    assert of_cluster(client, cluster_id) == []


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_ci_job_that_is_cancelled_during_its_tests(
    sent: signal.Signals, client: APIClient, installer: Path, cluster_id: str, tmp_path: Path
) -> None:
    tests = ("sh", "-c", "echo half >/root/results/so-far; echo they run; sleep 600")
    with ci(tmp_path, installer, cluster_id, *tests) as job:
        eventually(lambda: "they run" in said(tmp_path) or job.poll() is not None, "they run", timeout=TIMEOUT)
        job.send_signal(sent)
        assert job.wait(TIMEOUT) == 128 + sent, said(tmp_path)
    assert "results/so-far" in kept(tmp_path)
    assert of_cluster(client, cluster_id) == []


def test_a_ci_job_that_is_cancelled_while_it_creates(
    client: APIClient, installer: Path, cluster_id: str, tmp_path: Path
) -> None:
    with ci(tmp_path, installer, cluster_id) as job:
        eventually(lambda: "Starting" in said(tmp_path) or job.poll() is not None, "it has begun", timeout=TIMEOUT)
        job.send_signal(signal.SIGTERM)
        assert job.wait(TIMEOUT) == 128 + signal.SIGTERM, said(tmp_path)
    # No error: being cancelled is none.
    first, *rest = [re.sub(r"^\[ *\S+\] ", "", line) for line in said(tmp_path).splitlines()]
    assert (first.split()[0], rest) == ("Starting", ["Stopping…", "Removing what was made so far"])
    assert of_cluster(client, cluster_id) == []


@pytest.mark.xdist_group("shared")
def test_a_ci_job_leaves_a_cluster_alone_that_was_there(installer: Path, shared: Cluster, tmp_path: Path) -> None:
    with ci(tmp_path, installer, shared.cluster_id, "true") as job:
        assert job.wait(TIMEOUT) == 5, said(tmp_path)
    assert shared.output("hostname") == f"dcos-docker-{shared.cluster_id}-master-0"
