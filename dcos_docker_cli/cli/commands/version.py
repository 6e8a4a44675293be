"""`dcos-docker version`."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

import click

from dcos_docker_cli import __version__
from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.ending import show
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.cli.output import print_json
from dcos_docker_cli.exceptions import DcosDockerError

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.facts import EngineFacts


@click.command("version", cls=Command)
@options.output("text", "json")
@options.common
def command(output: str | None) -> None:
    """Show the versions of this program and of the engine.

    Without an engine it shows its own part, says why on standard error, and ends 0.

    \b
    dcos-docker version --output json
    """  # noqa: D301
    client, engine, failure = _client(), None, None
    try:
        engine = _engine(operate(lambda host, _: host.facts()))
    except DcosDockerError as error:
        failure = error
    if output == "json":
        print_json({"client": client, "engine": engine})
    else:
        _print(client, engine)
    if failure:
        show(failure)


def _client() -> dict[str, Any]:
    return {"version": __version__, "python": platform.python_version(), "platform": platform.platform()}


def _engine(facts: EngineFacts) -> dict[str, Any]:
    return {
        "version": facts.version,
        "api_version": facts.newest_api,
        "oldest_api_version": facts.oldest_api,
        "used_api_version": facts.api_version,
        "operating_system": facts.operating_system,
        "cgroup_version": facts.cgroup_version,
        "endpoint": facts.endpoint,
    }


def _print(client: dict[str, Any], engine: dict[str, Any] | None) -> None:
    _print_part(
        "dcos-docker", {"Version": client["version"], "Python": client["python"], "Platform": client["platform"]}
    )
    if engine:
        spoken = f"minimum {engine['oldest_api_version']}, in use {engine['used_api_version']}"
        click.echo()
        _print_part(
            "Docker engine",
            {
                "Version": engine["version"],
                "API version": f"{engine['api_version']} ({spoken})",
                "OS": engine["operating_system"],
                "cgroup version": engine["cgroup_version"],
                "Endpoint": engine["endpoint"],
            },
        )


def _print_part(title: str, lines: dict[str, str]) -> None:
    click.echo(f"{title}:")
    for name, value in lines.items():
        click.echo(f" {name + ':':16}{value}")
