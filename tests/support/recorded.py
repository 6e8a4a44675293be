"""What an engine and its host have told, to be changed in the one point that matters.

For conditions that the machine on which the tests run cannot have: another kernel, another kind of engine.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from dcos_docker_cli.backends.docker.facts import EngineFacts
from dcos_docker_cli.backends.docker.host_commands import NoProbeError
from dcos_docker_cli.backends.docker.probe import HostFacts
from dcos_docker_cli.doctor.subject import Subject, Wanted
from dcos_docker_cli.model import ClusterPlan

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.backends.docker.settings import Settings

RECORDED = Path(__file__).parents[1] / "unit" / "recorded"
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=timezone.utc)
FACTS: dict[str, object] = {
    "endpoint": "unix:///var/run/docker.sock (the default)",
    "is_local": True,
    "version": "20.10.24+dfsg1",
    "api_version": "1.41",
    "oldest_api": "1.12",
    "newest_api": "1.41",
    "cgroup_version": "1",
    "operating_system": "Debian GNU/Linux 12 (bookworm)",
    "engine_time": NOW,
    "client_time": NOW,
}


def info(**changes: object) -> dict[str, Any]:
    """Return an engine's answer to `/info`."""
    return {**json.loads((RECORDED / "info.json").read_text(encoding="utf-8")), **changes}


def said(**changes: object) -> HostFacts:
    """Return what the container on an engine's host has said, where None is what it could not see."""
    lines = (RECORDED / "host.txt").read_text(encoding="utf-8").splitlines()
    known: dict[str, object] = {key: value for key, _, value in (line.partition("=") for line in lines)}
    return HostFacts({key: "" if value is None else str(value) for key, value in {**known, **changes}.items()})


def subject(
    *,
    masters: int = 1,
    agents: int = 1,
    public_agents: int = 0,
    settings: Settings | None = None,
    installer: Path | None = None,
    engine: dict[str, object] | None = None,
    facts: dict[str, object] | None = None,
    host: dict[str, object] | None = None,
    networks: list[dict[str, Any]] | None = None,
    containers: list[dict[str, Any]] | None = None,
    volumes: list[dict[str, Any]] | None = None,
    has_probe: bool = True,
) -> Subject:
    """Return what checks look at: `engine`, `facts` and `host` are what is different from what was recorded."""

    def probe() -> HostFacts:
        if not has_probe:
            raise NoProbeError("There is no image.")
        return said(**(host or {}))

    recorded = SimpleNamespace(
        info=info(**(engine or {})),
        facts=lambda: EngineFacts(**cast("Any", {**FACTS, **(facts or {})})),
        probe=probe,
        apart=lambda: nullcontext(SimpleNamespace(leftovers=list)),
        engine=SimpleNamespace(
            networks=lambda: networks or [],
            containers=lambda all: containers or [],
            images=lambda tag: [tag],
            base_url="",
            api_version="1.41",
            get=lambda url, **how: SimpleNamespace(json=lambda: {"Volumes": volumes}),
        ),
    )
    wanted = Wanted(ClusterPlan("default", masters, agents, public_agents), installer=installer)
    if settings:
        wanted = Wanted(wanted.plan, settings, installer)
    return Subject(cast("DockerHost", recorded), wanted)
