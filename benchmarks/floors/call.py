"""The floor of `list`, `inspect` and `run`: `import docker`, one filtered call, and with a container one exec in it.

`call.py VERSION LABEL [CONTAINER]`.
"""

from __future__ import annotations

import sys

import docker

version, label, *container = sys.argv[1:]
client = docker.APIClient(version=version)
if container:
    made = client.exec_create(container[0], ["true"])["Id"]
    client.exec_start(made)
    sys.exit(client.exec_inspect(made)["ExitCode"])
client.containers(all=True, filters={"label": label})
