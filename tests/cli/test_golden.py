"""The help texts and completion scripts are those of the files, which `make golden` writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dcos_docker_cli.cli.groups import GROUPS
from dcos_docker_cli.cli.main import COMMANDS
from tests.support.program import raw

GOLDEN = Path(__file__).parent / "golden"
COMPLETIONS = Path(__file__).parents[2] / "completions"
SHELLS = ("bash", "zsh", "fish")


def printed(*args: str) -> bytes:
    """Return what the program prints, which must be all it says."""
    done = raw(*args, env={"COLUMNS": "80", "DOCKER_HOST": "tcp://127.0.0.1:1"})
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_of_the_program(option: str) -> None:
    assert printed(option) == (GOLDEN / "dcos-docker.txt").read_bytes()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_of_a_command(command: str, option: str) -> None:
    assert printed(command, option) == (GOLDEN / f"{command}.txt").read_bytes()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_says_what_it_is(command: str) -> None:
    text = (GOLDEN / f"{command}.txt").read_text(encoding="utf-8")
    usage, description, *_ = text.split("\n\n")
    assert usage.startswith(f"Usage: dcos-docker {command} ")
    assert description.startswith("  ")
    assert "." in description
    assert re.search(rf"^  dcos-docker {command} .*$", text, re.MULTILINE), "no example"
    options = text.partition("\nOptions:\n")[2].partition("\nEnvironment:\n")[0]
    # An option without help is alone on its line and on none that follows.
    lines = options.splitlines()
    described = [line for line in lines if "  " in line.strip() or line.startswith(" " * 10)]
    undescribed = [
        line
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if line not in described and not following.startswith(" " * 10)
    ]
    assert undescribed == []


def test_the_program_lists_every_command_with_a_line() -> None:
    text = (GOLDEN / "dcos-docker.txt").read_text(encoding="utf-8")
    sections = re.findall(r"^(\w+):\n((?:  .*\n)+)", text, re.MULTILINE)
    listed = {title: [line.split(maxsplit=1) for line in lines.splitlines()] for title, lines in sections}
    del listed["Options"]
    assert {title: dict(lines) for title, lines in listed.items()} == GROUPS
    assert sorted(name for lines in listed.values() for name, _ in lines) == list(COMMANDS)


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_script(shell: str) -> None:
    assert printed("completion", shell) == (COMPLETIONS / f"dcos-docker.{shell}").read_bytes()


def test_no_file_is_left_of_what_is_no_more() -> None:
    assert {file.name for file in GOLDEN.iterdir()} == {f"{name}.txt" for name in ("dcos-docker", *COMMANDS)}
    assert {file.name for file in COMPLETIONS.iterdir()} == {f"dcos-docker.{shell}" for shell in SHELLS}
