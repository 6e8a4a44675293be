"""The bundled Python has what the code on it imports."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import dcos_docker_cli.sample.installer as sample

PAYLOAD = sample.PAYLOAD
COLLECT = Path(sample.__file__).parent / "runtime/collect.py"


def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return names


def test_every_stdlib_module_is_bundled() -> None:
    match = re.search(r'WANTED = """(.*?)"""', COLLECT.read_text(), re.DOTALL)
    assert match
    bundled = set(match[1].split())
    needed = set().union(*(imported(file) for file in PAYLOAD.rglob("*.py")))
    assert {name for name in needed if name.split(".")[0] in sys.stdlib_module_names} <= bundled


def test_only_the_stdlib_is_imported_and_yaml() -> None:
    needed = set().union(*(imported(file) for file in PAYLOAD.rglob("*.py")))
    assert {name for name in needed if name.split(".")[0] not in sys.stdlib_module_names} == {
        "dcos_sample.add_user",  # the script that is not a part of the package
        "yaml",
    }
