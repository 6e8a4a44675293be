"""A node that registers with the masters: the stand-in for a Mesos agent. It runs no tasks."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import mesos_master, node, web

if TYPE_CHECKING:
    from types import FrameType

PORT = 5051
INTERVAL = 1.0
ID_FILE = Path("/var/lib/mesos/slave/meta/agent-id.json")
RESOURCES_FILE = Path("/var/lib/dcos/mesos-resources")


def agent_id() -> str:
    """Return an id that lasts as long as the agent's work directory."""
    if not ID_FILE.exists():
        node.write_atomically(ID_FILE, f"{uuid.uuid4()}-S0")
    return str(json.loads(ID_FILE.read_text()))


def given_resources(file: str) -> dict[str, float]:
    """Return the scalars of a ``MESOS_RESOURCES='[…]'`` file, as DC/OS' nodes have it."""
    match = re.search(r"""^MESOS_RESOURCES=(['"]?)(\[.*\])\1\s*$""", file, re.MULTILINE)
    listed: list[dict[str, Any]] = json.loads(match[2]) if match else []
    return {entry["name"]: entry["scalar"]["value"] for entry in listed if "scalar" in entry}


def resources() -> dict[str, float]:
    """Return what is given, or else what the node has; memory and disk in MiB."""
    disk = os.statvfs("/var/lib")
    found = {
        "cpus": float(os.cpu_count() or 1),
        "mem": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20,
        "disk": disk.f_bavail * disk.f_frsize // 2**20,
    }
    return {**found, **(given_resources(RESOURCES_FILE.read_text()) if RESOURCES_FILE.exists() else {})}


def describe() -> dict[str, Any]:
    """Return this agent, as it is listed by a master."""
    public = node.role() == "slave_public"
    owned = resources()
    return {
        "id": agent_id(),
        "active": True,
        "hostname": node.address(),
        "pid": f"slave(1)@{node.address()}:{PORT}",
        "port": PORT,
        "attributes": {"public_ip": "true"} if public else {},
        "resources": owned,
        "reserved_resources": {"slave_public": owned} if public else {},
        "used_resources": dict.fromkeys(owned, 0),
        "registered_time": time.time(),
        "version": f"sample of DC/OS {node.version()['version']}, not Mesos",
    }


def register(master: str, agent: dict[str, Any]) -> None:
    """Tell one master for ever that this agent is here."""
    while True:
        web.call_json(master, mesos_master.PORT, "/register", agent, method="POST")
        time.sleep(INTERVAL)


def build(agent: dict[str, Any]) -> web.App:
    """Make the HTTP side."""
    app = web.App()

    @app.route("GET", r"(?:/slave\(1\))?/state(?:\.json)?")
    def state(_request: web.Request) -> web.Response:
        return web.reply({**agent, "frameworks": [], "completed_frameworks": []})

    @app.route("GET", r"(?:/slave\(1\))?/health")
    def health(_request: web.Request) -> web.Response:
        return web.reply(None)

    return app


def main() -> None:
    """Run the service; when it is stopped, tell the masters."""
    agent = describe()
    masters = node.config_list("master_list")

    def leave(_signal: int, _frame: FrameType | None) -> None:
        threads = [threading.Thread(target=unregister, args=(master,), daemon=True) for master in masters]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(web.TIMEOUT)
        os._exit(0)  # the registering threads would register it again

    def unregister(master: str) -> None:
        web.call_json(master, mesos_master.PORT, f"/register/{agent['id']}", method="DELETE")

    signal.signal(signal.SIGTERM, leave)
    for master in masters:
        threading.Thread(target=register, args=(master, agent), daemon=True).start()
    build(agent).serve(PORT)


if __name__ == "__main__":
    main()
