"""Waiting tells the truth: 0 only when DC/OS is ready, else what is not."""

from __future__ import annotations

import json
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.clusters import Cluster, create
from tests.support.program import Running, at
from tests.support.proxy import EngineProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

BRIEFLY = "8"
"""Seconds in which every check surely has answered, also on a busy machine."""
USERS = "http://localhost:8101/acs/api/v1/users"


@contextmanager
def stopped(cluster: Cluster, unit: str, node: str) -> Iterator[None]:
    """Have a unit stopped within the block; DC/OS is ready again after it."""
    cluster.output("systemctl", "stop", unit, node=node)
    try:
        yield
    finally:
        cluster.output("systemctl", "start", unit, node=node)
        cluster.dcos_docker("wait", "--timeout", "120").succeeded()


def users(cluster: Cluster) -> list[str]:
    return [user["uid"] for user in json.loads(cluster.output("curl", "-s", USERS))["array"]]


@pytest.mark.xdist_group("shared")
class TestOpen:
    """On a cluster of open DC/OS."""

    def test_stopped_agent_is_named(self, shared: Cluster) -> None:
        with stopped(shared, "dcos-mesos-slave", "agent_1"):
            begin = time.monotonic()
            result = shared.dcos_docker("wait", "--timeout", BRIEFLY)
            seconds = time.monotonic() - begin
        assert (result.code, result.stdout) == (124, "")
        _, error, *details, hint = result.stderr.splitlines()
        cluster = f'Error: DC/OS on the cluster "{shared.cluster_id}"'
        assert error == f"{cluster} was not ready within {BRIEFLY} s. Not ready:"
        assert details
        findings = [line for line in details if line.startswith("  agent_1: node-poststart: ")]
        assert any("dcos-mesos-slave" in line for line in findings), details
        unit, *journal = details[len(findings) :]
        assert unit.startswith("  agent_1: dcos-mesos-slave.service is inactive since ")
        assert all(line.startswith("    ") for line in journal)
        assert journal[-1].startswith("    Stopped dcos-mesos-slave.service")
        assert seconds > int(BRIEFLY)
        assert hint.startswith("Next: Look at a node, ")
        assert seconds < 2 * int(BRIEFLY)

    def test_stopped_master_service_is_named(self, shared: Cluster) -> None:
        with stopped(shared, "dcos-marathon", "master_0"):
            result = shared.dcos_docker("wait", "--timeout", BRIEFLY)
        assert result.code == 124
        assert "\n  master_0: node-poststart: " in result.stderr
        assert "marathon" in result.stderr

    def test_waits_until_it_is_ready(self, shared: Cluster) -> None:
        shared.output("systemctl", "stop", "dcos-mesos-slave", node="agent_0")
        with Running("wait", "-v", "-c", shared.cluster_id, "--timeout", "120") as running:
            running.wait_for_stderr("Not ready: agent_0: node-poststart: ")
            assert running.process.poll() is None
            shared.output("systemctl", "start", "dcos-mesos-slave", node="agent_0")
            result = running.end()
        assert (result.code, result.stdout) == (0, "")

    def test_no_user_stays(self, shared: Cluster) -> None:
        """The first to log in to open DC/OS becomes its owner, and that must not be the tool."""
        shared.dcos_docker("wait", "--timeout", "120").succeeded()
        assert users(shared) == []

    def test_no_user_stays_after_an_interrupt(self, shared: Cluster, engine_socket: str) -> None:
        with EngineProxy(engine_socket) as proxy:
            begun: list[Running] = []

            def interrupt() -> None:
                assert len(users(shared)) == 1
                begun[0].send(signal.SIGINT)
                begun[0].wait_for_stderr("Stopping…")

            trigger = proxy.when("/acs/api/v1/auth/login", interrupt)
            with Running("wait", "-c", shared.cluster_id, env=at(proxy.url)) as running:
                begun.append(running)
                assert running.end(60).code == 130
        assert trigger.fired.is_set()
        assert users(shared) == []

    def test_users_of_the_cluster_are_left_alone(self, shared: Cluster) -> None:
        url = f"{USERS}/owner@example.com"
        shared.output("curl", "-sf", "-X", "PUT", "-H", "Content-Type: application/json", "-d", "{}", url)
        try:
            shared.dcos_docker("wait", "--timeout", "120").succeeded()
            assert users(shared) == ["owner@example.com"]
        finally:
            shared.output("curl", "-sf", "-X", "DELETE", url)

    def test_skipped_http_checks(self, shared: Cluster, engine_socket: str) -> None:
        with EngineProxy(engine_socket) as proxy:
            shared.dcos_docker("wait", "--skip-http-checks", env=at(proxy.url)).succeeded()
            sent = [request for request in proxy.requests if request.endswith("/exec")]
        assert len(sent) == 6  # which DC/OS it is, the checks of four nodes, and the cluster's


@pytest.fixture(scope="module")
def enterprise(client: APIClient, enterprise_installer: Path) -> Iterator[Cluster]:
    with create(client, enterprise_installer, "--public-agents", "0") as cluster:
        yield cluster


@pytest.mark.xdist_group("enterprise")
class TestEnterprise:
    """On a cluster of DC/OS Enterprise."""

    def test_ready(self, enterprise: Cluster) -> None:
        assert enterprise.inspect()["variant"] == "enterprise"
        result = enterprise.dcos_docker("wait", "--timeout", "120")
        assert (result.code, result.stdout) == (0, ""), result.stderr
        assert users(enterprise) == ["bootstrapuser"]

    @pytest.mark.parametrize("password", ["", "\"wrong' \\ $x ü\t"])
    def test_wrong_password(self, enterprise: Cluster, password: str) -> None:
        enterprise.dcos_docker("wait", "--timeout", "120").succeeded()
        result = enterprise.dcos_docker("wait", "--timeout", BRIEFLY, "--superuser-password", password)
        assert (result.code, result.stdout) == (124, "")
        assert "\n  login of bootstrapuser: 401\n" in result.stderr
        assert password == "" or password not in result.stderr

    def test_password_from_the_environment(self, enterprise: Cluster) -> None:
        variable = {"DCOS_DOCKER_SUPERUSER_PASSWORD": "wrong too"}
        result = enterprise.dcos_docker("wait", "--timeout", BRIEFLY, env=variable)
        assert result.code == 124
        right = enterprise.dcos_docker("wait", "--superuser-password", "deleteme", "--timeout", "120", env=variable)
        assert right.code == 0

    def test_unknown_user(self, enterprise: Cluster) -> None:
        result = enterprise.dcos_docker("wait", "--timeout", BRIEFLY, "--superuser-username", "nobody@example.com")
        assert result.code == 124
        assert "\n  login of nobody@example.com: 401\n" in result.stderr

    def test_password_of_any_characters_works(
        self, client: APIClient, tmp_path: Path, enterprise: Cluster, enterprise_installer: Path
    ) -> None:
        """It travels through JSON, and through curl's own quoting."""
        password = '"it\'s" \\n \\\\ ünï $HOME `x` \t#'
        body = json.dumps({"password": password})
        url = f"{USERS}/second"
        sent = enterprise.run(
            "curl", "-sf", "-X", "PUT", "-H", "Content-Type: application/json", "-d", "@-", url, stdin=body.encode()
        )
        assert sent.code == 0
        try:
            result = enterprise.dcos_docker(
                "wait", "--timeout", "60", "--superuser-username", "second", "--superuser-password", password
            )
            assert result.code == 0, result.stderr
        finally:
            enterprise.output("curl", "-sf", "-X", "DELETE", url)
