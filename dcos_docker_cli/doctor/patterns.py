"""What engines, consoles and journals say, which check of the doctor it belongs to, and what cures it.

Each expression is of words that were seen: of systemd, the kernel, Docker, runc or DC/OS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CGROUPS = "choose a --linux-distribution whose systemd boots on the host's cgroup version, or --force-cgroup-v1"
SYSCTL = "on the engine's host, sudo sysctl -w"
FORWARDING = f"{SYSCTL} net.ipv4.ip_forward=1; and restart Docker there when firewalld was reloaded"


@dataclass(frozen=True)
class Pattern:
    """Words, and the check they belong to; the cure reads on after its name."""

    words: str
    check_id: str
    cure: str
    is_vague: bool = False
    """Then it counts where nothing else is said."""
    others: tuple[str, ...] = ()
    """Further checks that look for the same cause."""

    @property
    def check_ids(self) -> tuple[str, ...]:
        """All checks that look for it."""
        return (self.check_id, *self.others)

    def place(self, text: str) -> int | None:
        """Return where in a text they are first; None when they are not."""
        match = re.search(self.words, text, re.IGNORECASE)
        return match.start() if match else None


# Of what is said at the same place the first is the likelier one.
PATTERNS = (
    Pattern(
        r"too many open files|inotify.*(?:fail|limit|too many|no space)|(?:fail|unable|cannot|can't).*inotify"
        r"|failed to (?:add|create) .*watch|\.path has failed",  # each path unit takes an instance of inotify
        "DD011",
        f"{SYSCTL} fs.inotify.max_user_instances=8192 fs.inotify.max_user_watches=1048576",
    ),
    Pattern(
        r"no space left on device|disk quota exceeded",
        "DD009",
        "make room (`df -h`) or free inodes (`df -i`) where the engine stores things: "
        "dcos-docker clean --cache --images; docker image prune; docker builder prune",
        others=("DD010",),
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
        "remove networks that nobody uses: docker network prune --filter label!=dcos_docker.schema; dcos-docker clean",
    ),
    Pattern(
        # Not "address already in use" alone, which units on nodes say of ports of their own.
        r"port is already allocated|failed to bind host port|userland proxy: listen",
        "DD017",
        "publish other ports, or see on the engine's host who has them: ss -ltnp",
    ),
    Pattern(
        r"iptables.*no chain|forwarding is disabled",
        "DD020",
        FORWARDING,
    ),
    Pattern(r"no route to host", "DD020", FORWARDING, is_vague=True),
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
    """Return the patterns whose words are in a text, one for each check; what is said first comes first."""
    places = [(place, pattern) for pattern in PATTERNS if (place := pattern.place(text)) is not None]
    found = [pattern for _, pattern in sorted(places, key=lambda item: item[0])]
    wanted = [pattern for pattern in found if not pattern.is_vague] or found
    first: dict[str, Pattern] = {}
    for pattern in wanted:
        first.setdefault(pattern.check_id, pattern)
    return list(first.values())
