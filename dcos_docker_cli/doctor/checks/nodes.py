"""What a cluster's nodes say of themselves and of each other. Each check returns what is wrong, if anything is."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dcos_docker_cli.doctor.finding import Finding, Level, skipped
from dcos_docker_cli.doctor.survey import state_since

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dcos_docker_cli.doctor.condition import Condition, Node
    from dcos_docker_cli.doctor.survey import Report, Room, Unit

PART_WARNING, PART_ERROR = 0.10, 0.02
"""Which part of a file system should be free, and which must be."""
ENOUGH = {"blocks": (10 << 20, 2 << 20), "inodes": (100_000, 20_000)}
"""What is no cause for a warning and none for an error, in KiB or inodes, however small a part of a big disk it is."""
REFUSED = "Connection refused"
CLOCK_WARNING, CLOCK_ERROR = 2.0, 60.0
"""Seconds."""
MEMORY_WARNING = 0.95
NO_LIMIT = 1 << 60
"""Where a group of version 1 has no limit, the kernel says one that no machine can have."""


def answers(condition: Condition) -> Iterator[Finding]:
    """Find nodes that run and do not answer, or whose systemd is not up."""
    if not any(node.info.is_running for node in condition.nodes):
        yield skipped("No node of the cluster runs.")
    for node in condition.nodes:
        remedy = f"docker logs --tail 30 {node.info.container_name}; docker restart {node.info.container_name}"
        if node.failure:
            yield Finding(Level.ERROR, f"{node.name} does not answer: {node.failure}", remedy)
        elif node.report and not node.report.is_whole:
            yield Finding(Level.WARNING, f"{node.name} did not answer everything in time.", remedy)
        elif node.report and (state := node.report.text("system")) not in ("running", "degraded"):
            level = Level.WARNING if state == "starting" else Level.ERROR
            yield Finding(level, f"systemd on {node.name} is: {state or 'silent'}.", remedy)


def disks(condition: Condition) -> Iterator[Finding]:
    """Find file systems that are full, by blocks or by inodes; one that nodes share is told of once."""
    for what, unit in (("blocks", "of room"), ("inodes", "of its inodes")):
        nodes_of: dict[tuple[str, int, str], list[Node]] = defaultdict(list)
        room_of: dict[tuple[str, int, str], Room] = {}
        for node, report in condition.reports:
            for room in report.room(what):
                shared = "" if room.device.startswith("/dev/") else node.name
                key = (room.device, room.whole >> 12, shared)
                nodes_of[key].append(node)
                room_of[key] = room
        for key, room in room_of.items():
            level = _scarcity(room, what)
            if level:
                yield _full(condition, nodes_of[key], room, what, unit, level)


def _scarcity(room: Room, what: str) -> Level | None:
    """Return how bad it is that no more is free; None where that is enough."""
    enough, least = ENOUGH[what]
    if room.part < PART_ERROR and room.free < least:
        return Level.ERROR
    return Level.WARNING if room.part < PART_WARNING and room.free < enough else None


def _full(condition: Condition, nodes: list[Node], room: Room, what: str, unit: str, level: Level) -> Finding:
    names = ", ".join(node.name for node in nodes)
    mebibytes = f"{room.free >> 10} MiB" if room.free >> 10 else f"{room.free} KiB"
    left = mebibytes if what == "blocks" else f"{room.free} inodes"
    message = f"{names}: {room.path} ({room.device}) has {100 * room.part:.1f}% {unit} left, {left}."
    remedy = condition.run(nodes[0], f"du -x -d 2 {'-h' if what == 'blocks' else '--inodes'} {room.path}")
    return Finding(level, message, remedy)


def units(condition: Condition) -> Iterator[Finding]:
    """Find units of systemd that have failed; those of DC/OS have a check of their own."""
    for node, report in condition.reports:
        components = {unit.name for unit in report.units("component")} | set(report.said.get("component", ()))
        for unit in report.units("failed"):
            if unit.name not in components and unit.name != "docker.service":
                message = f"{node.name}: {unit.name} {state_since(unit, report.ended)}."
                yield Finding(Level.ERROR, message, condition.run(node, cure(unit)), unit.journal)


def cure(unit: Unit) -> str:
    """Return the command for a unit that has failed: one more start, or a look at why all of them fail."""
    return f"journalctl -b -u {unit.name} -n 50" if unit.is_restarted else f"systemctl restart {unit.name}"


def docker(condition: Condition) -> Iterator[Finding]:
    """Find nodes whose own Docker does not run, does not answer, or stores images in another way than it was told."""
    for node, report in condition.reports:
        if "docker_state" not in report.said:  # it was cut short before
            continue
        state, driver = report.text("docker_state"), report.text("docker_driver")
        if state != "active":
            unit = next((unit for unit in report.units() if unit.name == "docker.service"), None)
            how = state_since(unit, report.ended) if unit else f"is {state or 'silent'}"
            remedy = condition.run(node, "systemctl restart docker")
            yield Finding(Level.ERROR, f"Docker on {node.name} {how}.", remedy, unit.journal if unit else ())
        elif not driver:
            remedy = condition.run(node, "systemctl restart docker")
            yield Finding(Level.ERROR, f"Docker on {node.name} runs, and does not answer.", remedy)
        elif (wanted := report.text("docker_wanted")) and driver != wanted:
            remedy = condition.run(node, "cat /etc/docker/daemon.json")
            yield Finding(
                Level.WARNING, f"Docker on {node.name} stores images with {driver} in place of {wanted}.", remedy
            )


def clocks(condition: Condition) -> Iterator[Finding]:
    """Find nodes with another time than the engine's: certificates of a cluster are valid from its creation on."""
    for node, report in condition.reports:
        seconds = _seconds(report)
        if seconds is None:
            continue
        earliest, latest = (when + condition.clock_offset for when in (report.began, report.ended))
        difference = max(earliest - seconds, seconds - latest, 0.0)
        if difference > CLOCK_WARNING:
            level = Level.ERROR if difference > CLOCK_ERROR else Level.WARNING
            # Nodes have the clock of their host: somebody has put something before it.
            remedy = condition.run(node, "sh -c 'command -v date; env'")
            yield Finding(level, f"The clock of {node.name} and the engine's differ by {difference:.1f} s.", remedy)


