# ruff: noqa: T201 - it is a program
"""The whole matrix, on two engines at the same time: `make faults`.

It prints each cell as it ends, writes them all as lines of JSON, and the table of docs/reliability.md from these.
"""

from __future__ import annotations

import argparse
import json
import queue
import signal
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.faults import report
from tests.faults.cells import BEFALLS, cells, recorded, run, tidy_up
from tests.faults.operations import NEW, OLD, OPERATIONS
from tests.faults.world import Installers, world
from tests.support import engine as engines
from tests.support import ids
from tests.support.installers import fresh_copy
from tests.support.program import dcos_docker

if TYPE_CHECKING:
    from tests.faults.cells import Cell, Record
    from tests.faults.operations import Operation
    from tests.faults.world import World

ENGINES = 2
RESULTS = Path(__file__).parents[2] / "build" / "faults.jsonl"


def main() -> int:
    """Run what is asked for; return 1 when a cell does not hold."""
    chosen = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # and remove the engines
    ids.name_run()
    RESULTS.parent.mkdir(exist_ok=True)
    if not chosen.append:
        chosen.results.write_text("", encoding="utf-8")
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        worlds = _worlds(stack, Path(directory), chosen.engines)
        failed = 0
        known: dict[str, list[str]] = {}
        # What others are like comes first: their own calls are what is not in it.
        for operation in sorted(OPERATIONS, key=lambda one: bool(one.like)):
            needed = {name for one in OPERATIONS if one.name in chosen.operation for name in (one.name, one.like)}
            if operation.name not in needed:
                continue
            calls = recorded(worlds[0], operation)
            known[operation.name] = sorted({call.name for call in calls})
            if operation.name in chosen.operation:
                wanted = [
                    cell
                    for cell in cells(operation, calls, known.get(operation.like, ()))
                    if cell.befalls in chosen.befalls and any(chosen.call in str(call) for call in cell.calls)
                ]
                if chosen.is_whole:
                    _write_line(chosen.results, {"operation": operation.name, report.PLANNED: len(wanted)})
                failed += _run_all(worlds, operation, wanted, chosen.results)
    if chosen.is_whole or chosen.append:
        report.write(*report.read(chosen.results))
    print(f"{failed} cells do not hold.")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [operation.name for operation in OPERATIONS]
    parser.add_argument("--operation", action="append", choices=names, help="only these (again for more)")
    parser.add_argument("--befalls", action="append", choices=BEFALLS, help="only these (again for more)")
    parser.add_argument("--call", default="", help="only calls whose name has this")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the lines of JSON go")
    parser.add_argument("--append", action="store_true", help="add to what is there")
    parser.add_argument("--engines", type=int, default=ENGINES, help="how many at the same time")
    chosen = parser.parse_args()
    chosen.is_whole = not (chosen.operation or chosen.befalls or chosen.call)
    chosen.operation = chosen.operation or names
    chosen.befalls = chosen.befalls or list(BEFALLS)
    return chosen


def _worlds(stack: ExitStack, directory: Path, count: int) -> list[World]:
    client = engines.plain_client()
    stack.callback(client.close)
    image = dcos_docker("image", "build", timeout=900).succeeded().strip()
    usual, newer, unknown = (directory / f"{name}.sh" for name in ("usual", "newer", "unknown"))
    dcos_docker("sample-installer", usual, "--dcos-version", OLD).succeeded()
    dcos_docker("sample-installer", newer, "--dcos-version", NEW).succeeded()
    fresh_copy(usual, unknown, "unknown")
    installers = Installers(usual, newer, unknown)
    return [stack.enter_context(world(client, image, installers)) for _ in range(count)]


def _run_all(worlds: list[World], operation: Operation, wanted: list[Cell], results: Path) -> int:
    """Run the cells of an operation; return how many do not hold."""
    waiting: queue.SimpleQueue[Cell] = queue.SimpleQueue()
    for cell in wanted:
        waiting.put(cell)
    lock = threading.Lock()
    ended: list[Record] = []
    begun = time.monotonic()

    def work(own: World) -> None:
        while True:
            try:
                cell = waiting.get_nowait()
            except queue.Empty:
                return tidy_up(own)
            record = run(own, operation, cell)
            with lock:
                ended.append(record)
                _write_line(results, record.as_dict())
                minutes = (time.monotonic() - begun) / 60
                print(
                    f"[{minutes:5.1f} min {len(ended)}/{len(wanted)}] {cell}: {record.outcome} {record.problems or ''}",
                    flush=True,
                )

    threads = [threading.Thread(target=work, args=(own,), daemon=True) for own in worlds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(bool(record.problems) for record in ended)


def _write_line(results: Path, content: dict[str, Any]) -> None:
    with results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(content, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
