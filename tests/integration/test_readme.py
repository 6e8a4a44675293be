"""The tour of the README, run as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.program import PROGRAM, environment

if TYPE_CHECKING:
    from collections.abc import Callable

README = Path(__file__).parents[2] / "README.md"


def tour() -> str:
    """Return the shell commands of the section, one block after the other."""
    section = README.read_text(encoding="utf-8").split("\n## A tour\n")[1].split("Settings of your own")[0]
    return "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))


def test_the_tour_works(new_cluster_id: Callable[[], str], tmp_path: Path) -> None:
    cluster_id = new_cluster_id()
    script = tour().replace("--cluster-id tour", f"--cluster-id {cluster_id}")
    assert script.count(cluster_id) > 6, "the tour is no longer where it was"
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment({"PATH": f"{PROGRAM.parent}:/usr/bin:/bin:/usr/sbin:/sbin"}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"dcos-docker-{cluster_id}-master-0" in done.stdout
    assert done.stdout.count(cluster_id) >= 4


def test_the_python_example_works(installer: Path, tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "dcos_generate_config.sh").symlink_to(installer)
    command = [sys.executable, "-W", "error", "-c", example]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, "b'running\\n'\n"), done.stderr
