"""`status`: nodes and DC/OS, asked once, or again and again."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.program import Running, dcos_docker, eventually
from tests.support.terminal import OnTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

    from tests.support.clusters import Cluster

pytestmark = pytest.mark.xdist_group("shared")


def status(shared: Cluster, code: int, *options: str) -> dict[str, Any]:
    result = shared.dcos_docker("status", "-o", "json", *options)
    assert (result.code, result.stderr) == (code, "")
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture
def restored(shared: Cluster) -> Iterator[None]:
    """What a test does to the shared cluster is undone."""
    yield
    shared.output("systemctl", "start", "dcos-mesos-slave.service", node="agent_0")
    shared.dcos_docker("wait", "--timeout", "120").succeeded()


def test_healthy(shared: Cluster) -> None:
    found = status(shared, 0)
    assert (found["health"], found["state"], found["dcos_version"], found["findings"]) == (
        "healthy", "running", "2.1.0", [],
    )  # fmt: skip
    assert [(node["reference"], node["health"]) for node in found["nodes"]] == [
        (reference, "healthy") for reference in ("master_0", "agent_0", "agent_1", "public_agent_0")
    ]
    text = shared.dcos_docker("status").succeeded()
    assert text.startswith(f"{shared.cluster_id}: running, DC/OS 2.1.0, healthy\n")
    assert "agent_1" in text


@pytest.mark.usefixtures("restored")
def test_a_unit_that_has_stopped(shared: Cluster) -> None:
    shared.output("systemctl", "stop", "dcos-mesos-slave.service", node="agent_0")
    found = status(shared, 1)
    assert found["health"] == "unhealthy"
    by_reference = {node["reference"]: node for node in found["nodes"]}
    assert by_reference["agent_0"]["health"] == "unhealthy"
    assert "mesos" in " ".join(by_reference["agent_0"]["findings"])
    assert by_reference["agent_1"]["findings"] == []
    text = shared.dcos_docker("status").stdout
    assert "unhealthy" in text.splitlines()[0]


def test_a_node_that_has_stopped(client: APIClient, shared: Cluster) -> None:
    name = shared.container("agent_1")
    client.stop(name, timeout=30)
    try:
        found = status(shared, 1)
    finally:
        client.start(name)
        shared.dcos_docker("wait", "--timeout", "120").succeeded()
    assert (found["state"], found["findings"]) == ("degraded", ["the cluster is degraded"])
    assert [node["findings"] for node in found["nodes"]] == [[], [], ["its container is exited"], []]


def test_wrong_superuser_of_open_dcos_does_not_matter(shared: Cluster) -> None:
    assert status(shared, 0, "--superuser-password", "wrong", "--skip-http-checks")["health"] == "healthy"


def test_no_cluster() -> None:
    result = dcos_docker("status", "-c", "none-such")
    assert (result.code, result.stdout) == (4, "")
    assert result.stderr.startswith('Error: There is no cluster "none-such".')


@pytest.mark.usefixtures("restored")
def test_watch_tells_what_has_changed(shared: Cluster) -> None:
    """In a pipe each change is a block; Ctrl-C ends it."""
    with Running("status", "-c", shared.cluster_id, "--watch", "--interval", "0.2") as running:
        eventually(lambda: running.stdout.count("healthy\n") >= 1, "the first")
        shared.output("systemctl", "stop", "dcos-mesos-slave.service", node="agent_0")
        eventually(lambda: "unhealthy\n" in running.stdout, "the change")
        running.send(signal.SIGINT)
        result = running.end(30)
    assert (result.code, result.stderr.replace("Stopping…\n", "")) == (130, "")
    heads = [line for line in result.stdout.splitlines() if f" {shared.cluster_id}: " in line]
    assert len(heads) <= 3, "only changes are told"


def test_watch_on_a_terminal_draws_anew(shared: Cluster) -> None:
    with OnTerminal("status", "-c", shared.cluster_id, "--watch", rows=20, columns=120) as terminal:
        terminal.wait_for("public_agent_0")
        assert "\x1b[2J" in terminal.seen
        terminal.type("\x03")
        terminal.process.send_signal(signal.SIGINT)  # it is not this terminal's foreground process
        assert terminal.end(30) == 130
