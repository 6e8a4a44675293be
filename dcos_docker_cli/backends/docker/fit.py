"""What cannot be on an engine: refused before anything is made, with the reason and what else there is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.backends.docker import storage
from dcos_docker_cli.backends.docker.images.descriptions import DESCRIPTIONS
from dcos_docker_cli.backends.docker.images.docker_builds import BUILDS, build_of
from dcos_docker_cli.backends.docker.images.recipe import FORCED_V1, INIT
from dcos_docker_cli.exceptions import UsageError
from dcos_docker_cli.model import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.backends.docker.settings import Settings

DOCKER_DIRECTORY = "/var/lib/docker"


def cgroup_version(info: Mapping[str, Any]) -> int:
    """Return the cgroup version of the engine's host, from the engine's answer to `/info`."""
    return 2 if info.get("CgroupVersion") == "2" else 1


def check(engine: Engine, info: Mapping[str, Any], settings: Settings) -> None:
    """Raise `UsageError` for nodes that cannot boot on this engine, or whose Docker cannot work there."""
    check_boot(settings, cgroup_version(info))
    check_docker(settings, cgroup_version(info))
    storage.check_driver(
        storage.Ground.of(info),
        build_of(settings.distribution, settings.docker_version),
        settings.storage_driver,
        own_disk=_is_on_users_disks(settings),
        own_kernel=engine.where.is_local and info.get("KernelVersion") == os.uname().release,
    )


def storage_driver(info: Mapping[str, Any], settings: Settings) -> storage.Choice:
    """Return the storage driver of the nodes; those whose images are on a user's disk are told only a wanted one."""
    build = build_of(settings.distribution, settings.docker_version)
    choice = storage.choose(storage.Ground.of(info), build, settings.storage_driver)
    return storage.Choice(choice.driver) if _is_on_users_disks(settings) else choice


def _is_on_users_disks(settings: Settings) -> bool:
    """Whether Docker stores images on disks of the user on all nodes, of which the engine tells nothing."""
    return all(DOCKER_DIRECTORY in settings.mounts_of(role).targets for role in Role)


def init_of(settings: Settings) -> list[str]:
    """Return the command line of a node's first process; empty when it is the image's."""
    return [*INIT, *FORCED_V1] if settings.force_cgroup_v1 else []


def check_boot(settings: Settings, host: int) -> None:
    """Compare the host's cgroup version with those that the distribution's systemd boots on."""
    description = DESCRIPTIONS[settings.distribution]
    name = settings.distribution.value
    if settings.force_cgroup_v1 and not (description.can_be_forced and host == 1):
        why = f"the engine's host has v{host}" if description.can_be_forced else f"{name} needs no force for it"
        raise UsageError(f"Cgroup v1 cannot be forced: {why}.", hint="Leave --force-cgroup-v1 out.")
    if settings.mount_sys_fs_cgroup and host == 2:
        raise UsageError(
            "The engine's host has cgroup v2, of which systemd in a node needs a part of its own.",
            hint="Leave mount_sys_fs_cgroup out.",
        )
    if host in description.cgroups or settings.force_cgroup_v1:
        return
    others = [one.value for one, its in DESCRIPTIONS.items() if host in its.cgroups]
    cure = (
        "boot the host with systemd.unified_cgroup_hierarchy=0 on its kernel command line"
        if host == 2
        else "force it, with --force-cgroup-v1"
        if description.can_be_forced
        else "boot the host with systemd.unified_cgroup_hierarchy=1 on its kernel command line"
    )
    raise UsageError(
        f"Nodes of {name} cannot boot here: their systemd {description.systemd} wants cgroup "
        f"v{min(description.cgroups)}, and the engine's host has v{host}.",
        hint=f"Choose one of {', '.join(others)}; or {cure}.",
    )


def check_docker(settings: Settings, host: int) -> None:
    """Compare the host's cgroup version with those on which that Docker runs containers."""
    build = build_of(settings.distribution, settings.docker_version)
    if host in build.cgroups:
        return
    others = [version.value for version, its in BUILDS.items() if host in its.cgroups]
    raise UsageError(
        f"Docker {build.number} on the nodes cannot run containers here: it knows cgroup v1 alone, and the engine's "
        f"host has v{host}.",
        hint=f"Choose one of --docker-version {', '.join(others)}; or boot the host with "
        "systemd.unified_cgroup_hierarchy=0 on its kernel command line.",
    )
