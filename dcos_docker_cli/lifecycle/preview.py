"""What creating, installing and upgrading would do: checked like the real thing, and nothing is made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.concurrency import parallel
from dcos_docker_cli.dcos.config import node_lists, without_secrets
from dcos_docker_cli.dcos.installer import read_installer
from dcos_docker_cli.doctor.preflight import preflight
from dcos_docker_cli.exceptions import without_passwords
from dcos_docker_cli.lifecycle.dcos import check_not_installed, cluster_for_dcos, dcos_version
from dcos_docker_cli.lifecycle.source import is_url

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.dcos.choices import Choices
    from dcos_docker_cli.lifecycle.create import Copies
    from dcos_docker_cli.model import ClusterPlan, DCOSVariant
    from dcos_docker_cli.progress import Progress

    Preview = dict[str, Any]
    """Values for JSON. The form is documented in docs/output.md and only grows."""


def of_nodes(host: DockerHost, plan: ClusterPlan, progress: Progress, *, skip_preflight: bool = False) -> Preview:
    """Return what `provision` would make."""
    return {"would": "provision", **_nodes(host, plan, progress, skip_preflight=skip_preflight)}


def of_create(
    host: DockerHost,
    plan: ClusterPlan,
    source: str,
    choices: Choices,
    progress: Progress,
    copies: Copies = (),
    *,
    skip_preflight: bool = False,
) -> Preview:
    """Return what `create` would make."""
    dcos = _dcos(host, plan.cluster_id, source, choices, plan.variant)
    nodes = _nodes(host, plan, progress, skip_preflight=skip_preflight, with_dcos=True)
    return {"would": "create", **nodes, **dcos, "copied_to_masters": _copied(copies)}


def _nodes(
    host: DockerHost, plan: ClusterPlan, progress: Progress, *, skip_preflight: bool, with_dcos: bool = False
) -> Preview:
    found = host.preview(plan)
    if not skip_preflight:
        preflight(host, plan, progress, with_dcos=with_dcos)
    return found


def of_install(
    host: DockerHost,
    cluster_id: str,
    source: str,
    choices: Choices,
    variant: DCOSVariant | None,
    copies: Copies = (),
) -> Preview:
    """Return what `install` would do."""
    dcos = _dcos(host, cluster_id, source, choices, variant)
    members = host.members(cluster_for_dcos(host, cluster_id))
    check_not_installed(host, cluster_id, members)
    nodes = [{"reference": member.name, "address": member.address} for member in members]
    copied = _copied(copies)
    return {"would": "install", "cluster_id": cluster_id, **dcos, "copied_to_masters": copied, "nodes": nodes}


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


def _copied(copies: Copies) -> list[str]:
    return [f"{local}:{remote}" for local, remote in copies]


def _dcos(host: DockerHost, cluster_id: str, source: str, choices: Choices, variant: DCOSVariant | None) -> Preview:
    """Return what the installer would be given, without the addresses of the nodes."""
    file = None if is_url(source) else read_installer(Path(source))
    variant = variant or (file.variant if file else None)
    choices.check(variant)
    settings = dict(choices.configuration(cluster_id, {}, variant).settings) if variant else dict(choices.extra)
    unknown = node_lists({}).keys() - choices.extra.keys()
    kept = host.has_cache(file.digest()) if file else None
    return {
        "installer": {"source": without_passwords(source), "kept_on_the_engine": kept},
        "variant": variant.value if variant else None,
        "config": {key: without_secrets(key, value) for key, value in settings.items() if key not in unknown},
        "genconf_files": [str(path) for path in choices.files],
    }
