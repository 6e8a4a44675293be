"""`dcos-docker status`."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.cli.output import cluster_details, print_json, print_table, print_yaml
from dcos_docker_cli.dcos.ready import Login
from dcos_docker_cli.lifecycle.status import status
from dcos_docker_cli.lifecycle.wait import Wait

if TYPE_CHECKING:
    from dcos_docker_cli.lifecycle.status import Status

TIMEOUT = 60.0
"""Seconds."""
COLUMNS = ("reference", "address", "state", "health")
HEALTHY, UNHEALTHY = "healthy", "unhealthy"


@click.command("status", cls=Command)
@options.cluster_id
@click.option("--watch", is_flag=True, help="Look again and again, until you press Ctrl-C, and show what has changed.")
@options.seconds("--interval", 2.0, "For --watch.")
@options.superuser_username
@options.superuser_password
@options.skip_http_checks
@options.output("table", "json", "yaml")
@options.common
def command(
    cluster_id: str,
    watch: bool,
    interval: float,
    superuser_username: str,
    superuser_password: str,
    skip_http_checks: bool,
    output: str | None,
) -> int:
    """Show how the nodes of a cluster and DC/OS on them are. Ends with 0 when all of it is healthy, else with 1.

    \b
    dcos-docker status
    dcos-docker status --watch
    dcos-docker status --output json | jq -r '.nodes[] | select(.findings != []) | .reference'
    """  # noqa: D301
    wait = Wait(TIMEOUT, Login(superuser_username, superuser_password), http_checks=not skip_http_checks)
    shown: dict[str, Any] = {}
    while True:
        found = operate(lambda host, _: status(host, cluster_id, wait))
        data = as_data(found)
        if data != shown:
            shown = data
            _show(data, output, redraw=watch)
        if not watch:
            return int(not found.is_healthy)
        time.sleep(interval)


def as_data(found: Status) -> dict[str, Any]:
    """Return the status as JSON has it. The form is documented in docs/output.md and only grows."""
    cluster = cluster_details(found.cluster, found.installed)
    kept = ("cluster_id", "state", "variant", "dcos_version", "web_address")
    return {
        **{key: cluster[key] for key in kept},
        "health": _health(not found.is_healthy),
        "findings": found.of_cluster,
        "nodes": [
            {
                "reference": str(node.ref),
                "address": node.address,
                "state": node.state,
                "health": _health(found.of_nodes[str(node.ref)]),
                "findings": found.of_nodes[str(node.ref)],
            }
            for node in found.cluster.nodes
        ],
    }


def _health(findings: object) -> str:
    return UNHEALTHY if findings else HEALTHY


def _show(data: dict[str, Any], output: str | None, *, redraw: bool) -> None:
    if output == "json":
        print_json(data)
    elif output == "yaml":
        print_yaml(data)
    else:
        if redraw and sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
            click.clear()
        _show_table(data, at=time.strftime("%H:%M:%S") if redraw else "")
    sys.stdout.flush()


def _show_table(data: dict[str, Any], at: str) -> None:
    dcos = f"DC/OS {data['dcos_version']}" if data["dcos_version"] else "no DC/OS"
    health = click.style(data["health"], fg="green" if data["health"] == HEALTHY else "red")
    click.echo(" ".join(filter(None, [at, f"{data['cluster_id']}: {data['state']}, {dcos}, {health}"])))
    for finding in data["findings"]:
        click.echo(f"  {finding}")
    click.echo()
    rows = [
        [*((node[key] for key in COLUMNS) if first else [""] * len(COLUMNS)), finding]
        for node in data["nodes"]
        for first, finding in zip([True, *[False] * len(node["findings"])], node["findings"] or [""], strict=False)
    ]
    print_table([*(column.upper() for column in COLUMNS), "FINDING"], rows)
