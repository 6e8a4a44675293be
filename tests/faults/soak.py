# ruff: noqa: T201 - it is a program
"""Clusters come and go for long, and nothing may grow: `make soak`.

On an engine of its own; over the command line and, at the same time, over the library in one process that lives on.
After each round all that could grow is counted. In the end this is judged, and written to docs/reliability.md.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults import flat
from tests.faults.flat import Bound
from tests.faults.report import PAGE, between
from tests.faults.soak_library import DISK_MEBIBYTES
from tests.support import engine as engines
from tests.support import ids
from tests.support.nested_engine import nested_engine
from tests.support.program import Running, at, dcos_docker, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.contained import ContainedEngine

BEGIN, END = "<!-- soak: written by `make soak` -->", "<!-- end of the soak -->"
SAME = Bound(spread=0, growth=0)
BOUNDS = {
    "containers": SAME,
    "volumes": SAME,
    "networks": SAME,
    "images": SAME,
    "loop devices": SAME,
    "mounts of the engine": SAME,
    "processes on the engine's host": SAME,  # shims of containers are among them
    "files in TMPDIR and HOME": SAME,
    "new descriptors of the library's process": Bound(spread=0, growth=0, most=0),
    "threads of the library's process": SAME,
    "child processes of the library's process": SAME,
    "memory, MiB of the library's process": Bound(spread=8, growth=0.1),
    "objects of Python of the library's process": Bound(spread=2000, growth=25),
    # The engine's own: Go gives memory and threads back when it likes.
    "descriptors of the engine": Bound(spread=12, growth=0.1),
    "threads of the engine": Bound(spread=12, growth=0.1),
    "memory, MiB of the engine": Bound(spread=60, growth=0.5),
}
SMALL = ("--agents", "0", "--public-agents", "0")
REST_SECONDS, REST_TRIES = 0.5, 40
# Nobody there takes leave of processes that have lost their parents, so what is dead does not count.
COUNT = """
pid=$(cat /var/run/docker.pid)
echo "mounts of the engine: $(wc -l </proc/$pid/mounts)"
echo "processes on the engine's host: $(ps -e -o stat= | grep -vc '^Z')"
echo "descriptors of the engine: $(ls /proc/$pid/fd | wc -l)"
sed -n 's/^Threads:/threads of the engine:/p; s/^VmRSS:/memory, MiB of the engine:/p' /proc/$pid/status
"""


def main() -> int:
    """Do rounds for so many minutes; return 1 when something grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rounds", type=int, default=sys.maxsize, help="at most so many")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the table goes, between two marks")
    parser.add_argument("--samples", type=Path, help="where all samples go, as JSON")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # and remove the engine
    ids.name_run()
    samples: dict[str, list[float]] = {name: [] for name in BOUNDS}
    begun = time.monotonic()
    with soaked() as soak:
        rounds_begun = time.monotonic()
        while time.monotonic() - rounds_begun < 60 * chosen.minutes and len(samples["containers"]) < chosen.rounds:
            soak.one_round()
            now = soak.at_rest()
            for name, value in now.items():
                samples[name].append(value)
            print(f"[{(time.monotonic() - begun) / 60:5.1f} min] {len(samples['containers'])} {now}", flush=True)
            if chosen.samples:
                chosen.samples.write_text(json.dumps(samples), encoding="utf-8")
        minutes = (time.monotonic() - rounds_begun) / 60
    between(chosen.page, BEGIN, END, report(samples, minutes))
    problems = [f"{name}: {problem}" for name, values in samples.items() if (problem := BOUNDS[name].problem(values))]
    print(*(problems or ["All is flat."]), sep="\n")
    return 1 if problems else 0


def report(samples: dict[str, list[float]], minutes: float) -> str:
    """Return the part of the page."""
    rounds = len(samples["containers"])
    head = f"{rounds} rounds in {minutes:.0f} minutes, after each of which a sample was taken; {3 * rounds} clusters."
    rounded = {name: [round(value, 1) for value in values] for name, values in samples.items()}
    return "\n".join([head, "", *flat.table(rounded, BOUNDS), ""])


