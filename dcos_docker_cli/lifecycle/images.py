"""Node images: built, written to a file, read from one, removed."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from dcos_docker_cli.backends.docker.images.archives import opened
from dcos_docker_cli.backends.docker.images.recipe import REPOSITORY
from dcos_docker_cli.exceptions import DcosDockerError, UsageError
from dcos_docker_cli.lifecycle.destroy import each
from dcos_docker_cli.lifecycle.sample import check_target
from dcos_docker_cli.lifecycle.temporary import told_when_full

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Callable, Iterable, Iterator

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.backends.docker.images.sources import Sources
    from dcos_docker_cli.distributions import Distribution
    from dcos_docker_cli.docker_versions import DockerVersion
    from dcos_docker_cli.progress import Amount, Progress

CHUNK = 1 << 20
COMPRESSED = (".gz", ".tgz")
WHERE_FROM = "Make one where there is a node image: dcos-docker image export FILE"


def build_image(
    host: DockerHost,
    distribution: Distribution,
    docker_version: DockerVersion,
    sources: Sources,
    progress: Progress,
    *,
    force: bool = False,
) -> str:
    """Have a node image; return its tag. One that is there is built anew only with `force`."""
    sources.check(distribution, docker_version)
    return host.build_image(distribution, docker_version, sources, progress, force=force)


def export_image(host: DockerHost, tag: str, path: Path, progress: Progress) -> None:
    """Write a node image to a file, all of it or nothing, and compressed when the file is called so."""
    path = path.resolve()  # a link stays one
    check_target(path, "node.tar")
    with (
        progress.transfer(f"Writing {tag} to {path}") as amount,
        host.exported_image(tag) as chunks,
        _whole(path) as file,
    ):
        if path.suffix not in COMPRESSED:
            _copy(chunks, file.write, amount)
            return
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0) as compressed:
            _copy(chunks, compressed.write, amount)


def export_to(host: DockerHost, tag: str, write: Callable[[bytes], object]) -> None:
    """Write a node image to a stream."""
    with host.exported_image(tag) as chunks:
        for chunk in chunks:
            write(chunk)


def _copy(chunks: Iterable[bytes], write: Callable[[bytes], object], amount: Amount) -> None:
    for chunk in chunks:
        write(chunk)
        amount.add(len(chunk))


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """Have a file that comes to be at `path` when the block is done; when it fails, what was there stays."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise DcosDockerError(f"{path} could not be written: {error.strerror or error}.") from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def import_image(host: DockerHost, path: Path, progress: Progress, *, origin: str = "") -> list[str]:
    """Read node images from a file; return their tags. Raises `UsageError` before anything when it has others.

    `origin` is what users know the file by, if not by its path.
    """
    tags = tags_in(path, origin)
    with progress.transfer(f"Reading {', '.join(tags)} from {origin or path}") as amount:
        amount.expect(path.stat().st_size)
        host.load_images(_chunks(host, path, amount), tags, progress)
    for image in host.images():
        if image.tag in tags and not image.is_current:
            progress.note(f"{image.tag} is of another version of dcos-docker: `create` makes no nodes from it.")
    return tags


def _chunks(host: DockerHost, path: Path, amount: Amount) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            host.cancellation.check()
            amount.add(len(chunk))
            yield chunk


@contextmanager
def spooled(stream: BinaryIO) -> Iterator[Path]:
    """Have what comes from a stream as a file within the block: it is looked at before the engine gets it."""
    with tempfile.NamedTemporaryFile(prefix="dcos-docker-", suffix=".tar") as file:
        write = told_when_full(file)
        while chunk := stream.read(CHUNK):
            write(chunk)
        yield Path(file.name)


def tags_in(path: Path, origin: str = "") -> list[str]:
    """Return the tags of the images in a file of `docker save`; raise `UsageError` unless all are ours."""
    with opened(path, "a file of images", WHERE_FROM, origin=origin) as tar:
        tags = _tags(tar)
    others = [tag for tag in tags if not tag.startswith(f"{REPOSITORY}:")]
    if not tags or others:
        what = f"it has {others[0]}" if others else "no node image is in it"
        raise UsageError(f"{origin or path} is not what `image export` writes: {what}.", hint=WHERE_FROM)
    return tags


def _tags(tar: tarfile.TarFile) -> list[str]:
    """Return the tags of which the file says that it has them, when all of it is there."""
    content = b"[]"
    for member in tar:
        if member.name == "manifest.json" and (file := tar.extractfile(member)):
            content = file.read()
    try:
        manifest: Any = json.loads(content)
        return [str(tag) for image in manifest for tag in image.get("RepoTags") or ()]
    except (AttributeError, TypeError, ValueError, RecursionError):
        raise ValueError("its manifest is not one of images") from None


def remove_images(host: DockerHost, names: Iterable[str], progress: Progress, on_gone: Callable[[str], object]) -> None:
    """Remove node images, going on after a failure; `on_gone` is told the tag of each that has gone."""

    def remove(name: str) -> None:
        with progress.step(f"Removing {name}"):
            tag = host.remove_image(name)
        on_gone(tag)

    each(dict.fromkeys(names), remove)
