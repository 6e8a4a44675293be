"""What the engine says of itself and of its host, for `doctor`."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dcos_docker_cli.backends.docker.engine import Engine

PODMAN = "Podman"


@dataclass(frozen=True)
class EngineFacts:
    """The engine and its host; the times are the engine's clock and ours at the same moment."""

    endpoint: str
    is_local: bool
    version: str
    api_version: str
    oldest_api: str
    newest_api: str
    cgroup_version: str
    operating_system: str
    engine_time: datetime
    client_time: datetime
    asked_for: float = 0.0
    """Seconds that the answer took: at any moment of them the engine may have looked at its clock."""

    product: str = "Docker"
    """Whose engine it is: others speak the same API."""

    @property
    def is_this_machine(self) -> bool:
        """Whether the engine's files are this machine's: a local socket can lead into a virtual machine."""
        return self.is_local and sys.platform == "linux" and "Docker Desktop" not in self.operating_system


def engine_facts(engine: Engine) -> EngineFacts:
    """Ask the engine."""
    before = datetime.now(timezone.utc)
    info: dict[str, Any] = engine.info()
    after = datetime.now(timezone.utc)
    versions: dict[str, Any] = engine.version()
    return EngineFacts(
        endpoint=str(engine.where),
        is_local=engine.where.is_local,
        version=info["ServerVersion"],
        api_version=engine.api_version,
        oldest_api=versions.get("MinAPIVersion", ""),
        newest_api=versions.get("ApiVersion", ""),
        cgroup_version=info.get("CgroupVersion") or "1",
        operating_system=info.get("OperatingSystem", ""),
        engine_time=_time(info["SystemTime"]),
        client_time=before + (after - before) / 2,
        asked_for=(after - before).total_seconds(),
        product=PODMAN if is_podman(versions) else "Docker",
    )


def is_podman(versions: Mapping[str, Any]) -> bool:
    """Whether what an engine tells of its versions is Podman's: its first component is `Podman Engine`."""
    return any(PODMAN in str(part.get("Name", "")) for part in versions.get("Components") or ())


def _time(text: str) -> datetime:
    """Read RFC 3339 as Go writes it: with up to nine digits of a second, of which Python takes six."""
    match = re.fullmatch(r"(.{19})(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", text)
    if not match:
        raise ValueError(f"{text!r} is no time")
    whole, digits, zone = match.groups(default="")
    return datetime.fromisoformat(f"{whole}.{digits[:6]:0<6}{zone.replace('Z', '+00:00')}")