@dataclass
class Soak:
    """An engine, and a process that uses it through the library."""

    engine: ContainedEngine
    installer: Path
    directory: Path
    library: subprocess.Popen[str]

    @property
    def environment(self) -> dict[str, str | None]:
        """Where the program finds the engine, and what it may fill."""
        return {**at(self.engine.url), **homes(self.directory)}

    def one_round(self) -> None:
        """Do one round, both ways at the same time."""
        assert self.library.stdin
        self.library.stdin.write("\n")
        self.library.stdin.flush()
        self.over_the_command_line()

    def over_the_command_line(self) -> None:
        """Make clusters, use them, and destroy them."""
        cluster = ("--cluster-id", "soaked")
        self.program("create-loopback-sidecar", "soaked", "--size", str(DISK_MEBIBYTES))
        self.program("create", self.installer, *cluster, *SMALL, "--wait-for-dcos")
        self.program("run", *cluster, "--", "true")
        self.program("run", *cluster, "--transport", "ssh", "--", "true")
        self.program("run", *cluster, "--", "false", code=1)
        self.program("send-file", *cluster, self.installer, "/root/sent")
        self.program("status", *cluster)
        self.program("create", self.installer, *cluster, *SMALL, code=5)
        self.program("destroy", *cluster)
        self.interrupted("provision", *cluster, *SMALL)
        self.program("provision", *cluster, *SMALL)
        self.program("send-file", *cluster, "--transport", "ssh", __file__, "/root/")
        self.program("destroy", *cluster)
        self.program("destroy-loopback-sidecar", "soaked")

    def program(self, *args: str | Path, code: int = 0) -> None:
        """Run the program, which must end so."""
        result = dcos_docker(*args, env=self.environment, timeout=600)
        assert result.code == code, (args, result)

    def interrupted(self, *args: str) -> None:
        """Run the program, and interrupt it in the middle."""
        with Running(*args, env=self.environment) as running:
            running.wait_for_stderr("Starting")
            running.send(signal.SIGINT)
            result = running.end()
        assert result.code == 130, (args, result)

    def at_rest(self) -> dict[str, float]:
        """Return what there is after a round, when nothing changes any more."""
        assert self.library.stdout
        answer = self.library.stdout.readline()
        assert answer, f"the library's process has ended: {self.library.wait(10)}"
        of_library = {f"{name} of the library's process": value for name, value in json.loads(answer).items()}
        before: dict[str, float] = {}
        for _ in range(REST_TRIES):
            now = self.counts()
            if all(before.get(name) == value for name, value in now.items() if BOUNDS[name] is SAME):
                break
            before = now
            time.sleep(REST_SECONDS)
        return {**now, **of_library}

    def counts(self) -> dict[str, float]:
        """Return what there is now on the engine, and on this machine's disk."""
        client = self.engine.client
        outer = engines.plain_client()
        said = engines.execute(outer, self.engine.container_id, "sh", "-c", COUNT)
        outer.close()
        found = {
            name: float(value.split()[0]) for name, _, value in (line.partition(":") for line in said.splitlines())
        }
        found["memory, MiB of the engine"] /= 1024
        return {
            "containers": len(client.containers(all=True)),
            "volumes": len(client.volumes()["Volumes"] or ()),
            "networks": len(client.networks()),
            "images": len(client.images(all=True)),
            "loop devices": len(loop_devices()),
            "files in TMPDIR and HOME": len([path for path in self.directory.rglob("*") if path.is_file()]),
            **found,
        }


def loop_devices() -> list[str]:
    """Return the loop devices of our size."""
    wanted = str(DISK_MEBIBYTES << 11)
    found = []
    for size in Path("/sys/block").glob("loop*/size"):
        try:
            if size.read_text(encoding="ascii").strip() == wanted:
                found.append(size.parent.name)
        except OSError:  # it has just gone
            pass
    return found


def homes(directory: Path) -> dict[str, str]:
    """Return the variables that say where temporary files and a user's own files are."""
    return {"TMPDIR": str(directory / "tmp"), "HOME": str(directory / "home")}


@contextmanager
def soaked() -> Iterator[Soak]:
    """Have an engine, an installer and the library's process within the block."""
    client = engines.plain_client()
    image = dcos_docker("image", "build", timeout=900).succeeded().strip()
    with tempfile.TemporaryDirectory(prefix="s-") as name, nested_engine(client, image) as engine:
        directory, installer = Path(name) / "files", Path(name) / "installer.sh"
        for path in homes(directory).values():
            Path(path).mkdir(parents=True)
        engine.client.load_image(client.get_image(image))  # type: ignore[no-untyped-call]
        dcos_docker("sample-installer", installer).succeeded()
        library = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.soak_library", installer],
            env=environment({**at(engine.url), **homes(directory)}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield Soak(engine, installer, directory, library)
        finally:
            library.kill()
            library.wait()
            client.close()


if __name__ == "__main__":
    sys.exit(main())
