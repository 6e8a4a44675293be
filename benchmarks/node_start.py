"""Time a node's start: from its container's until systemd is `running`, and until Docker in it answers. `make bench`.

The floor is the start of a container of the same image, with the same options, of which `true` is the only process.
`--quick` makes one round. The table also has the sizes of the images.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from main_job import run

from dcos_docker_cli.backends.docker.containers import DATA_DIRECTORIES
from dcos_docker_cli.backends.docker.host import DockerHost
from dcos_docker_cli.backends.docker.images.descriptions import DESCRIPTIONS
from dcos_docker_cli.backends.docker.images.nodes import ensure_node_image
from dcos_docker_cli.backends.docker.images.recipe import FORCED_V1, INIT
from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.progress import Silent

DISTRIBUTIONS = (Distribution.DEBIAN_11, Distribution.DEBIAN_12, Distribution.DEBIAN_13)
NAME = "bench-node-start"
OPTIONS = (
    "-d", "-t", "--name", NAME, "--privileged", "--cgroupns=private", "--tmpfs=/run:exec", "--tmpfs=/tmp:exec",
    *(argument for directory in DATA_DIRECTORIES for argument in ("-v", directory)),
)  # fmt: skip
WAIT = """
systemctl is-system-running --wait >/dev/null; date +%s.%N
until docker version >/dev/null 2>&1; do :; done; date +%s.%N
"""


def start(image: str, *command: str) -> tuple[float, float]:
    """Start a node; return the seconds until systemd is `running`, and until Docker answers."""
    begun = time.time()
    run("docker", "run", *OPTIONS, image, *command)
    try:
        running, answering = run("docker", "exec", NAME, "sh", "-c", WAIT).split()
    finally:
        run("docker", "rm", "-f", "-v", NAME)
    return float(running) - begun, float(answering) - begun


def floor(image: str) -> float:
    """Start the same container with one process that does nothing; return the seconds until it has begun."""
    begun = time.time()
    run("docker", "run", *OPTIONS, image, "true")
    seconds = time.time() - begun
    run("docker", "rm", "-f", "-v", NAME)
    return seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round")
    rounds = 1 if parser.parse_args().quick else 5
    engine = DockerHost().engine
    host = 2 if engine.info().get("CgroupVersion") == "2" else 1
    print("| image | size, MB | container alone, s | systemd `running`, s | Docker answers, s |")
    print("|---|---|---|---|---|")
    for distribution in DISTRIBUTIONS:
        forced = FORCED_V1 if host not in DESCRIPTIONS[distribution].cgroups else ()
        image = ensure_node_image(engine, Silent(), distribution)
        size = int(engine.images(image)[0]["Size"]) / 1e6
        times = [(floor(image), *start(image, *INIT, *forced)) for _ in range(rounds)]
        alone, running, answering = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"| `{distribution.value}` | {size:.0f} | {alone:.2f} | {running:.2f} | {answering:.2f} |", flush=True)


if __name__ == "__main__":
    main()
