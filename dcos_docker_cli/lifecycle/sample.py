"""Write a sample installer."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import DcosDockerError, UsageError
from dcos_docker_cli.lifecycle.temporary import told_when_full
from dcos_docker_cli.sample.installer import check_version, write_sample_installer

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.model import DCOSVariant
    from dcos_docker_cli.progress import Progress

RUNTIME_CONTEXT = Path(__file__).parent.parent / "sample" / "runtime"
RUNTIME_DIRECTORY = "/runtime"


def check_target(path: Path, name: str = "dcos_generate_config.sh") -> None:
    """Raise `UsageError` when no file can be written there. `name` is what it could be called."""
    try:
        is_directory, has_parent = path.is_dir(), path.parent.is_dir()
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error
    if is_directory:
        raise UsageError(f"{path} is a directory.", hint=f"Name a file in it: {path / name}")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is not a file.")
    if not has_parent:
        hint = "" if path.parent.exists() else f"mkdir -p {path.parent}"
        raise UsageError(f"There is no directory {path.parent}.", hint=hint)
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"You may not write into {path.parent}.")


def write_sample(host: DockerHost, path: Path, *, variant: DCOSVariant, dcos_version: str, progress: Progress) -> None:
    """Write a sample installer to `path`, replacing a file that is there; an interrupted run leaves it as it was."""
    check_target(path)
    check_version(dcos_version)
    with tempfile.TemporaryFile() as runtime:
        write = told_when_full(runtime)
        with host.image_files(RUNTIME_CONTEXT, RUNTIME_DIRECTORY, progress) as chunks:
            for chunk in chunks:
                write(chunk)
        host.cancellation.check()  # not within: the engine removes no container that it still reads from
        runtime.seek(0)
        try:
            with progress.step(f"Writing {path}"):
                write_sample_installer(path, runtime=runtime, variant=variant.value, dcos_version=dcos_version)
        except OSError as error:
            raise DcosDockerError(f"{path} could not be written: {error.strerror or error}.") from error
