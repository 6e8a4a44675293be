"""DC/OS on a cluster: which component is not ready, on which node, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_docker_cli.doctor.checks.nodes import cure
from dcos_docker_cli.doctor.finding import Finding, Level, skipped
from dcos_docker_cli.doctor.survey import state_since

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dcos_docker_cli.doctor.condition import Condition, Node
    from dcos_docker_cli.doctor.survey import Report, Unit

NOT_INSTALLED = "DC/OS is not installed on the cluster."


def _is_installed(condition: Condition) -> bool:
    return any(report.said.get("component") for _, report in condition.reports)


def components(condition: Condition) -> Iterator[Finding]:
    """Find components that are not ready: by systemd, which tells since when, and by DC/OS' own checks."""
    if not _is_installed(condition):
        yield skipped(NOT_INSTALLED)
        return
    for node, report in condition.reports:
        down = [unit for unit in report.units("component") if not unit.rests or _is_named(unit, node.dcos or ())]
        for unit in down:
            yield _component(condition, node, report, unit)
        rest = [text for text in node.dcos or () if not any(unit.name in text for unit in down)]
        if rest and not down:
            remedy = condition.run(node, "journalctl -b -p warning -n 50")
            yield Finding(Level.ERROR, f"{node.name}: DC/OS' own checks fail: {rest[0]}", remedy, tuple(rest[1:]))


def _component(condition: Condition, node: Node, report: Report, unit: Unit) -> Finding:
    title = unit.properties.get("Description", "")
    named = f"{unit.name}, {title}," if title and title != unit.name else unit.name
    message = f"{node.name}: {named} {state_since(unit, report.ended)}."
    said = [line for text in node.dcos or () for line in text.splitlines() if unit.name in line]
    return Finding(Level.ERROR, message, condition.run(node, cure(unit)), (*said, *unit.journal))


def _is_named(unit: Unit, findings: Sequence[str]) -> bool:
    return any(unit.name in text for text in findings)


def dcos(condition: Condition) -> Iterator[Finding]:
    """Find a DC/OS that is on some nodes only, and one whose check of the whole cluster fails."""
    if not _is_installed(condition):
        yield skipped(NOT_INSTALLED)
        return
    whole = [(node, report) for node, report in condition.reports if report.is_whole]
    without = [node.name for node, report in whole if not report.said.get("component")]
    if without:
        remedy = f"dcos-docker destroy -c {condition.cluster_id}"
        yield Finding(Level.ERROR, f"DC/OS is not installed on {', '.join(without)}, but on the other nodes.", remedy)
    for text in condition.of_cluster or ():
        remedy = f"dcos-docker status -c {condition.cluster_id}"
        yield Finding(Level.ERROR, f"DC/OS as a whole is not ready: {text}", remedy)
