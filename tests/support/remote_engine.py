"""An engine that shares nothing with this machine but the network, for whole sessions of tests.

It is in a container on the engine that is in use here, and is reached over TCP with certificates of both sides, over
SSH, or as a docker context. Beside it is an SSH server, for what tests themselves want of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.support.elsewhere import CONFIG, HOST, PROGRAMS
from tests.support.nested_engine import MAIN_PROCESS, archive, bridge_beside, runtime_settings
from tests.support.program import at, dcos_docker, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

KINDS = ("tls", "ssh", "context")
TLS_PORT = 2376
NAME = "remote-engine"
ALIAS = "docker"
"""Its name in a network of its own, as that of GitLab's service."""
START_SECONDS = 90

CERTIFICATES = r"""
mkdir -p /certs
cd /certs
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca-key.pem -out ca.pem
printf 'subjectAltName=IP:%s,DNS:docker,DNS:localhost\n' "$(hostname -i | cut -d ' ' -f 1)" >extensions
for name in server client; do
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout $name-key.pem -out $name.csr
    openssl x509 -req -days 2 -in $name.csr -out $name.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial \
        -extfile extensions
done
"""
"""A script that makes certificates of the engine and of ours, by one authority, and goes to where they are."""
# Then a /dev as machines have it: loop devices appear in it.
MAIN = rf"""
set -e
mkdir -p /run/sshd /root/.ssh
printf '%s\n' "$0" >/root/.ssh/authorized_keys
ssh-keygen -q -A
/usr/sbin/sshd
{CERTIFICATES}
mount -t devtmpfs none /dev
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 none /dev/pts
exec "$1"
"""


class RemoteEngine:
    """The container with the engine, and how it is reached. Its files here are in `directory`."""

    def __init__(self, client: APIClient, node_image: str, directory: Path, network: str = "bridge") -> None:
        self._client = client
        self.directory = directory
        self.key = directory / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.key], check=True)
        more: dict[str, Any] = {}
        if network != "bridge":  # which has no names
            endpoint = client.create_endpoint_config(aliases=[ALIAS])
            more["networking_config"] = {"EndpointsConfig": {network: endpoint}}
        host: dict[str, Any] = client.create_host_config(privileged=True, init=False, network_mode=network)
        public = self.key.with_suffix(".pub").read_text(encoding="ascii").strip()
        self.container: str = client.create_container(
            node_image,
            ["bash", "-c", MAIN, public, MAIN_PROCESS],
            name=f"{NAME}-{os.urandom(4).hex()}",
            host_config=host,
            volumes=["/cache"],
            **more,
        )["Id"]
        runtime, files = runtime_settings()
        settings = {
            "hosts": ["unix:///var/run/docker.sock", f"tcp://0.0.0.0:{TLS_PORT}"],
            "tlsverify": True,
            "tlscacert": "/certs/ca.pem",
            "tlscert": "/certs/server.pem",
            "tlskey": "/certs/server-key.pem",
            "bip": bridge_beside(client, network),
            "insecure-registries": ["172.16.0.0/12"],
            **runtime,
        }
        client.put_archive(
            self.container, "/", archive({"etc/docker/daemon.json": json.dumps(settings).encode(), **files})
        )

    def start(self) -> None:
        """Start it, and wait until it answers over SSH; then fetch the certificates."""
        self._client.start(self.container)
        (network,) = self._client.inspect_container(self.container)["NetworkSettings"]["Networks"].values()
        self.address = str(network["IPAddress"])
        self.config = self.directory / "ssh_config"
        self.config.write_text(
            f"Host {HOST} {self.address}\n  HostName {self.address}\n  User root\n  IdentityFile {self.key}\n"
            "  IdentitiesOnly yes\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n",
            encoding="utf-8",
        )
        eventually(lambda: self._on_it("docker", "version").returncode == 0, "the engine answers", START_SECONDS, 0.3)
        for here, there in (("ca", "ca"), ("cert", "client"), ("key", "client-key")):
            found = self._on_it("cat", f"/certs/{there}.pem")
            (self.directory / f"{here}.pem").write_bytes(found.stdout)

    def remove(self) -> None:
        """Remove it with all that it has."""
        self._client.remove_container(self.container, force=True, v=True)

    def environment(self, kind: str) -> dict[str, str | None]:
        """Return the changes of the environment with which this is the engine."""
        shared: dict[str, str | None] = {**at(""), "DOCKER_HOST": None, CONFIG: str(self.config)}
        url = f"tcp://{self.address}:{TLS_PORT}"
        if kind == "tls":
            return {**shared, "DOCKER_HOST": url, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(self.directory)}
        if kind == "ssh":
            programs = self.directory / "bin"
            programs.mkdir(exist_ok=True)
            (programs / "ssh").write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {self.config} "$@"\n', encoding="utf-8")
            (programs / "ssh").chmod(0o755)
            path = f"{programs}:{os.environ['PATH']}"
            return {**shared, "DOCKER_HOST": f"ssh://root@{self.address}", PROGRAMS: str(programs), "PATH": path}
        return {**shared, "DOCKER_CONFIG": str(self._context(url)), "DOCKER_CONTEXT": "remote"}

    def _context(self, url: str) -> Path:
        """Write a context as `docker context create` does."""
        name = hashlib.sha256(b"remote").hexdigest()
        contexts = self.directory / "config" / "contexts"
        meta = {"Name": "remote", "Metadata": {}, "Endpoints": {"docker": {"Host": url, "SkipTLSVerify": False}}}
        (contexts / "meta" / name).mkdir(parents=True, exist_ok=True)
        (contexts / "meta" / name / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
        (contexts / "tls" / name / "docker").mkdir(parents=True, exist_ok=True)
        for file in ("ca.pem", "cert.pem", "key.pem"):
            (contexts / "tls" / name / "docker" / file).write_bytes((self.directory / file).read_bytes())
        return self.directory / "config"

    def _on_it(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["ssh", "-F", self.config, "-o", "BatchMode=yes", "-o", "ConnectTimeout=2", HOST, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )


@contextmanager
def remote_engine(
    client: APIClient, node_image: str, directory: Path, network: str = "bridge"
) -> Iterator[RemoteEngine]:
    """Have such an engine within the block, without any image."""
    made = RemoteEngine(client, node_image, directory, network)
    try:
        made.start()
        yield made
    finally:
        made.remove()


def give_image(node_image_file: Path, environment: dict[str, str | None]) -> None:
    """Import the node image from a file."""
    dcos_docker("image", "import", node_image_file, env=environment, timeout=300).succeeded()
