"""`provision` and `destroy` of clusters of several sizes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.bench import CLUSTER, remove, sizes
from benchmarks.measure import floor, ours, timed

if TYPE_CHECKING:
    from benchmarks.bench import Bench

LIMIT = 1.3


def measure(bench: Bench) -> None:
    """Measure them."""
    spec = json.dumps(bench.spec)
    for count in bench.nodes:
        provision = bench.result(
            f"provision of {count}", "the same containers, started together until systemd runs", limit=LIMIT, size=count
        )
        destroy = bench.result(
            f"destroy of {count}", "rm -f -v together, then the network and the volume", limit=LIMIT, size=count
        )
        try:
            for number in range(bench.rounds):
                for is_ours in (True, False) if number % 2 == 0 else (False, True):
                    for result, verb in ((provision, "provision"), (destroy, "destroy")):
                        if is_ours:
                            args = sizes(count) if verb == "provision" else []
                            result.ours.append(timed(ours(verb, "-c", CLUSTER, *args)))
                        else:
                            result.least.append(timed(floor("nodes", verb, str(count), spec)))
        finally:
            remove(CLUSTER)
        bench.tell(provision)
        bench.tell(destroy)
