"""A run of the tests that is killed is found by the next one, and no run that lasts is."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

from tests.support.ids import RUN_VARIABLE
from tests.support.runs import killed_runs

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

RUN = """
from tests.support.ids import RUN_VARIABLE
from tests.support.runs import Run
run = Run()
print(run.name, flush=True)
input()
run.end()
"""


def _started(directory: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUN]
    environment = {**os.environ, "TMPDIR": str(directory)}
    del environment[RUN_VARIABLE]  # they are runs of their own
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True)


def test_a_run_that_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with _started(tmp_path) as one, _started(tmp_path) as other:
        names = [process.stdout.readline().strip() for process in (one, other) if process.stdout]
        assert killed_runs() == [], "both last"
        one.kill()
        one.wait()
        assert killed_runs() == names[:1]
        assert killed_runs() == [], "it is found once"
        other.communicate("\n", timeout=60)
    assert (other.returncode, list(tmp_path.iterdir())) == (0, [])
