"""One run of the benchmarks: what is asked for, what has been measured, and what must be removed at its end."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from benchmarks.measure import Result, ours, timed
from dcos_docker_cli.backends.docker.containers import DATA_DIRECTORIES, WAIT_UNTIL_BOOTED, nofile_limit
from dcos_docker_cli.backends.docker.host import DockerHost
from dcos_docker_cli.backends.docker.images.nodes import ensure_node_image
from dcos_docker_cli.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dcos_docker_cli.backends.docker.engine import Engine

CLUSTER = "bench"
FLOOR = "bench-floor"
"""What the names of the floors' objects begin with."""
SUBNET = "172.27.255.0/24"


@dataclass
class Bench:
    """What is asked for, and the results so far."""

    directory: Path
    rounds: int
    nodes: tuple[int, ...]
    sizes: tuple[int, ...]
    """Of clusters, for the plot of how it grows."""
    file_mebibytes: int
    small_files: int
    containers: int
    results: list[Result] = field(default_factory=list)
    growth: list[Result] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)

    @cached_property
    def engine(self) -> Engine:
        """The engine, which has answered: then it is known which version of the API it speaks."""
        engine = DockerHost().engine
        engine.greet()
        return engine

    @cached_property
    def image(self) -> str:
        """The node image."""
        return ensure_node_image(self.engine, Silent())

    @cached_property
    def installer(self) -> Path:
        """The sample installer."""
        path = self.directory / "dcos_generate_config.sh"
        timed(ours("sample-installer", path))
        return path

    @property
    def spec(self) -> dict[str, object]:
        """What floors are told of containers, so that theirs are the same as ours."""
        return {
            "version": self.engine.api_version,
            "image": self.image,
            "nofile": nofile_limit(self.engine),
            "volumes": list(DATA_DIRECTORIES),
            "wait": WAIT_UNTIL_BOOTED,
            "subnet": SUBNET,
            "prefix": FLOOR,
            "installer": str(self.installer) if "installer" in vars(self) else "",
        }

    def result(self, job: str, floor: str, *, limit: float, size: int = 0, unit: str = "nodes") -> Result:
        """Return the result of a job that is to be measured."""
        self.results.append(Result(job, floor, limit, size, unit))
        return self.results[-1]

    def compare(
        self,
        result: Result,
        mine: Sequence[str],
        least: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        codes: tuple[int, ...] = (0,),
        rounds: int = 0,
    ) -> None:
        """Measure a job that can be done again and again; a round before the first fills caches."""
        timed(mine, env, codes=codes)
        timed(least)
        for _ in range(rounds or self.rounds):
            result.ours.append(timed(mine, env, codes=codes))
            result.least.append(timed(least))
        self.tell(result)

    def tell(self, result: Result) -> None:
        """Tell a result, as soon as there is one."""
        figures = result.as_json()
        print(
            f"{result.job}: {figures['ours']['median']:.3f} s, floor {figures['least']['median']:.3f} s, "
            f"ratio {figures['ratio']['median']:.2f}",
            file=sys.stderr,
            flush=True,
        )

    @contextmanager
    def cluster(self, nodes: int, name: str = CLUSTER) -> Iterator[str]:
        """Have a cluster of so many nodes, without DC/OS, within the block."""
        try:
            timed(ours("provision", "-c", name, *sizes(nodes)))
            yield name
        finally:
            remove(name)


def sizes(nodes: int) -> list[str]:
    """Return the options for a cluster of so many nodes, of which one is a master."""
    return ["--masters", "1", "--agents", str(nodes - 1), "--public-agents", "0"]


def remove(*cluster_ids: str) -> None:
    """Remove clusters, if they are there, and all that floors have left."""
    for cluster_id in cluster_ids:
        subprocess.run(ours("destroy", "-c", cluster_id), check=False, capture_output=True)
    for kind, command in (
        ("ps -aq", "rm -f -v"),
        ("network ls -q", "network rm"),
        ("volume ls -q", "volume rm"),
    ):
        found = subprocess.run(
            ["docker", *kind.split(), "--filter", f"name={FLOOR}"], check=False, capture_output=True, text=True
        ).stdout.split()
        if found:
            subprocess.run(["docker", *command.split(), *found], check=False, capture_output=True)
