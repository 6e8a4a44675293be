"""The benchmarks work; what they measure is no matter here."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.elsewhere import NEEDS_FILES
from tests.support.program import environment

if TYPE_CHECKING:
    from pathlib import Path


@NEEDS_FILES
def test_one_small_round(node_image: str, tmp_path: Path) -> None:
    del node_image  # it is there
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", str(tmp_path / "found.json")]
    done = subprocess.run(command, env=environment({}), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    jobs = {job["job"]: job for job in json.loads((tmp_path / "found.json").read_text())["jobs"]}
    assert {"--help", "list", "inspect", "run -- true", "provision of 1", "destroy of 1"} <= set(jobs)
    assert all(job["ours"]["median"] > 0 and job["least"]["median"] > 0 for job in jobs.values())
