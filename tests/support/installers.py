"""Installers: files that only look like one, and copies of the sample that no cache knows."""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MEMBER = "dcos-genconf.0123456789abcdef01-0123456789abcdef01.tar"


def looks_whole(
    *, second_line: str = "# variant: None", member: str = MEMBER, payload: bytes = b"no image " * 1000
) -> bytes:
    """Return a file that has the form of an installer, down to the end of its tar."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        info = tarfile.TarInfo(member)
        info.size = len(payload)
        tar.addfile(info, io.BytesIO(payload))
    return f"#!/bin/bash\n{second_line}\nexit 0\n#EOF#\n".encode() + archive.getvalue()


def fresh_copy(original: Path, target: Path, mark: str) -> str:
    """Write a copy that works in the same way but has another digest; return the name of its cache's volume."""
    script, marker, archive = original.read_bytes().partition(b"\n#EOF#\n")
    data = script + f"\n# {mark}".encode() + marker + archive
    target.write_bytes(data)
    return f"dcos-docker-cache-{hashlib.sha256(data).hexdigest()[:16]}"


def without_variant(original: Path, target: Path) -> None:
    """Write a copy whose header does not tell the variant, as that of older installers."""
    first, second, rest = original.read_bytes().split(b"\n", 2)
    assert second.startswith(b"# variant:")
    target.write_bytes(first + b"\n" + rest)
