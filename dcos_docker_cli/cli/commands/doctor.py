"""`dcos-docker doctor`."""

from __future__ import annotations

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.cli.output import print_json
from dcos_docker_cli.doctor.diagnose import diagnose
from dcos_docker_cli.doctor.finding import Finding, Level

COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "red", Level.SKIPPED: "blue"}


@click.command("doctor", cls=Command)
@options.output("text", "json")
@options.common
def command(output: str | None) -> int:
    """Check whether clusters can run on this engine, and tell what cures what is wrong.

    Ends with 1 when something is an error.

    \b
    dcos-docker doctor --output json
    """  # noqa: D301
    findings = operate(lambda host, _: diagnose(host))
    if output == "json":
        print_json([_as_data(finding) for finding in findings])
    else:
        _print(findings)
    return int(any(finding.level is Level.ERROR for finding in findings))


def _print(findings: list[Finding]) -> None:
    for finding in findings:
        level = click.style(f"{finding.level.value:8}", fg=COLOURS[finding.level])
        click.echo(f"{level} {finding.check:8} {finding.message}")
        if finding.remedy:
            click.echo(f"{'':17} → {finding.remedy}")


def _as_data(finding: Finding) -> dict[str, str]:
    return {
        "check": finding.check,
        "level": finding.level.value,
        "message": finding.message,
        "remedy": finding.remedy,
    }
