"""How it grows: the same jobs over clusters of several sizes, as a plot."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from benchmarks.jobs import nodes
from benchmarks.jobs.look import look

if TYPE_CHECKING:
    from benchmarks.bench import Bench


def measure(bench: Bench) -> None:
    """Measure them; their results are those of a run of their own, `bench.growth`."""
    own = dataclasses.replace(bench, nodes=bench.sizes, results=[])
    nodes.measure(own)
    for count in bench.sizes:
        with own.cluster(count) as cluster_id:
            look(own, cluster_id, count, beside=f" of {count}")
    bench.growth += own.results
