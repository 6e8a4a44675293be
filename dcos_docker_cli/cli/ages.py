"""Ages on the command line, as in `7d` or `1d12h`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

UNITS: Mapping[str, str] = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes"}
"""In the order in which they are written."""
PATTERN = re.compile("".join(rf"(?:([0-9]{{1,6}}){unit})?" for unit in UNITS))
LONGEST = timedelta(days=36500)
EXAMPLES = "Write it with units, as in 90m, 12h, 7d, 1d12h or 2w."


class Age(click.ParamType[timedelta]):
    """A length of time."""

    name = "AGE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read it."""
        if isinstance(value, timedelta):
            return value
        match = PATTERN.fullmatch(value)
        if not match or not value:
            self.fail(f'"{value}" is no age. {EXAMPLES}', param, ctx)
        age = timedelta(**{name: int(number or 0) for name, number in zip(UNITS.values(), match.groups(), strict=True)})
        if not timedelta() < age <= LONGEST:
            self.fail(f'"{value}" is no age that anything can have. {EXAMPLES}', param, ctx)
        return age


AGE = Age()
