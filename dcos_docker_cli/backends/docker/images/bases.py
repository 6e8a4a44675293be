"""What a node image is built on: an image that the engine has, one from a registry, or a root file system.

Debian's, where no registry can be reached, is made with mmdebstrap on this machine. The rest of the build is the same.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker.images.descriptions import DESCRIPTIONS
from dcos_docker_cli.backends.docker.images.lock import only_one
from dcos_docker_cli.backends.docker.images.tags import remove_nameless
from dcos_docker_cli.exceptions import EngineError, EngineNotFoundError, ImageError
from dcos_docker_cli.labels import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.distributions import Distribution
    from dcos_docker_cli.progress import Progress

REPOSITORY = "dcos-docker/base"
CHUNK = 1 << 20
UNREAD = ("doc", "man", "locale", "info", "lintian")
"""What is below /usr/share that nobody reads on a node."""
MERGED_FROM_THE_START = Path("/usr/share/mmdebstrap/hooks/merged-usr")
GIVEN = "or give what is to be built on: dcos-docker image build --base-image REF or --base-rootfs TAR"
MMDEBSTRAP_SECONDS = 1800
ELSEWHERE = "or, on a machine where it can be built, dcos-docker image export, and here dcos-docker image import."


@dataclass(frozen=True)
class Base:
    """An image to build on, and in words where it is from."""

    image: str
    origin: str


@contextmanager
def base_for(
    engine: Engine,
    distribution: Distribution,
    progress: Progress,
    *,
    image: str = "",
    rootfs: Path | None = None,
    package_mirror: str = "",
    fresh: bool = False,
) -> Iterator[Base]:
    """Have the base within the block: the image or root file system that is given, else what can be had.

    With `fresh` what we have made ourselves is not used again. What was brought to the engine for it goes again when
    the block fails.
    """
    candidates = [*DESCRIPTIONS[distribution].bases, *([] if fresh else [_own(distribution)])]
    present = _present(engine, [image] if image else [] if rootfs else candidates)
    if present:
        yield Base(present, present)
        return
    if rootfs:
        # It has a name while it is built on: so what is left by who was killed can be told from what users have built.
        origin = _named(rootfs)
        base = Base(_imported(engine, rootfs, f"{_own(distribution)}-{secrets.token_hex(6)}", progress), origin)
    elif image:
        base = _given(engine, image, progress)
    else:
        with only_one(engine, _own(distribution), progress):
            present = _present(engine, candidates)  # another build may have had it meanwhile
            base = Base(present, present) if present else _had(engine, distribution, package_mirror, progress)
    try:
        yield base
    except BaseException:
        with engine.cancellation.shielded(), suppress(EngineError):  # others may use it by now
            engine.remove_image(base.image)
        raise
    if rootfs:
        with engine.cancellation.shielded(), suppress(EngineError):  # the name goes: the node image is built on it
            engine.remove_image(base.image)


def _own(distribution: Distribution) -> str:
    return f"{REPOSITORY}:{distribution.value}"


def _present(engine: Engine, names: list[str]) -> str:
    return next((name for name in names if _is_there(engine, name)), "")


def _is_there(engine: Engine, name: str) -> bool:
    try:
        engine.inspect_image(name)  # type: ignore[no-untyped-call]
    except EngineNotFoundError:
        return False
    return True


def _had(engine: Engine, distribution: Distribution, package_mirror: str, progress: Progress) -> Base:
    """Pull the base, or make it."""
    description = DESCRIPTIONS[distribution]
    if not description.bases:
        raise ImageError(
            f"There is no image of {distribution.value} in registries to build nodes on.",
            hint=f"Give its container root: dcos-docker image build --linux-distribution {distribution.value} "
            "--base-rootfs TAR",
        )
    try:
        return _pulled(engine, description.bases[0], progress)
    except EngineError as error:
        is_debian = description.os_release.startswith("debian ")
        if not is_debian or not shutil.which("mmdebstrap"):
            raise _no_base(distribution, error, is_debian=is_debian) from error
        progress.detail(error.message)
    command = _mmdebstrap(description.suite, package_mirror)
    title = f"No registry answers: making a Debian base with mmdebstrap as {_own(distribution)} (some 15 s)"
    before = engine.images(_own(distribution))
    _import(engine, _output(engine, command), _own(distribution), title, progress)
    with engine.cancellation.shielded():
        for old in before:
            with suppress(EngineError):  # it goes with the images that are built on it
                remove_nameless(engine, old["Id"])
    return Base(_own(distribution), f"mmdebstrap {description.suite}")


def _mmdebstrap(suite: str, package_mirror: str) -> list[str]:
    """Return the command that writes a root file system to its output."""
    options = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in UNREAD]
    if suite == "bookworm" and MERGED_FROM_THE_START.is_dir():
        # Or it would get what merges it later, and for that perl, of 60 MB.
        options += [f"--hook-dir={MERGED_FROM_THE_START}", "--include=usr-is-merged,usrmerge-"]
    mirror = [package_mirror] if package_mirror else []
    limited = ["timeout", str(MMDEBSTRAP_SECONDS), "mmdebstrap"]
    return [*limited, "--quiet", "--variant=minbase", "--format=tar", *options, suite, "-", *mirror]


def _no_base(distribution: Distribution, error: EngineError, *, is_debian: bool) -> ImageError:
    making = ", or install mmdebstrap on this machine (apt-get install mmdebstrap) to make one from Debian's packages"
    return ImageError(
        f"The engine has no image of {distribution.value} to build nodes on, and cannot pull "
        f"{DESCRIPTIONS[distribution].bases[0]}.",
        hint=f"Let the engine reach a registry, {GIVEN}{making if is_debian else ''}; {ELSEWHERE}",
        details=[error.message],
    )


def _pulled(engine: Engine, image: str, progress: Progress) -> Base:
    name, _, tag = image.rpartition(":")
    if not name or "/" in tag or "@" in image:
        name, tag = image, "" if "@" in image else "latest"
    with progress.step(f"Pulling {image}"):
        parameters = {"fromImage": name, **({"tag": tag} if tag else {})}
        for message in engine.stream_json("/images/create", params=parameters):
            progress.detail(str(message.get("status", "")))
    return Base(image, image)


def _given(engine: Engine, image: str, progress: Progress) -> Base:
    try:
        return _pulled(engine, image, progress)
    except EngineError as error:
        raise ImageError(
            f"The engine has no image {image}, and cannot pull it.",
            hint="Let the engine reach its registry, or give a root file system: dcos-docker image build --base-rootfs "
            "TAR",
            details=[error.message],
        ) from error


def _imported(engine: Engine, rootfs: Path, name: str, progress: Progress) -> str:
    try:
        return _import(engine, _chunks(rootfs), name, f"Importing {rootfs.name}", progress)
    except EngineError as error:
        raise ImageError(
            f"The engine cannot read {rootfs} to its end.",
            hint="It is cut off, or no tar that engines know: make it again, or give it without compression.",
            details=[error.message],
        ) from error


def _import(engine: Engine, chunks: Iterable[bytes], name: str, title: str, progress: Progress) -> str:
    """Make an image of a root file system; return its name."""
    # The tag is in the name, for some Podman (4.3) does not see it elsewhere.
    parameters = {"fromSrc": "-", "repo": name, "changes": labels.instructions(Kind.IMAGE)}
    with progress.step(title), ExitStack() as stack:
        for _ in engine.stream_json("/images/create", params=parameters, data=_then_shielded(engine, chunks, stack)):
            pass
    return name


def _then_shielded(engine: Engine, chunks: Iterable[bytes], stack: ExitStack) -> Iterator[bytes]:
    """Yield the chunks; after the last, wait for the engine's answer although interrupted.

    For it makes the image then, whether we wait or not, and would after we have looked for what is to be removed.
    """
    yield from chunks
    stack.enter_context(engine.cancellation.shielded())


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _named(rootfs: Path) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(rootfs):
        digest.update(chunk)
    return f"{rootfs.name} (SHA-256 {digest.hexdigest()[:12]})"


def _output(engine: Engine, command: list[str]) -> Iterator[bytes]:
    """Yield what a program writes, as it does."""
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, start_new_session=True) as process,
    ):
        try:
            with engine.cancellation.closing(process.terminate):
                while process.stdout and (chunk := process.stdout.read(CHUNK)):
                    yield chunk
        except BaseException:
            process.terminate()
            raise
        if process.wait() != 0:
            errors.seek(0)
            raise ImageError(
                f"mmdebstrap failed with status {process.returncode}.",
                hint=f"This machine must reach Debian's packages: check network and proxy; {GIVEN}; {ELSEWHERE}",
                details=errors.read().decode(errors="replace").splitlines()[-20:],
            )
