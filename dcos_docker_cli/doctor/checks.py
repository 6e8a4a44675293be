"""The checks of an engine, one function each. The cases are those that users of such tools hit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker.images.descriptions import DESCRIPTIONS
from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.doctor.finding import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from dcos_docker_cli.backends.docker.facts import EngineFacts

GIB = 1 << 30
IMAGE_SYSTEMD = {Distribution.DEBIAN_12.value: DESCRIPTIONS[Distribution.DEBIAN_12].systemd}
"""The version of systemd in the default node image."""
OLDEST_SYSTEMD_FOR_CGROUP_V2 = 230
FIRST_SYSTEMD_WITHOUT_CGROUP_V1 = 256
DISK_ERROR, DISK_WARNING = 5 * GIB, 20 * GIB
"""An installed node of real DC/OS takes some 4 GiB, an installer's cache four times the installer."""
INODES_ERROR, INODES_WARNING = 100_000, 500_000
MEMORY_ERROR, MEMORY_WARNING = 2 * GIB, 8 * GIB
"""Real DC/OS takes some 2 GiB on a master and 1 GiB on an agent before any task runs."""
CLOCK_WARNING, CLOCK_ERROR = 2.0, 60.0
"""Seconds. Certificates of a cluster are valid from its creation on."""
SELINUX_ENFORCE = Path("/sys/fs/selinux/enforce")


def engine(facts: EngineFacts) -> Finding:
    """Tell which engine answers; that one does is shown by our having its facts."""
    return Finding(
        "engine",
        Level.OK,
        f"Docker {facts.version} answers at {facts.endpoint}, on {facts.operating_system}; "
        f"it speaks API {facts.oldest_api} to {facts.newest_api}, we {facts.api_version}.",
    )


def cgroups(facts: EngineFacts) -> Finding:
    """Compare the host's cgroup version with what the systemd of the node image can boot on."""
    version = facts.cgroup_version
    for distribution, systemd in IMAGE_SYSTEMD.items():
        if not boots(systemd, version):
            return Finding(
                "cgroups",
                Level.ERROR,
                f"The engine's host has cgroup v{version}, on which systemd {systemd} of {distribution} cannot boot.",
                "Boot the host with systemd.unified_cgroup_hierarchy=0 on the kernel command line."
                if version == "2"
                else "Use another distribution.",
            )
    images = ", ".join(f"{name} (systemd {systemd})" for name, systemd in IMAGE_SYSTEMD.items())
    if version == "2":
        return Finding(
            "cgroups",
            Level.WARNING,
            f"The engine's host has cgroup v2: {images} boots, but Mesos' cpu and memory isolators want v1.",
            "For DC/OS' isolators boot the host with systemd.unified_cgroup_hierarchy=0 on the kernel command line.",
        )
    return Finding("cgroups", Level.OK, f"The engine's host has cgroup v{version}, on which {images} boots.")


def boots(systemd: int, cgroup_version: str) -> bool:
    """Whether a systemd boots in a container on a host with this cgroup version."""
    if cgroup_version == "2":
        return systemd >= OLDEST_SYSTEMD_FOR_CGROUP_V2
    return systemd < FIRST_SYSTEMD_WITHOUT_CGROUP_V1


def disk(facts: EngineFacts) -> Finding:
    """Look for room in the engine's own directory."""
    status = _file_system(facts)
    if status is None:
        return _out_of_sight("disk", facts)
    free = status.f_bavail * status.f_frsize
    message = f"{facts.root_directory} has {free / GIB:.1f} GiB free."
    remedy = "Make room: docker system prune; dcos-docker clean --cache"
    return _below("disk", free, DISK_ERROR, DISK_WARNING, message, remedy)


def inodes(facts: EngineFacts) -> Finding:
    """Look for inodes there: many small files use them up while `df` still shows room."""
    status = _file_system(facts)
    if status is None:
        return _out_of_sight("inodes", facts)
    if status.f_files == 0:
        return Finding("inodes", Level.OK, f"The file system of {facts.root_directory} has no limit of inodes.")
    message = f"{facts.root_directory} has {status.f_favail} inodes free of {status.f_files}."
    remedy = "Remove what is not needed: docker system prune"
    return _below("inodes", status.f_favail, INODES_ERROR, INODES_WARNING, message, remedy)


def memory(facts: EngineFacts) -> Finding:
    """Compare the engine's memory with what a small cluster of DC/OS takes."""
    message = f"The engine's host has {facts.memory / GIB:.1f} GiB of memory and {facts.cpus} CPUs."
    remedy = "Give the engine's (virtual) machine more memory."
    return _below("memory", facts.memory, MEMORY_ERROR, MEMORY_WARNING, message, remedy)


def clock(facts: EngineFacts) -> Finding:
    """Compare the engine's clock with ours: that of a virtual machine stands still while the machine sleeps."""
    difference = abs((facts.engine_time - facts.client_time).total_seconds())
    message = f"The engine's clock and this machine's differ by {difference:.1f} s."
    remedy = "On the engine's host: sudo hwclock --hctosys, or restart its virtual machine."
    return _below("clock", -difference, -CLOCK_ERROR, -CLOCK_WARNING, message, remedy)


def selinux(facts: EngineFacts) -> Finding:
    """Find SELinux where it refuses what nodes do: DC/OS' installer accepts no policy but `targeted`."""
    if not facts.is_this_machine:
        return _out_of_sight("selinux", facts)
    try:
        enforcing = SELINUX_ENFORCE.read_text(encoding="ascii").strip() == "1"
    except OSError:
        return Finding("selinux", Level.OK, "SELinux is not in use.")
    if not enforcing:
        return Finding("selinux", Level.OK, "SELinux is permissive.")
    return Finding(
        "selinux",
        Level.WARNING,
        "SELinux is enforcing, and may keep nodes from what they mount.",
        "If a node does not start: sudo setenforce 0",
    )


CHECKS: tuple[Callable[[EngineFacts], Finding], ...] = (engine, cgroups, memory, disk, inodes, clock, selinux)


def _file_system(facts: EngineFacts) -> os.statvfs_result | None:
    if not facts.is_this_machine:
        return None
    try:
        return os.statvfs(facts.root_directory)
    except OSError:
        return None


def _out_of_sight(check: str, facts: EngineFacts) -> Finding:
    return Finding(check, Level.SKIPPED, f"The host of the engine at {facts.endpoint} cannot be looked at from here.")


def _below(check: str, value: float, error: float, warning: float, message: str, remedy: str) -> Finding:
    if value >= warning:
        return Finding(check, Level.OK, message)
    return Finding(check, Level.ERROR if value < error else Level.WARNING, message, remedy)
