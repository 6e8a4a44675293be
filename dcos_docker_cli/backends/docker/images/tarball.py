"""The tarball of a static build of Docker: a file that is given, or downloaded; looked at before it is used."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker.images.archives import opened
from dcos_docker_cli.downloads.fetch import fetched
from dcos_docker_cli.exceptions import DownloadError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dcos_docker_cli.backends.docker.images.docker_builds import DockerBuild
    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.progress import Progress

FORM = "It must be one of Docker's static builds, docker-VERSION.tgz, whose files are below docker/."


def is_url(source: str) -> bool:
    """Whether it is to be downloaded."""
    return re.match(r"(https?|file)://", source) is not None


def check_tarball(path: Path, origin: str = "") -> None:
    """Raise `UsageError` for what is no whole tarball of Docker. It is read to its end.

    `origin` is what users know it by, if not by its path.
    """
    with opened(path, "a tarball", FORM, origin=origin) as tar:
        names = {member.name.removeprefix("./").rstrip("/") for member in tar}
    others = sorted(name for name in names if name.split("/")[0] != "docker" or ".." in name.split("/"))
    if "docker/docker" not in names or others:
        lacking = f"it has {others[0]}" if others else "it has no docker/docker"
        raise UsageError(f"{origin or path} is no tarball of Docker: {lacking}.", hint=FORM)


@contextmanager
def docker_tarball(
    build: DockerBuild,
    architecture: str,
    cancellation: Cancellation,
    progress: Progress,
    *,
    given: str = "",
    mirror: str = "",
) -> Iterator[Path]:
    """Have the tarball within the block: the file or URL that is given, else from the mirror or Docker's own site.

    A file has been checked before.
    """
    if given and not is_url(given):
        yield Path(given)
        return
    url = given or build.url(architecture, mirror)
    with _explained(), fetched(url, f"docker-{build.number}.tgz", None, cancellation, progress) as path:
        try:
            check_tarball(path, url)
        except UsageError as error:
            raise DownloadError(error.message, hint=FORM) from error
        yield path


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except DownloadError as error:
        error.hint = f"{error.hint} {OTHER_WAYS}".strip()
        raise


OTHER_WAYS = (
    "Give it: dcos-docker image build --docker-version VERSION --docker-tarball FILE, or a server with the paths of "
    "Docker's own: --docker-mirror URL."
)
