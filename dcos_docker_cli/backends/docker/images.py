"""The node image: found by the content of what it is made of, else built.

The build starts from a Debian base. It is taken from the engine, from a registry, or, where no registry can be
reached, made with mmdebstrap on this machine; the rest of the build is the same for all three.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli import labels
from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.exceptions import EngineError, ImageError
from dcos_docker_cli.labels import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.progress import Progress

CONTEXT = Path(__file__).parent / "node_image"
REPOSITORY = "dcos-docker/node"
BASE_REPOSITORY = "dcos-docker/base"


@dataclass(frozen=True)
class Base:
    """The image that nodes of a distribution are built on: in a registry, or made from packages."""

    suite: str
    pulled: str
    others: tuple[str, ...]
    own: str

    @property
    def present(self) -> tuple[str, ...]:
        """The images that do when they are on the engine already."""
        return (self.pulled, *self.others, self.own)


def _debian(number: int, suite: str) -> Base:
    others = (f"debian:{number}-slim", f"debian:{suite}", f"debian:{number}")
    return Base(suite, f"debian:{suite}-slim", others, f"{BASE_REPOSITORY}:debian-{number}")


BASES = {
    Distribution.DEBIAN_11: _debian(11, "bullseye"),
    Distribution.DEBIAN_12: _debian(12, "bookworm"),
}


def node_image(distribution: Distribution = Distribution.DEBIAN_12) -> str:
    """Return the tag of the node image, which says of which content it is made."""
    return f"{REPOSITORY}:{distribution.value}-{content_digest(CONTEXT)[:12]}"


def content_digest(directory: Path) -> str:
    """Return a digest of the files of a directory: their paths and contents."""
    digest = hashlib.sha256()
    for name, content in _files(directory):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def ensure_node_image(engine: Engine, progress: Progress, distribution: Distribution = Distribution.DEBIAN_12) -> str:
    """Return the tag of the node image, which is built if the engine does not have it."""
    tag = node_image(distribution)
    if not exists(engine, tag):
        base = _ensure_base(engine, BASES[distribution], progress)
        with progress.step(f"Building the node image {tag} (on first use, about half a minute)"):
            build(engine, CONTEXT, tag, base=base, progress=progress)
    return tag


def exists(engine: Engine, tag: str) -> bool:
    """Whether the engine has an image."""
    return bool(engine.images(tag))


def build(engine: Engine, directory: Path, tag: str, *, base: str, progress: Progress) -> None:
    """Build a labelled image from a directory whose Dockerfile takes the build argument BASE."""
    image_labels = {**labels.common(Kind.IMAGE), labels.CONTENT_KEY: content_digest(directory)}
    parameters = {
        "t": tag,
        "rm": "1",
        "forcerm": "1",
        "buildargs": json.dumps({"BASE": base}),
        "labels": json.dumps(image_labels),
    }
    output: list[str] = []
    try:
        for message in engine.stream_json(
            "/build", params=parameters, data=_archive(directory), headers={"Content-Type": "application/x-tar"}
        ):
            for line in str(message.get("stream", "")).splitlines():
                output.append(line)
                progress.detail(line)
    except EngineError as error:
        raise ImageError(
            f"The image {tag} could not be built: {error.message}",
            hint="Containers must reach the Debian package mirrors: check the network, the proxy, and `docker info`.",
            details=output[-20:],
        ) from error


def _archive(directory: Path) -> bytes:
    """Pack a build context as root's files with fixed times."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in _files(directory):
            member = tarfile.TarInfo(name)
            # Not the mode that the file has here, which depends on how this program was installed.
            member.size, member.mode = len(content), 0o755 if content.startswith(b"#!") else 0o644
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _files(directory: Path) -> list[tuple[str, bytes]]:
    """Return the paths and contents of a build context, in order, without what Python leaves beside its modules."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return [(path.relative_to(directory).as_posix(), path.read_bytes()) for path in paths]


def _ensure_base(engine: Engine, base: Base, progress: Progress) -> str:
    for name in base.present:
        if exists(engine, name):
            return name
    try:
        with progress.step(f"Pulling {base.pulled}"):
            repository, _, tag = base.pulled.partition(":")
            for message in engine.stream_json("/images/create", params={"fromImage": repository, "tag": tag}):
                progress.detail(str(message.get("status", "")))
    except EngineError as error:
        return _make_base(engine, base, progress, why_not_pulled=error.message)
    return base.pulled


def _make_base(engine: Engine, base: Base, progress: Progress, *, why_not_pulled: str) -> str:
    """Make the base with mmdebstrap and import it."""
    progress.detail(why_not_pulled)
    if not shutil.which("mmdebstrap"):
        raise ImageError(
            f"The engine has no Debian image to build nodes from, and cannot pull {base.pulled}.",
            hint=f"Let the engine reach a registry; or `docker load` {base.pulled} into it; "
            "or install mmdebstrap on this machine (apt-get install mmdebstrap) to make one from Debian's packages.",
            details=[why_not_pulled],
        )
    name = base.own
    changes = [f"LABEL {key}={json.dumps(value)}" for key, value in labels.common(Kind.IMAGE).items()]
    with progress.step(f"No registry answers: making a Debian base with mmdebstrap as {name} (some 15 s)"):
        repository, _, tag = name.partition(":")
        parameters = {"fromSrc": "-", "repo": repository, "tag": tag, "changes": changes}
        for _ in engine.stream_json(
            "/images/create", params=parameters, data=_mmdebstrap(engine, base.suite, progress)
        ):
            pass
    return name


def _mmdebstrap(engine: Engine, suite: str, progress: Progress) -> Iterator[bytes]:
    """Yield a root file system as a tar, while mmdebstrap makes it."""
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--format=tar", suite, "-"]
    progress.detail(" ".join(command))
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, start_new_session=True) as process,
    ):
        try:
            with engine.cancellation.closing(process.terminate):
                while process.stdout and (chunk := process.stdout.read(1 << 20)):
                    yield chunk
        except BaseException:
            process.terminate()
            raise
        if process.wait() != 0:
            errors.seek(0)
            raise ImageError(
                f"mmdebstrap failed with status {process.returncode}.",
                hint="This machine must reach the Debian package mirrors.",
                details=errors.read().decode(errors="replace").splitlines()[-20:],
            )
