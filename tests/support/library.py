"""The library as test suites use it, and machines that it did not make."""

from __future__ import annotations

import functools
import http.server
import subprocess
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.backends.docker.images.recipe import node_image
from dcos_docker_cli.cluster import Cluster
from dcos_docker_cli.node import Node
from tests.support.engine import execute, of_cluster
from tests.support.ids import new_id
from tests.support.program import eventually
from tests.support.servers import in_background

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

    from dcos_docker_cli.backends import Docker

LOGIN = "admin"


@contextmanager
def cluster_of(client: APIClient, backend: Docker, **numbers: int) -> Iterator[Cluster]:
    """Have a cluster within the block; see that all of it has gone after it."""
    with Cluster(cluster_backend=backend, **numbers) as cluster:
        cluster_id = cluster.cluster_id
        yield cluster
    assert of_cluster(client, cluster_id) == []


def only(nodes: set[Node]) -> Node:
    (node,) = nodes
    return node


@contextmanager
def served(directory: Path) -> Iterator[str]:
    """Serve the files of a directory on all addresses of this machine, which the engine's containers reach."""
    handler = functools.partial(_Quiet, directory=str(directory))
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), handler)
    with in_background(server):
        yield f"http://127.0.0.1:{server.server_port}"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Tell nothing."""


@contextmanager
def machines(client: APIClient, directory: Path, count: int) -> Iterator[list[Node]]:
    """Have machines that somebody else has made: containers, with SSH for a user who is not root and has sudo."""
    key = directory / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    public = key.with_suffix(".pub").read_text().strip()
    with ExitStack() as stack:
        yield [stack.enter_context(_machine(client, key, public)) for _ in range(count)]


@contextmanager
def _machine(client: APIClient, key: Path, public: str) -> Iterator[Node]:
    name = f"machine-{new_id()}"
    host = client.create_host_config(
        privileged=True,
        tmpfs={"/run": "exec", "/tmp": "exec"},
        mounts=[{"Type": "volume", "Target": path} for path in ("/var/lib/docker", "/opt")],  # type: ignore[misc]
    )
    container = client.create_container(node_image(), name=name, hostname=name, host_config=host)["Id"]
    try:
        client.start(container)
        script = f"""
        until systemctl is-active ssh docker; do sleep 0.1; done
        useradd --create-home --shell /bin/sh {LOGIN}
        echo "{LOGIN} ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/{LOGIN}
        install -d -m 700 -o {LOGIN} /home/{LOGIN}/.ssh
        echo "{public}" >/home/{LOGIN}/.ssh/authorized_keys
        rm -f /run/nologin
        """
        execute(client, container, "sh", "-c", script)
        address = client.inspect_container(container)["NetworkSettings"]["IPAddress"]
        yield Node(IPv4Address(address), IPv4Address(address), default_user=LOGIN, ssh_key_path=key)
    finally:
        client.remove_container(container, force=True, v=True)
    eventually(lambda: name not in str(client.containers(all=True)), "the machine is gone")
