"""What needs no engine: help, a usage error, completion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.measure import ours, python

if TYPE_CHECKING:
    from benchmarks.bench import Bench

LIMIT = 1.4
FLOOR = 'python -c "import click"'
COMPLETING = {"_DCOS_DOCKER_COMPLETE": "bash_complete", "COMP_WORDS": "dcos-docker ins", "COMP_CWORD": "1"}
TIMES = 4
"""These are so short that more rounds cost nothing."""


def measure(bench: Bench) -> None:
    """Measure them."""
    for job, args, env, code in (
        ("--help", ["--help"], {}, 0),
        ("create --help", ["create", "--help"], {}, 0),
        ("usage error", ["frobnicate"], {}, 2),
        ("usage error of create", ["create"], {}, 2),
        ("completion", [], COMPLETING, 0),
    ):
        result = bench.result(job, FLOOR, limit=LIMIT)
        least = python("import click")
        bench.compare(result, ours(*args), least, env=env, codes=(code,), rounds=TIMES * bench.rounds)
