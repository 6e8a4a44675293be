"""What of a cluster is open, for reviewers of a shared host: what the engine and the nodes tell, and what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dcos_docker_cli.concurrency import parallel
from dcos_docker_cli.exceptions import CommandError, NodeNotFoundError
from dcos_docker_cli.transports.base import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.model import NodeInfo

    Exposure = dict[str, Any]
    """Values for JSON. The form is documented in docs/output.md and only grows."""

SECONDS = 20
ENGINE_SOCKETS = ("docker.sock", "containerd.sock", "podman.sock")
# sshd's own view of its settings; fingerprints alone leave the node.
SCRIPT = r"""
sshd=$(command -v sshd || echo /usr/sbin/sshd)
"$sshd" -T 2>/dev/null | grep -E '^(port|permitrootlogin|[a-z]*authentication) ' | sed 's/^/set /'
pidof -s sshd >/dev/null 2>&1 || pgrep -x sshd >/dev/null 2>&1 && echo runs
for key in /etc/ssh/ssh_host_*_key.pub; do
    [ -e "$key" ] && ssh-keygen -l -f "$key" | sed 's/^/host /'
done
[ -s /root/.ssh/authorized_keys ] && ssh-keygen -l -f /root/.ssh/authorized_keys | sed 's/^/allowed /'
[ -s /root/.ssh/dcos-docker.pub ] && ssh-keygen -l -f /root/.ssh/dcos-docker.pub | sed 's/^/cluster /'
[ -e /root/.ssh/dcos-docker ] && stat -c 'mode %a %U' /root/.ssh/dcos-docker
exit 0
"""
PASSWORDS = ("passwordauthentication", "kbdinteractiveauthentication", "challengeresponseauthentication")


def security(host: DockerHost, cluster_id: str) -> Exposure:
    """Look at a cluster; raise `ClusterNotFoundError` when there is none. It changes nothing."""
    cluster = host.cluster(cluster_id)
    found = host.exposure(cluster)
    said = dict(
        zip(
            (str(node.ref) for node in cluster.nodes),
            parallel(lambda node: _said(host, node), cluster.nodes, host.cancellation),
            strict=True,
        )
    )
    nodes = [{**node, "ssh": _ssh(said[node["reference"]])} for node in found.pop("nodes")]
    whole = {"cluster_id": cluster_id, **found, "nodes": nodes, "cluster_key": _cluster_key(said)}
    return {"cluster_id": cluster_id, "warnings": list(_warnings(whole)), **whole}


def _said(host: DockerHost, node: NodeInfo) -> list[str] | None:
    """Return what a node says of its SSH; None of one that does not run, or does not answer."""
    try:
        result = run(host.transport(node), ["timeout", str(SECONDS), "sh", "-c", SCRIPT])
    except (NodeNotFoundError, CommandError):
        return None
    return result.stdout.decode(errors="replace").splitlines() if result.returncode == 0 else None


def _ssh(said: list[str] | None) -> dict[str, Any] | None:
    if said is None:
        return None
    settings = dict(line.split(" ", 2)[1:] for line in said if line.startswith("set ") and line.count(" ") > 1)
    return {
        "listens": "runs" in said,
        "port": settings.get("port", ""),
        "password_login": any(settings.get(name, "no") != "no" for name in PASSWORDS) if settings else None,
        "root_login": settings.get("permitrootlogin", ""),
        "host_keys": _fingerprints(said, "host"),
        "authorised_keys": _fingerprints(said, "allowed"),
    }


def _fingerprints(said: list[str], word: str) -> list[str]:
    """Return fingerprints with the keys' kinds and comments, as `ssh-keygen -l` writes them."""
    return [line.split(" ", 2)[2] for line in said if line.startswith(f"{word} ") and line.count(" ") > 1]


def _cluster_key(said: dict[str, list[str] | None]) -> dict[str, Any] | None:
    """Return where the cluster's private key is kept; None before anybody has needed it."""
    for reference, lines in said.items():
        fingerprint = _fingerprints(lines or [], "cluster")
        if fingerprint:
            mode = next((line.split()[1:] for line in lines or () if line.startswith("mode ")), ["", ""])
            return {"fingerprint": fingerprint[0], "kept_on": reference, "mode": mode[0], "owner": mode[1]}
    return None


def _warnings(found: Exposure) -> Iterator[str]:
    """Yield what a reviewer should know beyond what is so of every cluster."""
    engine = found["engine"]
    if engine["way"] == "tcp":
        yield (
            f"The engine is reached at {engine['endpoint']} without TLS: whoever reaches that port is root on its host."
        )
    for line in engine["open_to_others"]:
        yield f"The engine says: {line.removeprefix('WARNING: ')}"
    for port in found["published_ports"]:
        if port["beyond_loopback"]:
            yield (
                f"Port {port['node_port']} of {port['reference']} is published on {port['host_address']}:"
                f"{port['host_port']}: other machines may reach it."
            )
    for network in found["networks"]:
        yield from _of_network(network)
    for mount in found["mounts"]:
        yield from _of_mount(mount)
    for node in found["nodes"]:
        yield from _of_node(node)
    for secret in found["secrets"]:
        yield (
            f"The {secret['place']} of {secret['reference']} has {secret['name']}, which seems to be a secret: "
            "all users of the engine can read it."
        )
    key = found["cluster_key"]
    if key and (key["mode"], key["owner"]) != ("600", "root"):
        yield f"The cluster's private key on {key['kept_on']} can be read by others than root there: {key['mode']}."
    yield from _same_host_keys(found["nodes"])


def _of_network(network: dict[str, Any]) -> Iterator[str]:
    if network["reached_from_elsewhere"] == "yes":
        yield f"The network {network['name']} ({network['driver']}) is open to other machines: all ports of nodes are."
    if network["other_containers"]:
        who = ", ".join(network["other_containers"])
        yield f"Other containers are in the network {network['name']}, and reach all ports of nodes: {who}."


def _of_mount(mount: dict[str, Any]) -> Iterator[str]:
    if mount["kind"] != "bind":
        return
    who = ", ".join(mount["references"])
    if mount["source"].endswith(ENGINE_SOCKETS):
        yield f"The engine's socket {mount['source']} is mounted into {who}: programs there can control the engine."
    elif not mount["read_only"]:
        yield f"The host's {mount['source']} is mounted into {who} and can be written there."


def _of_node(node: dict[str, Any]) -> Iterator[str]:
    reference, ssh = node["reference"], node["ssh"]
    if node["host_namespaces"]:
        yield f"{reference} shares with the host: {', '.join(node['host_namespaces'])}."
    if ssh and ssh["password_login"]:
        yield f"The SSH server of {reference} lets people log in with a password."


def _same_host_keys(nodes: list[dict[str, Any]]) -> Iterator[str]:
    owners: dict[str, list[str]] = {}
    for node in nodes:
        for key in (node["ssh"] or {}).get("host_keys", ()):
            owners.setdefault(key.split(" ")[0], []).append(node["reference"])
    for references in owners.values():
        if len(references) > 1:
            yield f"{', '.join(references)} have the same SSH host key: each can pretend to be the other."
