"""What a node image is made of: a script, files, and the configuration of its containers. Pure: no engine is needed."""

from __future__ import annotations

import hashlib
import io
import json
import shlex
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker.images.descriptions import DESCRIPTIONS, PROGRAMS, Description, Family
from dcos_docker_cli.backends.docker.images.docker_builds import BUILDS, static_build
from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.docker_versions import DockerVersion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HERE = Path(__file__).parent
REPOSITORY = "dcos-docker/node"
DIGITS = 12
"""How much of its content's digest an image has in its tag."""
INIT = ("/lib/systemd/systemd", "systemd.legacy_systemd_cgroup_controller=1")
"""On a cgroup v1 host that has not mounted cgroup2 beside it, systemd would mount it itself and follow its processes
there. The engine has not put containers into groups of their own in that one: nodes would remove each other's groups,
and a few services in a hundred would fail with 219/CGROUP. On a v2 host the option changes nothing."""
STOP_SIGNAL = "SIGRTMIN+3"
"""On which systemd shuts its node down."""
FORCED_V1 = ("systemd.unified_cgroup_hierarchy=0", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1")
"""With these a systemd of 256 or 257 boots on cgroup v1, which it otherwise refuses."""


@dataclass(frozen=True)
class Recipe:
    """How to make an image. `changes` are instructions of a Dockerfile; `static` is the Docker that is put into it."""

    tag: str
    digest: str
    script: bytes
    files: tuple[tuple[str, bytes], ...]
    changes: tuple[str, ...]
    labels: Mapping[str, str]
    static: DockerVersion | None = None
    stop_signal: str = "SIGTERM"


def node_image(
    distribution: Distribution = Distribution.DEBIAN_12, version: DockerVersion = DockerVersion.DISTRIBUTION
) -> str:
    """Return the tag of the node image, which says of which content it is made."""
    return node_recipe(distribution, version).tag


def node_recipe(distribution: Distribution, version: DockerVersion = DockerVersion.DISTRIBUTION) -> Recipe:
    """Return how to make the node image of a distribution and a Docker. Its tag says of which content it is made."""
    description = DESCRIPTIONS[distribution]
    static = static_build(distribution, version)
    script = _script(distribution, description, static)
    files = tuple(files_below(HERE / "rootfs"))
    changes = (
        f"CMD {json.dumps(INIT)}",
        f"ENV container=docker LANG={description.locale}",
    )
    number = BUILDS[static].number if static else ""
    settled = "\n".join([*changes, STOP_SIGNAL, number])
    digest = content_digest([("build.sh", script), ("settled", settled.encode()), *files])
    docker = "" if version is DockerVersion.DISTRIBUTION else f"-docker-{version.value}"
    return Recipe(
        tag=f"{REPOSITORY}:{distribution.value}{docker}-{digest[:DIGITS]}",
        digest=digest,
        script=script,
        files=files,
        changes=changes,
        labels={labels.DISTRIBUTION_KEY: distribution.value, labels.DOCKER_VERSION_KEY: version.value},
        static=static,
        stop_signal=STOP_SIGNAL,
    )


def _script(distribution: Distribution, description: Description, static: DockerVersion | None) -> bytes:
    variables = {
        "DISTRIBUTION": distribution.value,
        "OS_RELEASE": description.os_release,
        "PACKAGES": " ".join([*description.packages, *(() if static else description.docker_packages)]),
        "SUITE": description.suite,
        "COMPONENTS": description.components,
        "VAULT": description.vault,
        "MIRROR_LIST": description.mirror_list,
        "BASE_URL": description.base_url,
        "PLACE": description.place,
        "PROGRAMS": " ".join(PROGRAMS),
        "DOCKER": static.value if static else "",
        "SSHD": description.sshd,
    }
    wanted = {
        Family.APT: ("SUITE", "COMPONENTS", "PACKAGES"),
        Family.RPM: ("VAULT", "MIRROR_LIST", "BASE_URL", "PLACE", "PACKAGES"),
        Family.VENDOR: ("PROGRAMS",),
    }[description.family]
    used = ("DISTRIBUTION", "OS_RELEASE", *wanted, *(("DOCKER",) if static else ()), "SSHD")
    head = "".join(f"{name}={shlex.quote(variables[name])}\n" for name in used)
    parts = ("begin", description.family.value, *(("docker",) if static else ()), "end")
    texts = [(HERE / "scripts" / f"{part}.sh").read_text(encoding="utf-8") for part in parts]
    return "\n".join(["#!/bin/sh", head, *texts]).encode()


def content_digest(files: Sequence[tuple[str, bytes]]) -> str:
    """Return a digest of paths and contents."""
    digest = hashlib.sha256()
    for name, content in files:
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def files_below(directory: Path) -> list[tuple[str, bytes]]:
    """Return the paths and contents of a directory's files, in order, without what Python leaves beside its modules."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return [(path.relative_to(directory).as_posix(), path.read_bytes()) for path in paths]


def archive(files: Sequence[tuple[str, bytes]]) -> bytes:
    """Pack files as root's, and executable when they are scripts, however this program was installed."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755 if content.startswith(b"#!") else 0o644
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
