"""Clusters of containers on a Docker engine: what users choose of them.

This module imports neither docker nor requests: they take 0.15 s, and nothing here needs an engine.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.backends.docker.settings import (
    Settings,
    by_role,
    network_name,
    read_labels,
    read_mounts,
    read_ports,
)
from dcos_docker_cli.base_classes import ClusterBackend
from dcos_docker_cli.dcos.config import IP_DETECT, base_settings
from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.docker_versions import DockerVersion
from dcos_docker_cli.exceptions import UsageError
from dcos_docker_cli.model import NAME_PREFIX, Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dcos_docker_cli.backends.docker.cluster import DockerCluster
    from dcos_docker_cli.backends.docker.settings import MountsInput, PortMap
    from dcos_docker_cli.docker_storage_drivers import DockerStorageDriver


class Docker(ClusterBackend):
    """Clusters on the engine that the docker command would use. Making one of these contacts nothing."""

    def __init__(
        self,
        *,
        container_name_prefix: str = NAME_PREFIX,
        workspace_dir: Path | str | None = None,
        custom_container_mounts: MountsInput | None = None,
        custom_master_mounts: MountsInput | None = None,
        custom_agent_mounts: MountsInput | None = None,
        custom_public_agent_mounts: MountsInput | None = None,
        linux_distribution: Distribution = Distribution.DEBIAN_12,
        docker_version: DockerVersion = DockerVersion.DISTRIBUTION,
        storage_driver: DockerStorageDriver | None = None,
        docker_container_labels: Mapping[str, str] | None = None,
        docker_master_labels: Mapping[str, str] | None = None,
        docker_agent_labels: Mapping[str, str] | None = None,
        docker_public_agent_labels: Mapping[str, str] | None = None,
        transport: Transport = Transport.DOCKER_EXEC,
        network: Any = None,
        one_master_host_port_map: PortMap | None = None,
        mount_sys_fs_cgroup: bool = False,
        force_cgroup_v1: bool = False,
        skip_preflight: bool = False,
    ) -> None:
        """Choose. Raises `UsageError` for what can never be; docs/library.md has each parameter with its default.

        `workspace_dir` is where large temporary files go, and it is made if it is not there. Mounts and labels of all
        containers go before those of a role. `network` is the name of one, or docker-py's object, and is never
        removed; without it each cluster has its own. Ports are published on 127.0.0.1 unless they name an address.
        """
        self.container_name_prefix = container_name_prefix
        self.workspace_dir = Path(workspace_dir) if workspace_dir is not None else None
        self.custom_container_mounts = custom_container_mounts
        self.custom_master_mounts = custom_master_mounts
        self.custom_agent_mounts = custom_agent_mounts
        self.custom_public_agent_mounts = custom_public_agent_mounts
        self.linux_distribution = linux_distribution
        self.docker_version = docker_version
        self.storage_driver = storage_driver
        self.docker_container_labels = docker_container_labels
        self.docker_master_labels = docker_master_labels
        self.docker_agent_labels = docker_agent_labels
        self.docker_public_agent_labels = docker_public_agent_labels
        self.transport = transport
        self.network = network
        self.one_master_host_port_map = one_master_host_port_map
        self.mount_sys_fs_cgroup = mount_sys_fs_cgroup
        self.force_cgroup_v1 = force_cgroup_v1
        self.skip_preflight = skip_preflight
        if self.workspace_dir and self.workspace_dir.exists() and not self.workspace_dir.is_dir():
            raise UsageError(f"The workspace {self.workspace_dir} is not a directory.")
        _ = self.settings  # what is wrong is told here, and not when a cluster is made

    @property
    def settings(self) -> Settings:
        """All of it in the form in which the engine wants it."""
        return Settings(
            name_prefix=self.container_name_prefix,
            distribution=self.linux_distribution,
            docker_version=self.docker_version,
            storage_driver=self.storage_driver,
            transport=self.transport,
            network=network_name(self.network),
            mount_sys_fs_cgroup=self.mount_sys_fs_cgroup,
            force_cgroup_v1=self.force_cgroup_v1,
            mounts=by_role(
                read_mounts(self.custom_container_mounts),
                read_mounts(self.custom_master_mounts),
                read_mounts(self.custom_agent_mounts),
                read_mounts(self.custom_public_agent_mounts),
            ),
            labels=by_role(
                read_labels(self.docker_container_labels),
                read_labels(self.docker_master_labels),
                read_labels(self.docker_agent_labels),
                read_labels(self.docker_public_agent_labels),
            ),
            ports=read_ports(self.one_master_host_port_map),
        )

    @property
    def cluster_cls(self) -> type[DockerCluster]:
        """The class that makes clusters of containers."""
        from dcos_docker_cli.backends.docker.cluster import DockerCluster

        return DockerCluster

    @property
    def base_config(self) -> dict[str, Any]:
        """What DC/OS' config.yaml must have on containers, without the lists of nodes."""
        return base_settings()

    @property
    def ip_detect_path(self) -> Path:
        """The script that prints a container's address in its cluster's network."""
        return IP_DETECT
