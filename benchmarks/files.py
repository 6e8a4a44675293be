"""Time `send_file` and `download_file` of one large file beside plain tar through the docker command: `make bench`.

Both take turns; the table has the medians, their ratio, and how much more memory a large file takes than a small one.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli.backends import Docker
from dcos_docker_cli.cluster import Cluster
from dcos_docker_cli.node import Transport

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1 << 20
WORK = """
import resource, sys
from pathlib import Path
from dcos_docker_cli.cluster import Cluster
from dcos_docker_cli.node import Transport
cluster_id, transport, method, *paths = sys.argv[1:]
with Cluster.find(cluster_id) as cluster:
    (node,) = cluster.masters
    node.default_transport = Transport(transport)
    getattr(node, method)(*map(Path, paths))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def shell(command: str) -> Callable[[], object]:
    """Return a call of a shell with a command that must succeed."""
    return lambda: subprocess.run(["bash", "-o", "pipefail", "-c", command], check=True, capture_output=True)


def ours(*args: str) -> Callable[[], int]:
    """Return a call of the library in a process of its own, which returns the peak of its memory in KiB."""
    return lambda: int(subprocess.run([sys.executable, "-c", WORK, *args], check=True, capture_output=True).stdout)


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def measure(cluster: Cluster, directory: Path, rounds: int) -> None:
    """Print a row for each job."""
    (node,) = cluster.masters
    container = node.run(["uname", "-n"]).stdout.decode().strip()
    big, small, back = directory / "big", directory / "small", directory / "back"
    send_floor = f"tar -c -C {directory} big | docker exec -i {container} tar -x -C /opt"
    fetch_floor = (
        f"mkdir -p {directory}/floor && docker exec {container} tar -c -C /opt big | tar -x -C {directory}/floor"
    )
    for transport in Transport:
        for method, paths, tiny, floor in (
            ("send_file", (big, "/opt/big"), (small, "/opt/small"), send_floor),
            ("download_file", ("/opt/big", back), ("/opt/small", directory / "tiny"), fetch_floor),
        ):
            call = ours(cluster.cluster_id, transport.value, method, *map(str, paths))
            mine, least = [], []
            for _ in range(rounds):
                back.unlink(missing_ok=True)
                mine.append(seconds(call))
                least.append(seconds(shell(floor)))
            back.unlink(missing_ok=True)
            (directory / "tiny").unlink(missing_ok=True)
            more = call() - ours(cluster.cluster_id, transport.value, method, *map(str, tiny))()
            a, b = statistics.median(mine), statistics.median(least)
            print(
                f"| `{method}`, {transport.value} | {a:.2f} | {b:.2f} | {a / b:.2f} | {more / 1024:.0f} |", flush=True
            )


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mebibytes", type=int, default=2048, help="size of the file")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Cluster(Docker(), masters=1, agents=0, public_agents=0) as cluster:
        directory = Path(name)
        (directory / "small").write_bytes(b"12")
        block = os.urandom(MIB)
        with (directory / "big").open("wb") as file:
            for _ in range(arguments.mebibytes):
                file.write(block)
        print(f"A file of {arguments.mebibytes} MiB\n")
        print("| job | dcos-docker, s | tar and docker exec, s | ratio | more memory, MiB |")
        print("|---|---|---|---|---|")
        measure(cluster, directory, arguments.rounds)


if __name__ == "__main__":
    main()
