"""Runs the integration tests with an engine that shares nothing with this machine but the network.

    python -m tests.remote KIND [ARGUMENT OF PYTEST]...

KIND is tls, ssh, context, docker-26, which is tls with a Docker of that version, or dind, where the tests are in a
container too, as a job of GitLab is. Without arguments it runs what needs an engine. The engine that is in use
otherwise has it in a container, and nothing more.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support import ids
from tests.support.client_container import CERTIFICATES, client_container
from tests.support.elsewhere import CONFIG
from tests.support.engine import plain_client
from tests.support.program import dcos_docker, environment
from tests.support.remote_engine import ALIAS, KINDS, TLS_PORT, give_image, remote_engine

ALL = ("-n", "2", "--dist", "loadgroup", "tests/integration", "tests/cli")
BUILD_SECONDS = 900
DOCKER_26 = "docker-26"
DIND = "dind"
OF_DOCKER_26 = ("--linux-distribution", "debian-13")


def main(kind: str, arguments: list[str]) -> int:
    """Run pytest; return what it ends with."""
    client = plain_client()
    with TemporaryDirectory(prefix="dcos-docker-remote-") as name:
        directory = Path(name)
        image = built()
        of_engine = built(*OF_DOCKER_26) if kind == DOCKER_26 else image
        with remote_engine(client, of_engine, directory) as engine:
            variables = engine.environment("tls" if kind == DOCKER_26 else kind)
            file = directory / "node.tar"
            dcos_docker("image", "export", file).succeeded()
            give_image(file, variables)
            file.unlink()
            command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *(arguments or ALL)]
            return subprocess.run(command, env=environment(variables), check=False).returncode


def in_container(arguments: list[str]) -> int:
    """Run pytest in a container beside the engine's; return what it ends with."""
    ids.name_run()
    client = plain_client()
    network = f"remote-{os.urandom(4).hex()}"
    client.create_network(network)
    with TemporaryDirectory(prefix="dcos-docker-remote-") as name, ExitStack() as stack:
        stack.callback(client.remove_network, network)
        directory = Path(name)
        image = built()
        engine = stack.enter_context(remote_engine(client, image, directory, network))
        file = directory / "node.tar"
        dcos_docker("image", "export", file).succeeded()
        give_image(file, engine.environment("tls"))
        file.unlink()
        variables = {
            "DOCKER_HOST": f"tcp://{ALIAS}:{TLS_PORT}",
            "DOCKER_TLS_VERIFY": "1",
            "DOCKER_CERT_PATH": CERTIFICATES,
            CONFIG: str(engine.config),
            "HYPOTHESIS_STORAGE_DIRECTORY": f"{name}/hypothesis",
        }
        there = stack.enter_context(client_container(client, image, network, directory, variables))
        there.run("mkdir", "-p", name)
        for path in (engine.config, engine.key):
            there.give(str(path), path.read_bytes())
        there.run("chmod", "600", str(engine.key))
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *(arguments or ALL)]
        return there.stream(*command, write=sys.stdout.buffer.write)


def built(*options: str) -> str:
    """Return the tag of a node image, which may be built now."""
    return dcos_docker("image", "build", *options, timeout=BUILD_SECONDS).succeeded().strip()


if __name__ == "__main__":
    kinds = (*KINDS, DOCKER_26, DIND)
    if len(sys.argv) < 2 or sys.argv[1] not in kinds:
        sys.exit(f"How is the engine to be reached? python -m tests.remote {'|'.join(kinds)} [ARGUMENT OF PYTEST]...")
    sys.exit(in_container(sys.argv[2:]) if sys.argv[1] == DIND else main(sys.argv[1], sys.argv[2:]))
