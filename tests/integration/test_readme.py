"""The README: its tour, run as it stands there and held against what it shows, and its example."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.program import environment

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
SHOWN = ("sample-installer", "create", "status", "inspect", "run", "send-file", "ssh", "download-file", "destroy")
DIFFERENT_EACH_TIME = {
    r"\(\d+\.\d s\)": "(SECONDS)",
    r"\b\d+\.\d+\.\d+\.\d+\b": "ADDRESS",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00": "TIME",
    r"\b[0-9a-f]{12}$": "CONTAINER",
    r"^tool version: .*": "tool version: VERSION",
    " +": " ",  # columns are as wide as what is in them
}


def blocks(text: str) -> list[str]:
    """Return the tour's blocks, with what is different each time replaced."""
    found = re.findall(r"^```console\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    for pattern, name in DIFFERENT_EACH_TIME.items():
        found = [re.sub(pattern, name, block, flags=re.MULTILINE) for block in found]
    return found


def test_the_tour_prints_what_the_readme_shows(
    installer: Path, new_cluster_id: Callable[[], str], tmp_path: Path
) -> None:
    del installer  # what is built on first use is there by it
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "tour.py", "--print"],
        cwd=tmp_path,
        env=environment({"DCOS_DOCKER_CLUSTER_ID": new_cluster_id()}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = blocks(README.read_text(encoding="utf-8"))
    assert blocks(done.stdout) == shown, "see what has changed, and run `make tour`"
    assert set(re.findall(r"^\$ .*?dcos-docker ([a-z-]+)", "".join(shown), re.MULTILINE)) == set(SHOWN)


def test_the_python_example_works(installer: Path, tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "dcos_generate_config.sh").symlink_to(installer)
    command = [sys.executable, "-W", "error", "-c", example]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, "b'running\\n'\n"), done.stderr
