"""What programs hold on to after its end holds nothing of the system: connections to the engine are closed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.program import TIMEOUT, environment

if TYPE_CHECKING:
    from pathlib import Path

# `clean` of other tests would take a disk that has no name for a leftover if its process died.
pytestmark = pytest.mark.xdist_group("killed")

PROGRAM = """
import gc, json, os
from dcos_docker_cli.backends import Docker
from dcos_docker_cli.cluster import Cluster
from dcos_docker_cli.docker_utils import DockerLoopbackVolume
from dcos_docker_cli.exceptions import DcosDockerError

def sockets():
    gc.collect()
    links = (f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd"))
    return sum(os.readlink(link).startswith("socket:") for link in links if os.path.islink(link))

kept, found = [], {"at first": sockets()}

with DockerLoopbackVolume(1) as disk:
    kept.append(disk)
found["a disk"] = sockets()
disk.destroy()
found["a disk that is destroyed again"] = sockets()

with Cluster(Docker(), masters=1, agents=0, public_agents=0) as cluster:
    with Cluster.find(cluster.cluster_id) as same:
        same.masters.pop().run(["true"])
    kept += [cluster, same]
found["a cluster"] = sockets()

try:
    Cluster.find(cluster.cluster_id)
except DcosDockerError as error:
    kept.append(error)
found["a cluster that was not found"] = sockets()
print(json.dumps(found))
"""


def test_what_is_held_has_no_connections(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM]
    env = environment({"TMPDIR": str(tmp_path)})
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=TIMEOUT, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == dict.fromkeys(found, 0)
