"""Installing and upgrading a single node by itself: the installer runs on the node that it is for."""

from __future__ import annotations

import dataclasses
import secrets
import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dcos_docker_cli.dcos.build_info import build_info
from dcos_docker_cli.dcos.genconf import SCRIPT_NAME, Genconf
from dcos_docker_cli.dcos.install import install_node, upgrade_node
from dcos_docker_cli.transports.base import check, run
from dcos_docker_cli.transports.files import send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dcos_docker_cli.dcos.config import Configuration
    from dcos_docker_cli.dcos.member import Member
    from dcos_docker_cli.progress import Progress

    Bring = Callable[[Member, str], None]
    """Puts the installer at a path of a node."""

PARENT = "/var/lib/dcos-docker-install"
"""Its `genconf/serve` stays, for DC/OS' package manager may fetch from there later."""
DOWNLOAD = "curl --fail --silent --show-error --location --retry 3 --create-dirs --output"


def from_path(path: Path) -> Bring:
    """Bring an installer from this machine."""
    return lambda member, target: send(member.transport, path.resolve(), target)


def from_url(url: str) -> Bring:
    """Have the node download the installer with its curl."""
    script = f'exec {DOWNLOAD} "$1" -- "$2"'

    def download(member: Member, target: str) -> None:
        check(member.transport, ["sh", "-c", script, "sh", target, url], doing=f"Downloading {url} on {member.name}")

    return download


def install_itself(member: Member, bring: Bring, configuration: Configuration, progress: Progress) -> None:
    """Run the installer on the node that it is to install, and install that."""
    with _installer(member, bring, progress) as genconf:
        genconf.generate(_served_from(genconf.directory, configuration))
    install_node(member, progress, f"{genconf.directory}/genconf/serve")


def upgrade_itself(member: Member, bring: Bring, configuration: Configuration, progress: Progress) -> None:
    """Run the installer on the node that it is to upgrade, and upgrade that."""
    version = build_info(member).version
    with _installer(member, bring, progress) as genconf:
        if genconf.ask_version() == version:  # an upgrade of all nodes that failed on one is done again
            return
        script = genconf.upgrade_script(_served_from(genconf.directory, configuration), version)
    upgrade_node(member, progress, f"{genconf.directory}/genconf/serve/{script}")


def _served_from(directory: str, configuration: Configuration) -> Configuration:
    settings = {**configuration.settings, "bootstrap_url": f"file://{directory}/genconf/serve"}
    return dataclasses.replace(configuration, settings=settings)


@contextmanager
def _installer(member: Member, bring: Bring, progress: Progress) -> Iterator[Genconf]:
    """Have the installer on the node within the block; of what it makes, `genconf` stays."""
    directory = f"{PARENT}/{secrets.token_hex(4)}"
    try:
        bring(member, f"{directory}/{SCRIPT_NAME}")
        yield Genconf(member.transport, progress, directory)
    finally:
        keep = f"find {shlex.quote(directory)} -mindepth 1 -maxdepth 1 ! -name genconf -exec rm -rf {{}} +"
        run(member.transport, ["sh", "-c", keep])
