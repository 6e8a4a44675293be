"""What the engine's host looks like from a container on it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker.host_commands import SECONDS, NoProbeError, on_host
from dcos_docker_cli.backends.docker.subnets import read_routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.backends.docker.subnets import Route

# What takes long on a busy host comes last: when the container's time is over, what it has said by then counts.
# BusyBox has all of it but `find -lname`. Where the host's own files are links, they mean something only to the host.
SCRIPT = r"""
say() { printf '%s=%s\n' "$1" "$(eval "$2" 2>/dev/null | tr '\n' ';')"; }
say inotify_instances 'cat /proc/sys/fs/inotify/max_user_instances'
say inotify_watches 'cat /proc/sys/fs/inotify/max_user_watches'
say nofile 'ulimit -Hn'
say pid_max 'cat /proc/sys/kernel/pid_max'
say threads_max 'cat /proc/sys/kernel/threads-max'
say memory 'cat /proc/meminfo'
say cgroup_namespaces 'test -e /proc/self/ns/cgroup && echo yes'
say selinux 'cat /host/sys/fs/selinux/enforce || cat /sys/fs/selinux/enforce'
say apparmor 'cat /sys/module/apparmor/parameters/enabled'
say ip_forward 'cat /proc/sys/net/ipv4/ip_forward'
say bridge_filter 'cat /proc/sys/net/bridge/bridge-nf-call-iptables'
say resolver 'chroot /host cat /etc/resolv.conf || cat /host/etc/resolv.conf'
say resolved 'cat /host/run/systemd/resolve/resolv.conf'
say routes 'cat /proc/net/route'
say disk 'df -P -k /host$ROOT | tail -n 1'
say inodes 'df -P -i /host$ROOT | tail -n 1'
say forward 'iptables-nft -S FORWARD || iptables -S FORWARD'
# Asked only where such tables are in use: asking would load the kernel's modules for them.
say forward_legacy 'grep -q filter /proc/net/ip_tables_names && iptables-legacy -S FORWARD'
# The states are those of linux/tcp_states.h: a busy host has very many connections in others.
say listening 'cat /proc/net/tcp /proc/net/tcp6 | grep " 0A "'
say bound 'cat /proc/net/udp /proc/net/udp6 | grep " 07 "'
say threads 'find /proc/[0-9]*/task -mindepth 1 -maxdepth 1 | wc -l'
say inotify_used 'ls -ln /proc/[0-9]*/fd | grep -c "^l[^ ]*  *[0-9]*  *0 .*anon_inode:inotify$"'
say inotify_watched 'find /proc/[0-9]*/fd -user 0 -lname anon_inode:inotify | sed s,/fd/,/fdinfo/, |
    xargs -r cat | grep -c ^inotify'
"""
STATES = {"tcp": ("listening", "0A"), "udp": ("bound", "07")}
"""Where the script says what listens, and the state that it is then in."""


@dataclass(frozen=True)
class HostFacts:
    """What a container saw. What it could not see is empty, or 0 where it is a number.

    What it had no time to look at raises `NoProbeError`, for nothing is known of that.
    """

    said: Mapping[str, str]

    def text(self, name: str) -> str:
        """Return what it said, its lines separated by semicolons."""
        if name not in self.said:
            raise NoProbeError(
                f"The container that looks at the engine's host had too little time ({SECONDS} s) for it."
            )
        return self.said[name].strip(";\n ")

    def number(self, name: str) -> int:
        """Return a number; no limit is as large as can be."""
        text = self.text(name)
        return int(text) if text.isdigit() else 1 << 62 if text == "unlimited" else 0

    def memory_available(self) -> int:
        """Return what memory can still be had, in bytes."""
        for line in self.text("memory").split(";"):
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
        return 0

    def free(self, what: str) -> tuple[int, int]:
        """Return what is free and what there is in all of `disk` (KiB) or `inodes`, as `df -P` tells; 0 unknown."""
        words = self.text(what).split()
        numbers = [word for word in words[1:4] if word.isdigit()]
        return (int(numbers[2]), int(numbers[0])) if len(numbers) == 3 else (0, 0)

    def routes(self) -> list[Route]:
        """Return the host's routes but default ones."""
        return read_routes(self.text("routes").split(";"))

    def listening(self, protocol: str = "tcp") -> set[tuple[str, int]]:
        """Return the addresses and ports of the host that something has; none of what is neither TCP nor UDP."""
        if protocol not in STATES:
            return set()
        name, state = STATES[protocol]
        rows = [line.split() for line in self.text(name).split(";")]
        return {_place(row[1]) for row in rows if len(row) > 3 and row[3] == state}

    def name_servers(self) -> list[str]:
        """Return the name servers that the engine takes over from its host."""
        own, resolved = (_name_servers(self.text(name)) for name in ("resolver", "resolved"))
        return resolved if own == [RESOLVED] and resolved else own


RESOLVED = "127.0.0.53"
"""Where systemd-resolved listens. Docker then reads the file in which that says whom it asks itself."""


def _name_servers(text: str) -> list[str]:
    rows = [line.split() for line in text.split(";")]
    return [row[1] for row in rows if len(row) > 1 and row[0] == "nameserver"]


def _place(text: str) -> tuple[str, int]:
    """Read an address and a port as the kernel writes them: each four bytes of the address in its own order."""
    address, _, port = text.partition(":")
    words = [bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8)]
    found = ip_address(b"".join(words))
    return str(getattr(found, "ipv4_mapped", None) or found), int(port, 16)


def probe(engine: Engine, root: str) -> HostFacts:
    """Look at the engine's host, whose engine stores its things in `root`."""
    return HostFacts(on_host(engine, SCRIPT, {"ROOT": root}, is_whole=False))
