"""Run the checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_docker_cli.doctor.checks import CHECKS
from dcos_docker_cli.doctor.finding import Finding, Level
from dcos_docker_cli.exceptions import DcosDockerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dcos_docker_cli.backends.docker.facts import EngineFacts
    from dcos_docker_cli.backends.docker.host import DockerHost


def diagnose(backend: DockerHost) -> list[Finding]:
    """Return the findings of all checks; one alone when no engine answers."""
    try:
        facts = backend.facts()
    except DcosDockerError as error:
        return [Finding("engine", Level.ERROR, error.message, error.hint)]
    return [_isolated(check, facts) for check in CHECKS]


def _isolated(check: Callable[[EngineFacts], Finding], facts: EngineFacts) -> Finding:
    try:
        return check(facts)
    except Exception as error:  # one check's crash must not hide what the others find
        return Finding(check.__name__, Level.WARNING, f"The check itself failed: {error!r}", "Report this as a bug.")
