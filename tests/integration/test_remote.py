"""Engines that are reached in another way than by the default socket: TCP, TLS, SSH, docker contexts."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli.exceptions import DcosDockerError
from tests.support.clusters import Cluster
from tests.support.elsewhere import NEEDS_ADDRESSES
from tests.support.engine import execute, of_cluster
from tests.support.ids import new_id
from tests.support.program import at, dcos_docker, eventually, raw
from tests.support.proxy import EngineProxy
from tests.support.remote_engine import CERTIFICATES
from tests.support.terminal import OnTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

SMALL = ("--agents", "1", "--public-agents", "0")


def test_whole_job_over_tcp(client: APIClient, engine_socket: str, installer: Path, cluster_id: str) -> None:
    with EngineProxy(engine_socket, tcp=True) as proxy:
        env = at(proxy.url)
        created = dcos_docker("create", installer, "-c", cluster_id, *SMALL, env=env)
        assert created.succeeded() == f"{cluster_id}\n"
        cluster = Cluster(cluster_id)
        assert cluster.run("cat", stdin=b"over there", env=env).succeeded() == "over there"
        assert cluster.dcos_docker("wait", "--timeout", "120", env=env).code == 0
        web = cluster.dcos_docker("web", env=env)
        assert web.succeeded() == f"http://{cluster.inspect()['nodes'][0]['address']}/\n"
        assert "another machine" in web.stderr
        assert cluster.dcos_docker("destroy", env=env).succeeded() == f"{cluster_id}\n"
    assert of_cluster(client, cluster_id) == []


@pytest.mark.xdist_group("shared")
def test_big_output_over_tcp(engine_socket: str, shared: Cluster) -> None:
    sent = os.urandom(5 << 20)
    with EngineProxy(engine_socket, tcp=True) as proxy:
        done = raw("run", "-c", shared.cluster_id, "--", "cat", stdin=sent, env=at(proxy.url))
    assert (done.returncode, hashlib.sha256(done.stdout).digest()) == (0, hashlib.sha256(sent).digest())


def write_context(config: Path, name: str, host: str) -> None:
    """Write a context as `docker context create` does."""
    directory = config / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    directory.mkdir(parents=True)
    meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    (directory / "meta.json").write_text(json.dumps(meta))


@pytest.mark.parametrize("chosen_by", ["DOCKER_CONTEXT", "config.json"])
def test_docker_context(tmp_path: Path, engine_socket: str, chosen_by: str) -> None:
    env: dict[str, str | None] = {
        "DOCKER_HOST": None,
        "DOCKER_CONTEXT": None,
        "DOCKER_TLS_VERIFY": None,
        "DOCKER_CONFIG": str(tmp_path),
    }
    with EngineProxy(engine_socket) as proxy:
        write_context(tmp_path, "mine", proxy.url)
        if chosen_by == "DOCKER_CONTEXT":
            env["DOCKER_CONTEXT"] = "mine"
        else:
            (tmp_path / "config.json").write_text('{"auths": {}, "currentContext": "mine"}')
        dcos_docker("list", env=env).succeeded()
        assert any("/containers/json" in request for request in proxy.requests)


class SshServer:
    """An sshd before the engine, in a container, and an `ssh` for it that has a configuration of its own."""

    def __init__(self, client: APIClient, socket: str, directory: Path) -> None:
        key = directory / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        public = key.with_suffix(".pub").read_text().strip()
        script = (
            "mkdir -p /run/sshd /root/.ssh && ssh-keygen -q -A && printf '%s\\n' \"$0\" >/root/.ssh/authorized_keys"
            " && exec /usr/sbin/sshd -D -e"
        )
        self.container = client.create_container(
            client.images("dcos-docker/node")[0]["Id"],
            ["sh", "-c", script, public],
            name=f"sshd-{new_id()}",
            volumes=["/engine.sock"],
            host_config=client.create_host_config(binds={socket: {"bind": "/engine.sock"}}),
        )["Id"]
        client.start(self.container)
        networks = client.inspect_container(self.container)["NetworkSettings"]["Networks"]
        self.address = networks["bridge"]["IPAddress"]
        self.url = f"ssh://root@{self.address}/engine.sock"
        self._program(directory / "bin" / "ssh", key)
        self.env = {**at(self.url), "PATH": f"{directory / 'bin'}:{os.environ['PATH']}"}

    def _program(self, path: Path, key: Path) -> None:
        options = f"-F none -i {key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
        path.parent.mkdir()
        path.write_text(f'#!/bin/sh\nexec /usr/bin/ssh {options} "$@"\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)


@NEEDS_ADDRESSES
@pytest.mark.xdist_group("shared")
class TestSsh:
    """With OpenSSH's own server."""

    @pytest.fixture
    def server(self, client: APIClient, engine_socket: str, shared: Cluster, tmp_path: Path) -> Iterator[SshServer]:
        assert shared
        made = SshServer(client, engine_socket, tmp_path)
        try:
            script = "exec 3<>/dev/tcp/127.0.0.1/22"
            eventually(lambda: succeeds(client, made.container, "bash", "-c", script), "sshd answers")
            yield made
        finally:
            client.remove_container(made.container, force=True, v=True)

    def test_commands(self, server: SshServer, shared: Cluster) -> None:
        assert shared.cluster_id in dcos_docker("list", env=server.env).succeeded().splitlines()
        sent = os.urandom(2 << 20)
        done = raw("run", "-c", shared.cluster_id, "--", "cat", stdin=sent, env=server.env)
        assert (done.returncode, done.stdout == sent, done.stderr) == (0, True, b"")
        assert shared.dcos_docker("wait", "--timeout", "120", env=server.env).code == 0
        assert shared.run("sh", "-c", "exit 37", env=server.env).code == 37

    def test_whole_job(self, client: APIClient, server: SshServer, installer: Path, cluster_id: str) -> None:
        one = ("--agents", "0", "--public-agents", "0")
        dcos_docker("create", installer, "-c", cluster_id, *one, env=server.env).succeeded()
        assert dcos_docker("destroy", "-c", cluster_id, env=server.env).succeeded() == f"{cluster_id}\n"
        assert of_cluster(client, cluster_id) == []

    def test_nothing_stays_here(self, server: SshServer, tmp_path: Path) -> None:
        temporary = tmp_path / "tmp"
        temporary.mkdir()
        dcos_docker("list", env={**server.env, "TMPDIR": str(temporary)}).succeeded()
        assert list(temporary.iterdir()) == []
        processes = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
        assert server.address not in processes

    def test_server_that_refuses(self, server: SshServer) -> None:
        result = dcos_docker("list", env={**server.env, "DOCKER_HOST": f"ssh://nobody@{server.address}"})
        assert (result.code, result.stdout) == (125, "")
        assert result.stderr.startswith(f"Error: No SSH connection to the engine at ssh://nobody@{server.address}.\n")
        assert "Permission denied" in result.stderr

    def test_no_socket_over_there(self, server: SshServer) -> None:
        result = dcos_docker("list", env={**server.env, "DOCKER_HOST": f"ssh://root@{server.address}/none.sock"})
        assert (result.code, result.stdout) == (125, "")
        assert "Traceback" not in result.stderr


