"""What looks like a checkout of DC/OS to `sync`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NEW_TEST = 'def test_new() -> None:\n    """Runs."""\n'


def make_checkout(directory: Path, *, enterprise: bool = False, bootstrap: str | None = "new = True\n") -> Path:
    """Make one in a directory; `bootstrap` is its bootstrap code."""
    files = {
        "dcos-integration-test/extra/conftest.py": "",
        "dcos-integration-test/extra/test_new.py": NEW_TEST,
        "dcos-integration-test/extra/util/__init__.py": "new = True\n",
    }
    if bootstrap is not None:
        files["bootstrap/extra/dcos_internal_utils/__init__.py"] = bootstrap
    if enterprise:
        files["upstream.json"] = "{}"
    root = directory / ("enterprise" if enterprise else "open")
    for name, text in files.items():
        path = root / "packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root
