"""A module imports only from its own layer and those below, as docs/architecture.md has them. Read from the source."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

import dcos_docker_cli
from dcos_docker_cli.cli.main import ALL_COMMANDS

PACKAGE = "dcos_docker_cli"
ROOT = Path(dcos_docker_cli.__file__).parent
DOCUMENT = ROOT.parent / "docs" / "architecture.md"
# What runs on nodes and in images, not here.
ELSEWHERE = (ROOT / "sample" / "payload", ROOT / "sample" / "runtime")
# From the top; what stands in one set may import from each other.
LAYERS = (
    {"cli", "__main__", "cluster"},
    {"lifecycle", "docker_utils"},
    {"doctor", "sample"},
    {"backends"},
    {"base_classes"},
    {"node"},
    {"dcos"},
    {"transports"},
    {"downloads"},
    {"labels"},
    {
        "model",
        "distributions",
        "docker_versions",
        "docker_storage_drivers",
        "concurrency",
        "progress",
        "exceptions",
    },
)
HOMES = {
    "docker": f"{PACKAGE}.backends.docker.",
    "requests": f"{PACKAGE}.backends.docker.",
    "urllib3": f"{PACKAGE}.backends.docker.",
    "click": f"{PACKAGE}.cli.",
    "tabulate": f"{PACKAGE}.cli.",
    "halo": f"{PACKAGE}.cli.",
}
REQUIREMENTS = {"click", "docker", "halo", "yaml", "requests", "urllib3", "tabulate"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): path
    for path in sorted(ROOT.rglob("*.py"))
    if not any(path.is_relative_to(directory) for directory in ELSEWHERE)
}


def imports(name: str, *, for_types: bool, at_import: bool = False) -> set[str]:
    """Return what a module imports: in functions too unless `at_import`, for mypy alone with `for_types`."""
    path = MODULES[name]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not for_types:
            skipped.update(inner for statement in node.body for inner in ast.walk(statement))
        if isinstance(node, ast.FunctionDef) and at_import:
            skipped.update(ast.walk(node))
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = name if path.name == "__init__.py" else name.rpartition(".")[0]
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.add(inner if inner in MODULES else base)
    return found


def layer(name: str) -> int:
    """Return how far from the top a module of ours stands."""
    if name == PACKAGE:
        return len(LAYERS)  # it has the version and nothing else
    part = name.split(".")[1]
    return next(number for number, layer in enumerate(LAYERS) if part in layer)


def test_every_module_has_a_layer() -> None:
    assert len(MODULES) > 40
    assert all(layer(name) >= 0 for name in MODULES)


def test_the_layers_are_those_of_the_document() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    block = text.split("\n## Layers\n", 1)[1].split("```")[1].strip()
    for names, row in zip(LAYERS, block.splitlines(), strict=True):
        for name in names - {"__main__"}:
            assert re.match(rf"(?:\w+, )*{name}\b", row), f"{name} is not in the document's line {row!r}"


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_from_its_own_layer_or_below(name: str) -> None:
    ours = [found for found in imports(name, for_types=False) if found.split(".")[0] == PACKAGE]
    upward = [found for found in ours if layer(found) < layer(name)]
    siblings = [
        found
        for found in ours
        if layer(found) == layer(name)
        and found.split(".")[1:2] != name.split(".")[1:2]
        and layer(name) < len(LAYERS) - 1
    ]
    assert upward == []
    assert [found for found in siblings if name != f"{PACKAGE}.__main__"] == []


@pytest.mark.parametrize("name", MODULES)
def test_packages_are_imported_where_they_live_alone(name: str) -> None:
    for found in imports(name, for_types=False):
        package = found.split(".")[0]
        if package != PACKAGE and package not in sys.stdlib_module_names:
            assert package in REQUIREMENTS
        home = HOMES.get(package)
        assert home is None or f"{name}.".startswith(home), f"{name} imports {found}"


def test_docker_is_imported_only_when_an_engine_is_contacted() -> None:
    """What `backends.docker` itself imports at once must not lead there."""
    slow = ("docker", "requests", "urllib3", "yaml")
    for name in MODULES:
        if name.startswith(f"{PACKAGE}.cli") or name == f"{PACKAGE}.backends.docker":
            assert not {found.split(".")[0] for found in reached(name)} & set(slow), name


def reached(name: str) -> set[str]:
    """Return all that importing a module imports."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            if current in MODULES:
                waiting += imports(current, for_types=False, at_import=True)
    return found


def test_commands_never_import_each_other() -> None:
    commands = f"{PACKAGE}.cli.commands."
    names = {name for name in MODULES if name.startswith(commands)}
    keyword = {"import": "import_"}
    modules = {
        ".".join(keyword.get(name, name.replace("-", "_")) for name in command.split()) for command in ALL_COMMANDS
    }
    assert names == {commands + module for module in modules}
    for name in names:
        assert not [found for found in imports(name, for_types=True) if found.startswith(commands)]


@pytest.mark.parametrize("at_import", [True, False])
def test_there_is_no_cycle(at_import: bool) -> None:
    """Not even through imports within functions."""
    graph = {
        name: {found for found in imports(name, for_types=False, at_import=at_import) if found in MODULES} - {name}
        for name in MODULES
    }
    # A package's own initialiser is imported with each of its modules; that is not counted.
    while leaves := [name for name, found in graph.items() if not found & graph.keys()]:
        for name in leaves:
            del graph[name]
    assert graph == {}


def test_what_runs_elsewhere_imports_nothing_of_ours() -> None:
    for directory in ELSEWHERE:
        for path in directory.rglob("*.py"):
            assert PACKAGE not in path.read_text(encoding="utf-8"), path
