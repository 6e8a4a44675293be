"""What creating, installing and upgrading would do: checked like the real thing, and nothing is made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.concurrency import parallel
from dcos_docker_cli.dcos.config import node_lists
from dcos_docker_cli.dcos.installer import read_installer
from dcos_docker_cli.lifecycle.dcos import check_not_installed, cluster_for_dcos, dcos_version
from dcos_docker_cli.lifecycle.source import is_url

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.dcos.choices import Choices
    from dcos_docker_cli.model import ClusterPlan, DCOSVariant

    Preview = dict[str, Any]
    """Values for JSON. The form is documented in docs/output.md and only grows."""

SECRETS = ("license_key_contents", "superuser_password_hash")
HIDDEN = "(given)"


def of_nodes(host: DockerHost, plan: ClusterPlan) -> Preview:
    """Return what `provision` would make."""
    return {"would": "provision", **host.preview(plan)}


def of_create(host: DockerHost, plan: ClusterPlan, source: str, choices: Choices) -> Preview:
    """Return what `create` would make."""
    dcos = _dcos(host, plan.cluster_id, source, choices, plan.variant)
    return {**of_nodes(host, plan), "would": "create", **dcos}


def of_install(
    host: DockerHost, cluster_id: str, source: str, choices: Choices, variant: DCOSVariant | None
) -> Preview:
    """Return what `install` would do."""
    dcos = _dcos(host, cluster_id, source, choices, variant)
    members = host.members(cluster_for_dcos(host, cluster_id))
    check_not_installed(host, cluster_id, members)
    nodes = [{"reference": member.name, "address": member.address} for member in members]
    return {"would": "install", "cluster_id": cluster_id, **dcos, "nodes": nodes}


def of_upgrade(
    host: DockerHost, cluster_id: str, source: str, choices: Choices, variant: DCOSVariant | None
) -> Preview:
    """Return what `upgrade` would do; nodes tell which version they have."""
    dcos = _dcos(host, cluster_id, source, choices, variant)
    members = host.members(cluster_for_dcos(host, cluster_id))
    versions = parallel(dcos_version, members, host.cancellation)
    nodes = [
        {"reference": member.name, "address": member.address, "dcos_version": version or None}
        for member, version in zip(members, versions, strict=True)
    ]
    return {"would": "upgrade", "cluster_id": cluster_id, **dcos, "nodes": nodes}


def _dcos(host: DockerHost, cluster_id: str, source: str, choices: Choices, variant: DCOSVariant | None) -> Preview:
    """Return what the installer would be given, without the addresses of the nodes."""
    file = None if is_url(source) else read_installer(Path(source))
    variant = variant or (file.variant if file else None)
    choices.check(variant)
    settings = dict(choices.configuration(cluster_id, {}, variant).settings) if variant else dict(choices.extra)
    unknown = node_lists({}).keys() - choices.extra.keys()
    return {
        "installer": {"source": source, "kept_on_the_engine": host.has_cache(file.digest()) if file else None},
        "variant": variant.value if variant else None,
        "config": {key: HIDDEN if key in SECRETS else value for key, value in settings.items() if key not in unknown},
        "genconf_files": [str(path) for path in choices.files],
    }
