"""The installer that a user names: a file, or a URL."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli.dcos.installer import read_installer
from dcos_docker_cli.lifecycle.download import check_source, downloaded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.dcos.installer import Installer
    from dcos_docker_cli.progress import Progress


def is_url(source: str) -> bool:
    """Whether it is to be downloaded; raise `UsageError` for a URL that cannot be."""
    if "://" not in source:
        return False
    check_source(source)
    return True


@contextmanager
def installer_from(
    source: str,
    workspace: Path | None,
    cancellation: Cancellation,
    progress: Progress,
    *,
    first: Callable[[], object] = lambda: None,
) -> Iterator[Installer]:
    """Have the installer within the block; raise `InvalidInstallerError` when it cannot be one.

    `first` is called before a download, to refuse what could be refused without one.
    """
    if is_url(source):
        first()
        with downloaded(source, workspace, cancellation, progress) as path:
            yield read_installer(path)
    else:
        yield read_installer(Path(source))
