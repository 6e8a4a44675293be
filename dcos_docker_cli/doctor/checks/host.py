"""What a container sees of the engine's host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_docker_cli.doctor.checks.engine import memory_of, security_options
from dcos_docker_cli.doctor.finding import Finding, Level, at_least, ok, skipped

if TYPE_CHECKING:
    from dcos_docker_cli.doctor.subject import Subject

GIB = 1 << 30
NODE_DISK, CACHE_DISK = 4 * GIB, 6 * GIB
"""An installed node of real DC/OS takes some 4 GiB, an installer's cache four times the installer of 1.5 GiB."""
DISK_ERROR = 5 * GIB
NODE_INODES, INODES_ERROR = 60_000, 100_000
NODE_INOTIFY = 5
"""inotify instances of a node, as counted on one with the sample: systemd has four, D-Bus one."""
NODE_WATCHES = 100
"""Counted were some fifteen; real DC/OS has more services."""
NODE_THREADS = 1_500
"""Threads of a node with real DC/OS; one with the sample has some thirty."""
NODE_FILES_WARNING, NODE_FILES_ERROR = 16_384, 4_096
TOO_MANY_FILES = 1_000_000_000
INOTIFY_REMEDY = (
    "On the engine's host: sudo sysctl -w fs.inotify.max_user_instances=8192 fs.inotify.max_user_watches=1048576"
)


def inotify(subject: Subject) -> Finding:
    """Compare the limits of inotify, which root's processes in all containers share, with what nodes need."""
    host, nodes = subject.host, subject.wanted.nodes
    limit, watches = host.number("inotify_instances"), host.number("inotify_watches")
    if not limit or not watches:
        return skipped("The engine's host does not tell its limits of inotify.")
    used, watched = host.number("inotify_used"), host.number("inotify_watched")
    need, to_watch = used + NODE_INOTIFY * nodes, watched + NODE_WATCHES * nodes
    message = (
        f"fs.inotify.max_user_instances is {limit}, of which root uses {used}, and {need - used} more are needed for "
        f"{subject.wanted.size}; max_user_watches is {watches}, of which root uses {watched}, and {to_watch - watched} "
        "more are needed."
    )
    level = max((_scarcity(limit, need), _scarcity(watches, to_watch)), key=list(Level).index)
    return Finding(level, message, "" if level is Level.OK else INOTIFY_REMEDY)


def _scarcity(limit: int, need: int) -> Level:
    return Level.ERROR if limit < need else Level.WARNING if limit < 2 * need else Level.OK


def free_memory(subject: Subject) -> Finding:
    """Compare the memory that can still be had on the engine's host with what this cluster takes."""
    available, wanted = subject.host.memory_available(), memory_of(subject.wanted.plan)
    if not available:
        return skipped("The engine's host does not tell how much of its memory is free.")
    message = (
        f"{available / GIB:.1f} GiB of memory are free on the engine's host; DC/OS takes some {wanted / GIB:.0f} GiB."
    )
    remedy = "Stop what is not needed there: dcos-docker list; docker stats --no-stream"
    return at_least(available, warning=wanted, error=wanted / 4, message=message, remedy=remedy)


def cgroup_roots(subject: Subject) -> Finding:
    """Look whether each node can have a tree of cgroups of its own: in one tree, agents kill each other's tasks."""
    if subject.host.text("cgroup_namespaces"):
        return ok("Each node has a root of cgroups of its own.")
    remedy = "Have Linux 4.6 or later, with CONFIG_CGROUPS, on the engine's host."
    message = "The kernel of the engine's host has no cgroup namespaces: all agents' Mesos would share one tree."
    return Finding(Level.ERROR, message, remedy)


