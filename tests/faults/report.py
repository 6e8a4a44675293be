"""The part of docs/reliability.md that a run of the matrix writes: `make faults` does, between two marks."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.faults.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN = "<!-- matrix: written by `make faults` -->"
END = "<!-- end of the matrix -->"
MEANINGS = {
    "refused": "The engine's answer is 500, and it has not done the call.",
    "cut": "The connection ends before the engine has seen the call.",
    "answer lost": "The engine does the call, and the connection ends before its answer comes.",
    "reset": "The connection is reset in the middle of the answer, or of a command's streams.",
    "stream cut": "A command's streams end in the middle of what goes in or comes out first.",
    "delayed": "The call takes 2 s longer.",
    "engine gone": "From this call on nobody answers any more, and all open streams end.",
    "SIGINT": "Sent while the call is held; it goes on when the program has said that it stops.",
    "SIGTERM": "As above.",
    "SIGKILL": "Sent while the call is held; it goes on when the program is dead.",
}
DOES_NOT_HOLD = "does not hold"

PLANNED = "planned"
"""In a line of the results: how many runs of an operation there are to be."""

Record = dict[str, Any]
Plan = dict[str, int]


def read(path: Path) -> tuple[list[Record], Plan]:
    """Return the records of a run, and what was to be run; of a cell that was run again the last record."""
    found: dict[tuple[str, ...], Record] = {}
    plan: Plan = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if PLANNED in record:
            plan[record["operation"]] = record[PLANNED]
        else:
            key = (record["operation"], record["befalls"], *record["calls"])
            found[key] = record
    return list(found.values()), plan


def write(records: Sequence[Record], plan: Plan, page: Path = PAGE) -> None:
    """Put the table of a run in the place of the one that is there."""
    between(page, BEGIN, END, part(records, plan))


def between(page: Path, begin: str, end: str, text: str) -> None:
    """Put a text between two marks of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")


def part(records: Sequence[Record], plan: Plan) -> str:
    """Return the text between the marks."""
    operations = [one.name for one in OPERATIONS if any(record["operation"] == one.name for record in records)]
    cells: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for record in records:
        cells[record["befalls"], record["operation"]][record["outcome"]] += max(len(record["calls"]), 1)
    head = ["", *(f"`{name}`" if " " not in name else name for name in operations)]
    befalls = [name for name in MEANINGS if any(record["befalls"] == name for record in records)]
    rows = [[name, *(_words(cells[name, operation]) for operation in operations)] for name in befalls]
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]
    return "\n".join([_figures(records), *_missing(records, plan), "", *lines, "", *_failures(records)])


def _words(counts: Counter[str]) -> str:
    order = sorted(counts.items(), key=lambda item: (item[0] == DOES_NOT_HOLD, -item[1], item[0]))
    return ", ".join(f"**{count} {what}**" if what == DOES_NOT_HOLD else f"{count} {what}" for what, count in order)


def _figures(records: Sequence[Record]) -> str:
    signals = sum(record["befalls"].startswith("SIG") for record in records)
    failed = sum(record["failed_calls"] for record in records)
    calls = {(record["operation"], call) for record in records for call in record["calls"]}
    wrong = sum(record["outcome"] == DOES_NOT_HOLD for record in records)
    held = "all of them hold" if not wrong else f"{wrong} of them do not hold"
    return (
        f"{len(records)} runs at {len(calls)} calls, in which {failed} calls failed or were delayed, and {signals} "
        f"signals were sent: {held}."
    )


def _missing(records: Sequence[Record], plan: Plan) -> list[str]:
    """Tell what of the matrix was not run."""
    done = Counter(record["operation"] for record in records)
    partial = [f"{done[name]} of {count} runs of {name}" for name, count in plan.items() if 0 < done[name] < count]
    none = [f"none of {operation.name}" for operation in OPERATIONS if not done[operation.name]]
    return ["", f"**This is not the whole matrix**: {', '.join([*partial, *none])}."] if partial or none else []


def _failures(records: Iterable[Record]) -> list[str]:
    """Tell what does not hold, to the letter."""
    wrong = [record for record in records if record["outcome"] == DOES_NOT_HOLD]
    if not wrong:
        return []
    lines = [f"- {_place(record)}: {'; '.join(record['problems'])}" for record in wrong]
    return ["What does not hold:", "", *lines, ""]


def _place(record: Record) -> str:
    return f"{record['operation']}, {record['befalls']}, `{'`, `'.join(record['calls'])}`"
