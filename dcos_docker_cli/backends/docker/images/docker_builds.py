"""Docker's static builds: where each is, which storage drivers it has, and the cgroup versions that it lives with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker.images.descriptions import DESCRIPTIONS
from dcos_docker_cli.docker_storage_drivers import DockerStorageDriver
from dcos_docker_cli.docker_versions import DockerVersion

if TYPE_CHECKING:
    from dcos_docker_cli.distributions import Distribution

SITE = "https://download.docker.com"
OLD_SITE = "https://get.docker.com"
AUFS, BTRFS, OVERLAY, OVERLAY_2, VFS = (
    DockerStorageDriver.AUFS,
    DockerStorageDriver.BTRFS,
    DockerStorageDriver.OVERLAY,
    DockerStorageDriver.OVERLAY_2,
    DockerStorageDriver.VFS,
)


@dataclass(frozen=True)
class DockerBuild:
    """One static build. From 24 on Docker has neither aufs nor overlay; before 1.12 it had no overlay2."""

    number: str
    drivers: tuple[DockerStorageDriver, ...]
    """Those that the tool offers, the best first."""
    cgroups: frozenset[int]
    """The cgroup versions of a host on which it runs containers: 2 since 20.10."""
    is_old: bool = False
    """Whether it is from the time before the site of today."""

    def url(self, architecture: str, mirror: str = "") -> str:
        """Return where its tarball is, for an architecture as in `x86_64`; a mirror has the same paths as the sites."""
        site = mirror.rstrip("/") or (OLD_SITE if self.is_old else SITE)
        place = "builds/Linux" if self.is_old else "linux/static/stable"
        return f"{site}/{place}/{architecture}/docker-{self.number}.tgz"


WITHOUT_OVERLAY_2 = (OVERLAY, BTRFS, AUFS, VFS)
ALL = (OVERLAY_2, OVERLAY, BTRFS, AUFS, VFS)
OF_TODAY = (OVERLAY_2, BTRFS, VFS)
V1, BOTH = frozenset({1}), frozenset({1, 2})

BUILDS = {
    DockerVersion.v1_11_2: DockerBuild("1.11.2", WITHOUT_OVERLAY_2, V1, is_old=True),
    DockerVersion.v1_13_1: DockerBuild("1.13.1", ALL, V1, is_old=True),
    DockerVersion.v17_12_1_ce: DockerBuild("17.12.1-ce", ALL, V1),
    DockerVersion.v18_06_3_ce: DockerBuild("18.06.3-ce", ALL, V1),
    DockerVersion.v19_03: DockerBuild("19.03.15", ALL, V1),
    DockerVersion.v20_10: DockerBuild("20.10.24", ALL, BOTH),
    DockerVersion.v24: DockerBuild("24.0.9", OF_TODAY, BOTH),
    DockerVersion.v26: DockerBuild("26.1.4", OF_TODAY, BOTH),
    DockerVersion.v28: DockerBuild("28.5.1", OF_TODAY, BOTH),
}


def build_of(distribution: Distribution, version: DockerVersion) -> DockerBuild:
    """Return the build, or, for the distribution's own Docker, the one that has the same limits."""
    chosen = DESCRIPTIONS[distribution].docker if version is DockerVersion.DISTRIBUTION else version
    return BUILDS[chosen]


def static_build(distribution: Distribution, version: DockerVersion) -> DockerVersion | None:
    """Return which static build a node gets; None when it has its distribution's packages."""
    if version is not DockerVersion.DISTRIBUTION:
        return version
    description = DESCRIPTIONS[distribution]
    return None if description.docker_packages else description.docker
