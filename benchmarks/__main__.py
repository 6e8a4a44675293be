"""Measure our commands beside what the engine itself needs for the same: `make bench`, or `python -m benchmarks`."""

from __future__ import annotations

import argparse
import compileall
import importlib
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path

import dcos_docker_cli
from benchmarks import report
from benchmarks.bench import CLUSTER, Bench, remove
from dcos_docker_cli.backends.docker.engine import endpoint

JOBS = ("start", "look", "look_among_many", "nodes", "create", "files", "runtime", "node_start", "growth")
QUICK = ("start", "look", "nodes", "files", "runtime")


def main() -> int:
    """Measure what is asked for; print a table, and with `--write` keep it. Return 1 if something could not be."""
    arguments = parse()
    if not endpoint().is_local:
        sys.exit("Floors are measured on an engine of this machine: DOCKER_HOST names another one.")
    jobs = arguments.jobs or (QUICK if arguments.quick else JOBS)
    load = os.getloadavg()[0]
    compileall.compile_dir(str(Path(dcos_docker_cli.__file__).parent), quiet=2)
    with tempfile.TemporaryDirectory(prefix="dcos-docker-bench-") as directory:
        bench = Bench(
            directory=Path(directory),
            rounds=arguments.rounds or (1 if arguments.quick else 5),
            nodes=arguments.nodes or ((1,) if arguments.quick else (4, 10, 20)),
            sizes=arguments.growth or ((1, 2) if arguments.quick else (1, 2, 4, 8, 16, 32)),
            file_mebibytes=arguments.file_size or (4 if arguments.quick else 1024),
            small_files=arguments.small_files or (50 if arguments.quick else 5000),
            containers=arguments.containers or (20 if arguments.quick else 1000),
        )
        failed = [job for job in jobs if not measured(job, bench)]
        found = report.document(bench, load)
    print(f"{report.header(found)}\n\n{report.table([*found['jobs'], *found['growth']])}")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if arguments.write:
        report.write(report.merged(found))
    return 1 if failed else 0


def measured(job: str, bench: Bench) -> bool:
    """Measure a job; return whether that could be done. What it has measured before counts, and so do the others."""
    try:
        importlib.import_module(f"benchmarks.jobs.{job}").measure(bench)
    except Exception:
        traceback.print_exc()
        bench.results = [result for result in bench.results if result.ours and result.least]
        return False
    finally:
        remove(CLUSTER)
    return True


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("jobs", nargs="*", choices=[*JOBS, []], metavar="JOB", help=f"of {', '.join(JOBS)}")
    parser.add_argument("--quick", action="store_true", help="one small round, to see that all of it works")
    parser.add_argument("--rounds", type=int, help="how often each job is done (5)")
    parser.add_argument("--nodes", type=_sizes, help="sizes of clusters (4,10,20)")
    parser.add_argument("--growth", type=_sizes, metavar="NODES", help="the same, for growth (1,2,4,8,16,32)")
    parser.add_argument("--file-size", type=int, metavar="MIB", help="of the large file (1024)")
    parser.add_argument("--small-files", type=int, metavar="COUNT", help="how many (5000)")
    parser.add_argument("--containers", type=int, metavar="COUNT", help="for look_among_many (1000)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    parser.add_argument("--write", action="store_true", help="write them to results.json and docs/performance.md")
    return parser.parse_args()


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


if __name__ == "__main__":
    sys.exit(main())
