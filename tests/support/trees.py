"""Directories with what is easily lost on the way to a node and back."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def make_tree(parent: Path) -> Path:
    """Make a directory in another one."""
    root = parent / "Ein Verzeichnis ä"
    (root / "empty directory").mkdir(parents=True)
    (root / "empty").touch()
    (root / "binary").write_bytes(os.urandom(3_000_000))
    (root / "script").write_text("#!/bin/sh\n")
    (root / "script").chmod(0o755)
    (root / "private").write_text("x")
    (root / "private").chmod(0o600)
    (root / "link").symlink_to("script")
    (root / "broken").symlink_to("/nowhere/at/all")
    return root


def contents(root: Path) -> dict[str, object]:
    """Return all that there is below a directory, for two to be compared."""
    return {
        str(path.relative_to(root)): (
            path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else None,
            stat.S_IMODE(path.lstat().st_mode),
        )
        for path in root.rglob("*")
    }
