# ruff: noqa: T201 - it is a program
"""What many nodes, and many clusters, cost the program: `make load`.

Calls of the engine, the time that the program computes, and the most memory that it takes; how long it waits is the
engine's affair and the machine's, so that is told as an indication alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.report import PAGE, between
from tests.support import engine as engines
from tests.support import ids
from tests.support.nested_engine import nested_engine
from tests.support.own_engine import OwnEngine, ours, own_engine
from tests.support.program import PROGRAM, at, dcos_docker, environment
from tests.support.proxy import EngineProxy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from docker import APIClient

BEGIN, END = "<!-- load: written by `make load` -->", "<!-- end of the load -->"
NODES = (1, 5, 10, 25, 50)
CLUSTERS = (0, 10, 100)
NODES_OF_A_CLUSTER = 4
LEFT_OVER = 10
"""Of the clusters of `CLUSTERS`, those that creates have left which were killed."""
SECONDS = 1800
# A small process between: one that has just been forked from a big one counts as big.
WATCH = """
import json, os, resource, sys, time
begun = time.monotonic()
_, status = os.waitpid(os.spawnvp(os.P_NOWAIT, sys.argv[2], sys.argv[2:]), 0)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as file:
    json.dump({"computed": used.ru_utime + used.ru_stime, "mebibytes": used.ru_maxrss / 1024,
               "seconds": time.monotonic() - begun}, file)
