"""Whether what was measured again and again stays as it is, or grows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WARM_UP = 4
"""The first of so many parts of the samples does not count: caches fill, and pools grow to their size."""
FEWEST = 3
"""With fewer samples than this after that there is nothing to tell."""


@dataclass(frozen=True)
class Bound:
    """What still is flat: how far apart the samples may be, and how much they may grow in each round, on a line."""

    spread: float
    growth: float
    most: float = math.inf
    """What no sample may exceed, from the first on."""

    def problem(self, samples: Sequence[float]) -> str:
        """Return in words why these are not flat; empty when they are."""
        settled = samples[len(samples) // WARM_UP :]
        if len(settled) < FEWEST:
            return f"{len(settled)} samples tell nothing"
        if max(samples) > self.most:
            return f"{max(samples):g}, and no more than {self.most:g} may be"
        if (apart := max(settled) - min(settled)) > self.spread:
            return f"{min(settled):g} to {max(settled):g}: {apart:g} apart, and {self.spread:g} may be"
        if (grown := slope(settled)) > self.growth:
            return f"grows by {grown:.2f} in each round, and {self.growth:g} may be"
        return ""


def slope(samples: Sequence[float]) -> float:
    """Return by how much the samples grow from one to the next, on the line through them of least squares."""
    middle, mean = (len(samples) - 1) / 2, fmean(samples)
    apart = [(number - middle, value - mean) for number, value in enumerate(samples)]
    return sum(number * value for number, value in apart) / sum(number * number for number, _ in apart)


def table(samples: Mapping[str, Sequence[float]], bounds: Mapping[str, Bound]) -> list[str]:
    """Return a table of what was measured; least, most and growth are of the samples that count."""
    lines = [
        "| | first | last | least | most | a round | may be apart | may grow a round | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, values in samples.items():
        settled = values[len(values) // WARM_UP :]
        bound = bounds[name]
        figures = [*(f"{value:g}" for value in (values[0], values[-1], min(settled), max(settled)))]
        growth = slope(settled) if len(settled) > 1 else 0
        verdict = bound.problem(values)
        cells = [name, *figures, f"{growth:+.2f}", f"{bound.spread:g}", f"{bound.growth:g}"]
        lines.append(f"| {' | '.join(cells)} | {f'**{verdict}**' if verdict else 'flat'} |")
    return lines
