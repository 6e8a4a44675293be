"""docs/reliability.md: each promise is beside a test that there is, and the matrix is that of a run."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.faults import report
from tests.faults.cells import BEFALLS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
TEST = re.compile(r"`((?:\w+/)*\w+\.py)::(\w+)`")


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_each_test_that_is_named_is_there() -> None:
    named = TEST.findall(PAGE)
    assert len(named) > 20
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (path := ROOT / "tests" / file).is_file() or name not in functions(path)
    ]
    assert missing == []


def test_each_promise_names_a_test() -> None:
    section = PAGE.partition("## Promises")[2].partition("\n## ")[0]
    promises = [
        line for line in section.splitlines() if line.startswith("| ") and not line.startswith(("| promise", "|--"))
    ]
    assert promises
    assert [line for line in promises if not TEST.search(line)] == []


def test_matrix_is_that_of_a_run() -> None:
    table = PAGE.partition(report.BEGIN)[2].partition(report.END)[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")]
    assert rows[2:] == list(BEFALLS)
    assert re.search(r"^\d+ runs at \d+ calls, in which \d+ calls failed or were delayed", table, re.MULTILINE)


def test_what_befalls_has_a_meaning() -> None:
    assert tuple(report.MEANINGS) == BEFALLS
    assert all(f"| {name} | {meaning} |" in PAGE for name, meaning in report.MEANINGS.items())


def test_outcomes_are_counted() -> None:
    records = [
        {"operation": "create", "befalls": "cut", "calls": ["a #1"], "outcome": "undone", "failed_calls": 1},
        {"operation": "create", "befalls": "cut", "calls": ["b #1"], "outcome": "undone", "failed_calls": 1},
        {"operation": "first create", "befalls": "SIGINT", "calls": ["a #1"], "outcome": "does not hold",
         "failed_calls": 0, "problems": ["left: x"]},
    ]  # fmt: skip
    told = report.part(records, {"create": 4, "first create": 1}).splitlines()
    assert told[:4] == [
        "3 runs at 3 calls, in which 2 calls failed or were delayed, and 1 signals were sent: 1 of them do not hold.",
        "",
        "**This is not the whole matrix**: 2 of 4 runs of create, none of provision, none of install, none of upgrade, "
        "none of destroy, none of clean.",
        "",
    ]
    assert told[4:] == [
        "|  | `create` | first create |",
        "| --- | --- | --- |",
        "| cut | 2 undone |  |",
        "| SIGINT |  | **1 does not hold** |",
        "",
        "What does not hold:",
        "",
        "- first create, SIGINT, `a #1`: left: x",
    ]
