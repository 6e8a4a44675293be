"""`create` with the sample installer, for the first time, when it must be sent and loaded, and for the second."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from benchmarks.bench import CLUSTER, FLOOR, remove, sizes
from benchmarks.measure import floor, ours, timed
from dcos_docker_cli.dcos.installer import read_installer
from dcos_docker_cli.labels import CONTENT_KEY

if TYPE_CHECKING:
    from benchmarks.bench import Bench

NODES = 4
WORDS = "the same containers, and the installer's own commands by hand"


def measure(bench: Bench) -> None:
    """Measure them."""
    installer = bench.installer
    spec = json.dumps(bench.spec)
    first = bench.result(f"create of {NODES}, first time", WORDS, limit=1.5, size=NODES)
    second = bench.result(f"create of {NODES}, second time", WORDS, limit=1.5, size=NODES)
    mine = ours("create", installer, "-c", CLUSTER, *sizes(NODES))
    least = floor("nodes", "create", str(NODES), spec)
    try:
        for _ in range(bench.rounds):
            forget(bench)
            for result in (first, second):
                result.ours.append(timed(mine))
                timed(ours("destroy", "-c", CLUSTER))
                result.least.append(timed(least))
                timed(floor("nodes", "destroy", str(NODES), spec))
    finally:
        remove(CLUSTER)
        forget(bench)
    bench.tell(first)
    bench.tell(second)


def forget(bench: Bench) -> None:
    """Remove what is kept of this installer, which nothing uses."""
    digest = read_installer(bench.installer).digest()
    label = f"{CONTENT_KEY}={digest}"
    found = bench.engine.volumes(filters={"label": label})["Volumes"] or []
    for name in [*(volume["Name"] for volume in found), f"{FLOOR}-cache"]:
        subprocess.run(["docker", "volume", "rm", "-f", name], check=True, capture_output=True)
