"""What engines, consoles and journals say, which check of the doctor it belongs to, and what cures it.

Each expression is of words that were seen: of systemd, the kernel, Docker, runc or DC/OS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CGROUPS = "choose a --linux-distribution whose systemd boots on the host's cgroup version, or --force-cgroup-v1"
SYSCTL = "on the engine's host, sudo sysctl -w"


@dataclass(frozen=True)
class Pattern:
    """Words, and the check they belong to; the cure reads on after its name."""

    words: str
    check_id: str
    cure: str
    is_vague: bool = False
    """Then it counts where nothing else is said."""

    def is_in(self, text: str) -> bool:
        """Whether a text has them."""
        return re.search(self.words, text, re.IGNORECASE) is not None


# What is said first is the likelier one: a limit of inotify is told as a full disk.
PATTERNS = (
    Pattern(
        r"too many open files|inotify.*(?:fail|limit|too many|no space)|(?:fail|unable|cannot|can't).*inotify"
        r"|failed to (?:add|create) .*watch",
        "DD011",
        f"{SYSCTL} fs.inotify.max_user_instances=8192 fs.inotify.max_user_watches=1048576",
    ),
    Pattern(
        r"no space left on device|disk quota exceeded",
        "DD009",
        "make room where the engine stores things: docker system prune; dcos-docker clean --cache --images",
    ),
    Pattern(
        r"no space left on device",
        "DD010",
        "free inodes there, which `df -i` shows: docker system prune; dcos-docker clean --cache --images",
    ),
    Pattern(
        r"failed to mount cgroup|/sys/fs/cgroup.*(?:read-only|no such file)|refusing to run under cgroup"
        r"|failed to (?:create|allocate) .*(?:cgroup|control group)(?!.*inotify)|unsupported cgroup",
        "DD002",
        CGROUPS,
    ),
    Pattern(
        r"cgroups? v2.* not supported|cgroups: cgroup mountpoint does not exist",
        "DD003",
        "choose a newer --docker-version for the nodes",
    ),
    Pattern(
        r"(?:graph)?driver(?: \S+)? (?:is )?not supported|prerequisites for driver not satisfied"
        r"|error initializing graphdriver|without d_type support",
        "DD004",
        "leave --docker-storage-driver at auto, or give the nodes a disk: --custom-volume SOURCE:/var/lib/docker",
    ),
    Pattern(
        r"out of memory|oom[-_ ]?kill|cannot allocate memory",
        "DD005",
        "make fewer nodes, or give the engine's (virtual) machine more memory",
    ),
    Pattern(
        r"unable to apply caps|operation not permitted: unknown|privileged mode is incompatible",
        "DD006",
        "use an engine whose privileged containers have all capabilities: one that runs as root, without userns-remap",
    ),
    Pattern(
        r"too many open files|error setting rlimit|rlimits?.*nofile",
        "DD012",
        "have the engine started with LimitNOFILE=1048576",
    ),
    Pattern(
        r"(?:fork|clone|thread).*resource temporarily unavailable|resource temporarily unavailable.*(?:fork|thread)"
        r"|failed to fork|cannot fork|unable to create (?:new )?native thread|pthread_create failed",
        "DD013",
        f"{SYSCTL} kernel.pid_max=4194304 kernel.threads-max=1000000",
    ),
    # Not their names alone, which systemd says at each start.
    Pattern(r"avc:\s+denied|selinux.*denied", "DD014", "on the engine's host, sudo setenforce 0"),
    Pattern(r"apparmor.*denied", "DD015", "see what `journalctl -k` on the engine's host says of it"),
    Pattern(
        r"fully subnetted|no free subnet|pool overlaps|overlaps with (?:other|existing)"
        r"|non-overlapping IPv4 address pool",
        "DD016",
        "remove networks that nobody uses: docker network prune; dcos-docker clean",
    ),
    Pattern(
        r"port is already allocated|address already in use|failed to bind host port|driver failed programming",
        "DD017",
        "publish other ports, or see on the engine's host who has them: ss -ltnp",
    ),
    Pattern(
        r"no route to host|forwarding is disabled",
        "DD020",
        f"{SYSCTL} net.ipv4.ip_forward=1; and restart Docker there when firewalld was reloaded",
    ),
    Pattern(
        r"not yet valid|time is not synchroni[sz]ed|clock skew|not in sync.*(?:time|clock)",
        "DD021",
        "dcos-docker doctor --fix DD021, or restart the engine's virtual machine",
    ),
    Pattern(
        r"proxyconnect|proxy authentication required|407 proxy",
        "DD023",
        "have the same proxy for this machine and for the engine, with the nodes in NO_PROXY",
    ),
    Pattern(r"\bfreezing\b", "DD002", CGROUPS, is_vague=True),
)


def matches(text: str) -> list[Pattern]:
    """Return the patterns whose words are in a text, one for each check."""
    found = [pattern for pattern in PATTERNS if pattern.is_in(text)]
    wanted = [pattern for pattern in found if not pattern.is_vague] or found
    return list({pattern.check_id: pattern for pattern in reversed(wanted)}.values())[::-1]
