"""Time the main job beside what the engine itself needs for the same, in one run: `make bench`.

For each job the program and its floor take turns; the table has the medians and their ratio. A floor is written with
the docker command, or docker-py where that is quicker to start, and does the least that does the job. `--quick` makes
one round, to see that the benchmark itself works; it says nothing about time.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker.containers import DATA_DIRECTORIES, WAIT_UNTIL_BOOTED, nofile_limit
from dcos_docker_cli.backends.docker.host import DockerHost
from dcos_docker_cli.backends.docker.images import nodes
from dcos_docker_cli.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = str(Path(sys.executable).parent / "dcos-docker")
CLUSTER = "bench"
SUBNET = "172.27.255.0/24"
ROLES = ("master", "slave", "slave", "slave_public")
CONFIG = """
bootstrap_url: file:///opt/dcos_install_tmp
cluster_name: floor
exhibitor_storage_backend: static
master_discovery: static
master_list: [172.27.255.2]
agent_list: [172.27.255.3, 172.27.255.4]
public_agent_list: [172.27.255.5]
resolvers: [8.8.8.8]
check_time: 'false'
"""
IP_DETECT = "#!/bin/sh\nhostname -I | tr ' ' '\\n' | grep 172.27.255\n"


def run(*command: str, stdin: str | None = None) -> str:
    """Run a command that must succeed; return its output."""
    result = subprocess.run(command, check=False, capture_output=True, text=True, input=stdin)
    if result.returncode:
        sys.exit(f"{' '.join(command)} ended with {result.returncode}: {result.stderr}")
    return result.stdout.strip()


def together(calls: list[Callable[[], object]]) -> None:
    """Make calls at the same time."""
    with ThreadPoolExecutor(len(calls)) as pool:
        for future in [pool.submit(call) for call in calls]:
            future.result()


@dataclass
class Floor:
    """The same cluster, made with the docker command alone."""

    image: str
    nofile: int
    installer: Path
    names: list[str] = field(default_factory=lambda: [f"floor-{number}" for number in range(len(ROLES))])

    def start(self, number: int) -> None:
        """Start a node and wait until systemd is up."""
        name = self.names[number]
        options = ["-d", "-t", "--name", name, "--hostname", name, "--privileged", "--cgroupns=private"]
        options += ["--network=floor", f"--ip=172.27.255.{number + 2}", "--tmpfs=/run:exec", "--tmpfs=/tmp:exec"]
        options += [f"--ulimit=nofile={self.nofile}", "-v", "floor-serve:/opt/dcos_install_tmp:ro"]
        options += [argument for directory in DATA_DIRECTORIES for argument in ("-v", directory)]
        run("docker", "run", *options, self.image)
        run("docker", "exec", name, "sh", "-c", WAIT_UNTIL_BOOTED)

    def genconf(self) -> None:
        """Run the installer on one more node, whose Docker has it loaded already."""
        run("docker", "run", "-d", "--name=floor-bootstrap", "--privileged", "--cgroupns=private", "--network=floor",
            "--ip=172.27.255.254",
            "-v", "floor-cache:/cache", "-v", "floor-serve:/cache/work/genconf/serve", self.image,
            "/usr/local/sbin/dcos-docker-bootstrap")  # fmt: skip
        wait = "until docker version; do sleep 0.1; done"
        run("docker", "exec", "floor-bootstrap", "sh", "-c", wait)
        if run("docker", "exec", "floor-bootstrap", "sh", "-c", "ls /cache/work/*.sh 2>/dev/null || :") == "":
            run("docker", "cp", str(self.installer), "floor-bootstrap:/cache/work/installer.sh")
        for name, content in (("config.yaml", CONFIG), ("ip-detect", IP_DETECT)):
            run(
                "docker", "exec", "-i", "floor-bootstrap", "sh", "-c", f"cat >/cache/work/genconf/{name}", stdin=content
            )
        run("docker", "exec", "floor-bootstrap", "sh", "-c", "cd /cache/work && bash installer.sh --genconf </dev/null")
        run("docker", "rm", "-f", "floor-bootstrap")

    def create(self) -> None:
        """Do what `create` does."""
        run("docker", "network", "create", f"--subnet={SUBNET}", "floor")
        nodes: list[Callable[[], object]] = [lambda number=number: self.start(number) for number in range(len(ROLES))]  # type: ignore[misc]
        together([*nodes, self.genconf])
        together(
            [lambda pair=pair: self._install(*pair) for pair in zip(self.names, ROLES, strict=True)]  # type: ignore[misc]
        )

    def _install(self, name: str, role: str) -> None:
        run("docker", "exec", name, "bash", "/opt/dcos_install_tmp/dcos_install.sh", role)

    def destroy(self) -> None:
        """Do what `destroy` does."""
        together([lambda name=name: run("docker", "rm", "-f", "-v", name) for name in self.names])  # type: ignore[misc]
        run("docker", "network", "rm", "floor")
        run("docker", "volume", "rm", "floor-serve")


def python(code: str) -> Callable[[], object]:
    """Return a call of this Python with a program."""
    return lambda: run(sys.executable, "-c", code)


def ours(*args: str) -> Callable[[], object]:
    """Return a call of our program."""
    return lambda: run(PROGRAM, *args)


def measure(rounds: int, installer: Path) -> dict[str, tuple[list[float], list[float]]]:
    """Return the seconds of each round, ours and the floor's, by job."""
    engine = DockerHost().engine
    floor = Floor(nodes.ensure_node_image(engine, Silent()), nofile_limit(engine), installer)
    client = f"docker.APIClient(version='{engine.api_version}')"
    listing = f"import docker; {client}.containers(all=True, filters={{'label': 'x'}})"
    jobs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "create": (ours("create", str(installer), "--agents", "2", "-c", CLUSTER), floor.create),
        "list": (ours("list"), python(listing)),
        "inspect": (ours("inspect", "-c", CLUSTER), python(listing)),
        "run -- true": (ours("run", "-c", CLUSTER, "--", "true"), lambda: run("docker", "exec", "floor-0", "true")),
        "--help": (ours("--help"), python("import click")),
        "destroy": (ours("destroy", "-c", CLUSTER), floor.destroy),
    }
    times: dict[str, tuple[list[float], list[float]]] = {job: ([], []) for job in jobs}
    try:
        for number in range(rounds + 1):
            for job, pair in jobs.items():
                for call, seconds in zip(pair, times[job], strict=True):
                    begin = time.perf_counter()
                    call()
                    if number:  # the first round fills caches
                        seconds.append(time.perf_counter() - begin)
    finally:
        subprocess.run(["docker", "volume", "rm", "-f", "floor-cache"], check=False, capture_output=True)
    return times


def main() -> None:
    """Measure, and print a table; with `--json FILE` write the figures too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--json", type=Path, help="where to write every single time")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        installer = Path(directory) / "dcos_generate_config.sh"
        run(PROGRAM, "sample-installer", str(installer))
        times = measure(1 if arguments.quick else 5, installer)
    facts = DockerHost().facts()
    print(f"Docker {facts.version}, {facts.cpus} CPUs, Python {platform.python_version()}, {facts.operating_system}\n")
    print("| job | dcos-docker, s | floor, s | ratio | spread of ours |")
    print("|---|---|---|---|---|")
    for job, (mine, floor) in times.items():
        a, b = statistics.median(mine), statistics.median(floor)
        print(f"| `{job}` | {a:.2f} | {b:.2f} | {a / b:.2f} | {min(mine):.2f} to {max(mine):.2f} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(times, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