def disk(subject: Subject) -> Finding:
    """Look for room where the engine stores things."""
    free, whole = (number << 10 for number in subject.host.free("disk"))
    root = subject.info.get("DockerRootDir", "")
    if not whole:
        return skipped(f"The room at {root} is not told.")
    need = NODE_DISK * subject.wanted.nodes + CACHE_DISK
    message = f"{root} has {free / GIB:.1f} GiB free; some {need / GIB:.0f} GiB are needed for {subject.wanted.size}."
    remedy = "Make room: dcos-docker clean --cache --images; docker image prune; docker builder prune; docker system df"
    return at_least(free, warning=need, error=max(DISK_ERROR, need / 4), message=message, remedy=remedy)


def inodes(subject: Subject) -> Finding:
    """Look for inodes there: many small files use them up while `df` still shows room."""
    free, whole = subject.host.free("inodes")
    root = subject.info.get("DockerRootDir", "")
    if not subject.host.text("inodes"):
        return skipped(f"The inodes at {root} are not told.")
    if not whole:
        return ok(f"The file system of {root} has no limit of inodes.")
    need = NODE_INODES * subject.wanted.nodes + INODES_ERROR
    message = f"{root} has {free} inodes free of {whole}; some {need} are needed for {subject.wanted.size}."
    remedy = "Remove what is not needed: dcos-docker clean --cache --images; docker image prune; docker builder prune"
    return at_least(free, warning=need, error=max(INODES_ERROR, need / 4), message=message, remedy=remedy)


def open_files(subject: Subject) -> Finding:
    """Look at how many files a process in a container may have open."""
    limit = subject.host.number("nofile")
    if not limit:
        return skipped("The limit of open files is not told.")
    if limit >= TOO_MANY_FILES:
        return Finding(
            Level.NOTE,
            "Containers may have about a thousand million files open, with which old programs hang; nodes get 1048576.",
        )
    message = f"A process in a container may have {limit} files open."
    remedy = "On the engine's host: LimitNOFILE=1048576 in sudo systemctl edit docker; sudo systemctl restart docker"
    return at_least(limit, warning=NODE_FILES_WARNING, error=NODE_FILES_ERROR, message=message, remedy=remedy)


def threads(subject: Subject) -> Finding:
    """Compare how many threads the host's kernel allows with what nodes have."""
    host = subject.host
    limit, used = min(host.number("pid_max"), host.number("threads_max")), host.number("threads")
    if not limit:
        return skipped("The limit of processes is not told.")
    need = used + NODE_THREADS * subject.wanted.nodes
    message = f"The kernel allows {limit} processes and threads, and there are {used}; DC/OS takes it to some {need}."
    remedy = "On the engine's host: sudo sysctl -w kernel.pid_max=4194304 kernel.threads-max=1000000"
    return at_least(limit, warning=need, error=need / 4, message=message, remedy=remedy)


def selinux(subject: Subject) -> Finding:
    """Find SELinux where it refuses what nodes do: DC/OS' installer accepts no policy but `targeted`."""
    enforcing = subject.host.text("selinux")
    is_used = "selinux" in security_options(subject)
    if not enforcing and is_used:
        return Finding(
            Level.NOTE,
            "The engine uses SELinux, and whether it is enforcing is not seen: getenforce tells there.",
        )
    if not enforcing:
        return ok("SELinux is not in use.")
    if enforcing == "0":
        return ok("SELinux is permissive.")
    if not is_used:
        return Finding(Level.NOTE, "SELinux is enforcing, and the engine does not use it: nodes are not confined.")
    remedy = "If a node does not start, on the engine's host: sudo setenforce 0"
    return Finding(Level.WARNING, "SELinux is enforcing, and may keep nodes from what they mount.", remedy)


def apparmor(subject: Subject) -> Finding:
    """Tell of AppArmor, whose profiles reach privileged containers; nodes are started unconfined."""
    is_used = "apparmor" in security_options(subject)
    is_on = is_used or subject.host.text("apparmor") == "Y"
    if is_on:
        how = "and the engine uses it" if is_used else "and the engine does not use it"
        return Finding(Level.NOTE, f"AppArmor is in use on the engine's host, {how}; nodes are unconfined.")
    return ok("AppArmor is not in use.")
