"""Install DC/OS on nodes that are there, or upgrade it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcos_docker_cli.concurrency import parallel
from dcos_docker_cli.dcos.bootstrap import installer_on
from dcos_docker_cli.dcos.build_info import build_info
from dcos_docker_cli.dcos.install import install as install_from_serve
from dcos_docker_cli.dcos.install import upgrade as upgrade_from_serve
from dcos_docker_cli.dcos.self_install import from_path, install_itself, upgrade_itself
from dcos_docker_cli.exceptions import UsageError
from dcos_docker_cli.model import INSTALL_DIR, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.dcos.config import Configuration
    from dcos_docker_cli.dcos.installer import Installer
    from dcos_docker_cli.dcos.member import Member
    from dcos_docker_cli.model import DCOSVariant
    from dcos_docker_cli.progress import Progress
    from dcos_docker_cli.transports.base import NodeTransport

    Configure = Callable[[DCOSVariant], Configuration]
    """Returns what the installer is given, for its variant."""


@dataclass(frozen=True)
class Nodes:
    """The nodes of a cluster, and, where it has one, its bootstrap node for the installer of a digest."""

    members: Sequence[Member]
    cancellation: Cancellation
    bootstrap_node: Callable[[str, Cancellation], AbstractContextManager[NodeTransport]] | None = None

    @property
    def first_master(self) -> Member:
        """Any master."""
        return next(member for member in self.members if member.role is Role.MASTER)


def install(nodes: Nodes, installer: Installer, configure: Configure, progress: Progress) -> None:
    """Install DC/OS on all nodes; raise `InstallError` for the first that fails."""
    title = f"Installing DC/OS on {len(nodes.members)} nodes"
    if nodes.bootstrap_node is None:
        configuration = configure(_variant(installer))
        with progress.step(title):
            bring = from_path(installer.path)
            parallel(
                lambda member: install_itself(member, bring, configuration, progress),
                nodes.members,
                nodes.cancellation,
            )
        return
    with (
        progress.step("Configuring DC/OS"),
        nodes.bootstrap_node(installer.digest(), nodes.cancellation) as node,
        installer_on(node, installer, progress) as genconf,
    ):
        genconf.generate(configure(installer.variant or genconf.ask_variant()))
    with progress.step(title):
        install_from_serve(nodes.members, nodes.cancellation)


def upgrade(nodes: Nodes, installer: Installer, configure: Configure, progress: Progress) -> None:
    """Upgrade DC/OS on all nodes, masters first and one after the other; what DC/OS keeps on them stays.

    Raises `DCOSNotInstalledError` without one to upgrade, and `InstallError` for the first node that fails.
    """
    version = build_info(nodes.first_master).version
    title = f"Upgrading DC/OS on {len(nodes.members)} nodes"
    if nodes.bootstrap_node is None:
        configuration = configure(_variant(installer))
        with progress.step(title):
            for member in sorted(nodes.members, key=lambda member: member.role is not Role.MASTER):
                upgrade_itself(member, from_path(installer.path), configuration, progress)
        return
    with (
        progress.step("Configuring DC/OS"),
        nodes.bootstrap_node(installer.digest(), nodes.cancellation) as node,
        installer_on(node, installer, progress) as genconf,
    ):
        script = genconf.upgrade_script(configure(installer.variant or genconf.ask_variant()), version)
    with progress.step(title):
        upgrade_from_serve(nodes.members, f"{INSTALL_DIR}/{script}", nodes.cancellation)


def _variant(installer: Installer) -> DCOSVariant:
    if installer.variant is None:
        raise UsageError(f"{installer.path} does not tell its variant in its second line.", hint="Give dcos_config.")
    return installer.variant
