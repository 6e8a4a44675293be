"""Settings of the engine's host that can be changed while it runs, and changed back: its sysctls and its clock."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker.host_commands import NoProbeError, on_host
from dcos_docker_cli.exceptions import DcosDockerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dcos_docker_cli.backends.docker.engine import Engine

HARDWARE_CLOCK = "/sys/class/rtc/rtc0/since_epoch"
"""The kernel's own way to it, in whole seconds; it takes no program, and images lack `hwclock`."""
READ_CLOCKS = f"""
echo "hardware=$(cat {HARDWARE_CLOCK} 2>/dev/null)"
echo "system=$(date +%s.%N)"
"""
# The moment when it goes to its next second is the only one that it tells exactly.
SET_CLOCK = f"""
now() {{ cat {HARDWARE_CLOCK}; }}
before=$(now) && while [ "$(now)" = "$before" ]; do sleep 0.01; done
date -u -s "@$(now)" >/dev/null && echo set=yes
"""


@dataclass(frozen=True)
class Clocks:
    """What clocks show at the same moment, in seconds since 1970."""

    client: float
    system: float
    hardware: float | None
    """None where the engine's host has none."""


def sysctls(engine: Engine, names: Iterable[str]) -> dict[str, int]:
    """Return the sysctls of the engine's host that it has, of these."""
    script = "\n".join(f"echo '{name}='$(cat {_path(name)} 2>/dev/null)" for name in names)
    return {name: int(text) for name, text in on_host(engine, script, {}).items() if text.strip().isdigit()}


def set_sysctls(engine: Engine, values: Mapping[str, int]) -> None:
    """Set sysctls of the engine's host, until it restarts; raise `DcosDockerError` for those that stay as they were."""
    lines = [f"echo {value} 2>/dev/null >{_path(name)}" for name, value in values.items()]
    lines += [f"echo '{name}='$(cat {_path(name)})" for name in values]
    found = on_host(engine, "\n".join(lines), {})
    stayed = [f"{name} is still {found.get(name)}" for name, value in values.items() if found.get(name) != str(value)]
    if stayed:
        raise DcosDockerError(
            f"The engine's host does not let a container set it: {', '.join(stayed)}.",
            hint="On the engine's host: sudo sysctl -w "
            + " ".join(f"{name}={value}" for name, value in values.items()),
        )


def clocks(engine: Engine) -> Clocks:
    """Return what the clocks show: ours, the one of the engine's host, and its hardware's.

    Raises `NoProbeError` when the host's cannot be read.
    """
    before = time.time()
    said = on_host(engine, READ_CLOCKS, {})
    client = (before + time.time()) / 2
    hardware = said.get("hardware", "").strip()
    return Clocks(client, _seconds(said.get("system", "")), float(hardware) if hardware.isdigit() else None)


def _seconds(text: str) -> float:
    """Read the seconds that `date` prints; BusyBox' knows no parts of them, and prints `%N`."""
    match = re.match(r"\d+(\.\d+)?", text.strip())
    if not match:
        raise NoProbeError("The clock of the engine's host cannot be read.")
    return float(match[0])


def set_clock(engine: Engine) -> None:
    """Set the clock of the engine's host to what its hardware clock shows; raise `DcosDockerError` if it stays."""
    if on_host(engine, SET_CLOCK, {}).get("set") != "yes":
        raise DcosDockerError(
            "The engine's host does not let a container set its clock.",
            hint="On the engine's host: sudo hwclock --hctosys",
        )


def _path(name: str) -> str:
    return f"/proc/sys/{name.replace('.', '/')}"
