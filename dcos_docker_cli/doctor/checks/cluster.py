"""A cluster's labels compared with what the engine has of it. Each check returns what is wrong, if anything is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_docker_cli.doctor.finding import Finding, Level
from dcos_docker_cli.model import INSTALL_DIR, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dcos_docker_cli.doctor.condition import Condition

WAYS_BACK = {"paused": "unpause", "restarting": "logs"}
"""The docker command that helps a node in such a state; a start helps in the others."""


def nodes_run(condition: Condition) -> Iterator[Finding]:
    """Find nodes that do not run, and a cluster that is not one yet, or no more."""
    cluster = condition.cluster
    if cluster.unknown_schema:
        remedy = f"Use the version of dcos-docker that made it: {cluster.tool_version or 'a newer one'}."
        yield Finding(Level.WARNING, "Another version of dcos-docker made it, whose labels cannot be read.", remedy)
    if cluster.reserved:
        message = "The cluster is being created, or its create was killed; then `clean` removes it."
        yield Finding(Level.ERROR, message, "dcos-docker clean")
    for node in condition.nodes:
        if not node.info.is_running:
            status = node.listed.get("Status") or node.info.state
            remedy = f"docker {WAYS_BACK.get(node.info.state, 'start')} {node.info.container_name}"
            yield Finding(Level.ERROR, f"{node.name} does not run; its container is: {status}.", remedy)


def removed(condition: Condition) -> Iterator[Finding]:
    """Find nodes that have been removed, and what is left of them."""
    anew = f"dcos-docker destroy -c {condition.cluster_id}"  # and create it again: no node is made alone
    if condition.cluster.unknown_schema or condition.cluster.reserved:
        return
    if not condition.nodes:
        yield Finding(Level.ERROR, "All nodes have been removed; networks or volumes of the cluster are left.", anew)
        return
    names = ", ".join(map(str, condition.gone)) or "A node"
    have = "have" if len(condition.gone) > 1 else "has"
    if any(ref.role is Role.MASTER for ref in condition.gone):
        yield Finding(Level.ERROR, f"{names} {have} been removed; DC/OS needs the masters that it was made with.", anew)
    elif condition.orphans:
        remedy = f"docker volume prune --force --filter label=dcos_docker.cluster_id={condition.cluster_id}"
        message = f"{names} {have} been removed, and not by dcos-docker: {len(condition.orphans)} volumes are left."
        yield Finding(Level.ERROR, message, remedy)
    elif condition.gone:
        yield Finding(Level.NOTE, f"{names} {have} been removed, and nothing of it is left.")


def networks(condition: Condition) -> Iterator[Finding]:
    """Find nodes that are not in the network that they were made in, or whose network has gone."""
    for node in condition.nodes:
        network = condition.networks.get(node.network_id)
        if network is None:
            remedy = f"dcos-docker destroy -c {condition.cluster_id}"  # nodes know it by its id, which no other has
            yield Finding(Level.ERROR, f"The network that {node.name} was made in has gone.", remedy)
        elif node.endpoint is None:
            name = node.info.container_name
            # After the restart /etc/hosts has again what the engine wrote over when it connected the node.
            remedy = f"docker network connect --ip {node.info.address} {network} {name} && docker restart {name}"
            yield Finding(Level.ERROR, f"{node.name} is not in the network {network}.", remedy)


def addresses(condition: Condition) -> Iterator[Finding]:
    """Find nodes at other addresses than those that DC/OS was configured with."""
    for node in condition.nodes:
        live, network = node.live_address, condition.networks.get(node.network_id)
        if node.info.is_running and live and network and live != node.info.address:
            name = node.info.container_name
            remedy = (
                f"docker network disconnect {network} {name} && "
                f"docker network connect --ip {node.info.address} {network} {name} && docker restart {name}"
            )
            message = f"{node.name} has the address {live} in place of {node.info.address}, by which DC/OS knows it."
            yield Finding(Level.ERROR, message, remedy)


def volumes(condition: Condition) -> Iterator[Finding]:
    """Find volumes that nodes mount and the engine no longer has."""
    for node in condition.nodes:
        missing = [path for path, name in node.volumes.items() if name not in condition.volumes]
        if INSTALL_DIR not in {mount["Destination"] for mount in node.listed["Mounts"]}:
            missing.append(INSTALL_DIR)
        if missing:
            remedy = f"dcos-docker destroy -c {condition.cluster_id}"  # what was on it is lost
            message = f"{node.name} lacks its volumes for {', '.join(sorted(missing))}."
            yield Finding(Level.ERROR, message, remedy)
