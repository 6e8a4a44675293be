"""`doctor --cluster-id`: a cluster that is there is looked at, in place of whether one can come up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.cli.types import CLUSTER_ID

if TYPE_CHECKING:
    from collections.abc import Collection

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.doctor.finding import Check, Result
    from dcos_docker_cli.progress import Progress

FOR_BOTH = ("cluster_id", "checks", "only", "skip", "strict", "output", "quiet", "verbose", "no_spinner")
# Not by DCOS_DOCKER_CLUSTER_ID, as of other commands: who has set that runs doctor before that cluster is there, too.
cluster_option = click.option(
    "-c", "--cluster-id", type=CLUSTER_ID, metavar="ID", help="Look at this cluster, which is there, and its nodes."
)


def checks_before_create(cluster_id: str | None, only: Collection[str], skip: Collection[str]) -> list[Check]:
    """Return the checks of the engine that are asked for, when no cluster is looked at."""
    from dcos_docker_cli.doctor.cluster import refuse_without_cluster
    from dcos_docker_cli.doctor.diagnose import chosen

    if cluster_id:
        return []
    refuse_without_cluster((*only, *skip))
    return chosen(only, skip)


def examined(cluster_id: str, only: Collection[str], skip: Collection[str]) -> list[Result]:
    """Return what the checks of a cluster find, and those of the engine that `only` names."""
    from dcos_docker_cli.doctor.cluster import chosen_for_cluster, diagnose_cluster
    from dcos_docker_cli.doctor.diagnose import diagnose
    from dcos_docker_cli.doctor.subject import Wanted

    _refuse_what_is_for_new_ones()
    of_cluster, of_engine = chosen_for_cluster(only, skip)

    def work(host: DockerHost, progress: Progress) -> list[Result]:
        with progress.step(f'Looking at the cluster "{cluster_id}"'):
            found = diagnose_cluster(host, cluster_id, of_cluster)
            return [*(diagnose(host, Wanted(), of_engine) if of_engine else ()), *found]

    return operate(work)


def _refuse_what_is_for_new_ones() -> None:
    context = click.get_current_context()
    for parameter in context.command.params:
        name = str(parameter.name)
        if name not in FOR_BOTH and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{parameter.opts[0]} is for a cluster that is to come up, not for --cluster-id.")
