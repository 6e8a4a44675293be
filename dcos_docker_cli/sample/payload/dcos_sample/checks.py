"""The health of a node, told by the program that its version has.

They are ``dcos-check-runner check node-poststart|cluster``, ``dcos-diagnostics check …`` and ``3dt --diag``.
A check is a name and a function that returns what is wrong, or nothing.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from . import adminrouter, diagnostics, marathon, mesos_agent, mesos_master, metronome, node, store, web

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[[], list[str]]

HERE = "127.0.0.1"


def units() -> list[str]:
    """Return the units of this node that do not run."""
    return [f"{unit['id']} is {unit['output']}" for unit in diagnostics.own_units() if unit["health"]]


def endpoint(port: int, path: str) -> Check:
    """Return a check that a service of this node answers."""

    def check() -> list[str]:
        try:
            status = web.call(HERE, port, path).status
        except OSError as exception:
            return [f"port {port} does not answer: {exception}"]
        return [] if status == 200 else [f"port {port} answers {status}"]

    return check


def ensemble() -> list[str]:
    """Return the masters that do not serve."""
    status = web.call_json(HERE, store.PORT, "/exhibitor/v1/cluster/status")
    if status is None:
        return ["exhibitor does not answer"]
    return [f"{master['hostname']} is {master['description']}" for master in status if master["code"] != 3]


def leader() -> list[str]:
    """Whether the leading master's Mesos answers."""
    leading = store.leader()
    found = web.call_json(leading, mesos_master.PORT, "/slaves") if leading else None
    return [] if found else ["there is no leading Mesos master"]


def registered() -> list[str]:
    """Whether the masters list this agent."""
    for master in node.config_list("master_list"):
        found = web.call_json(master, mesos_master.PORT, "/slaves") or {"slaves": []}
        if node.address() in [agent["hostname"] for agent in found["slaves"]]:
            return []
    return ["no master lists this agent"]


def checks(kind: str) -> dict[str, Check]:
    """Return the checks of a kind for this node's role."""
    if node.role() == "master":
        of_cluster: dict[str, Check] = {"exhibitor_ensemble": ensemble, "mesos_leader": leader}
        of_node = {
            "components_master": units,
            "adminrouter": endpoint(adminrouter.PORT, "/"),
            "exhibitor": endpoint(store.PORT, "/leader"),
            "mesos_master": endpoint(mesos_master.PORT, "/health"),
            "marathon": endpoint(marathon.PORT, "/ping"),
            "metronome": endpoint(metronome.PORT, "/ping"),
        }
    else:
        of_cluster = {"registered": registered}
        of_node = {"components_agent": units, "mesos_agent": endpoint(mesos_agent.PORT, "/health")}
    return {"node-poststart": of_node, "cluster": of_cluster}[kind]


def run(chosen: dict[str, Check]) -> dict[str, Any]:
    """Return the result in the shape of dcos-check-runner: status 0 is fine, 2 is a failure."""
    problems = {name: check() for name, check in chosen.items()}
    results = {name: {"status": 2 if found else 0, "output": "\n".join(found)} for name, found in problems.items()}
    return {"status": max(result["status"] for result in results.values()), "checks": results}


def wanted_kind(arguments: list[str]) -> str | None:
    """Return the kind that the arguments ask for, in the words of any version's program."""
    if arguments == ["--diag"]:
        return "node-poststart"
    words = [argument for argument in arguments if not argument.startswith("-")]
    return words[1] if words[:1] == ["check"] and words[1:] in (["node-poststart"], ["cluster"]) else None


def main() -> int:
    """Run the program; the status is 0 when all is well."""
    kind = wanted_kind(sys.argv[1:])
    if kind is None:
        sys.stderr.write("usage: check [--list] node-poststart|cluster\n")
        return 64
    if os.geteuid() != 0:
        sys.stderr.write("This must be run as root.\n")
        return 1
    chosen = checks(kind)
    result = {name: {} for name in chosen} if "--list" in sys.argv else run(chosen)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    return int(result.get("status", 0))


if __name__ == "__main__":
    sys.exit(main())
