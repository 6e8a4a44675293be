"""The agents that are there: the stand-in for a Mesos master.

Agents register with every master each second, so any master can lead at any time and nothing is kept on disk.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from . import node, store, web

if TYPE_CHECKING:
    from collections.abc import Callable

PORT = 5050
# Three missed registrations. An agent that is stopped says so itself, and is gone at once.
LOST_AFTER = 3.0

Agent = dict[str, Any]


class Agents:
    """The registered agents by their ids."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, Agent]] = {}

    def register(self, agent: Agent) -> None:
        """Note an agent, or that it is still there."""
        with self._lock:
            self._seen[agent["id"]] = (self._clock(), agent)

    def unregister(self, agent_id: str) -> None:
        """Forget an agent."""
        with self._lock:
            self._seen.pop(agent_id, None)

    def active(self) -> list[Agent]:
        """Return the agents that were heard of lately."""
        now = self._clock()
        with self._lock:
            found = [agent for seen, agent in self._seen.values() if now - seen < LOST_AFTER]
        return sorted(found, key=lambda agent: str(agent["hostname"]))


def build(agents: Agents) -> web.App:
    """Make the HTTP side. Paths with and without ``/master`` are the same, as in Mesos."""
    app = web.App()

    @app.route("POST", "/register")
    def register(request: web.Request) -> web.Response:
        agent = request.json()
        if "id" not in agent or "hostname" not in agent:
            return web.error(400, "An agent has an id and a hostname")
        agents.register(agent)
        return web.reply({})

    @app.route("DELETE", "/register/(.+)")
    def unregister(_request: web.Request, agent_id: str) -> web.Response:
        agents.unregister(agent_id)
        return web.reply({})

    @app.route("GET", r"(?:/master)?/slaves(?:\.json)?")
    def slaves(_request: web.Request) -> web.Response:
        return web.reply({"slaves": agents.active(), "recovered_slaves": []})

    @app.route("GET", r"(?:/master)?/state(?:\.json|-summary)?")
    def state(_request: web.Request) -> web.Response:
        leader = store.leader()
        active = agents.active()
        return web.reply(
            {
                "activated_slaves": len(active),
                "cluster": node.config()["cluster_name"],
                "deactivated_slaves": 0,
                "frameworks": [],
                "hostname": leader,
                "leader": f"master@{leader}:{PORT}",
                "slaves": active,
                "version": f"sample of DC/OS {node.version()['version']}, not Mesos",
            }
        )

    @app.route("GET", r"(?:/master)?/health")
    def health(_request: web.Request) -> web.Response:
        return web.reply(None)

    return app


def main() -> None:
    """Run the service."""
    build(Agents()).serve(PORT)


if __name__ == "__main__":
    main()