# The engine takes no other certificates than these.
ENGINE_WITH_TLS = rf"""
set -e
{CERTIFICATES}
exec dockerd --iptables=false --host=unix:///var/run/docker.sock --host=tcp://0.0.0.0:2376 \
    --tlsverify --tlscacert=ca.pem --tlscert=server.pem --tlskey=server-key.pem
"""
# A container that the program takes for a node, of a few programs and what they are linked with.
NODE = r"""
set -e
programs="/bin/sh /bin/cat /bin/sleep"
libraries=$(ldd $programs | grep -o '/[^ ]*\.so[^ ]*' | sort -u)
tar -c --dereference -C / ./etc/passwd $(printf '.%s ' $programs $libraries) | docker import - tiny:latest
docker run --detach --network none --name dcos-docker-tls-master-0 \
    --label dcos_docker.schema=1 --label dcos_docker.kind=node --label dcos_docker.cluster_id=tls \
    --label dcos_docker.role=master --label dcos_docker.index=0 tiny:latest /bin/sleep 600
"""


@pytest.fixture(scope="module")
def tls_engine(client: APIClient, installer: Path) -> Iterator[str]:
    del installer
    made: str = client.create_container(
        client.images("dcos-docker/node")[0]["Id"],
        ["bash", "-c", ENGINE_WITH_TLS],
        name=f"tls-engine-{new_id()}",
        volumes=["/var/lib/docker"],
        host_config=client.create_host_config(privileged=True),
    )["Id"]
    try:
        client.start(made)
        eventually(lambda: succeeds(client, made, "docker", "version"), "the engine answers", timeout=60)
        execute(client, made, "bash", "-c", NODE)
        yield made
    finally:
        client.remove_container(made, force=True, v=True)


