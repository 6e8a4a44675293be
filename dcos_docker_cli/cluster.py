"""A cluster, for programs that test DC/OS: made when it is constructed, and destroyed at the end of its block."""

from __future__ import annotations

import logging
from contextlib import ContextDecorator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.base_classes import HasBootstrapNode
from dcos_docker_cli.concurrency import interruptible
from dcos_docker_cli.dcos.config import (
    IP_DETECT,
    Configuration,
    given_configuration,
    node_lists,
    variant_settings,
)
from dcos_docker_cli.dcos.defaults import DEFAULT_TIMEOUT
from dcos_docker_cli.dcos.installer import read_installer
from dcos_docker_cli.dcos.ready import Login, Readiness, wait_for_dcos
from dcos_docker_cli.dcos.testing import in_test_environment, test_variables
from dcos_docker_cli.doctor.explain import explained
from dcos_docker_cli.exceptions import (
    ClusterNotFoundError,
    DcosDockerError,
    ExistingNodesError,
    NodeNotFoundError,
    UsageError,
)
from dcos_docker_cli.lifecycle.download import downloaded
from dcos_docker_cli.lifecycle.install import Nodes, install, upgrade
from dcos_docker_cli.lifecycle.provision import make_cluster
from dcos_docker_cli.model import Role
from dcos_docker_cli.node import Node, Output
from dcos_docker_cli.progress import Logged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import PurePosixPath
    from subprocess import CompletedProcess

    from dcos_docker_cli.base_classes import ClusterBackend, ClusterManager
    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.dcos.installer import Installer
    from dcos_docker_cli.dcos.member import Member
    from dcos_docker_cli.lifecycle.install import Configure
    from dcos_docker_cli.model import DCOSVariant, Transport
    from dcos_docker_cli.node import GenconfFiles
    from dcos_docker_cli.progress import Progress

    Step = Callable[[Nodes, Installer, Configure, Progress], None]

