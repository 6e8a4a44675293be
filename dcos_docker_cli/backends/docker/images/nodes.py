"""The node image of a distribution and a Docker: found by the content of what it is made of, else built."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker.images.bases import base_for
from dcos_docker_cli.backends.docker.images.builder import Build, build
from dcos_docker_cli.backends.docker.images.docker_builds import BUILDS
from dcos_docker_cli.backends.docker.images.lock import only_one
from dcos_docker_cli.backends.docker.images.recipe import node_recipe
from dcos_docker_cli.backends.docker.images.sources import NOWHERE_ELSE, Sources
from dcos_docker_cli.backends.docker.images.tags import replacing
from dcos_docker_cli.backends.docker.images.tarball import docker_tarball
from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.docker_versions import DockerVersion

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.backends.docker.images.recipe import Recipe
    from dcos_docker_cli.progress import Progress


def exists(engine: Engine, tag: str) -> bool:
    """Whether the engine has an image."""
    return bool(engine.images(tag))


def ensure_node_image(
    engine: Engine,
    progress: Progress,
    distribution: Distribution = Distribution.DEBIAN_12,
    version: DockerVersion = DockerVersion.DISTRIBUTION,
    sources: Sources = NOWHERE_ELSE,
    *,
    force: bool = False,
) -> str:
    """Return the tag of the node image, which is built if the engine does not have it, and with `force` in any case."""
    recipe = node_recipe(distribution, version)
    if not force and exists(engine, recipe.tag):
        if sources != NOWHERE_ELSE:
            progress.note(f"{recipe.tag} is there already, and nothing was built: --force builds it anew.")
        return recipe.tag
    with only_one(engine, recipe.tag, progress):
        if not force and exists(engine, recipe.tag):
            return recipe.tag  # somebody else has built it meanwhile
        with replacing(engine, [recipe.tag]):
            _build(engine, progress, distribution, recipe, sources, fresh=force)
    return recipe.tag


def _build(
    engine: Engine,
    progress: Progress,
    distribution: Distribution,
    recipe: Recipe,
    sources: Sources,
    *,
    fresh: bool,
) -> None:
    with ExitStack() as stack:
        tarball = recipe.static and stack.enter_context(
            docker_tarball(
                BUILDS[recipe.static],
                str(engine.info()["Architecture"]),
                engine.cancellation,
                progress,
                given=sources.docker_tarball,
                mirror=sources.docker_mirror,
            )
        )
        base = stack.enter_context(
            base_for(
                engine,
                distribution,
                progress,
                image=sources.base_image,
                rootfs=sources.base_rootfs,
                package_mirror=sources.package_mirror,
                fresh=fresh,
            )
        )
        with progress.step(f"Building the node image {recipe.tag} (on first use, about half a minute)"):
            build(engine, recipe, Build(base.image, base.origin, sources.package_mirror, tarball or None), progress)
