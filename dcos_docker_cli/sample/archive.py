"""Tar files and ``docker save`` archives whose bytes depend on nothing but what is put in."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import IO

# Docker shows it as the image's age; a fixed one keeps the bytes the same.
CREATED = "2020-01-01T00:00:00Z"


class Entry(NamedTuple):
    """A regular file in an archive."""

    path: str
    data: bytes
    mode: int = 0o644


def tree(directory: Path, target: str) -> list[Entry]:
    """Return the files below ``directory``, apart from what Python leaves there."""
    files = sorted(path for path in directory.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    # The mode is not read from disk: a wheel does not always keep it.
    return [
        Entry(f"{target}/{path.relative_to(directory).as_posix()}", data, mode_of(data))
        for path, data in ((path, path.read_bytes()) for path in files)
    ]


def mode_of(data: bytes) -> int:
    """Scripts can be executed."""
    return 0o755 if data.startswith(b"#!") else 0o644


def write_tar(stream: IO[bytes], entries: Iterable[Entry]) -> None:
    """Write a plain tar, with the directories that the entries need."""
    made: set[str] = set()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for entry in entries:
            parts = entry.path.split("/")[:-1]
            for directory in ("/".join(parts[: depth + 1]) for depth in range(len(parts))):
                if directory not in made:
                    made.add(directory)
                    archive.addfile(_info(directory, tarfile.DIRTYPE, 0o755))
            info = _info(entry.path, tarfile.REGTYPE, entry.mode)
            info.size = len(entry.data)
            archive.addfile(info, io.BytesIO(entry.data))


def _info(path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)  # time, user and group are 0
    info.type, info.mode = kind, mode
    return info


def tar(entries: Iterable[Entry]) -> bytes:
    """Return a plain tar in memory."""
    stream = io.BytesIO()
    write_tar(stream, entries)
    return stream.getvalue()


def image(entries: Iterable[Entry], *, name: str, tag: str, architecture: str, config: dict[str, object]) -> bytes:
    """Return a ``docker save`` archive of an image with one layer, in the layout that every engine loads.

    The layer is compressed, which ``docker load`` takes as well; its diff id is that of the uncompressed one.
    """
    layer = tar(entries)
    layer_id = hashlib.sha256(layer).hexdigest()
    described = {
        "architecture": architecture,
        "config": config,
        "created": CREATED,
        "history": [{"created": CREATED, "created_by": "dcos-docker sample-installer"}],
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_id}"]},
    }
    image_config = json.dumps(described).encode()
    config_name = f"{hashlib.sha256(image_config).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [f"{name}:{tag}"], "Layers": [f"{layer_id}/layer.tar"]}]
    return tar(
        [
            Entry(config_name, image_config),
            Entry(f"{layer_id}/VERSION", b"1.0"),
            Entry(f"{layer_id}/json", json.dumps({"id": layer_id, "created": CREATED}).encode()),
            Entry(f"{layer_id}/layer.tar", gzip.compress(layer, mtime=0)),
            Entry("manifest.json", json.dumps(manifest).encode()),
            Entry("repositories", json.dumps({name: {tag: layer_id}}).encode()),
        ]
    )