__all__ = ["Cluster"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExistingNodes:
    """Machines that somebody else has made."""

    masters: set[Node]
    agents: set[Node]
    public_agents: set[Node]


@dataclass(frozen=True)
class _Given:
    """What an installer is given, as far as the caller says."""

    config: Mapping[str, Any] | None
    ip_detect_path: Path | None
    files: Mapping[PurePosixPath, Path]
    progress: Progress

    @classmethod
    def read(
        cls, config: Mapping[str, Any] | None, ip_detect: Path | None, files: GenconfFiles, output: Output
    ) -> _Given:
        """Check it; raise `UsageError` for what cannot be."""
        checked = given_configuration(config or {}, ip_detect or IP_DETECT, files)
        return cls(
            config=None if config is None else checked.settings,
            ip_detect_path=None if ip_detect is None else checked.ip_detect,
            files=checked.files,
            progress=output.progress(),
        )


class Cluster(ContextDecorator):
    """A cluster of DC/OS nodes. As a context manager and as a decorator it is destroyed at the end."""

    def __init__(
        self, cluster_backend: ClusterBackend, masters: int = 1, agents: int = 1, public_agents: int = 1
    ) -> None:
        """Make the nodes, without DC/OS; when that fails or is interrupted nothing is left."""
        self._backend: ClusterBackend | None = cluster_backend
        self._make: Callable[[], ClusterManager] | None = lambda: make_cluster(
            cluster_backend, masters=masters, agents=agents, public_agents=public_agents
        )
        self._manager: ClusterManager | ExistingNodes = self._make()
        self._is_destroyed = False

    @classmethod
    def from_nodes(
        cls,
        masters: Iterable[Node],
        agents: Iterable[Node],
        public_agents: Iterable[Node],
        default_ssh_user: str | None = None,
    ) -> Cluster:
        """Return a cluster of machines that exist, with DC/OS on them. It cannot be installed or destroyed by us.

        `default_ssh_user` logs in to the nodes that do not name a user themselves.
        """
        groups = [
            {node.with_default_user(default_ssh_user) for node in nodes} for nodes in (masters, agents, public_agents)
        ]
        return cls._of(ExistingNodes(*groups), backend=None)

    @classmethod
    def find(cls, cluster_id: str, cluster_backend: ClusterBackend | None = None) -> Cluster:
        """Return a cluster of the Docker engine that is there already, made by the command line for instance.

        It is not destroyed at the end of a block, but with `destroy`. Raises `ClusterNotFoundError`.
        """
        from dcos_docker_cli.backends.docker import Docker
        from dcos_docker_cli.backends.docker.cluster import DockerCluster

        backend = cluster_backend or Docker()
        if not isinstance(backend, Docker):
            raise UsageError("Only clusters on a Docker engine can be found by their id.")
        return cls._of(DockerCluster.find(cluster_id, backend), backend)

    @classmethod
    def _of(cls, manager: ClusterManager | ExistingNodes, backend: ClusterBackend | None) -> Cluster:
        """Return a cluster of nodes that are there, and stay after a block."""
        self = cls.__new__(cls)
        self._manager, self._backend = manager, backend
        self._make, self._is_destroyed = None, False
        return self

    # As a context manager and as a decorator

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._make is None:
            self.close()
        elif not self._is_destroyed:
            try:
                self.destroy()
            except ClusterNotFoundError:
                logger.info("The cluster was destroyed by somebody else already.")
            except DcosDockerError as error:
                if kind is None:
                    raise
                logger.warning("What failed in the block is raised, and after it this failed too: %s", error)

    def _recreate_cm(self) -> Cluster:
        """Make a cluster anew for a decorated function that is called again."""
        if self._make and self._is_destroyed:
            self._manager, self._is_destroyed = self._make(), False
        return self

    # Nodes

    @property
    def masters(self) -> set[Node]:
        """The masters."""
        return self._manager.masters

    @property
    def agents(self) -> set[Node]:
        """The agents."""
        return self._manager.agents

    @property
    def public_agents(self) -> set[Node]:
        """The public agents."""
        return self._manager.public_agents

    @property
    def cluster_id(self) -> str:
        """The id under which the command line knows it; empty where it does not."""
        return str(getattr(self._manager, "cluster_id", ""))

    # DC/OS

    @property
    def base_config(self) -> dict[str, Any]:
        """What DC/OS' config.yaml must have for these nodes; for nodes that exist already, no more than their lists."""
        settings = self._backend.base_config if self._backend else {}
        return {**settings, **node_lists(self._addresses())}

    def install_dcos_from_path(
        self,
        dcos_installer: Path | str,
        dcos_config: Mapping[str, Any] | None = None,
        ip_detect_path: Path | None = None,
        output: Output = Output.CAPTURE,
        files_to_copy_to_genconf_dir: GenconfFiles = (),
    ) -> None:
        """Install DC/OS on all nodes.

        Without `dcos_config` it is `base_config`, and what the installer's variant needs; else it is all there is.
        `ip_detect_path` is by default the backend's. Raises `InvalidInstallerError`, `GenconfError`, `InstallError`.
        """
        given = _Given.read(dcos_config, ip_detect_path, files_to_copy_to_genconf_dir, output)
        self._from_path(install, Path(dcos_installer), given)

    def install_dcos_from_url(
        self,
        dcos_installer: str,
        dcos_config: Mapping[str, Any] | None = None,
        ip_detect_path: Path | None = None,
        output: Output = Output.CAPTURE,
        files_to_copy_to_genconf_dir: GenconfFiles = (),
    ) -> None:
        """Install DC/OS as `install_dcos_from_path` does, with an installer that is downloaded first."""
        given = _Given.read(dcos_config, ip_detect_path, files_to_copy_to_genconf_dir, output)
        self._from_url(install, dcos_installer, given)

    def upgrade_dcos_from_path(
        self,
        dcos_installer: Path | str,
        dcos_config: Mapping[str, Any] | None = None,
        ip_detect_path: Path | None = None,
        output: Output = Output.CAPTURE,
        files_to_copy_to_genconf_dir: GenconfFiles = (),
    ) -> None:
        """Upgrade DC/OS on all nodes, masters first; the parameters are those of `install_dcos_from_path`."""
        given = _Given.read(dcos_config, ip_detect_path, files_to_copy_to_genconf_dir, output)
        self._from_path(upgrade, Path(dcos_installer), given)

    def upgrade_dcos_from_url(
        self,
        dcos_installer: str,
        dcos_config: Mapping[str, Any] | None = None,
        ip_detect_path: Path | None = None,
        output: Output = Output.CAPTURE,
        files_to_copy_to_genconf_dir: GenconfFiles = (),
    ) -> None:
        """Upgrade DC/OS as `upgrade_dcos_from_path` does, with an installer that is downloaded first."""
        given = _Given.read(dcos_config, ip_detect_path, files_to_copy_to_genconf_dir, output)
        self._from_url(upgrade, dcos_installer, given)

    def wait_for_dcos_oss(self, http_checks: bool = True, timeout: float = DEFAULT_TIMEOUT) -> None:
        """Wait until open DC/OS is ready on all nodes; without `http_checks` its web interface is not asked.

        After `timeout` seconds `DCOSTimeoutError` is raised, which names what was not ready.
        """
        self._wait(None, http_checks=http_checks, timeout=timeout)

    def wait_for_dcos_ee(
        self,
        superuser_username: str,
        superuser_password: str,
        http_checks: bool = True,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """Wait until DC/OS Enterprise is ready on all nodes, and this superuser can log in; see `wait_for_dcos_oss`."""
        self._wait(Login(superuser_username, superuser_password), http_checks=http_checks, timeout=timeout)

    def run_with_test_environment(
        self,
        args: list[str],
        env: Mapping[str, str] | None = None,
        output: Output = Output.CAPTURE,
        tty: bool = False,
        node: Node | None = None,
        transport: Transport | None = None,
    ) -> CompletedProcess[bytes]:
        """Run a command where DC/OS' integration tests are, as root, with the variables that they need; see `Node.run`.

        It runs on `node`, by default the master with the lowest address. `env` wins over the variables, and on
        Enterprise has to give `DCOS_LOGIN_UNAME` and `DCOS_LOGIN_PW`.
        """
        node = node or min(self.masters, key=lambda master: master.private_ip_address, default=None)
        if node is None:
            raise NodeNotFoundError("There is no master to run it on.")
        variables = test_variables(self._addresses(), str(node.private_ip_address))
        return node.run(
            in_test_environment(args),
            env={**variables, **(env or {})},
            output=output,
            tty=tty,
            transport=transport,
            sudo=True,
        )

    # The end

    def destroy_node(self, node: Node) -> None:
        """Remove a node; DC/OS on the others is not told."""
        manager = self._made_by_us("destroy")
        node.close()
        manager.destroy_node(node)

    def destroy(self) -> None:
        """Remove the cluster with all that belongs to it."""
        manager = self._made_by_us("destroy")
        self._close_nodes()
        manager.destroy()
        self._is_destroyed = True

    def close(self) -> None:
        """Close all connections to the nodes, and leave these as they are."""
        self._close_nodes()
        if callable(close := getattr(self._manager, "close", None)):  # for what it has beside its nodes
            close()

    # Within

    def _close_nodes(self) -> None:
        for node in self.masters | self.agents | self.public_agents:
            node.close()

    def _made_by_us(self, doing: str) -> ClusterManager:
        if isinstance(self._manager, ExistingNodes):
            raise ExistingNodesError(
                f"We did not make these nodes, so we cannot {doing} them.",
                hint="Do it with what they were made with; a cluster from Cluster(…) can do all of this.",
            )
        return self._manager

    def _by_role(self) -> dict[Role, list[Node]]:
        groups = {Role.MASTER: self.masters, Role.AGENT: self.agents, Role.PUBLIC_AGENT: self.public_agents}
        return {role: sorted(nodes, key=lambda node: node.private_ip_address) for role, nodes in groups.items()}

    def _addresses(self) -> dict[Role, list[str]]:
        return {role: [str(node.private_ip_address) for node in nodes] for role, nodes in self._by_role().items()}

    def _members(self, cancellation: Cancellation) -> list[Member]:
        return [node.member(role, cancellation) for role, nodes in self._by_role().items() for node in nodes]

    def _wait(self, login: Login | None, *, http_checks: bool, timeout: float) -> None:
        def work(cancellation: Cancellation) -> None:
            title = f'the cluster "{self.cluster_id}"' if self.cluster_id else "these nodes"
            wanted = Readiness(title, self._members(cancellation), cancellation, login, http_checks)
            with explained():
                wait_for_dcos(wanted, Logged(), timeout=timeout)

        interruptible(work)

    def _from_path(self, step: Step, path: Path, given: _Given) -> None:
        self._made_by_us(f"{step.__name__} DC/OS on")
        installer = read_installer(path)
        interruptible(lambda cancellation: self._take(step, installer, given, cancellation))

    def _from_url(self, step: Step, url: str, given: _Given) -> None:
        self._made_by_us(f"{step.__name__} DC/OS on")
        workspace: Path | None = getattr(self._backend, "workspace_dir", None)

        def work(cancellation: Cancellation) -> None:
            with downloaded(url, workspace, cancellation, given.progress) as path:
                self._take(step, read_installer(path), given, cancellation)

        interruptible(work)

    def _take(self, step: Step, installer: Installer, given: _Given, cancellation: Cancellation) -> None:
        """Take a step of `lifecycle.install`."""
        assert self._backend
        ip_detect = given.ip_detect_path or self._backend.ip_detect_path

        def configure(variant: Callable[[], DCOSVariant]) -> Configuration:
            if given.config is not None:
                return Configuration(given.config, ip_detect, given.files)
            return Configuration({**self.base_config, **variant_settings(variant())}, ip_detect, given.files)

        bootstrap = self._manager.bootstrap_node if isinstance(self._manager, HasBootstrapNode) else None
        with explained():
            step(Nodes(self._members(cancellation), cancellation, bootstrap), installer, configure, given.progress)
