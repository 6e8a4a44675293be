"""Cures that are safe, and can be undone: what they would change, and the changing.

None restarts an engine, and none touches a container, a volume, a network or a file that is not ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from dcos_docker_cli.doctor.finding import Level
from dcos_docker_cli.exceptions import DcosDockerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.backends.docker.host_settings import Clocks
    from dcos_docker_cli.doctor.finding import Named, Result
    from dcos_docker_cli.progress import Progress

IP_FORWARD = "net.ipv4.ip_forward"
BAD = (Level.WARNING, Level.ERROR)
SYSCTLS: Mapping[str, Mapping[str, int]] = {
    "inotify": {"fs.inotify.max_user_instances": 8192, "fs.inotify.max_user_watches": 1048576},
    "threads": {"kernel.pid_max": 4194304, "kernel.threads-max": 1000000},
    "forwarding": {IP_FORWARD: 1},
}
UNTIL_RESTART = "It holds until that host restarts; to have it for good, put it into a file in /etc/sysctl.d there."
CLOCK_MARGIN = 1.0
"""Seconds by which the hardware clock must be better: it tells no less."""


@dataclass(frozen=True)
class Cure:
    """What cures what a check has found: changes in words, or the reason why there is none that is safe.

    `undo` is the command that undoes them; empty where nobody wants that.
    """

    check: Named
    changes: Sequence[str] = ()
    undo: str = ""
    apply: Callable[[DockerHost], object] = lambda _: None
    refusal: str = ""
    note: str = ""


def check_fixable(checks: Collection[Named]) -> None:
    """Raise `UsageError` for checks that somebody asks to fix and that have no cure of ours."""
    others = [check for check in checks if check.name not in CURES]
    if others:
        names = ", ".join(f"{check.id} ({check.name})" for check in others)
        raise UsageError(
            f"What {names} finds cannot be fixed from here.",
            hint=f"These can: {_fixable()}. For the others do what `dcos-docker doctor` says.",
        )


def _fixable() -> str:
    from dcos_docker_cli.doctor.checks.registry import CHECKS

    return ", ".join(f"{check.id} {check.name}" for check in CHECKS if check.name in CURES)


def cures(host: DockerHost, results: Sequence[Result]) -> list[Cure]:
    """Return the cures of what is wrong, as far as there are any."""
    return [
        _cure(host, result.check) for result in results if result.finding.level in BAD and result.check.name in CURES
    ]


def _cure(host: DockerHost, check: Named) -> Cure:
    from dcos_docker_cli.backends.docker.host_commands import NoProbeError

    try:
        return CURES[check.name](host, check)
    except NoProbeError as error:  # which must not keep the others from being cured
        return Cure(check, refusal=error.message)


def apply(host: DockerHost, wanted: Sequence[Cure], progress: Progress) -> None:
    """Change what cures change; raise the first failure when all have been tried."""
    failures = []
    for cure in wanted:
        try:
            with progress.step(f"Fixing {cure.check.id} ({cure.check.name})"):
                cure.apply(host)
        except DcosDockerError as error:
            failures.append(error)
    if failures:
        raise failures[0]


def sysctls(host: DockerHost, check: Named) -> Cure:
    """Raise limits of the kernel; what is higher already stays."""
    from dcos_docker_cli.backends.docker import host_settings

    wanted = SYSCTLS[check.name]
    found = host_settings.sysctls(host.engine, wanted)
    low = {name: value for name, value in wanted.items() if found.get(name, value) < value}
    if not low:
        return Cure(check, refusal="The kernel's settings are as they should be; do what the check says.")
    return Cure(
        check,
        [f"{name}: {found[name]} → {value}" for name, value in low.items()],
        "sudo sysctl -w " + " ".join(f"{name}={found[name]}" for name in low),
        lambda host: host_settings.set_sysctls(host.engine, low),
        note=UNTIL_RESTART,
    )


def leftovers(host: DockerHost, check: Named) -> Cure:
    """Remove what creates have left that were killed."""
    from dcos_docker_cli.backends.docker import removal
    from dcos_docker_cli.backends.docker.leftovers import leftovers as left_over

    found = left_over(removal.owned(host.engine))
    shown = {item.key for item in found}
    return Cure(check, [f"remove {item}" for item in found], apply=lambda host: _clean(host, shown))


def _clean(host: DockerHost, shown: Collection[str]) -> None:
    """Remove what was shown, as far as it is still left over, and nothing that has come since."""
    from dcos_docker_cli.backends.docker import removal
    from dcos_docker_cli.backends.docker.leftovers import leftovers as left_over

    keys = {item.key for item in left_over(removal.owned(host.engine))} & set(shown)
    if keys:
        removal.remove_all(host.engine, lambda: [item for item in removal.owned(host.engine) if item.key in keys])


def forwarding(host: DockerHost, check: Named) -> Cure:
    """Have the kernel pass packets on, where a firewall is before what it would pass on."""
    cure = sysctls(host, check)
    if not cure.changes:
        return cure
    seen = host.probe()
    rules = [rule for key in ("forward", "forward_legacy") for rule in seen.text(key).split(";") if rule]
    why = unguarded(rules)
    return Cure(check, refusal=why) if why else cure


def unguarded(rules: Sequence[str]) -> str:
    """Return why the host must not pass packets on, by the rules of its FORWARD; empty when it may."""
    by_hand = f"If nothing else is to be kept from it, on that host: sudo sysctl -w {IP_FORWARD}=1"
    if not rules:
        return f"What the firewall of the engine's host lets by cannot be seen from here. {by_hand}"
    if "-P FORWARD DROP" in rules or any("DOCKER" in rule for rule in rules):
        return ""
    return f"The engine's host would pass on packets of everybody: no rule of Docker's is in its firewall. {by_hand}"


def clock(host: DockerHost, check: Named) -> Cure:
    """Set the clock of the engine's host from its hardware clock."""
    from dcos_docker_cli.backends.docker import host_settings

    return clock_cure(check, host_settings.clocks(host.engine))


def clock_cure(check: Named, clocks: Clocks) -> Cure:
    """Decide from what the clocks show: the hardware's must be there, and nearer to ours than the host's own."""
    if clocks.hardware is None:
        why = "The engine's host has no hardware clock: set its time there, or restart its virtual machine."
        return Cure(check, refusal=why)
    off, hardware_off = clocks.system - clocks.client, clocks.hardware - clocks.client
    if abs(hardware_off) + CLOCK_MARGIN >= abs(off):
        why = (
            f"The hardware clock of the engine's host is no better: it differs from ours by {abs(hardware_off):.0f} s."
        )
        return Cure(check, refusal=why)
    change = f"its clock: {_moment(clocks.system)} → {_moment(clocks.hardware)}, which its hardware clock shows"
    return Cure(check, [change], f"sudo date -s '{clocks.system - clocks.hardware:+.0f} seconds'", _set_clock)


def _set_clock(host: DockerHost) -> None:
    from dcos_docker_cli.backends.docker import host_settings

    host_settings.set_clock(host.engine)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


CURES: Mapping[str, Callable[[DockerHost, Named], Cure]] = {
    "leftovers": leftovers,
    "inotify": sysctls,
    "threads": sysctls,
    "forwarding": forwarding,
    "clock": clock,
}
"""By the check's name."""
