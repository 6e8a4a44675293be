"""What `inspect --security` says to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dcos_docker_cli.cli.output import print_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WAYS = {
    "socket": "a socket of this machine",
    "ssh": "SSH",
    "tls": "TCP with TLS",
    "tcp": "TCP without TLS",
}
REACHED = {
    "no": "no",
    "if_routed": "published ports only, unless the host forwards to the subnet",
    "yes": "yes, all ports",
}


def show(found: dict[str, Any]) -> None:
    """Print it as text: first what to look at, then all that is open."""
    warnings = found["warnings"]
    count = {0: "no warnings", 1: "1 warning"}.get(len(warnings), f"{len(warnings)} warnings")
    click.echo(f"{found['cluster_id']}: {count}")
    for warning in warnings:
        click.echo(f"  ! {warning}")
    engine = found["engine"]
    _section("ENGINE", f"{engine['endpoint']}, by {WAYS[engine['way']]}. Whoever may use it is root on its host.")
    _privileged(found["nodes"])
    _table(
        "PUBLISHED PORTS",
        "No port is published.",
        ("NODE", "PORT", "ON THE HOST", "OTHER MACHINES"),
        (
            (
                port["reference"],
                port["node_port"],
                f"{port['host_address']}:{port['host_port']}",
                "may reach it" if port["beyond_loopback"] else "do not reach it",
            )
            for port in found["published_ports"]
        ),
    )
    _table(
        "NETWORKS",
        "None.",
        ("NETWORK", "DRIVER", "SUBNET", "OPEN TO OTHER MACHINES", "OTHER CONTAINERS"),
        (
            (
                network["name"],
                network["driver"],
                ", ".join(network["subnets"]),
                REACHED[network["reached_from_elsewhere"]],
                ", ".join(network["other_containers"]) or "none",
            )
            for network in found["networks"]
        ),
    )
    click.echo("All users and containers of the engine's host reach the nodes' addresses, as the host routes to them.")
    _table(
        "MOUNTS",
        "Nothing is mounted.",
        ("KIND", "SOURCE", "ON THE NODE", "ACCESS", "NODES"),
        (
            (
                mount["kind"],
                mount["source"] or ("its own" if mount["kind"] == "volume" else "memory"),
                mount["target"],
                "read only" if mount["read_only"] else "read and write",
                ", ".join(mount["references"]),
            )
            for mount in found["mounts"]
        ),
    )
    configured = [mount["target"] for mount in found["mounts"] if mount["has_configuration"]]
    for target in configured:
        click.echo(f"{target} has the configuration of DC/OS: its passwords' hashes and licence key, if there are any.")
    _ssh(found)
    secrets = found["secrets"]
    _table(
        "SECRETS THAT THE ENGINE SHOWS",
        "No variable or label of a container seems to have one.",
        ("NODE", "IN ITS", "NAME"),
        ((secret["reference"], secret["place"], secret["name"]) for secret in secrets),
    )


def _privileged(nodes: Sequence[dict[str, Any]]) -> None:
    privileged = [node["reference"] for node in nodes if node["privileged"]]
    _section(
        "RIGHTS", f"Privileged: {', '.join(privileged) or 'none'}. Root on such a node can become root on the host."
    )
    for node in nodes:
        more = [*node["capabilities"], *node["devices"], *(f"the host's {name}" for name in node["host_namespaces"])]
        if more:
            click.echo(f"{node['reference']} also has: {', '.join(more)}")


def _ssh(found: dict[str, Any]) -> None:
    _table(
        "SSH",
        "There is no node.",
        ("NODE", "SERVER", "PASSWORDS", "HOST KEY", "KEYS THAT OPEN IT AS ROOT"),
        (_ssh_row(node) for node in found["nodes"]),
    )
    key = found["cluster_key"]
    if key:
        place = f"on {key['kept_on']}, mode {key['mode']}, of {key['owner']}"
        click.echo(f"The cluster's key: {key['fingerprint']}; the private one is {place}.")
    else:
        click.echo("The cluster has no key yet: it is made when somebody first uses SSH.")


def _ssh_row(node: dict[str, Any]) -> tuple[str, ...]:
    ssh = node["ssh"]
    if ssh is None:
        return (node["reference"], "not known", "", "", "")
    server = f"listens on {ssh['port']}" if ssh["listens"] else "off"
    passwords = {True: "accepted", False: "refused", None: "not known"}[ssh["password_login"]]
    keys = (", ".join(key.split(" ")[0] for key in ssh[kind]) or "none" for kind in ("host_keys", "authorised_keys"))
    return (node["reference"], server, passwords, *keys)


def _section(title: str, *lines: str) -> None:
    click.echo(f"\n{title}")
    for line in lines:
        click.echo(line)


def _table(title: str, without: str, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    lines = list(rows)
    _section(title, *([] if lines else [without]))
    if lines:
        print_table(headers, lines)