def _seconds(report: Report) -> float | None:
    try:
        return float(report.text("time"))
    except ValueError:
        return None


def names(condition: Condition) -> Iterator[Finding]:
    """Find nodes on which names of the cluster have no address, or a wrong one, or whose resolver does not answer."""
    in_place = [(node, report) for node, report in condition.reports if node.is_in_place]  # else that is the reason
    for node, report in in_place:
        restart = f"docker restart {node.info.container_name}"  # the engine then writes those files anew
        for name, address in report.pairs("name"):
            expected = condition.hosts.get(name, "")
            if address != expected:
                message = f"On {node.name} the name {name} is {address or 'unknown'} in place of {expected}."
                yield Finding(Level.ERROR, message, restart)
        if "resolver" in report.said and not report.text("resolver"):  # else it was cut short before
            servers = report.text("nameservers") or "none"
            message = f"The resolver of {node.name} does not answer; its name servers: {servers}."
            yield Finding(Level.ERROR, message, restart)


def reachability(condition: Condition) -> Iterator[Finding]:
    """Find nodes that do not reach others, by TCP to the port of SSH; one that is not in its place is no news here."""
    of = {node.info.address: node for node in condition.nodes}
    for node, report in condition.reports:
        for address, why in report.pairs("reached"):
            other = of.get(address)
            if why and other and node.is_in_place:
                yield _unreached(condition, node, other, why)


def _unreached(condition: Condition, node: Node, other: Node, why: str) -> Finding:
    where = f"{other.name} at {other.info.address}"
    if why == REFUSED:  # an answer, so the network is fine
        is_debian = condition.cluster.distribution.startswith(("debian", "ubuntu"))
        remedy = condition.run(other, f"systemctl start {'ssh' if is_debian else 'sshd'}")
        return Finding(Level.ERROR, f"{node.name} reaches {where}, and no SSH server listens there.", remedy)
    remedy = condition.run(other, "iptables -S")
    return Finding(Level.ERROR, f"{node.name} does not reach {where}, port 22: {why}.", remedy)


def memory(condition: Condition) -> Iterator[Finding]:
    """Find nodes that are near the limit of their memory, or in which the kernel has killed for it."""
    for node, report in condition.reports:
        killed = sum(int(text) for text in report.said.get("oom_kill", ()) if text.isdigit())
        if killed:
            message = f"{node.name}: the kernel killed {killed} processes for want of memory."
            yield Finding(Level.WARNING, message, condition.run(node, "ps -eo rss,args --sort -rss"))
        limit = report.number("memory_limit")
        used = report.number("memory_used") - report.number("memory_cache")
        if 0 < limit < NO_LIMIT and used > MEMORY_WARNING * limit:
            message = f"{node.name} uses {used >> 20} MiB of the {limit >> 20} MiB of memory that it may have."
            remedy = f"docker update --memory {limit >> 19}m --memory-swap -1 {node.info.container_name}"
            yield Finding(Level.WARNING, message, remedy)
