"""Install DC/OS on nodes that are there, or upgrade it."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcos_docker_cli.concurrency import parallel
from dcos_docker_cli.dcos.bootstrap import installer_on
from dcos_docker_cli.dcos.build_info import build_info
from dcos_docker_cli.dcos.install import install as install_from_serve
from dcos_docker_cli.dcos.install import upgrade_node
from dcos_docker_cli.dcos.self_install import from_path, install_itself, upgrade_itself
from dcos_docker_cli.exceptions import DcosDockerError, UsageError
from dcos_docker_cli.model import INSTALL_DIR, Role, count_of_nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.dcos.config import Configuration
    from dcos_docker_cli.dcos.genconf import Genconf
    from dcos_docker_cli.dcos.installer import Installer
    from dcos_docker_cli.dcos.member import Member
    from dcos_docker_cli.model import DCOSVariant
    from dcos_docker_cli.progress import Progress
    from dcos_docker_cli.transports.base import NodeTransport

    Configure = Callable[[Callable[[], DCOSVariant]], Configuration]
    """Returns what the installer is given; what it is called with tells the installer's variant, if that matters."""


@dataclass(frozen=True)
class Nodes:
    """The nodes of a cluster, and, where it has one, its bootstrap node for the installer of a digest."""

    members: Sequence[Member]
    cancellation: Cancellation
    bootstrap_node: Callable[[str, Cancellation], AbstractContextManager[NodeTransport]] | None = None

    @contextmanager
    def genconf(self, installer: Installer, progress: Progress) -> Iterator[Genconf]:
        """Have the installer ready on the bootstrap node, which there must be."""
        assert self.bootstrap_node
        with (
            self.bootstrap_node(installer.digest(), self.cancellation) as node,
            installer_on(node, installer, progress) as genconf,
        ):
            yield genconf


def install(nodes: Nodes, installer: Installer, configure: Configure, progress: Progress) -> None:
    """Install DC/OS on all nodes; raise `InstallError` for the first that fails."""
    title = f"Installing DC/OS on {count_of_nodes(nodes.members)}"
    if nodes.bootstrap_node is None:
        configuration = configure(lambda: _variant(installer))
        with progress.step(title):
            bring = from_path(installer.path)
            parallel(
                lambda member: install_itself(member, bring, configuration, progress),
                nodes.members,
                nodes.cancellation,
            )
        return
    with progress.step("Configuring DC/OS"), nodes.genconf(installer, progress) as genconf:
        genconf.generate(configure(lambda: installer.variant or genconf.ask_variant()))
    with progress.step(title):
        install_from_serve(nodes.members, nodes.cancellation, progress)


def upgrade(nodes: Nodes, installer: Installer, configure: Configure, progress: Progress) -> None:
    """Upgrade DC/OS on all nodes that do not have the installer's version yet; what DC/OS keeps on them stays.

    So one that failed can be done again. Raises `DCOSNotInstalledError` for a node without DC/OS, and `InstallError`
    for the first that fails.
    """
    infos = parallel(build_info, nodes.members, nodes.cancellation)
    versions = [info.version for info in infos]
    title = f"Upgrading DC/OS on {count_of_nodes(nodes.members)}"
    if nodes.bootstrap_node is None:
        configuration = configure(lambda: _variant(installer))
        with progress.step(title):
            bring = from_path(installer.path)
            _masters_first(nodes, lambda member: upgrade_itself(member, bring, configuration, progress))
        return
    with progress.step("Configuring DC/OS"), nodes.genconf(installer, progress) as genconf:
        configuration = configure(lambda: installer.variant or genconf.ask_variant())
        old = set(versions) - {genconf.ask_version()}
        scripts = {version: genconf.upgrade_script(configuration, version) for version in sorted(old)}
    wanted = {
        member: f"{INSTALL_DIR}/{scripts[version]}"
        for member, version in zip(nodes.members, versions, strict=True)
        if version in scripts
    }
    with progress.step(title):
        behind = dataclasses.replace(nodes, members=list(wanted))
        _masters_first(behind, lambda member: upgrade_node(member, progress, wanted[member]))


def _masters_first(nodes: Nodes, work: Callable[[Member], object]) -> None:
    """Do the masters one after the other, for a majority of them must be up, then all agents at the same time.

    When an agent fails the others are still waited for: what has begun on them would not end, and be in the way of a
    second try.
    """
    failures = []

    def attempt(member: Member) -> None:
        try:
            work(member)
        except DcosDockerError as failure:
            failures.append(failure)

    for member in nodes.members:
        if member.role is Role.MASTER:
            work(member)
    parallel(attempt, [member for member in nodes.members if member.role is not Role.MASTER], nodes.cancellation)
    if failures:
        raise failures[0]


def _variant(installer: Installer) -> DCOSVariant:
    if installer.variant is None:
        raise UsageError(f"{installer.path} does not tell its variant in its second line.", hint="Give dcos_config.")
    return installer.variant
