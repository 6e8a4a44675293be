"""`list`, `inspect` and `run` beside a thousand containers with our labels, which are of other clusters and stopped."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.jobs.look import NODES, look
from dcos_docker_cli import labels
from dcos_docker_cli.labels import Kind
from dcos_docker_cli.model import NAME_PREFIX, NodeRef, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.bench import Bench

OTHERS = "bench-other-"
OF_EACH = 4


def measure(bench: Bench) -> None:
    """Measure them."""
    with many(bench), bench.cluster(NODES) as cluster_id:
        look(bench, cluster_id, NODES, beside=f", beside {bench.containers} containers")


@contextmanager
def many(bench: Bench) -> Iterator[None]:
    """Have the containers within the block."""
    made: list[str] = []

    def make(number: int) -> None:
        cluster_id, ref = f"{OTHERS}{number // OF_EACH}", NodeRef(Role.AGENT, number % OF_EACH)
        config = {
            "Image": bench.image,
            "Cmd": ["true"],
            "Labels": {
                **labels.common(Kind.NODE, cluster_id),
                labels.ROLE_KEY: ref.role.word,
                labels.INDEX_KEY: str(ref.index),
                labels.ADDRESS_KEY: "192.0.2.1",
            },
        }
        name = ref.host_name(cluster_id, NAME_PREFIX)
        made.append(bench.engine.create_container_from_config(config, name=name)["Id"])  # type: ignore[no-untyped-call]

    with ThreadPoolExecutor(8) as pool:
        try:
            list(pool.map(make, range(bench.containers)))
            yield
        finally:
            list(pool.map(lambda container: bench.engine.remove_container(container, force=True), made))
