"""Seconds, or memory, over nodes as an SVG: ours and the floor of each job, on logarithmic axes.

Written by hand. A library for plots would be the largest dependency of this project, for one picture of lines, and each
of its versions would draw other bytes; these stay the same, and can be compared.
"""

from __future__ import annotations

import math
import re
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 460, 60, 190, 20, 50
COLOURS = ("#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#b9770e")
STYLE = "text{font:12px sans-serif;fill:#333}line{stroke:#ddd}polyline{fill:none;stroke-width:2}"


def seconds_of(side: Mapping[str, Any]) -> float:
    """Return the median of the seconds."""
    return float(side["median"])


def mebibytes_of(side: Mapping[str, Any]) -> float:
    """Return the most memory that was used."""
    return float(side["memory_kib"]) / 1024


def plot(results: Iterable[Mapping[str, Any]], value: Callable[[Mapping[str, Any]], float], unit: str) -> str:
    """Return the picture of results that have a size; the jobs of all sizes are one line."""
    lines: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for result in results:
        name = re.sub(r" of \d+$", "", result["job"])
        for who in ("ours", "least"):
            lines.setdefault(name, {}).setdefault(who, []).append((result["size"], value(result[who])))
    points = [point for both in lines.values() for line in both.values() for point in line]
    sizes = sorted({size for size, _ in points})
    low = math.floor(math.log10(min(height for _, height in points)))
    high = math.ceil(math.log10(max(height for _, height in points)))

    def x(size: float) -> float:
        span = math.log2(sizes[-1] / sizes[0]) or 1
        return round(LEFT + (WIDTH - LEFT - RIGHT) * math.log2(size / sizes[0]) / span, 1)

    def y(height: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (math.log10(height) - low) / (high - low), 1)

    parts = [*_axes(sizes, range(low, high + 1), unit, x, y)]
    for name, colour in zip(sorted(lines), COLOURS * len(lines), strict=False):
        for who, line in lines[name].items():
            path = " ".join(f"{x(size)},{y(seconds)}" for size, seconds in sorted(line))
            dashes = "" if who == "ours" else ' stroke-dasharray="3 4"'
            parts.append(f'<polyline points="{path}" stroke="{colour}"{dashes}/>')
    for number, (name, colour) in enumerate(zip(sorted(lines), COLOURS * len(lines), strict=False)):
        parts.append(_key(40 + 20 * number, escape(name), colour))
    parts.append(_key(60 + 20 * len(lines), "the floor", "#888", ' stroke-dasharray="3 4"'))
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{STYLE}</style>\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _axes(sizes: Iterable[int], powers: Iterable[int], unit: str, x: Any, y: Any) -> Iterable[str]:
    for size in sizes:
        yield f'<line x1="{x(size)}" y1="{TOP}" x2="{x(size)}" y2="{HEIGHT - BOTTOM}"/>'
        yield f'<text x="{x(size)}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{size}</text>'
    for power in powers:
        height = y(10**power)
        yield f'<line x1="{LEFT}" y1="{height}" x2="{WIDTH - RIGHT}" y2="{height}"/>'
        yield f'<text x="{LEFT - 8}" y="{height + 4}" text-anchor="end">{10**power:g} {unit}</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">nodes</text>'


def _key(height: int, words: str, colour: str, dashes: str = "") -> str:
    begin = WIDTH - RIGHT + 20
    line = f'<polyline points="{begin},{height} {begin + 24},{height}" stroke="{colour}"{dashes}/>'
    return f'{line}<text x="{begin + 32}" y="{height + 4}">{words}</text>'
