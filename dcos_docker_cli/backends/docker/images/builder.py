"""Making an image: a container runs a script, and is committed. An interrupted build leaves nothing.

As `kind` makes its node images. A Dockerfile would leave an image for each of its steps when it is interrupted, and
files that are only for the build would be in a layer.
"""

from __future__ import annotations

import os
import secrets
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker.container_removal import removed_after
from dcos_docker_cli.backends.docker.containers import create
from dcos_docker_cli.backends.docker.engine import JOB_SILENCE
from dcos_docker_cli.backends.docker.images.recipe import archive
from dcos_docker_cli.backends.docker.naming import BUILD_PREFIX
from dcos_docker_cli.exceptions import EngineError, ImageError
from dcos_docker_cli.labels import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.backends.docker.images.recipe import Recipe
    from dcos_docker_cli.progress import Progress

BUILD_DIRECTORY = "/dcos-docker-build"
PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy")
LAST_LINES = 20
UNFIT = 3
"""The script's status when what it was given is not what was wanted."""
OTHER_BASE = "Give what was asked for, or ask for what you have: dcos-docker image build --help"


@dataclass(frozen=True)
class Build:
    """What one build has beside its recipe: the image that it starts from, and where that and the packages are from."""

    base: str
    origin: str = ""
    """What the base was made from, in words, for people."""
    package_mirror: str = ""
    tarball: Path | None = None
    """A static build of Docker, of which the members are below `docker/`."""


def build(engine: Engine, recipe: Recipe, what: Build, progress: Progress) -> str:
    """Make an image and give it its tag; return its id. Raises `ImageError` with the end of what the script said."""
    container = create(engine, f"{BUILD_PREFIX}{secrets.token_hex(6)}", _config(recipe, what))
    with removed_after(engine, container):
        _send(engine, container, recipe, what)
        _run(engine, container, recipe.tag, progress)
        return _commit(engine, container, recipe, what)


def image_labels(recipe: Recipe, what: Build) -> dict[str, str]:
    """Return the labels of an image of a recipe."""
    return {
        **labels.common(Kind.IMAGE),
        labels.CONTENT_KEY: recipe.digest,
        labels.BASE_KEY: what.origin or what.base,
        **recipe.labels,
    }


def _config(recipe: Recipe, what: Build) -> dict[str, Any]:
    ours = labels.common(Kind.BUILD)
    return {
        "Image": what.base,
        "Entrypoint": [""],  # in the engine's words: none, whatever the base has
        "Cmd": ["/bin/sh", f"{BUILD_DIRECTORY}/build.sh"],
        "User": "0",
        "WorkingDir": "/",
        "StopSignal": recipe.stop_signal,  # the image has it from here: an instruction for it is not taken
        "Tty": True,  # its output in one stream, as it comes
        "Labels": ours,
        "HostConfig": {
            "Init": False,
            "LogConfig": {"Type": "json-file"},  # the engine may default to one that cannot be read
            "Mounts": [{"Type": "volume", "Target": BUILD_DIRECTORY, "VolumeOptions": {"Labels": ours}}],
        },
    }


def _send(engine: Engine, container: str, recipe: Recipe, what: Build) -> None:
    settings = _settings(os.environ, what.package_mirror)
    files = [("build.sh", recipe.script), ("settings", settings.encode())]
    files += [(f"rootfs/{name}", content) for name, content in recipe.files]
    engine.put_archive(container, BUILD_DIRECTORY, archive(files))
    if what.tarball:
        with what.tarball.open("rb") as file:
            engine.put_archive(container, BUILD_DIRECTORY, file)


def _settings(environment: Mapping[str, str], package_mirror: str) -> str:
    """Return what concerns one build alone. Proxies, which may have passwords, are so in no image."""
    lines = [f"package_mirror={shlex.quote(package_mirror.rstrip('/'))}"]
    for name in PROXIES:
        value = environment.get(name) or environment.get(name.upper())
        if value:
            lines += [f"export {variable}={shlex.quote(value)}" for variable in (name, name.upper())]
    return "\n".join(lines) + "\n"


def _run(engine: Engine, container: str, tag: str, progress: Progress) -> None:
    """Run the script; what it says goes to the progress."""
    try:
        engine.start(container)
    except EngineError as error:
        raise ImageError(
            "What was given to build on does not run: it is no root file system of Linux.",
            hint=OTHER_BASE,
            details=[error.message],
        ) from error
    said: list[str] = []
    for line in engine.lines(container):
        said = [*said[-LAST_LINES:], line]
        progress.output("build", line)
    status = int(engine.wait(container)["StatusCode"])
    engine.cancellation.check()
    if status != 0:
        raise ImageError(
            f"The image {tag} could not be built: its script ended with {status}.",
            hint=OTHER_BASE
            if status == UNFIT
            else f"Containers must reach the distribution's packages: check the network and the proxy. {OTHER_WAYS}",
            details=said[-LAST_LINES:],
        )


def _commit(engine: Engine, container: str, recipe: Recipe, what: Build) -> str:
    repository, _, tag = recipe.tag.rpartition(":")
    changes = [
        *recipe.changes,
        "USER 0",
        *(labels.instruction(key, value) for key, value in image_labels(recipe, what).items()),
    ]
    answer = engine.post(
        f"{engine.base_url}/v{engine.api_version}/commit",
        params={"container": container, "repo": repository, "tag": tag, "changes": changes},
        json={},
        timeout=JOB_SILENCE,  # it writes all that was installed
    )
    return str(answer.json()["Id"])


OTHER_WAYS = (
    "Where they cannot: dcos-docker image build --package-mirror URL, or image export on a machine where it works "
    "and image import here."
)
"""What helps on an engine that reaches nothing."""
