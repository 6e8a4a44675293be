"""A process that stands for one command in a container: what `DockerExec.popen` starts."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import docker

from dcos_docker_cli.backends.docker.engine import Endpoint, Engine
from dcos_docker_cli.concurrency import Cancellation
from dcos_docker_cli.exceptions import DcosDockerError
from dcos_docker_cli.transports.descriptors import reader, writer
from dcos_docker_cli.transports.docker_exec import ORDER_VARIABLE, DockerExec

OWN_FAILURE = 125


def main() -> int:
    """Do what the environment says, with this process' own streams; return the command's exit code."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    order = json.loads(os.environ.pop(ORDER_VARIABLE))
    try:
        transport = DockerExec(_engine(**order["engine"]), order["container"])
        return transport.stream(**order["command"], stdin=reader(0), stdout=writer(1), stderr=writer(2))
    except BrokenPipeError:  # nobody reads our output any more
        return 128 + signal.SIGPIPE
    except DcosDockerError as error:
        sys.stderr.write(f"Error: {error.message}\n")
        return OWN_FAILURE


def _engine(url: str, origin: str, api_version: str, tls: dict[str, Any] | None) -> Engine:
    where = Endpoint(url, docker.tls.TLSConfig(**tls) if tls else False, origin)
    return Engine(where, Cancellation(), api_version=api_version)
