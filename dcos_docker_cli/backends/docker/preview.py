"""What the nodes of a cluster would be, without making them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dcos_docker_cli.backends.docker import fit
from dcos_docker_cli.backends.docker.images import nodes
from dcos_docker_cli.backends.docker.images.recipe import node_image
from dcos_docker_cli.backends.docker.layout import dns_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.backends.docker.settings import Mounts, Settings
    from dcos_docker_cli.model import ClusterPlan, NodeRef


def of_nodes(engine: Engine, info: Mapping[str, Any], plan: ClusterPlan, settings: Settings) -> dict[str, Any]:
    """Return the nodes and what they share."""
    image = node_image(settings.distribution, settings.docker_version)
    return {
        "cluster_id": plan.cluster_id,
        "distribution": settings.distribution.value,
        "docker_version": settings.docker_version.value,
        "storage_driver": fit.storage_driver(info, settings).driver,
        "image": {"name": image, "present": nodes.exists(engine, image)},
        "transport": settings.transport.value,
        "network": settings.network or None,
        "mount_sys_fs_cgroup": settings.mount_sys_fs_cgroup,
        "force_cgroup_v1": settings.force_cgroup_v1,
        "environment": sorted(settings.environment),
        "nodes": [_node(plan, settings, ref) for ref in plan.refs],
    }


def _node(plan: ClusterPlan, settings: Settings, ref: NodeRef) -> dict[str, Any]:
    name = ref.host_name(plan.cluster_id, settings.name_prefix)
    return {
        "reference": str(ref),
        "role": ref.role.word,
        "container_name": name,
        "host_name": dns_name(name),
        "volumes": _volumes(settings.mounts_of(ref.role)),
        "labels": settings.labels_of(ref.role),
        "ports": _ports(settings.ports_of(ref)),
    }


def _volumes(mounts: Mounts) -> list[str]:
    return [*mounts.binds, *(f"{mount.get('Source') or ''}:{mount['Target']}" for mount in mounts.mounts)]


def _ports(ports: Mapping[str, Sequence[Mapping[str, str]]]) -> list[str]:
    """Return published ports as they are written."""
    return [f"{place['HostIp']}:{place['HostPort']}:{port}" for port, places in ports.items() for place in places]
