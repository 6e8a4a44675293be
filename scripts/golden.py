"""Write the expected help texts, the completion scripts and docs/cli.md anew.

Run it with `make golden`, and read the difference.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from reference import document

from dcos_docker_cli.cli.main import ALL_COMMANDS

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "tests" / "cli" / "golden"
COMPLETIONS = ROOT / "completions"
REFERENCE = ROOT / "docs" / "cli.md"
PROGRAM = Path(sys.executable).with_name("dcos-docker")
SHELLS = ("bash", "zsh", "fish")
# What the user's terminal is must not show.
ENVIRONMENT = {**os.environ, "COLUMNS": "80"}


def main() -> None:
    """Write them, and remove those of commands that are no more."""
    texts = {GOLDEN / "dcos-docker.txt": output("--help")}
    for command in ALL_COMMANDS:
        texts[GOLDEN / f"{command.replace(' ', '-')}.txt"] = output(*command.split(), "--help")
    texts.update({COMPLETIONS / f"dcos-docker.{shell}": output("completion", shell) for shell in SHELLS})
    for directory in (GOLDEN, COMPLETIONS):
        directory.mkdir(parents=True, exist_ok=True)
        for stale in set(directory.iterdir()) - set(texts):
            stale.unlink()
    texts[REFERENCE] = document().encode()
    for path, text in texts.items():
        path.write_bytes(text)
    print(f"Wrote {len(texts)} files.")


def output(*args: str) -> bytes:
    """Return what the program prints."""
    return subprocess.run([PROGRAM, *args], env=ENVIRONMENT, stdout=subprocess.PIPE, check=True).stdout


if __name__ == "__main__":
    main()
