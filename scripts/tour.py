"""Run the commands of the README's tour, and write down what they really print. Run it with `make tour`.

A command is a line `$ …` of a block marked `console`; what follows it up to the next one is its output. The commands
run on a terminal, on a cluster of their own, which is shown as `default`; DCOS_DOCKER_CLUSTER_ID can give its id.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import uuid
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path
from struct import pack
from termios import TIOCSWINSZ

from dcos_docker_cli.model import DEFAULT_CLUSTER_ID

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.DOTALL | re.MULTILINE)
PROGRAM = Path(sys.executable).with_name("dcos-docker")
ROWS, COLUMNS = 40, 120
ID = f"t{uuid.uuid4().hex[:6]}"
"""As long as the one that is shown for it, so that tables keep their form."""
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SOMETIMES = re.compile(r"^✔ (Building|Pulling|No registry answers|Sending|Fetching).*\n", re.MULTILINE)
"""What only the first cluster on an engine shows, or a slow one."""


def main() -> None:
    """Write the README anew, or with `--print` print what it would be."""
    text = README.read_text(encoding="utf-8")
    cluster_id = os.environ.get("DCOS_DOCKER_CLUSTER_ID", ID)
    with tempfile.TemporaryDirectory() as directory:
        tour = Tour(Path(directory), cluster_id)
        try:
            text = BLOCK.sub(lambda block: tour.block(block[1]), text)
        except BaseException:
            with suppress(subprocess.CalledProcessError):
                tour.output("dcos-docker destroy --quiet")
            raise
    if sys.argv[1:] == ["--print"]:
        print(text, end="")
    else:
        README.write_text(text, encoding="utf-8")
        print(f"Wrote {README}.")


class Tour:
    """Somebody who types commands in a directory."""

    def __init__(self, directory: Path, cluster_id: str) -> None:
        self._directory = directory
        self._cluster_id = cluster_id
        path = f"{PROGRAM.parent}:{os.environ['PATH']}"
        changes = {"PATH": path, "TERM": "xterm", "NO_COLOR": "1", "DCOS_DOCKER_CLUSTER_ID": cluster_id}
        self._env = {**os.environ, **changes}

    def block(self, text: str) -> str:
        """Return a block with its commands' output of now."""
        commands = re.findall(r"^\$ (.*)$", text, re.MULTILINE)
        return "".join(f"$ {command}\n{self.output(command)}" for command in commands)

    def output(self, command: str) -> str:
        """Return what a command leaves on a terminal; raise an error when it fails."""
        ours, theirs = os.openpty()
        ioctl(theirs, TIOCSWINSZ, pack("HHHH", ROWS, COLUMNS, 0, 0))
        streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        shell = ["bash", "-o", "pipefail", "-c", command]
        with subprocess.Popen(shell, cwd=self._directory, env=self._env, **streams) as process:  # type: ignore[call-overload]
            os.close(theirs)
            seen = as_seen(read_all(ours))
        os.close(ours)
        if process.returncode:
            print(seen, file=sys.stderr)
            raise subprocess.CalledProcessError(process.returncode, command)
        return SOMETIMES.sub("", seen).replace(self._cluster_id, DEFAULT_CLUSTER_ID)


def read_all(terminal: int) -> str:
    """Read until the last one that writes has closed the terminal, which is an error of reading on Linux."""
    data = bytearray()
    with suppress(OSError):
        while piece := os.read(terminal, 1 << 16):
            data += piece
    return data.decode()


def as_seen(written: str) -> str:
    """Return the lines that stay: a spinner goes back to a line's start, clears it, and writes over it."""
    lines = CONTROL.sub("", written).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rpartition("\r")[2].rstrip() for line in lines)


if __name__ == "__main__":
    main()
