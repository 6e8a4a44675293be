"""What a create looks at first: checks that take no more than what it asks the engine for anyway, and are fatal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_docker_cli.doctor.explain import INDENT
from dcos_docker_cli.doctor.finding import Finding, Level, skipped
from dcos_docker_cli.doctor.subject import Subject, Wanted
from dcos_docker_cli.exceptions import DcosDockerError, PreflightError

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.backends.docker.probe import HostFacts
    from dcos_docker_cli.doctor.finding import Check
    from dcos_docker_cli.model import ClusterPlan
    from dcos_docker_cli.progress import Progress

ANYWAY = "Or go on all the same: --skip-preflight"
FATAL = ("security", "subnets", "ports")
ESTIMATED = ("memory",)
"""What is said, and refuses nothing: how much DC/OS takes depends on what runs on it."""


class Unprobed(Subject):
    """What there is to look at without a container on the engine's host."""

    @property
    def host(self) -> HostFacts:
        """Nothing is seen."""
        from dcos_docker_cli.backends.docker.host_commands import NoProbeError

        raise NoProbeError("This takes a look at the engine's host, which `dcos-docker doctor` does.")


def preflight(host: DockerHost, plan: ClusterPlan, progress: Progress, *, with_dcos: bool = False) -> None:
    """Raise `PreflightError` for what would keep this cluster from coming up; tell what only may."""
    from dcos_docker_cli.doctor.checks.registry import CHECKS

    subject = Unprobed(host, Wanted(plan, host.settings))
    wanted = (*FATAL, *ESTIMATED) if with_dcos else FATAL
    # A network that a user names is looked at by whoever takes the id, with errors of its own.
    left_out = {"subnets"} if host.settings.network else set()
    results = [(check, _look(check, subject)) for check in CHECKS if check.name in {*wanted} - left_out]
    errors = [(check, found) for check, found in results if found.level is Level.ERROR and check.name in FATAL]
    if errors:
        raise PreflightError(
            "; ".join(f"{check.id} {check.name}: {found.message}" for check, found in errors),
            hint=f"\n{INDENT}".join([*(found.remedy for _, found in errors), ANYWAY]),
        )
    for check, found in results:
        if found.level in (Level.WARNING, Level.ERROR):
            progress.note(f"{check.id} {check.name}: {found.message}")


def _look(check: Check, subject: Subject) -> Finding:
    from dcos_docker_cli.backends.docker.host_commands import NoProbeError

    try:
        return check.look(subject)
    except NoProbeError as error:
        return skipped(error.message)
    except DcosDockerError:  # of the engine, which is the create's to tell
        raise
    except Exception as error:  # a check that crashes must not keep a cluster from coming up
        return skipped(repr(error))
