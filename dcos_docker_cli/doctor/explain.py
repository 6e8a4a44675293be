"""Why something failed: which checks of the doctor a failure points to, and what cures it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dcos_docker_cli.doctor.patterns import matches
from dcos_docker_cli.exceptions import (
    DcosDockerError,
    DCOSTimeoutError,
    EngineError,
    GenconfError,
    ImageError,
    InstallError,
    NodeStartError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dcos_docker_cli.doctor.patterns import Pattern

EXPLAINED = (NodeStartError, InstallError, GenconfError, DCOSTimeoutError, ImageError, EngineError)
"""What the machine can be the cause of; all else says itself what to do."""
MOST_LINES = 30
"""Lines that somebody reads."""
MOST_BEFORE, LEAST_OF_UNIT = 12, 3
"""Lines before those of units, and lines of a unit's journal."""
INDENT = " " * len("Next: ")
MOST_CAUSES = 2
UNIT = re.compile(r"(?:\S+: )?\S+\.\w+ (?:has failed|is \S+ since .*):")
"""The line before the journal of a unit, as `transports.base.failed_units` writes it."""


@contextmanager
def explained() -> Iterator[None]:
    """Within the block, have failures tell the causes that their words point to, and no more lines than are read."""
    try:
        yield
    except EXPLAINED as error:
        explain(error)
        raise


def explain(error: DcosDockerError) -> None:
    """Put the causes and their cures into a failure's hint. What has been explained stays as it is."""
    if error.explained:
        return
    error.explained = True
    found = matches("\n".join([error.message, *error.details]))[:MOST_CAUSES]
    error.hint = " ".join(part for part in (_advice(error, found), error.hint) if part)
    error.details = tuple(shortened(error.details, is_list=isinstance(error, DCOSTimeoutError)))


def _advice(error: DcosDockerError, found: Sequence[Pattern]) -> str:
    """Return what a failure points to, each cause on a line of its own."""
    from dcos_docker_cli.doctor.checks.registry import CHECKS

    if not found:
        return "`dcos-docker doctor` checks the machine." if isinstance(error, NodeStartError) else ""
    options = " ".join(f"--only {check_id}" for cause in found for check_id in cause.check_ids)
    look = f"`dcos-docker doctor {options}` looks closer."
    names = {check.id: f"{check.id} {check.name}" for check in CHECKS}
    titles = {cause: " or ".join(names[check_id] for check_id in cause.check_ids) for cause in found}
    if isinstance(error, EngineError) and error.hint:  # which has the cure
        return f"This is {' or '.join(titles.values())}: {look}"
    causes = [f"{title}: {cause.cure}" for cause, title in titles.items()]
    return f"\n{INDENT}".join([f"It may be {causes[0]}", *(f"or {cause}" for cause in causes[1:]), look])


def shortened(details: Sequence[str], *, is_list: bool = False) -> list[str]:
    """Return the lines that tell most: of each unit the end of its journal, and of what comes before them its end.

    Of a list, of what is not ready, it is the beginning.
    """
    before, units = _parts(details)
    if is_list and len(before) > MOST_BEFORE:
        before = [*before[: MOST_BEFORE - 1], f"… and {len(before) - MOST_BEFORE + 1} more."]
    before = before[-(MOST_BEFORE if units else MOST_LINES) :]
    room = MOST_LINES - len(before) - 1
    shown = units[: room // (1 + LEAST_OF_UNIT)]
    each = room // len(shown) - 1 if shown else 0
    lines = [line for head, *journal in shown for line in (head, *journal[-each:])]
    rest = [head.rstrip(":") for head, *_ in units[len(shown) :]]
    return [*before, *lines, *([f"… and {len(rest)} more, as {rest[0]}."] if rest else [])]


def _parts(details: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Return what comes before the first unit, and the lines of each unit."""
    before: list[str] = []
    units: list[list[str]] = []
    for line in details:
        if UNIT.fullmatch(line):
            units.append([line])
        elif units:
            units[-1].append(line)
        else:
            before.append(line)
    return before, units