@NEEDS_ADDRESSES
@pytest.mark.xdist_group("tls")
class TestTls:
    """With an engine of the test's own that wants certificates."""

    @pytest.fixture
    def env(self, client: APIClient, tls_engine: str, tmp_path: Path) -> dict[str, str | None]:
        for here, there in (("ca", "ca"), ("cert", "client"), ("key", "client-key")):
            (tmp_path / f"{here}.pem").write_text(execute(client, tls_engine, "cat", f"/certs/{there}.pem"))
        networks = client.inspect_container(tls_engine)["NetworkSettings"]["Networks"]
        url = f"tcp://{networks['bridge']['IPAddress']}:2376"
        return {**at(url), "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}

    def test_listing(self, env: dict[str, str | None]) -> None:
        assert dcos_docker("list", env=env).succeeded() == "tls\n"

    @pytest.mark.parametrize("size", [0, 1, 100_000, 5 << 20])
    def test_streams_both_ways(self, env: dict[str, str | None], size: int) -> None:
        """The end of the input is told on a connection that goes on in the other direction."""
        sent = os.urandom(size)
        done = raw("run", "-c", "tls", "--", "/bin/cat", stdin=sent, env=env, timeout=60)
        assert (done.returncode, len(done.stdout), done.stdout == sent, done.stderr) == (0, size, True, b"")

    def test_status(self, env: dict[str, str | None]) -> None:
        result = dcos_docker("run", "-c", "tls", "--", "/bin/sh", "-c", "exit 37", env=env, timeout=60)
        assert (result.code, result.stdout, result.stderr) == (37, "", "")

    def test_terminal(self, env: dict[str, str | None]) -> None:
        script = "echo ready; read x; echo got $x; exit 9"
        with OnTerminal("run", "-c", "tls", "--", "/bin/sh", "-c", script, env=env) as terminal:
            terminal.wait_for("ready")
            terminal.type("keys\r")
            terminal.wait_for("got keys")
            assert terminal.end(30) == 9

    def test_context_with_certificates(self, env: dict[str, str | None], tmp_path: Path) -> None:
        config = tmp_path / "config"
        write_context(config, "secure", str(env["DOCKER_HOST"]))
        certificates = config / "contexts" / "tls" / hashlib.sha256(b"secure").hexdigest() / "docker"
        certificates.mkdir(parents=True)
        for name in ("ca.pem", "cert.pem", "key.pem"):
            shutil.copy(tmp_path / name, certificates)
        changes = {**at(""), "DOCKER_HOST": None, "DOCKER_CONFIG": str(config), "DOCKER_CONTEXT": "secure"}
        assert dcos_docker("list", env=changes).succeeded() == "tls\n"

    def test_certificates_of_somebody_else(self, env: dict[str, str | None], tmp_path: Path) -> None:
        options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other"]
        files = ["-keyout", str(tmp_path / "other-key.pem"), "-out", str(tmp_path / "ca.pem")]
        subprocess.run(["openssl", "req", *options, *files], check=True, capture_output=True)
        result = dcos_docker("list", env=env)
        assert (result.code, result.stdout) == (125, "")
        assert "do not trust each other" in result.stderr
        assert "Traceback" not in result.stderr

    def test_without_certificates(self, env: dict[str, str | None]) -> None:
        result = dcos_docker("list", env={**env, "DOCKER_TLS_VERIFY": None})
        assert result.code in (1, 125)
        assert result.stderr.startswith("Error: ")


def succeeds(client: APIClient, container: str, *args: str) -> bool:
    """Whether a command in a container ends 0."""
    try:
        execute(client, container, *args)
    except (AssertionError, DcosDockerError):
        return False
    return True
