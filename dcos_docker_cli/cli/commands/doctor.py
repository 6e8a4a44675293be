"""`dcos-docker doctor`."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcos_docker_cli.backends.docker import syntax
from dcos_docker_cli.backends.docker.settings import Settings
from dcos_docker_cli.cli import choices, options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.examining import checks_before_create, cluster_option, examined
from dcos_docker_cli.cli.fixing import fix_options
from dcos_docker_cli.cli.operation import current_progress, operate
from dcos_docker_cli.cli.output import print_json
from dcos_docker_cli.doctor.diagnose import LIMIT, NO_ENGINE, diagnose
from dcos_docker_cli.doctor.finding import DOCUMENT, Check, Level, Result
from dcos_docker_cli.doctor.subject import Wanted
from dcos_docker_cli.model import DEFAULT_CLUSTER_ID, MAX_NODES, ClusterPlan

if TYPE_CHECKING:
    from collections.abc import Collection

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.cli.fixing import Fixing
    from dcos_docker_cli.distributions import Distribution
    from dcos_docker_cli.docker_storage_drivers import DockerStorageDriver
    from dcos_docker_cli.docker_versions import DockerVersion
    from dcos_docker_cli.progress import Progress

COLUMN, LEAST_WIDTH = 32, 40
"""Where messages begin, and how wide they are at least."""
COLOURS = {
    Level.OK: "green", Level.NOTE: "cyan", Level.WARNING: "yellow", Level.ERROR: "red", Level.SKIPPED: "blue",
}  # fmt: skip
TITLES = {
    "engine": "The engine", "host": "Its host", "network": "The network", "client": "This machine",
    "cluster": "The cluster",
}  # fmt: skip


@click.command("doctor", cls=Command)
@cluster_option
@choices.count("--masters", 1, 9, "masters that are to come up")
@choices.count("--agents", 0, MAX_NODES, "agents")
@choices.count("--public-agents", 0, MAX_NODES, "public agents")
@options.linux_distribution
@options.docker_version
@options.docker_storage_driver
@options.force_cgroup_v1
@options.network
@options.one_master_host_port_map
@click.option("--installer", type=click.Path(path_type=Path), help="An installer to look at.")
@fix_options
@click.option("--only", multiple=True, metavar="ID|NAME|CATEGORY", help="Run these checks alone; more than once.")
@click.option(
    "--skip", multiple=True, metavar="ID|NAME|CATEGORY", help="Leave checks out. Can be given more than once."
)
@options.seconds("--timeout", LIMIT, "How long the checks may take.")
@click.option("--strict", is_flag=True, help="End with 1 for a warning too.")
@options.output("text", "json")
@options.common
def command(
    cluster_id: str | None,
    masters: int,
    agents: int,
    public_agents: int,
    linux_distribution: Distribution,
    docker_version: DockerVersion,
    docker_storage_driver: DockerStorageDriver,
    force_cgroup_v1: bool,
    network: str,
    one_master_host_port_map: tuple[str, ...],
    installer: Path | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    timeout: float,
    strict: bool,
    fixing: Fixing,
    output: str | None,
) -> int:
    """Check whether a cluster can come up on this engine, and tell what cures what is wrong.

    What concerns the engine's host is looked at there, by a container of a second. Nothing is pulled, and nothing is
    changed without --fix. CHECKs, by id, name or category, are run alone. Ends with 1 when something is an error.

    With --cluster-id it looks at a cluster that is there: what is wrong with its nodes and with DC/OS, and since when.

    \b
    dcos-docker doctor --masters 3 --agents 5 --public-agents 2
    dcos-docker doctor --installer dcos_generate_config.sh --strict
    dcos-docker doctor --only host --skip DD010 --output json
    dcos-docker doctor --fix DD011 DD008
    dcos-docker doctor --cluster-id my-cluster
    """  # noqa: D301
    settings = Settings(
        distribution=linux_distribution,
        docker_version=docker_version,
        storage_driver=docker_storage_driver,
        force_cgroup_v1=force_cgroup_v1,
        network=network,
        ports=syntax.ports(one_master_host_port_map),
    )
    wanted = Wanted(ClusterPlan(DEFAULT_CLUSTER_ID, masters, agents, public_agents), settings, installer)
    checks = checks_before_create(cluster_id, (*only, *fixing.words), skip)
    fixing.check()

    def look(checks: Collection[Check]) -> list[Result]:
        def work(host: DockerHost, progress: Progress) -> list[Result]:
            with progress.step("Looking at the engine, its host and this machine"):
                return diagnose(host, wanted, checks, timeout)

        return operate(work)

    def show(results: list[Result]) -> None:
        if output != "json":
            _print(results)

    results = examined(cluster_id, (*only, *fixing.words), skip) if cluster_id else look(checks)
    show(results)
    results = fixing.fixed(results, look, show, as_json=output == "json")
    if output == "json":
        print_json([_as_data(result) for result in results])
    bad = (Level.ERROR, Level.WARNING) if strict else (Level.ERROR,)
    return int(any(result.finding.level in bad for result in results))


def _print(results: list[Result]) -> None:
    for category, group in groupby(results, key=lambda result: result.check.category):
        shown = [result for result in group if result.finding.message != NO_ENGINE]
        if shown:
            click.echo(click.style(TITLES[category.value], bold=True))
        before = None
        for result in shown:
            finding, check = result.finding, result.check
            is_same = finding.level is Level.SKIPPED and finding == before
            before = finding
            level = click.style(f"{finding.level.value:8}", fg=COLOURS[finding.level])
            message = "As above." if is_same else _wrapped(finding.message)
            click.echo(f"  {level} {check.id} {check.name:14} {message}")
            for line in finding.details:
                click.echo(f"{'':34}{line}")
            if finding.remedy:
                click.echo(f"{'':32} → {finding.remedy}")
    counts = Counter(result.finding.level for result in results)
    more = f" More about each, by its id: {DOCUMENT}" if counts[Level.WARNING] or counts[Level.ERROR] else ""
    summary = ", ".join(_counted(level, counts[level]) for level in Level if counts[level])
    current_progress().note(f"{summary}.{more}")


def _wrapped(text: str) -> str:
    """Return a text for the column of messages; on a terminal alone, where it would be cut within words."""
    if not sys.stdout.isatty():
        return text
    width = max(shutil.get_terminal_size().columns - COLUMN, LEAST_WIDTH)
    return f"\n{'':{COLUMN}}".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False))


def _counted(level: Level, count: int) -> str:
    return f"{count} {level.value}{'s' if count > 1 and level not in (Level.OK, Level.SKIPPED) else ''}"


def _as_data(result: Result) -> dict[str, Any]:
    return {
        "id": result.check.id,
        "check": result.check.name,
        "category": result.check.category.value,
        "level": result.finding.level.value,
        "message": result.finding.message,
        "remedy": result.finding.remedy,
        "details": list(result.finding.details),
        "documentation": result.check.section,
    }
