"""The packages that a node gets, as files: what is in the image, arranged for ``/opt/mesosphere``.

bootstrap, dcos-integration-test, dcos-sample, python   the same for every cluster, all in the bootstrap tarball
dcos-config--setup_…                                    the cluster's own
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import os
import re
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .config import located

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGE = Path("/opt/genconf")
INSTALL = "/opt/mesosphere"
PYTHON = "lib/python3.11/site-packages"
NAMES = ("bootstrap", "dcos-integration-test", "dcos-metadata", "dcos-sample", "python")


class File(NamedTuple):
    """A file of a package, or of the bootstrap tarball."""

    path: str
    data: bytes
    mode: int = 0o644


class Release(NamedTuple):
    """What this installer installs."""

    version: str
    variant: str
    image_commit: str
    bootstrap_id: str

    @property
    def enterprise(self) -> bool:
        """Whether it stands in for DC/OS Enterprise."""
        return self.variant == "ee"

    @property
    def number(self) -> tuple[int, ...]:
        """The version's first two numbers."""
        return tuple(int(part) for part in re.findall(r"\d+", self.version)[:2])

    def package_ids(self) -> list[str]:
        """Return the fixed packages."""
        return [f"{name}--{self.bootstrap_id}" for name in NAMES]

    def version_file(self) -> dict[str, str]:
        """Return what ``dcos-version.json`` says; it tells the variant from 1.12 on."""
        known = {
            "version": self.version,
            "dcos-image-commit": self.image_commit,
            "bootstrap-id": self.bootstrap_id,
        }
        variant = {"dcos-variant": "enterprise" if self.enterprise else "open"}
        return {**known, **(variant if self.number >= (1, 12) else {})}

    def check_program(self) -> str:
        """Return the program that tells a node's health in this version."""
        if self.number >= (1, 12):
            return "dcos-check-runner"
        return "dcos-diagnostics" if self.number >= (1, 10) else "3dt"


def release() -> Release:
    """Return what was written into the image."""
    return Release(**json.loads((IMAGE / "release.json").read_text()))


def tree(directory: Path, target: str) -> Iterator[File]:
    """Every file below a directory."""
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            mode = 0o755 if os.access(path, os.X_OK) else 0o644
            yield File(f"{target}/{path.relative_to(directory)}", path.read_bytes(), mode)


def fill(template: str, **values: str) -> str:
    """Put values in the place of ``{{name}}``."""
    for name, value in values.items():
        template = template.replace("{{" + name + "}}", value)
    return template


def bootstrap_files(made: Release) -> list[File]:
    """All of the bootstrap tarball, relative to ``/opt/mesosphere``."""
    places = {name: f"packages/{name}--{made.bootstrap_id}" for name in NAMES}
    sample, python = places["dcos-sample"], places["python"]
    # Python takes the last one for itself (sys.executable), and looks for its modules from there.
    interpreters = ("bin/python3", "bin/python", "runtime/bin/python3")
    return [
        *(file for name in NAMES for file in tree(IMAGE / "packages" / name, places[name])),
        *tree(IMAGE / "runtime", f"{python}/runtime"),
        *tree(IMAGE / "lib/payload/dcos_sample", f"{sample}/{PYTHON}/dcos_sample"),
        *(File(f"{python}/{path}", filled("templates/python3", made), 0o755) for path in interpreters),
        File(f"{sample}/bin/{made.check_program()}", filled("templates/check", made), 0o755),
        File(f"{places['dcos-metadata']}/etc/dcos-version.json", json.dumps(made.version_file()).encode()),
        *tree(IMAGE / "templates/node", "."),
        File("bootstrap", filled("templates/bootstrap", made), 0o755),
    ]


def filled(path: str, made: Release) -> bytes:
    """Return a script of the image with the places of the packages that it uses."""
    ids = {name.removeprefix("dcos-"): f"{name}--{made.bootstrap_id}" for name in ("python", "dcos-sample")}
    return fill((IMAGE / path).read_text(), install=INSTALL, **ids).encode()


def config_files(config: dict[str, str], user: str, genconf: Path) -> list[File]:
    """Return the cluster's own package, from the directory that has ip-detect and the CA's certificate."""
    files = [
        File("etc/expanded.config.full.json", json.dumps(config, indent=2, sort_keys=True).encode(), 0o600),
        File("etc/user.config.full.yaml", user.encode(), 0o600),
        File("etc/bootstrap-config.json", json.dumps({"ssl_enabled": False}).encode()),
        File("bin/detect_ip", located(genconf, config["ip_detect_filename"]).read_bytes(), 0o755),
    ]
    if config["dcos_variant"] == "enterprise" and "ca_certificate_path" in config:
        files.append(File("etc/dcos-ca.crt", located(genconf, config["ca_certificate_path"]).read_bytes()))
    return files


def config_id(files: list[File]) -> str:
    """Return the id of the cluster's own package: it changes when the configuration does."""
    digest = hashlib.sha256(repr(files).encode()).hexdigest()
    return f"dcos-config--setup_{digest[:40]}"


def tarball(files: list[File]) -> bytes:
    """Return a .tar.xz. The fastest preset: nodes wait for this, and the file does not travel far."""
    stream = io.BytesIO()
    with lzma.open(stream, "w", preset=0) as packed, tarfile.open(fileobj=packed, mode="w|") as archive:
        for file in files:
            info = tarfile.TarInfo(file.path)
            info.size, info.mode = len(file.data), file.mode
            archive.addfile(info, io.BytesIO(file.data))
    return stream.getvalue()
