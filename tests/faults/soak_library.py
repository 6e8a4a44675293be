"""One process that works with the library for long: for each line on stdin one round, and how the process is then."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli.backends import Docker
from dcos_docker_cli.cluster import Cluster
from dcos_docker_cli.docker_utils import DockerLoopbackVolume
from dcos_docker_cli.exceptions import DcosDockerError
from dcos_docker_cli.node import Output, Transport
from tests.support.contained import PORT

if TYPE_CHECKING:
    from collections.abc import Callable

DISK_MEBIBYTES = 37
"""Nobody else's loop devices are as big."""
ROUNDS_KEPT = 4


def main() -> None:
    """Do one round after the other, until there is no more input."""
    installer = Path(sys.argv[1])
    kept: deque[object] = deque(maxlen=5 * ROUNDS_KEPT)
    before = descriptors()
    for _ in sys.stdin:
        one_round(installer, kept)
        found = {**state(), "new descriptors": descriptors() - before}
        print(json.dumps(found), flush=True)  # noqa: T201 - that is the answer


def one_round(installer: Path, kept: deque[object]) -> None:
    """Make a cluster with DC/OS, use it every way, and destroy it.

    `kept` has what a test suite may hold for long, as in a fixture of a session: it must hold nothing of the system.
    """
    backend = Docker(workspace_dir=Path(tempfile.gettempdir()))
    taken = Docker(one_master_host_port_map={"80": PORT}, skip_preflight=True)  # which the engine itself listens on
    with (
        DockerLoopbackVolume(DISK_MEBIBYTES) as disk,
        Cluster(backend, masters=1, agents=0, public_agents=0) as cluster,
        tempfile.TemporaryDirectory() as directory,
    ):
        cluster.install_dcos_from_path(installer)
        cluster.wait_for_dcos_oss(timeout=300)
        (master,) = cluster.masters
        sent, back = Path(directory, "sent"), Path(directory, "back")
        sent.write_bytes(b"x" * 100_000)
        for transport in (Transport.DOCKER_EXEC, Transport.SSH):
            master.run(["true"], transport=transport)
            master.run(["seq", "1000"], transport=transport, output=Output.LOG_AND_CAPTURE)
            master.send_file(sent, "/root/sent", transport=transport)
            master.download_file("/root/sent", back, transport=transport)
            back.unlink()
            with_failure(lambda transport=transport: master.run(["false"], transport=transport))  # type: ignore[misc]
            with master.popen(["sleep", "0.1"], transport=transport) as process:
                process.communicate()
        with_failure(lambda: cluster.install_dcos_from_path(sent))
        failure = with_failure(lambda: Cluster.find("nobody-has-this-id"))
        with_failure(lambda: Cluster(taken, masters=1, agents=0, public_agents=0))
        with Cluster.find(cluster.cluster_id) as found:
            found.run_with_test_environment(["true"])
    kept.extend([backend, disk, cluster, found, failure])


def descriptors() -> int:
    """Return how many descriptors this process has."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def with_failure(work: Callable[[], object]) -> Exception:
    """Do what cannot be done, and return the failure."""
    try:
        work()
    except (DcosDockerError, subprocess.CalledProcessError) as failure:
        return failure
    raise AssertionError("This was to fail.")


def state() -> dict[str, float]:
    """Return what this process has."""
    gc.collect()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text(encoding="ascii")
    return {
        "threads": int(status["Threads"]),
        "child processes": len(children.split()),
        "memory, MiB": int(status["VmRSS"].split()[0]) / 1024,
        "objects of Python": len(gc.get_objects()),
    }


if __name__ == "__main__":
    main()
