"""Which DC/OS is on a node, read from its file system: that works on a stopped node too, and takes no command on it."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.dcos.build_info import VARIANTS
from dcos_docker_cli.exceptions import EngineNotFoundError

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.model import DCOSVariant

VERSION_FILES = ("/opt/mesosphere/active/dcos-metadata/etc/dcos-version.json", "/opt/mesosphere/etc/dcos-version.json")
"""In its package, where it takes one call; and where all look for it, which is a link and takes one call more."""
LINKS = 3
"""More than so many links to it are none of DC/OS."""


@dataclass(frozen=True)
class Installed:
    """A DC/OS on a node: its version as in `2.1.0`; before 1.12 it does not tell its variant there."""

    version: str
    variant: DCOSVariant | None


def installed(engine: Engine, container: str) -> Installed | None:
    """Return which DC/OS is on a node; None when there is none, or its file makes no sense."""
    for path in VERSION_FILES:
        try:
            content = json.loads(_read(engine, container, path))
            return Installed(str(content["version"]), VARIANTS.get(content.get("dcos-variant", "")))
        except EngineNotFoundError:
            continue
        except (tarfile.TarError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
    return None


def _read(engine: Engine, container: str, path: str) -> bytes:
    """Return the content of a small file, with a call for each link on the way."""
    for _ in range(LINKS):
        chunks: Any
        chunks, about = engine.get_archive(container, path)
        archive = b"".join(chunks)
        if not about["linkTarget"]:
            break
        path = about["linkTarget"]
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        file = tar.extractfile(tar.next() or tarfile.TarInfo())
        return file.read() if file else b""
