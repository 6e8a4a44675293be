"""Each module can be imported alone, and quietly; what needs no engine imports nothing that is slow."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import dcos_docker_cli
from tests.support.program import environment
from tests.unit.test_layers import MODULES

SLOW = ("docker", "requests", "urllib3", "yaml", "halo", "tabulate")
# One process for each module would take long: it forks one, which has nothing imported, for each of them.
ALONE = """
import importlib, os, sys
for name in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        importlib.import_module(name)
        sys.stdout.flush()
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        print(name, "cannot be imported alone")
"""
LOADED = """
import sys
from dcos_docker_cli.cli.main import main
try:
    main()
finally:
    print("LOADED", *sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr)
"""
PARTS = 4


def test_there_is_something_to_import() -> None:
    assert len(MODULES) > 40


@pytest.mark.parametrize("part", range(PARTS))
def test_each_module_can_be_imported_alone(part: int) -> None:
    names = [name for name in MODULES if not name.endswith("__main__")][part::PARTS]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ALONE, *names],
        env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["create", "--help"], 0),
        (["run", "--help"], 0),
        (["frobnicate"], 2),
        (["create"], 2),
        (["run", "--node", "no body", "true"], 2),
        (["completion", "bash"], 0),
        (["destroy-list"], 0),
    ],
)
def test_what_needs_no_engine_imports_nothing_that_is_slow(args: list[str], code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *args],
        env=environment({"DOCKER_HOST": "tcp://127.0.0.1:1"}),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code
    _, _, loaded = done.stderr.rpartition("LOADED ")
    assert "click" in loaded.split()
    assert not set(SLOW) & set(loaded.split())


def test_completing_a_command_imports_nothing_that_is_slow() -> None:
    completing = {"_DCOS_DOCKER_COMPLETE": "bash_complete", "COMP_WORDS": "dcos-docker ins", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        env=environment({**completing, "DOCKER_HOST": "tcp://127.0.0.1:1"}),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "plain,inspect\nplain,install\n"
    assert not set(SLOW) & set(done.stderr.split())


def test_docker_py_is_imported_whole_before_parts_of_it() -> None:
    """Of threads that import it and a part of it at the same time, Python may let one see half of it."""
    found = []
    for path in Path(dcos_docker_cli.__file__).parent.rglob("*.py"):
        lines = re.findall(r"^(?:import|from) docker\b\S*", path.read_text(encoding="utf-8"), re.MULTILINE)
        found += [path.name for first in lines[:1] if first != "import docker"]
    assert found == []
