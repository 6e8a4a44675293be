"""Installing and upgrading a single node by itself: the installer runs on the node that it is for."""

from __future__ import annotations

import dataclasses
import json
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dcos_docker_cli.dcos.build_info import build_info
from dcos_docker_cli.dcos.genconf import SCRIPT_NAME, Genconf
from dcos_docker_cli.dcos.install import install_node, upgrade_node
from dcos_docker_cli.transports.base import check, run
from dcos_docker_cli.transports.sending import send

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
KEEP_SERVED = """
find "$1" -mindepth 1 -maxdepth 1 ! -name genconf -exec rm -rf {} +
find "$1/genconf" -mindepth 1 -maxdepth 1 ! -name serve -exec rm -rf {} +
"""
"""The configuration goes too: it may have passwords and the licence key in it."""
DOWNLOAD = (
    "curl --fail --silent --show-error --location --retry 3 --connect-timeout 30 --speed-limit 1 --speed-time 60 "
    "--create-dirs --output"
)


def from_path(path: Path) -> Bring:
    """Bring an installer from this machine."""
    return lambda member, target: send(member.transport, path.resolve(), target)


def from_url(url: str) -> Bring:
    """Have the node download the installer with its curl."""
    script = f'exec {DOWNLOAD} "$1" --config -'
    # On its input: a login or token that is in it is not to be in the list of processes.
    settings = f"url = {json.dumps(url, ensure_ascii=False)}\n".encode()

    def download(member: Member, target: str) -> None:
        doing = f"Downloading {url} on {member.name}"
        check(member.transport, ["sh", "-c", script, "sh", target], doing=doing, stdin=settings)

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
    """Have the installer on the node within the block; of what it makes, `genconf/serve` stays."""
    directory = f"{PARENT}/{secrets.token_hex(4)}"
    try:
        bring(member, f"{directory}/{SCRIPT_NAME}")
        yield Genconf(member.transport, progress, directory)
    finally:
        run(member.transport, ["sh", "-c", KEEP_SERVED, "sh", directory])
