"""The examples of the documents: found, run as they stand there, and what they need around them."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.cluster import Cluster
from dcos_docker_cli.exceptions import DcosDockerError
from dcos_docker_cli.labels import CREATOR_KEY, KIND_KEY, SCHEMA_KEY, Creator, Kind
from tests.support.engine import remove

if TYPE_CHECKING:
    from docker import APIClient

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TEST = re.compile(r"^def test_", re.MULTILINE)
PYTEST_SECONDS = 120


@dataclass(frozen=True)
class Block:
    """A block of Python in a document. `line` is that of its first statement."""

    document: Path
    line: int
    source: str

    @property
    def place(self) -> str:
        """Where it is, in the form in which editors take it."""
        return f"{self.document.parent.name}/{self.document.name}:{self.line}"


def blocks(document: Path) -> list[Block]:
    """Return the Python blocks of a document."""
    text = document.read_text(encoding="utf-8")
    return [
        Block(document, text.count("\n", 0, found.start(1)) + 1, found[1])
        for found in BLOCK.finditer(text)
    ]  # fmt: skip


class Reader:
    """Somebody who tries the examples of a document one after the other, in this process and this directory.

    A block with functions `test_…` is run by pytest, in a process of its own.
    """

    def __init__(self, client: APIClient, names: dict[str, Any]) -> None:
        self.namespace: dict[str, Any] = {"__name__": "__docs__", **names}
        self._client = client
        self._processes = [os.getpid()]
        self._before = made_by(client, self._processes)

    def run(self, block: Block) -> None:
        """Run a block; fail with the place of what failed."""
        if TEST.search(block.source):
            self._run_pytest(block)
            return
        # Blank lines, so that the lines of a traceback are the document's.
        code = compile("\n" * (block.line - 1) + block.source, str(block.document), "exec", dont_inherit=True)
        try:
            exec(code, self.namespace)
        except Exception as error:
            lines = [
                frame.lineno or block.line
                for frame in traceback.extract_tb(error.__traceback__)
                if frame.filename == code.co_filename
            ]
            place = dataclasses.replace(block, line=lines[-1]).place
            raise AssertionError(f"{place} failed: {type(error).__name__}: {error}") from error

    def _run_pytest(self, block: Block) -> None:
        file = Path(f"test_line_{block.line}.py")
        file.write_text(block.source, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", str(file)]
        # Who tries it is not within a run of pytest.
        env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, env=env
        ) as process:
            self._processes.append(process.pid)
            try:
                output, _ = process.communicate(timeout=PYTEST_SECONDS)
            except BaseException:
                process.kill()
                raise
        assert process.returncode == 0, f"{block.place} failed:\n{output}"

    def left(self) -> list[str]:
        """Return what the blocks have made on the engine that is still there."""
        return [item for item in made_by(self._client, self._processes) if item not in self._before]

    def clean_up(self) -> None:
        """Remove what the blocks have left on the engine."""
        for value in self.namespace.values():
            if isinstance(value, Cluster):
                with suppress(DcosDockerError):  # it is destroyed already, or not ours to destroy
                    value.destroy()
                value.close()
        remove(self._client, self.left())


def made_by(client: APIClient, processes: list[int]) -> list[str]:
    """Return the objects of the engine that these processes have made with the library, in the order of removal."""
    here = Creator.this_process()

    def is_theirs(labels: dict[str, str] | None) -> bool:
        creator = Creator.parse((labels or {}).get(CREATOR_KEY, ""))
        # The label of a container of somebody's can be that of its image; the caches of installers are to stay.
        if creator is None or (labels or {}).get(KIND_KEY) in (Kind.IMAGE.value, Kind.CACHE.value):
            return False
        return (creator.host, creator.namespace) == (here.host, here.namespace) and creator.pid in processes

    wanted = {"label": SCHEMA_KEY}
    containers = client.containers(all=True, filters=wanted)
    networks, volumes = client.networks(filters=wanted), client.volumes(filters=wanted)["Volumes"] or ()
    return [
        *(f"container {item['Names'][0][1:]}" for item in containers if is_theirs(item["Labels"])),
        *(f"network {item['Name']}" for item in networks if is_theirs(item["Labels"])),
        *(f"volume {item['Name']}" for item in volumes if is_theirs(item["Labels"])),
    ]
