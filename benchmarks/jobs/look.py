"""What looks at a cluster of four nodes, or at one node: `list`, `inspect`, `run`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.measure import floor, ours
from dcos_docker_cli.backends.docker.host import DockerHost
from dcos_docker_cli.labels import CLUSTER_ID_KEY, SCHEMA_KEY

if TYPE_CHECKING:
    from benchmarks.bench import Bench

LIMIT = 1.3
NODES = 4
TIMES = 2
CALL = "python, import docker, one filtered call"


def measure(bench: Bench) -> None:
    """Measure them."""
    with bench.cluster(NODES) as cluster_id:
        look(bench, cluster_id, NODES)


def look(bench: Bench, cluster_id: str, size: int, beside: str = "") -> None:
    """Measure them on a cluster that is there."""
    version = bench.engine.api_version
    all_of_ours, of_cluster = SCHEMA_KEY, f"{CLUSTER_ID_KEY}={cluster_id}"
    node = DockerHost().cluster(cluster_id).nodes[0].container_id
    for job, args, least, words in (
        ("list", ["list"], [version, all_of_ours], CALL),
        ("inspect", ["inspect", "-c", cluster_id], [version, of_cluster], CALL),
        ("run -- true", ["run", "-c", cluster_id, "--", "true"], [version, of_cluster, node], "the same, and one exec"),
    ):
        result = bench.result(f"{job}{beside}", words, limit=LIMIT, size=size)
        bench.compare(result, ours(*args), floor("call", *least), rounds=TIMES * bench.rounds)
