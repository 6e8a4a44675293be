"""What this node knows about itself and its cluster, from the files that the installation wrote."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

INSTALL = Path("/opt/mesosphere")
ROLES = Path("/etc/mesosphere/roles")


@functools.cache
def config() -> dict[str, str]:
    """Return the expanded configuration. As in DC/OS every value is a string; lists are JSON in one."""
    loaded: dict[str, str] = json.loads((INSTALL / "etc/expanded.config.full.json").read_text())
    return loaded


def config_list(key: str) -> list[str]:
    """Return a list of the configuration."""
    loaded: list[str] = json.loads(config().get(key, "[]"))
    return loaded


@functools.cache
def version() -> dict[str, str]:
    """``version``, ``bootstrap-id`` and the like."""
    loaded: dict[str, str] = json.loads((INSTALL / "etc/dcos-version.json").read_text())
    return loaded


@functools.cache
def role() -> str:
    """``master``, ``slave`` or ``slave_public``."""
    return next(name for name in ("master", "slave_public", "slave") if (ROLES / name).exists())


@functools.cache
def address() -> str:
    """Return this node's address, as the cluster's ip-detect script tells it."""
    done = subprocess.run([INSTALL / "bin/detect_ip"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def enterprise() -> bool:
    """Whether this stands in for DC/OS Enterprise."""
    return config()["dcos_variant"] == "enterprise"


def write_atomically(path: Path, value: Any) -> None:
    """Write JSON that only root may read; a crash leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump(value, stream)
    temporary.replace(path)
