"""Writes a sample installer: a script, ``#EOF#``, and a tar with the image that the script runs.

The image holds, below ``/opt/genconf``::

    runtime/        the bundled Python, for the image and for the nodes
    lib/            payload.genconf, which runs in the image; payload.dcos_sample, which runs on nodes; PyYAML
    packages/       what else the packages of the nodes hold
    templates/      scripts that genconf fills in
    release.json    version, variant and ids
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tarfile
import tempfile
from pathlib import Path
from typing import BinaryIO, Literal

from dcos_docker_cli.exceptions import UsageError

from .archive import Entry, image, tar, tree

DEFAULT_VERSION = "2.1.0"
IMAGE_NAME = "mesosphere/dcos-genconf"
PAYLOAD = Path(__file__).parent / "payload"
ROOT = "opt/genconf"

Variant = Literal["oss", "enterprise"]


def write_sample_installer(path: Path, *, runtime: BinaryIO, variant: Variant, dcos_version: str) -> None:
    """Write the installer to ``path``, whole or not at all; the same arguments give the same bytes.

    ``runtime`` is a plain tar of what ``runtime/collect.py`` makes, in a directory ``runtime``. Raises ``UsageError``
    for a version that is none.
    """
    check_version(dcos_version)
    content = [*runtime_entries(runtime), *payload_entries()]
    release = make_release(content, variant=variant, version=dcos_version)
    tag = f"{release['image_commit'][:18]}-{release['bootstrap_id'][:18]}"
    head = fill_head(variant=release["variant"] or "None", version=dcos_version, tag=tag)
    saved = image(
        [*content, Entry(f"{ROOT}/release.json", json.dumps(release).encode())],
        name=IMAGE_NAME,
        tag=tag,
        architecture=architecture(content),
        config=image_config(),
    )
    write_whole(path, head + tar([Entry(f"dcos-genconf.{tag}.tar", saved)]))


def check_version(dcos_version: str) -> None:
    """Raise ``UsageError`` for what is no version."""
    if not re.fullmatch(r"\d+\.\d+(\.\d+)?[-+.\w]*", dcos_version):
        raise UsageError(f'"{dcos_version}" is not a version.', hint="A version looks like 2.1.0.")


def runtime_entries(runtime: BinaryIO) -> list[Entry]:
    """Return the bundled Python, without the times and owners that it was packed with."""
    with tarfile.open(fileobj=runtime, mode="r|") as archive:
        files = [
            Entry(f"{ROOT}/{member.name}", stream.read(), 0o755 if member.mode & 0o100 else 0o644)
            for member in archive
            if (stream := archive.extractfile(member)) is not None
        ]
    return sorted(files)


def payload_entries() -> list[Entry]:
    """Return the files of this package that go into the image, and PyYAML without its C extension."""
    import yaml

    pure_yaml = sorted(Path(yaml.__file__).parent.glob("*.py"))
    return [
        Entry(f"{ROOT}/lib/payload/__init__.py", (PAYLOAD / "__init__.py").read_bytes()),
        *tree(PAYLOAD / "genconf", f"{ROOT}/lib/payload/genconf"),
        *tree(PAYLOAD / "dcos_sample", f"{ROOT}/lib/payload/dcos_sample"),
        *(Entry(f"{ROOT}/lib/yaml/{file.name}", file.read_bytes()) for file in pure_yaml),
        *tree(PAYLOAD / "packages", f"{ROOT}/packages"),
        *tree(PAYLOAD / "templates", f"{ROOT}/templates"),
    ]


def make_release(content: list[Entry], *, variant: Variant, version: str) -> dict[str, str]:
    """Return what the image knows of itself. The ids follow from the content."""
    digest = hashlib.sha256()
    for entry in content:
        digest.update(f"{entry.path} {entry.mode} {len(entry.data)}\n".encode() + entry.data)
    image_commit = digest.hexdigest()[:40]
    bootstrap_id = hashlib.sha256(f"{image_commit} {variant} {version}".encode()).hexdigest()[:40]
    return {
        "version": version,
        "variant": "ee" if variant == "enterprise" else "",
        "image_commit": image_commit,
        "bootstrap_id": bootstrap_id,
    }


def architecture(content: list[Entry]) -> str:
    """Return the machine that the bundled Python is for, in Docker's words."""
    file = next(entry for entry in content if entry.path == f"{ROOT}/runtime/architecture")
    return file.data.decode().strip()


def image_config() -> dict[str, object]:
    """Return what runs in the image, which has no shell: Python, with its own loader and C library."""
    runtime = f"/{ROOT}/runtime"
    python = [f"{runtime}/ld.so", "--library-path", f"{runtime}/glibc", f"{runtime}/bin/python"]
    return {
        "Entrypoint": [*python, "-m", "payload.genconf"],
        "Env": [f"PYTHONPATH=/{ROOT}/lib", "PYTHONDONTWRITEBYTECODE=1"],
        "WorkingDir": "/",
    }


def fill_head(**values: str) -> bytes:
    """Return the script in front of the tar."""
    head = (PAYLOAD / "templates" / "head.sh").read_text()
    for name, value in values.items():
        head = head.replace("{{" + name + "}}", value)
    return head.encode()


def write_whole(path: Path, data: bytes) -> None:
    """Write beside ``path`` and rename: an interruption leaves what was there before."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        temporary.chmod(0o755)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
