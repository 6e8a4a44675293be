"""A node's start: from its container's until systemd is `running`, beside a container of which `true` is all.

For the images of distributions that the engine has; it makes none.
"""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

from benchmarks.bench import FLOOR
from benchmarks.measure import Sample
from dcos_docker_cli.backends.docker.containers import DATA_DIRECTORIES, WAIT_UNTIL_BOOTED
from dcos_docker_cli.backends.docker.images.descriptions import DESCRIPTIONS
from dcos_docker_cli.backends.docker.images.recipe import FORCED_V1, INIT, node_image
from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.docker_versions import DockerVersion

if TYPE_CHECKING:
    from benchmarks.bench import Bench

NAME = f"{FLOOR}-start"
OPTIONS = (
    "-d", "-t", "--name", NAME, "--privileged", "--cgroupns=private", "--tmpfs=/run:exec", "--tmpfs=/tmp:exec",
    *(argument for directory in DATA_DIRECTORIES for argument in ("-v", directory)),
)  # fmt: skip


def measure(bench: Bench) -> None:
    """Measure them."""
    host = 2 if bench.engine.info().get("CgroupVersion") == "2" else 1
    for distribution in Distribution:
        image = node_image(distribution, DockerVersion.DISTRIBUTION)
        if not bench.engine.images(image):
            continue
        forced = FORCED_V1 if host not in DESCRIPTIONS[distribution].cgroups else ()
        result = bench.result(f"node of {distribution.value} runs", "a container alone", limit=0)
        for _ in range(bench.rounds):
            result.ours.append(_start(image, *INIT, *forced, wait=True))
            result.least.append(_start(image, "true", wait=False))
        bench.tell(result)


def _start(image: str, *command: str, wait: bool) -> Sample:
    """Start a container and remove it; return the time of the first."""
    begin = time.perf_counter()
    _docker("run", *OPTIONS, image, *command)
    try:
        if wait:
            _docker("exec", NAME, "sh", "-c", WAIT_UNTIL_BOOTED)
        seconds = time.perf_counter() - begin
    finally:
        _docker("rm", "-f", "-v", NAME)
    return Sample(seconds, 0, 0)


def _docker(*args: str) -> None:
    subprocess.run(["docker", *args], check=True, capture_output=True)
