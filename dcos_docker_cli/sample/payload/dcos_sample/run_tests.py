"""A stand-in for pytest: runs the functions ``test_*`` that take no arguments, of ``test_*.py`` files.

Knows ``-k WORD`` and ``-x``; other options change nothing. Ends 0, 1 when a test failed, 5 when there was none.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def test_files(places: list[str]) -> list[Path]:
    """The test files that are named, or lie in the directories that are."""
    paths = [Path(place.split("::")[0]) for place in places or ["."]]
    return [file for path in paths for file in (sorted(path.glob("test_*.py")) if path.is_dir() else [path])]


def test_functions(file: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """The tests of a file, in its order, with their ids."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, value in vars(module).items():
        if name.startswith("test_") and inspect.isfunction(value):
            yield f"{file}::{name}", value


def outcome(function: Callable[[], object]) -> str:
    """Run a test."""
    if inspect.signature(function).parameters:
        return "SKIPPED (fixtures need the real pytest)"
    try:
        function()
    except Exception:
        sys.stdout.write(traceback.format_exc())
        return "FAILED"
    return "PASSED"


def run(places: list[str], word: str, *, stop: bool) -> int:
    """Run the tests and print a line for each."""
    named = {place for place in places if "::" in place}
    outcomes = []
    for file in test_files(places):
        for test_id, function in test_functions(file):
            if word not in test_id or (named and test_id not in named):
                continue
            outcomes.append(outcome(function))
            sys.stdout.write(f"{test_id} {outcomes[-1]}\n")
            if stop and outcomes[-1] == "FAILED":
                break
    failed = outcomes.count("FAILED")
    passed = outcomes.count("PASSED")
    sys.stdout.write(f"{failed} failed, {passed} passed, {len(outcomes) - failed - passed} skipped\n")
    return 1 if failed else 0 if outcomes else 5


def main() -> int:
    """Run the program."""
    arguments = sys.argv[1:]
    word = ""
    if "-k" in arguments:
        position = arguments.index("-k")
        word = arguments[position + 1]
        del arguments[position : position + 2]
    places = [argument for argument in arguments if not argument.startswith("-")]
    return run(places, word, stop="-x" in arguments)


if __name__ == "__main__":
    sys.exit(main())
