"""Measuring: two programs take turns, ours and its floor, and each is timed from its start to its end."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROGRAM = str(Path(sys.executable).with_name("dcos-docker"))
FLOORS = Path(__file__).with_name("floors")
SPAWN = Path(__file__).with_name("spawn.py")
SECONDS = 900


@dataclass(frozen=True)
class Sample:
    """One run of a program: its seconds by the clock and of the processor, and the peak of its memory in KiB."""

    seconds: float
    cpu: float
    memory: int


@dataclass
class Result:
    """A job with its samples. `size` is what it grows with: nodes, or bytes."""

    job: str
    floor: str
    limit: float
    size: int = 0
    unit: str = "nodes"
    ours: list[Sample] = field(default_factory=list)
    least: list[Sample] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """Ours to the floor, of each round."""
        return [a.seconds / b.seconds for a, b in zip(self.ours, self.least, strict=True)]

    def as_json(self) -> dict[str, Any]:
        """Return all of it, with the figures that are made of it."""
        of_both = {
            who: {
                "seconds": [round(sample.seconds, 4) for sample in samples],
                "median": round(statistics.median(sample.seconds for sample in samples), 4),
                "cpu_median": round(statistics.median(sample.cpu for sample in samples), 4),
                "memory_kib": max(sample.memory for sample in samples),
            }
            for who, samples in (("ours", self.ours), ("least", self.least))
        }
        ratio = {"median": statistics.median(self.ratios), "lowest": min(self.ratios), "highest": max(self.ratios)}
        return {
            "job": self.job,
            "floor": self.floor,
            "size": self.size,
            "unit": self.unit,
            "limit": self.limit,
            **of_both,
            "ratio": {key: round(value, 3) for key, value in ratio.items()},
        }


def ours(*args: str | Path) -> list[str]:
    """Return the command line of our program."""
    return [PROGRAM, *map(str, args)]


def python(code: str) -> list[str]:
    """Return the command line of this Python with a program."""
    return [sys.executable, "-c", code]


def floor(name: str, *args: str | Path) -> list[str]:
    """Return the command line of a floor, a module of `floors`, which imports nothing of ours."""
    return [sys.executable, str(FLOORS / f"{name}.py"), *map(str, args)]


def timed(command: Sequence[str], env: Mapping[str, str] | None = None, *, codes: tuple[int, ...] = (0,)) -> Sample:
    """Run a command, which must end with one of these codes; what it said is shown when it does not."""
    reader, writer = os.pipe()
    with tempfile.TemporaryFile() as output, os.fdopen(reader) as figures:
        subprocess.run(
            [sys.executable, "-I", "-S", str(SPAWN), str(writer), *command],
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[writer],
            timeout=SECONDS,
            check=True,
        )
        os.close(writer)
        code, seconds, cpu, memory = figures.read().split()
        if int(code) not in codes:
            output.seek(0)
            said = output.read().decode(errors="replace")
            raise RuntimeError(f"{' '.join(command)[:300]} ended with {code}:\n{said}")
    scale = 1024 if sys.platform == "darwin" else 1
    return Sample(float(seconds), float(cpu), int(memory) // scale)
