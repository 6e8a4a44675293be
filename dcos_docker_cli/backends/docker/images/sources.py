"""Where what a node image is made of comes from, as users choose it: checked without an engine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dcos_docker_cli.backends.docker.images.archives import opened
from dcos_docker_cli.backends.docker.images.descriptions import DESCRIPTIONS, Family
from dcos_docker_cli.backends.docker.images.docker_builds import static_build
from dcos_docker_cli.backends.docker.images.tarball import check_tarball, is_url
from dcos_docker_cli.docker_versions import DockerVersion
from dcos_docker_cli.exceptions import UsageError

if TYPE_CHECKING:
    from dcos_docker_cli.distributions import Distribution


@dataclass(frozen=True)
class Sources:
    """Where what an image is made of comes from. What is empty is had from where the distribution and Docker have it.

    None of it counts for the image's tag: wherever it is from, it is the same.
    """

    base_image: str = ""
    base_rootfs: Path | None = None
    package_mirror: str = ""
    docker_mirror: str = ""
    docker_tarball: str = ""

    def check(self, distribution: Distribution, version: DockerVersion) -> None:
        """Raise `UsageError` for what cannot be, or has no part in such an image."""
        if self.base_image and self.base_rootfs:
            raise UsageError("A base is an image or a root file system, not both.")
        if self.base_image and not REFERENCE.fullmatch(self.base_image):
            raise UsageError(
                f"{self.base_image!r} is no name of an image.", hint="Write it as in: debian:bookworm-slim"
            )
        if self.base_rootfs:
            _check_rootfs(self.base_rootfs)
        for name, url in (("package", self.package_mirror), ("Docker", self.docker_mirror)):
            if url:
                _check_mirror(name, url)
        if self.package_mirror and DESCRIPTIONS[distribution].family is Family.VENDOR:
            raise UsageError(f"{distribution.value} has no packages, and so no mirror of them.")
        if (self.docker_mirror or self.docker_tarball) and not static_build(distribution, version):
            raise UsageError(
                f"A mirror or a tarball of Docker is for a static build, and nodes of {distribution.value} get the "
                "Docker of its packages.",
                hint="Say which static build it is to be instead: --docker-version "
                + "|".join(one.value for one in DockerVersion if one is not DockerVersion.DISTRIBUTION),
            )
        if "://" in self.docker_tarball and not is_url(self.docker_tarball):
            raise UsageError(
                f'"{self.docker_tarball}" cannot be downloaded.',
                hint="A URL begins with http:// or https://; a file's path has no :// in it.",
            )
        if self.docker_tarball and self.docker_mirror:
            raise UsageError("Docker comes from a mirror or a tarball, not both.")
        if is_url(self.docker_tarball):
            _check_no_password(self.docker_tarball)
        elif self.docker_tarball:
            check_tarball(Path(self.docker_tarball))


NOWHERE_ELSE = Sources()
REFERENCE = re.compile(
    r"((\w[\w.-]*|\[[\da-fA-F:]+\])(:\d+)?/)?[a-z0-9]+([._/-]+[a-z0-9]+)*(:\w[\w.-]{0,127})?(@\w+:[0-9a-fA-F]{32,})?",
    re.ASCII,
)
"""`[registry[:port]/]name[:tag][@digest]`, about as the engine reads it."""


def _check_no_password(url: str) -> None:
    """Refuse what would be shown, and stay in the image."""
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise UsageError("A URL with a password in it cannot be used: it would be shown, and stay in the image.")


def _check_mirror(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    # It goes through a shell and sed, and into the files of package managers.
    if not is_one or not url.isprintable() or set(url) & set(" '\"`$\\|&"):
        shown = url if url.isprintable() else ascii(url)[1:-1]
        raise UsageError(
            f'"{shown}" is no URL of a {name} mirror.', hint="Write it as in: https://mirror.example/debian"
        )
    _check_no_password(url)


def _check_rootfs(path: Path) -> None:
    """Look at the beginning alone: a root file system is large, and the engine reads all of it."""
    with opened(path, "a tar", "Make one: mmdebstrap bookworm root.tar", to_its_end=False) as tar:
        is_empty = tar.next() is None
    if is_empty:
        raise UsageError(f"{path} is an empty tar.")
