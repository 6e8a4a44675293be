"""Clusters that come and go leave the engine and this machine as they were."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from tests.support.program import environment

if TYPE_CHECKING:
    from pathlib import Path

# Other tests come and go on the engine too.
pytestmark = pytest.mark.alone

CYCLES = """
import gc, json, os, sys, tempfile, threading
from collections import Counter
from pathlib import Path
import docker
from dcos_docker_cli.backends import Docker
from dcos_docker_cli.cluster import Cluster
from dcos_docker_cli.node import Transport

client = docker.from_env().api
temporary = Path(tempfile.gettempdir())

def descriptors():
    found = []
    for path in Path("/proc/self/fd").iterdir():
        try:
            found.append(os.readlink(path).split(":")[0])
        except FileNotFoundError:  # of the directory that is being read
            pass
    return sorted(found)

def children():
    listed = os.popen(f"ps -o comm= --ppid {os.getpid()}").read().split()
    return sorted(set(listed) - {"ps", "sh"})

def state():
    gc.collect()
    return {
        "containers": sorted(item["Id"] for item in client.containers(all=True)),
        "volumes": sorted(item["Name"] for item in client.volumes()["Volumes"] or ()),
        "networks": sorted(item["Id"] for item in client.networks()),
        "images": sorted(item["Id"] for item in client.images(all=True)),
        "loop devices": sorted(str(path) for path in Path("/sys/block").glob("loop*/loop/backing_file")),
        "temporary files": sorted(str(path) for path in temporary.rglob("*")),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "descriptors": descriptors(),
        "children": children(),
    }

def cycle():
    with Cluster(Docker(workspace_dir=temporary / "workspace"), masters=1, agents=1, public_agents=0) as cluster:
        for node in cluster.masters | cluster.agents:
            node.run(["true"], transport=Transport.SSH)
            node.run(["true"])
        cluster.install_dcos_from_url("file://" + sys.argv[1])

cycle()  # the first one makes the installer's cache
before = state()
for _ in range(10):
    cycle()
after = state()
changes = {
    key: {"new": sorted((Counter(after[key]) - Counter(before[key])).elements()),
          "gone": sorted((Counter(before[key]) - Counter(after[key])).elements())}
    for key in before if before[key] != after[key]
}
print(json.dumps(changes, indent=1))
"""


def test_ten_clusters_leave_everything_as_it_was(installer: Path) -> None:
    command = [sys.executable, "-c", CYCLES, str(installer)]
    with tempfile.TemporaryDirectory(prefix="t-") as directory:  # a short path, or sockets have no room in it
        env = environment({"TMPDIR": directory})
        done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "{}\n", done.stdout
