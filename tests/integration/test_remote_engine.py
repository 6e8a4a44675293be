"""An engine that shares nothing with the client: over TCP with certificates, and for a client in a container.

All tests can be run with such an engine: `make remote`.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.support import gitlab
from tests.support.client_container import CERTIFICATES, ClientContainer, client_container
from tests.support.elsewhere import NEEDS_FILES
from tests.support.engine import of_cluster
from tests.support.ids import new_id
from tests.support.program import dcos_docker, raw
from tests.support.remote_engine import ALIAS, RemoteEngine, give_image, remote_engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

pytestmark = [pytest.mark.xdist_group("remote-engine"), NEEDS_FILES]
ONE_NODE = ("--agents", "0", "--public-agents", "0")
NEEDS_INTERNET = ("pip install ", "dcos-docker download-installer ")


@pytest.fixture(scope="module")
def network(client: APIClient) -> Iterator[str]:
    """A network in which the engine has a name, as services of a CI job have."""
    name = f"job-{new_id()}"
    client.create_network(name)
    yield name
    client.remove_network(name)


@pytest.fixture(scope="module")
def remote(
    client: APIClient, node_image: str, network: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RemoteEngine]:
    directory = tmp_path_factory.mktemp("remote")
    with remote_engine(client, node_image, directory, network) as made:
        dcos_docker("image", "export", directory / "node.tar").succeeded()
        give_image(directory / "node.tar", made.environment("tls"))
        yield made


@pytest.fixture(scope="module")
def env(remote: RemoteEngine) -> dict[str, str | None]:
    return remote.environment("tls")


@pytest.fixture(scope="module")
def job(client: APIClient, node_image: str, remote: RemoteEngine, network: str) -> Iterator[ClientContainer]:
    """The container of a job, which sees the engine under the name of a service, and certificates."""
    fewer = {"DCOS_DOCKER_CREATE_PUBLIC_AGENTS": "0"}  # it takes long enough
    variables = {**gitlab.variables("4711"), **fewer, "DOCKER_CERT_PATH": CERTIFICATES}
    with client_container(client, node_image, network, remote.directory, variables) as made:
        yield made


@pytest.fixture(scope="class")
def cluster(client: APIClient, env: dict[str, str | None], installer: Path) -> Iterator[tuple[str, str]]:
    """The option that names a cluster on it."""
    option = ("-c", "over-tls")
    assert dcos_docker("create", installer, *option, *ONE_NODE, env=env).succeeded() == "over-tls\n"
    assert of_cluster(client, "over-tls") == [], "it is on the other engine"
    assert dcos_docker("wait", *option, "--timeout", "120", env=env).code == 0
    yield option
    assert dcos_docker("destroy", *option, env=env).succeeded() == "over-tls\n"
    assert "over-tls" not in dcos_docker("list", env=env).succeeded().split()


class TestOverTls:
    """By a client that has no more than an address and certificates."""

    def test_files_and_streams(self, env: dict[str, str | None], cluster: tuple[str, str], tmp_path: Path) -> None:
        sent = os.urandom(3 << 20)
        (tmp_path / "sent").write_bytes(sent)
        dcos_docker("send-file", *cluster, tmp_path / "sent", "/root/sent", env=env).succeeded()
        digest = dcos_docker("run", *cluster, "--", "sha256sum", "/root/sent", env=env).succeeded().split()[0]
        assert digest == hashlib.sha256(sent).hexdigest()
        dcos_docker("download-file", *cluster, "/root/sent", tmp_path / "fetched", env=env).succeeded()
        assert (tmp_path / "fetched").read_bytes() == sent
        echo = raw("run", *cluster, "--", "cat", stdin=sent, env=env)
        assert (echo.returncode, echo.stdout == sent) == (0, True)
        assert dcos_docker("run", *cluster, "--", "sh", "-c", "exit 37", env=env).code == 37

    @pytest.mark.parametrize("transport", ["docker-exec", "ssh"])
    def test_transports(self, env: dict[str, str | None], cluster: tuple[str, str], transport: str) -> None:
        """SSH goes through the engine, too: the node's address leads nowhere from here, or to another one's node."""
        done = dcos_docker("run", *cluster, "--transport", transport, "--", "hostname", env=env)
        assert (done.code, done.stdout, done.stderr) == (0, "dcos-docker-over-tls-master-0\n", "")

    def test_ssh(self, env: dict[str, str | None], cluster: tuple[str, str], tmp_path: Path) -> None:
        state = {**env, "XDG_STATE_HOME": str(tmp_path)}
        assert dcos_docker("ssh", *cluster, "--", "hostname", env=state).succeeded().endswith("master-0\n")
        assert "ProxyCommand" in dcos_docker("ssh-config", *cluster, env=state).succeeded()


def test_the_job_for_gitlab(job: ClientContainer, installer: Path) -> None:
    """Each line of the example, in a container that reaches the engine over the network alone."""
    assert job.run("sh", "-c", "test -e /var/run/docker.sock").code == 1
    job.give("/tmp/work/dcos_generate_config.sh", installer.read_bytes())
    job.give("/tmp/work/config.yaml", (gitlab.FILE.parent / "config.yaml").read_bytes())
    said = {}
    for line in gitlab.lines(*gitlab.SCRIPTS):
        if not line.startswith(NEEDS_INTERNET):
            done = job.run("sh", "-c", line)
            assert done.code == 0, (line, done)
            said[line] = done
    status = json.loads(job.run("cat", "artifacts/status.json").succeeded())
    assert (status["cluster_id"], status["health"]) == ("ci-4711", "healthy")
    assert "dcos-mesos-" in job.run("cat", "artifacts/master_0.log").succeeded()
    assert job.run("ls", "artifacts/results").code == 0
    assert said["dcos-docker clean --all --yes"].stdout.startswith("cluster ci-4711\n")
    assert "ci-4711" not in job.dcos_docker("list").succeeded().split()
    assert job.run("sh", "-c", "wc -c <images/node.tar").succeeded() > "1"


def test_a_client_in_a_container(job: ClientContainer) -> None:
    cluster = ("-c", "by-hand")
    created = job.dcos_docker("provision", *cluster, "--agents", "0", "--public-agents", "0")
    assert created.succeeded() == "by-hand\n"
    assert job.dcos_docker("run", *cluster, "--transport", "ssh", "--", "hostname").succeeded().endswith("master-0\n")
    web = job.dcos_docker("web", *cluster)
    address = json.loads(job.dcos_docker("inspect", *cluster).succeeded())["web_address"]
    assert web.succeeded() == f"{address}/\n".replace("//\n", "/\n")
    assert "another machine" in web.stderr
    place = job.dcos_docker("doctor", "DD022").stdout
    assert f"http://{ALIAS}:PORT" in place
    assert job.dcos_docker("destroy", *cluster).succeeded() == "by-hand\n"
