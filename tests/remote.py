"""Runs the integration tests with an engine that shares nothing with this machine but the network.

    python -m tests.remote KIND [ARGUMENT OF PYTEST]...

KIND is tls, ssh, context, or docker-26, which is tls with a Docker of that version. Without arguments it runs what
needs an engine. The engine that is in use otherwise has it in a container, and nothing more.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.engine import plain_client
from tests.support.program import dcos_docker, environment
from tests.support.remote_engine import KINDS, give_image, remote_engine

ALL = ("-n", "2", "--dist", "loadgroup", "tests/integration", "tests/cli")
BUILD_SECONDS = 900
DOCKER_26 = "docker-26"
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


def built(*options: str) -> str:
    """Return the tag of a node image, which may be built now."""
    return dcos_docker("image", "build", *options, timeout=BUILD_SECONDS).succeeded().strip()


if __name__ == "__main__":
    kinds = (*KINDS, DOCKER_26)
    if len(sys.argv) < 2 or sys.argv[1] not in kinds:
        sys.exit(f"How is the engine to be reached? python -m tests.remote {'|'.join(kinds)} [ARGUMENT OF PYTEST]...")
    sys.exit(main(sys.argv[1], sys.argv[2:]))
