"""What the runtime wrapper of scripts/runtime-wrapper.sh costs: an exec, and a start, beside the bare runtime.

The containers are unprivileged, for the bare runtime starts no others where the wrapper is needed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.measure import Sample

if TYPE_CHECKING:
    from benchmarks.bench import Bench
    from benchmarks.measure import Result

WRAPPED, BARE = "dcos-docker", "runc"
NAME = "bench-floor-runtime"
TIMES = 8


def measure(bench: Bench) -> None:
    """Measure it, where there is one."""
    if WRAPPED not in bench.engine.info()["Runtimes"]:
        bench.facts["runtime_wrapper"] = "none: this machine needs none"
        return
    execs = bench.result("exec with the runtime wrapper", "exec with the bare runtime", limit=0)
    starts = bench.result("start with the runtime wrapper", "start with the bare runtime", limit=0)
    for _ in range(bench.rounds):
        for runtime in (WRAPPED, BARE):
            _once(bench, runtime, execs, starts)
    bench.tell(execs)
    bench.tell(starts)


def _once(bench: Bench, runtime: str, execs: Result, starts: Result) -> None:
    engine = bench.engine
    config = {"Image": bench.image, "Cmd": ["sleep", "600"], "HostConfig": {"Runtime": runtime, "NetworkMode": "none"}}
    container = engine.create_container_from_config(config, name=NAME)["Id"]  # type: ignore[no-untyped-call]
    try:
        begin = time.perf_counter()
        engine.start(container)
        _add(starts, runtime, time.perf_counter() - begin)
        for _ in range(TIMES):
            made = engine.exec_create(container, ["true"])["Id"]
            begin = time.perf_counter()
            engine.exec_start(made)
            _add(execs, runtime, time.perf_counter() - begin)
    finally:
        engine.remove_container(container, force=True)


def _add(result: Result, runtime: str, seconds: float) -> None:
    (result.ours if runtime == WRAPPED else result.least).append(Sample(seconds, 0, 0))
