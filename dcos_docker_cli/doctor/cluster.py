"""Run the checks of a cluster that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_docker_cli.doctor.checks.of_cluster import CLUSTER_CHECKS
from dcos_docker_cli.doctor.checks.registry import CHECKS
from dcos_docker_cli.doctor.finding import Category, Finding, Level, Result, ok, skipped
from dcos_docker_cli.doctor.gather import gather
from dcos_docker_cli.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.doctor.condition import Condition
    from dcos_docker_cli.doctor.finding import Check, ClusterCheck, Named

LIMIT = 20.0
"""Seconds for what nodes tell; more than their own limits, so that a slow node is told from one that hangs."""


def diagnose_cluster(
    host: DockerHost, cluster_id: str, checks: Collection[ClusterCheck] = CLUSTER_CHECKS, limit: float = LIMIT
) -> list[Result]:
    """Return what the checks find, in their order; raise `ClusterNotFoundError` when nothing of the cluster is there.

    A check has a finding for each thing that is wrong, or one that all is well.
    """
    condition = gather(host, cluster_id, limit)
    return [Result(check, finding) for check in checks for finding in findings(check, condition)]


def findings(check: ClusterCheck, condition: Condition) -> list[Finding]:
    """Return what one check finds."""
    if check.inside and not condition.reports:
        return [skipped("No node of the cluster tells anything.")]
    try:
        return list(check.look(condition)) or [_well(check, condition)]
    except Exception as error:  # one check's crash must not hide what the others find
        return [Finding(Level.WARNING, f"The check itself failed: {error!r}", "Report this as a bug.")]


def _well(check: ClusterCheck, condition: Condition) -> Finding:
    """Return that all is well, as far as that is known."""
    told, there = condition.told, len(condition.nodes)
    if not check.inside or told == there:
        return ok(check.well)
    if not told:
        return skipped("No node of the cluster tells everything.")
    return ok(f"{check.well.rstrip('.')}, as far as {told} of {there} nodes tell.")


def chosen_for_cluster(only: Collection[str], skip: Collection[str]) -> tuple[list[ClusterCheck], list[Check]]:
    """Return the checks of a cluster by ids, names or categories, and those of the engine that are asked for by name.

    Without `only` it is all of the cluster and none of the engine: that one is there, whatever would keep another from
    coming up.
    """
    everything = (*CLUSTER_CHECKS, *CHECKS)
    for word in (*only, *skip):
        if not any(check.is_called(word) for check in everything):
            names = ", ".join(f"{check.id} {check.name}" for check in CLUSTER_CHECKS)
            raise UsageError(f'"{word}" is no check, and no category of checks.', hint=f"Of a cluster: {names}")

    def is_wanted(check: Named) -> bool:
        return any(map(check.is_called, only or [Category.CLUSTER.value])) and not any(map(check.is_called, skip))

    return [check for check in CLUSTER_CHECKS if is_wanted(check)], [check for check in CHECKS if is_wanted(check)]


def refuse_without_cluster(words: Collection[str]) -> None:
    """Raise `UsageError` when a check of a cluster is asked for, and no cluster is named."""
    for word in words:
        if any(check.is_called(word) for check in CLUSTER_CHECKS):
            raise UsageError(f'"{word}" looks at a cluster.', hint="Say at which one: --cluster-id ID")
