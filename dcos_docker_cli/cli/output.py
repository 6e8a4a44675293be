"""What goes to stdout: data only, for people on a terminal and for scripts in a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dcos_docker_cli.model import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dcos_docker_cli.backends.docker.installed import Installed
    from dcos_docker_cli.model import ClusterInfo

SSH_USER = "root"
"""Who the cluster's key opens nodes for."""


def print_json(value: object) -> None:
    """Print JSON."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_yaml(value: object) -> None:
    """Print YAML."""
    import yaml

    click.echo(yaml.safe_dump(value, sort_keys=False, allow_unicode=True), nl=False)


def print_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table, as the docker command does."""
    from tabulate import tabulate

    click.echo(tabulate(list(rows), headers=list(headers), tablefmt="plain", disable_numparse=True))


def print_facts(facts: Mapping[str, Any]) -> None:
    """Print names and values in two columns, less those that say nothing."""
    said = {key: value for key, value in facts.items() if value not in (None, "", [], {})}
    print_table([], [[f"{key.replace('_', ' ')}:", as_text(value)] for key, value in said.items()])


def as_text(value: object) -> str:
    """Return a value of JSON as people write it."""
    if isinstance(value, dict):
        return "\n".join(f"{key}: {as_text(inner)}" for key, inner in value.items() if inner is not None)
    if isinstance(value, list):
        return ", ".join(map(as_text, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    import json

    return value if isinstance(value, str) else json.dumps(value)


def cluster_summary(cluster: ClusterInfo) -> dict[str, Any]:
    """Return a cluster as `list` shows it. The form is documented in docs/output.md and only grows."""
    return {
        "cluster_id": cluster.cluster_id,
        "state": cluster.state,
        "variant": cluster.variant.value if cluster.variant else None,
        "masters": len(cluster.masters),
        "agents": len(cluster.with_role(Role.AGENT)),
        "public_agents": len(cluster.with_role(Role.PUBLIC_AGENT)),
        "created": cluster.created.isoformat() if cluster.created else None,
    }


def cluster_details(cluster: ClusterInfo, installed: Installed | None) -> dict[str, Any]:
    """Return a cluster as `inspect` shows it. The form is documented in docs/output.md and only grows."""
    variant = (installed.variant if installed else None) or cluster.variant
    return {
        "cluster_id": cluster.cluster_id,
        "state": cluster.state,
        "variant": variant.value if variant else None,
        "dcos_version": installed.version if installed else None,
        "web_address": cluster.web_address or None,
        "created": cluster.created.isoformat() if cluster.created else None,
        "distribution": cluster.distribution,
        "transport": cluster.transport,
        "tool_version": cluster.tool_version,
        "nodes": [
            {
                "reference": str(node.ref),
                "role": node.ref.role.word,
                "address": node.address,
                "ssh_user": SSH_USER,
                "state": node.state,
                "container_name": node.container_name,
                "container_id": node.container_id,
            }
            for node in cluster.nodes
        ],
    }
