"""The health of the cluster's units: the stand-in for dcos-diagnostics.

Every node tells the health of its own; a master asks all nodes when it is asked. Agents count from when the masters
first list them: one that has gone is unhealthy rather than forgotten.
"""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from . import mesos_master, node, web

PORT = 1050
AGENT_PORT = 61001  # adminrouter_agent's; importing that would be a circle
WANTS = Path("/etc/systemd/system/dcos.target.wants")
HEALTHY, UNHEALTHY = 0, 1

Unit = dict[str, Any]


def parse_units(shown: str) -> list[Unit]:
    """Return the units of ``systemctl show``'s output: blocks of ``Key=value`` lines."""
    blocks = (dict(line.split("=", 1) for line in block.splitlines()) for block in shown.strip().split("\n\n"))
    return [
        {
            "id": block["Id"],
            "name": block["Description"],
            "description": block["Description"],
            "health": HEALTHY if block["ActiveState"] == "active" else UNHEALTHY,
            "output": "" if block["ActiveState"] == "active" else f"{block['ActiveState']} ({block['SubState']})",
        }
        for block in blocks
        if "Id" in block
    ]


def own_units() -> list[Unit]:
    """Return this node's units, as systemd sees them now."""
    names = sorted(path.name for path in WANTS.iterdir())
    properties = "--property=Id,Description,ActiveState,SubState"
    done = subprocess.run(
        ["/usr/bin/systemctl", "show", properties, *names], check=True, capture_output=True, text=True
    )
    return parse_units(done.stdout)


def own_health() -> dict[str, Any]:
    """Return what this node tells the masters."""
    return {
        "units": own_units(),
        "ip": node.address(),
        "node_role": {"slave": "agent", "slave_public": "agent_public"}.get(node.role(), "master"),
        "dcos_version": node.version()["version"],
    }


def merge_units(nodes: list[dict[str, Any]]) -> list[Unit]:
    """One entry for each unit of the cluster: healthy when it is on all of its nodes."""
    merged: dict[str, Unit] = {}
    for unit in (unit for found in nodes for unit in found["units"]):
        known = merged.setdefault(unit["id"], {key: unit[key] for key in ("id", "name", "description", "health")})
        known["health"] = max(known["health"], unit["health"])
    return [merged[name] for name in sorted(merged)]


def node_health(found: dict[str, Any]) -> dict[str, Any]:
    """Return a node, as it is listed."""
    worst = max((unit["health"] for unit in found["units"]), default=UNHEALTHY)
    return {"host_ip": found["ip"], "role": found["node_role"], "health": worst}


class Cluster:
    """Asks every node; answers within a second of each other are the same."""

    def __init__(self) -> None:
        self._agents: set[str] = set()
        self._asked = float("-inf")
        self._found: list[dict[str, Any]] = []

    def nodes(self) -> list[dict[str, Any]]:
        """Return what every node tells. A node that does not answer has one unhealthy unit, named for that."""
        if time.monotonic() - self._asked > 1:
            listed = web.call_json("127.0.0.1", mesos_master.PORT, "/slaves") or {"slaves": []}
            self._agents |= {agent["hostname"] for agent in listed["slaves"]}
            masters = [(master, PORT, "master") for master in node.config_list("master_list")]
            agents = [(agent, AGENT_PORT, "agent") for agent in sorted(self._agents)]
            with ThreadPoolExecutor(max_workers=16) as pool:
                self._found = list(pool.map(lambda place: self._ask(*place), masters + agents))
            self._asked = time.monotonic()
        return self._found

    def _ask(self, host: str, port: int, role: str) -> dict[str, Any]:
        found = web.call_json(host, port, "/system/health/v1")
        if isinstance(found, dict) and "units" in found:
            return found
        name = "dcos-diagnostics.service"
        missing = {"id": name, "name": name, "description": name, "health": UNHEALTHY, "output": "No answer"}
        return {"units": [missing], "ip": host, "node_role": role}


def build(cluster: Cluster) -> web.App:
    """Make the HTTP side."""
    app = web.App()
    base = "/system/health/v1"

    @app.route("GET", base)
    def own(_request: web.Request) -> web.Response:
        return web.reply(own_health())

    @app.route("GET", f"{base}/units")
    def units(_request: web.Request) -> web.Response:
        return web.reply({"units": merge_units(cluster.nodes())})

    @app.route("GET", f"{base}/units/([^/]+)/nodes")
    def unit_nodes(_request: web.Request, name: str) -> web.Response:
        having = [
            {**node_health(found), "health": unit["health"], "output": unit["output"]}
            for found in cluster.nodes()
            for unit in found["units"]
            if unit["id"] == name
        ]
        return web.reply({"nodes": having}) if having else web.error(404, f"There is no unit {name}")

    @app.route("GET", f"{base}/nodes")
    def nodes(_request: web.Request) -> web.Response:
        return web.reply({"nodes": [node_health(found) for found in cluster.nodes()]})

    @app.route("GET", f"{base}/nodes/([^/]+)/units")
    def node_units(_request: web.Request, host: str) -> web.Response:
        having = [found["units"] for found in cluster.nodes() if found["ip"] == host]
        return web.reply({"units": having[0]}) if having else web.error(404, f"There is no node {host}")

    return app


def main() -> None:
    """Run the service; on agents ``adminrouter_agent`` is in front of it."""
    build(Cluster()).serve(PORT, "0.0.0.0" if node.role() == "master" else "127.0.0.1")  # noqa: S104 - for masters


if __name__ == "__main__":
    main()
