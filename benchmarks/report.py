"""The figures, in words: a header of the machine and the versions, tables for the documents, and JSON."""

from __future__ import annotations

import json
import os
import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.plot import mebibytes_of, plot, seconds_of
from dcos_docker_cli import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.bench import Bench

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
DOCUMENT = HERE.parent / "docs" / "performance.md"
PLOT = DOCUMENT.with_name("performance.svg")
MEMORY_PLOT = DOCUMENT.with_name("performance-memory.svg")
PACKAGES = ("click", "docker", "requests")


def machine(bench: Bench) -> dict[str, Any]:
    """Return what the figures depend on."""
    info = bench.engine.info()
    model = re.search(r"^model name\s*: (.*)$", _text("/proc/cpuinfo"), re.MULTILINE)
    return {
        "dcos_docker": __version__,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "engine": info["ServerVersion"],
        "api": bench.engine.api_version,
        "storage_driver": info["Driver"],
        "cgroups": info.get("CgroupVersion") or "1",
        "operating_system": info["OperatingSystem"],
        "kernel": info["KernelVersion"],
        "cpu": model[1] if model else platform.machine(),
        "cpus": info["NCPU"],
        "memory_gib": round(info["MemTotal"] / 2**30, 1),
    }


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""


def document(bench: Bench, load: float) -> dict[str, Any]:
    """Return all of a run. `load` is how busy the machine was before."""
    return {
        "machine": machine(bench),
        "rounds": bench.rounds,
        "load_before": round(load, 2),
        "load_after": round(os.getloadavg()[0], 2),
        "jobs": [result.as_json() for result in bench.results],
        "growth": [result.as_json() for result in bench.growth],
    }


def merged(new: dict[str, Any], path: Path = RESULTS) -> dict[str, Any]:
    """Return a run with what was measured before on the same machine and not now."""
    try:
        old = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return new
    if old["machine"] != new["machine"]:
        return new
    for part in ("jobs", "growth"):
        measured = {job["job"]: job for job in new[part]}
        kept = [measured.pop(job["job"], job) for job in old[part]]
        new[part] = [*kept, *measured.values()]
    return new


def table(jobs: Sequence[Mapping[str, Any]]) -> str:
    """Return the table of jobs that the document has."""
    lines = [
        "| job | floor | dcos-docker, s | floor, s | ratio | from, to | limit | memory, MiB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for job in jobs:
        ratio = job["ratio"]
        limit = f"{job['limit']:g}" if job["limit"] else ""
        memory = f"{job['ours']['memory_kib'] / 1024:.0f}" if job["ours"]["memory_kib"] else ""
        lines.append(
            f"| `{job['job']}` | {job['floor']} | {job['ours']['median']:.3f} | {job['least']['median']:.3f} "
            f"| {ratio['median']:.2f} | {ratio['lowest']:.2f}, {ratio['highest']:.2f} | {limit} | {memory} |"
        )
    return "\n".join(lines)


def header(found: Mapping[str, Any]) -> str:
    """Return the machine and the versions in a sentence or two."""
    on = found["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in on["packages"].items())
    return (
        f"dcos-docker {on['dcos_docker']}, Python {on['python']}, {packages}. Docker {on['engine']} "
        f"({on['storage_driver']}, cgroup v{on['cgroups']}) on {on['operating_system']}, Linux {on['kernel']}, "
        f"{on['cpus']} CPUs ({on['cpu']}), {on['memory_gib']} GiB. Medians of {found['rounds']} rounds or more; load "
        f"{found['load_before']} before, {found['load_after']} after."
    )


def write(found: Mapping[str, Any]) -> None:
    """Write the figures, the plot, and their place in the document."""
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    text = DOCUMENT.read_text(encoding="utf-8")
    if found["jobs"]:
        text = _between(text, "benchmarks", f"{header(found)}\n\n{table(found['jobs'])}")
    if found["growth"]:
        PLOT.write_text(plot(found["growth"], seconds_of, "s"), encoding="utf-8")
        MEMORY_PLOT.write_text(plot(found["growth"], mebibytes_of, "MiB"), encoding="utf-8")
        pictures = f"![Seconds over nodes]({PLOT.name})\n\n![Memory over nodes]({MEMORY_PLOT.name})"
        text = _between(text, "growth", f"{pictures}\n\n{table(found['growth'])}")
    DOCUMENT.write_text(text, encoding="utf-8")


def _between(text: str, name: str, content: str) -> str:
    begin, end = f"<!-- {name}: written by `make bench` -->", f"<!-- {name}: end -->"
    before, _, rest = text.partition(begin)
    _, there, after = rest.partition(end)
    if not there:
        raise ValueError(f"{DOCUMENT} has no place for {name}")
    return f"{before}{begin}\n{content}\n{end}{after}"