sys.exit(os.waitstatus_to_exitcode(status))
"""
INOTIFY = {
    Path("/proc/sys/fs/inotify/max_user_instances"): 8192,
    Path("/proc/sys/fs/inotify/max_user_watches"): 1 << 20,
}
"""What so many nodes need; `dcos-docker doctor` says so."""


@dataclass(frozen=True)
class Cost:
    """What one run of the program has cost."""

    calls: int
    computed: float
    mebibytes: float
    seconds: float
    stdout: str = ""

    @property
    def words(self) -> str:
        """Return it for a table."""
        return f"{self.calls} | {self.computed:.2f} s | {self.mebibytes:.0f} MiB | {self.seconds:.1f} s"


def cost(url: str, *args: str | Path, code: int | None = 0, seconds: float = SECONDS) -> Cost:
    """Run the program on an engine, and return what that costs; it must end with `code`, if that is given."""
    with EngineProxy(url, tcp=True) as proxy, tempfile.NamedTemporaryFile() as said:
        done = subprocess.run(
            [sys.executable, "-S", "-c", WATCH, said.name, PROGRAM, *args],
            env=environment(at(proxy.url)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert code in (None, done.returncode), (args, done)
        return Cost(calls=len(proxy.requests), **json.loads(said.read()), stdout=done.stdout)


# Many nodes


@contextmanager
def limits_for_many() -> Iterator[None]:
    """Have the kernel give root as many watches of files as many nodes need, within the block."""
    before = {file: file.read_text(encoding="ascii") for file in INOTIFY}
    try:
        for file, enough in INOTIFY.items():
            file.write_text(str(max(enough, int(before[file]))), encoding="ascii")
        yield
    finally:
        for file, value in before.items():
            file.write_text(value, encoding="ascii")


@contextmanager
def roomy_engine(client: APIClient, image: str) -> Iterator[str]:
    """Have an engine that knows the node image within the block."""
    with limits_for_many(), nested_engine(client, image) as engine:
        engine.client.load_image(client.get_image(image))  # type: ignore[no-untyped-call]
        yield engine.url


def of_nodes(url: str, nodes: int) -> dict[str, Cost]:
    """Make a cluster of so many nodes, look at it, and destroy it."""
    cluster = ("--cluster-id", f"load-{nodes}")
    numbers = ("--masters", "1", "--agents", str(nodes - 1), "--public-agents", "0")
    found = {"provision": cost(url, "provision", *cluster, *numbers)}
    found["list"] = cost(url, "list")
    found["inspect"] = cost(url, "inspect", *cluster)
    assert len(json.loads(found["inspect"].stdout)["nodes"]) == nodes
    found["status"] = cost(url, "status", *cluster, code=1)  # there is no DC/OS
    found["run --node all"] = cost(url, "run", *cluster, *every(nodes), "--", "true")
    found["destroy"] = cost(url, "destroy", *cluster)
    return found


def every(nodes: int) -> list[str]:
    """Return options that name all nodes."""
    names = ["master_0", *(f"agent_{number}" for number in range(nodes - 1))]
    return [word for name in names for word in ("--node", name)]


# Many clusters


def make_clusters(
    engine: OwnEngine, numbers: Sequence[int], creator: str = "somewhere/1/1", *, reserved: bool = False
) -> None:
    """Make what clusters are made of, of nodes that do not run. Those that are `reserved` by who is dead are left over.

    They all have a network of their own, so that there are as many as an engine with such clusters has.
    """
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: _make_cluster(engine, number, creator, reserved=reserved), numbers))


def _make_cluster(engine: OwnEngine, number: int, creator: str, *, reserved: bool) -> None:
    name = f"many-{number:03}"
    if reserved:
        engine.container(f"dcos-docker-{name}-reservation", ours("reservation", name, creator=creator))
    common = {"creator": creator, "created": "2020-01-01T00:00:00+00:00", "tool_version": "1"}
    pool = {"Subnet": f"10.{number}.0.0/24", "Gateway": f"10.{number}.0.1"}
    engine.client.create_network(
        f"dcos-docker-{name}",
        labels=ours("network", name, **common),
        ipam={"Driver": "default", "Config": [pool]},  # type: ignore[arg-type]
    )
    engine.volume(f"serve-{name}", ours("volume", name, **common))
    for index in range(NODES_OF_A_CLUSTER):
        role, place = ("master", 0) if not index else ("agent", index - 1)
        labels = ours("node", name, **common, role=role, index=str(place), address=f"10.{number}.0.{index + 2}")
        engine.container(f"dcos-docker-{name}-{role}-{place}", labels, volume=f"serve-{name}")


def of_clusters(engine: OwnEngine, clusters: int) -> dict[str, Cost]:
    """Look at an engine with so many clusters."""
    url = engine.url
    found = {f"list -o {form}": cost(url, "list", "-o", form) for form in ("ids", "table", "json")}
    assert len(found["list -o ids"].stdout.split()) == clusters
    found["clean --dry-run"] = cost(url, "clean", "--dry-run")
    if clusters:
        found["inspect"] = cost(url, "inspect", "-c", "many-000")
        found["status"] = cost(url, "status", "-c", "many-000", code=1)
        found["run"] = cost(url, "run", "-c", "many-000", "--", "true", code=None)
        found["destroy-list of 5"] = cost(url, "destroy-list", *(f"many-{number:03}" for number in range(5)))
        assert len(found["destroy-list of 5"].stdout.split()) == 5
    return found


# The page


def table(of: str, costs: dict[int, dict[str, Cost]]) -> list[str]:
    """Return a table, a line for each command and number."""
    lines = [f"| command | {of} | calls | computed | most memory | took |", "| --- | --- | --- | --- | --- | --- |"]
    names = list(dict.fromkeys(name for found in costs.values() for name in found))
    lines += [
        f"| `{name}` | {number} | {found[name].words} |"
        for name in names
        for number, found in costs.items()
        if name in found
    ]
    return [*lines, ""]


def main() -> int:
    """Measure, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path, default=PAGE, help="where the tables go, between two marks")
    parser.add_argument("--nodes", type=int, nargs="*", default=NODES)
    parser.add_argument("--clusters", type=int, nargs="*", default=CLUSTERS)
    chosen = parser.parse_args()
    ids.name_run()
    client = engines.plain_client()
    image = dcos_docker("image", "build", timeout=900).succeeded().strip()
    nodes: dict[int, dict[str, Cost]] = {}
    clusters: dict[int, dict[str, Cost]] = {}
    with ExitStack() as stack:
        stack.callback(client.close)
        if chosen.clusters:
            engine = stack.enter_context(own_engine(client, image))
            for number in chosen.clusters:
                engine.clear()
                make_clusters(engine, range(number))
                clusters[number] = _told(of_clusters(engine, number), f"{number} clusters")
        if chosen.nodes:
            url = stack.enter_context(roomy_engine(client, image))
            for number in chosen.nodes:
                nodes[number] = _told(of_nodes(url, number), f"{number} nodes")
    text = [
        "One cluster of many nodes, which run:", "", *table("nodes", nodes),
        f"Many clusters of {NODES_OF_A_CLUSTER} nodes each, which do not run:", "", *table("clusters", clusters),
    ]  # fmt: skip
    between(chosen.page, BEGIN, END, "\n".join(text))
    return 0


def _told(found: dict[str, Cost], of: str) -> dict[str, Cost]:
    for name, one in found.items():
        print(f"{of}: {name}: {json.dumps({**asdict(one), 'stdout': len(one.stdout)})}", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
