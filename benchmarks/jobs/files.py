"""`send-file` and `download-file` of one large file, and of thousands of small ones, beside `docker cp`."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from benchmarks.measure import ours, timed
from dcos_docker_cli.backends.docker.host import DockerHost

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.bench import Bench

LIMIT = 1.3
MIB = 1 << 20
SMALL = 2048
REMOTE = "/opt/bench"


def measure(bench: Bench) -> None:
    """Measure them, and large files of several sizes for what they take of memory."""
    with bench.cluster(1) as cluster_id:
        container = DockerHost().cluster(cluster_id).nodes[0].container_name
        for mebibytes in dict.fromkeys((1, bench.file_mebibytes // 16, bench.file_mebibytes)):
            if mebibytes:
                path = large(bench.directory / "large", mebibytes)
                limit = (
                    LIMIT if mebibytes == bench.file_mebibytes else 0
                )  # of a small one it is all the program's start
                both_ways(bench, cluster_id, container, path, f"{mebibytes} MiB", mebibytes * MIB, limit)
        path = small(bench.directory / "small", bench.small_files)
        both_ways(bench, cluster_id, container, path, f"{bench.small_files} files", bench.small_files, LIMIT)


def both_ways(bench: Bench, cluster_id: str, container: str, path: Path, what: str, size: int, limit: float) -> None:
    """Measure sending and fetching of one path."""
    back = bench.directory / "back"
    sent = bench.result(f"send-file, {what}", "docker cp", limit=limit, size=size, unit="bytes")
    fetched = bench.result(f"download-file, {what}", "docker cp", limit=limit, size=size, unit="bytes")
    on_node = f"{REMOTE}/{path.name}"

    def clear() -> None:
        if back.exists():
            shutil.rmtree(back)
        back.mkdir()

    for number in range(bench.rounds):
        for is_ours in (True, False) if number % 2 == 0 else (False, True):
            timed(["docker", "exec", container, "sh", "-c", f"rm -rf {REMOTE}; mkdir {REMOTE}"])
            clear()
            if is_ours:
                sent.ours.append(timed(ours("send-file", "-c", cluster_id, path, f"{REMOTE}/")))
                fetched.ours.append(timed(ours("download-file", "-c", cluster_id, on_node, f"{back}/")))
            else:
                sent.least.append(timed(["docker", "cp", str(path), f"{container}:{REMOTE}/"]))
                fetched.least.append(timed(["docker", "cp", f"{container}:{on_node}", f"{back}/"]))
    clear()
    bench.tell(sent)
    bench.tell(fetched)


def large(path: Path, mebibytes: int) -> Path:
    """Make a file that cannot be compressed."""
    block = os.urandom(MIB)
    with path.open("wb") as file:
        for _ in range(mebibytes):
            file.write(block)
    return path


def small(path: Path, count: int) -> Path:
    """Make a directory of small files."""
    path.mkdir(exist_ok=True)
    for number in range(count):
        directory = path / str(number // 100)
        directory.mkdir(exist_ok=True)
        (directory / str(number)).write_bytes(os.urandom(SMALL))
    return path
