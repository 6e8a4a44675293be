"""`dcos-docker image build`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dcos_docker_cli.backends.docker.images.sources import Sources
from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate
from dcos_docker_cli.cli.types import FILE_OR_URL
from dcos_docker_cli.lifecycle.images import build_image

if TYPE_CHECKING:
    from dcos_docker_cli.distributions import Distribution
    from dcos_docker_cli.docker_versions import DockerVersion


@click.command("build", cls=Command)
@options.linux_distribution
@options.docker_version
@click.option(
    "--base-image",
    default="",
    metavar="REF",
    help="An image to build on; pulled if the engine does not have it.  [default: the distribution's own]",
)
@click.option(
    "--base-rootfs",
    type=click.Path(path_type=Path),
    metavar="TAR",
    help="A root file system to build on, as mmdebstrap and debootstrap make it, or a vendor publishes it.",
)
@click.option("--package-mirror", default="", metavar="URL", help="Where the distribution's packages come from.")
@click.option("--docker-mirror", default="", metavar="URL", help="A server with the paths of download.docker.com.")
@click.option(
    "--docker-tarball",
    type=FILE_OR_URL,
    default="",
    metavar="FILE|URL",
    help="The static build of --docker-version, as a file or from a server of any paths.",
)
@click.option("--force", is_flag=True, help="Build it anew when it is there already.")
@options.common
def command(
    linux_distribution: Distribution,
    docker_version: DockerVersion,
    base_image: str,
    base_rootfs: Path | None,
    package_mirror: str,
    docker_mirror: str,
    docker_tarball: str,
    force: bool,
) -> None:
    """Build the image that nodes of a distribution with a Docker are made from. Prints its tag.

    It is the one that `create` looks for, whatever it was built from. Nothing is built when it is there already.

    \b
    dcos-docker image build --linux-distribution debian-11
    dcos-docker image build --base-image registry.example:5000/debian:bookworm-slim
    dcos-docker image build --base-rootfs root.tar --package-mirror http://mirror.example/debian
    dcos-docker image build --docker-version 20.10 --docker-tarball docker-20.10.24.tgz
    """  # noqa: D301
    sources = Sources(base_image, base_rootfs, package_mirror, docker_mirror, docker_tarball)
    sources.check(linux_distribution, docker_version)
    tag = operate(
        lambda host, progress: build_image(host, linux_distribution, docker_version, sources, progress, force=force)
    )
    click.echo(tag)
