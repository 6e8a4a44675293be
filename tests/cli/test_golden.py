"""The help texts and completion scripts are those of the files, which `make golden` writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli.cli.groups import GROUPS, IMAGE_GROUPS
from dcos_docker_cli.cli.main import ALL_COMMANDS, COMMANDS
from tests.support.program import raw

if TYPE_CHECKING:
    from collections.abc import Mapping

GOLDEN = Path(__file__).parent / "golden"
COMPLETIONS = Path(__file__).parents[2] / "completions"
SHELLS = ("bash", "zsh", "fish")


def golden(command: str) -> Path:
    """Return the file with the help of a command."""
    return GOLDEN / f"{command.replace(' ', '-')}.txt"


def printed(*args: str) -> bytes:
    """Return what the program prints, which must be all it says."""
    done = raw(*args, env={"COLUMNS": "80", "DOCKER_HOST": "tcp://127.0.0.1:1"})
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_of_the_program(option: str) -> None:
    assert printed(option) == (GOLDEN / "dcos-docker.txt").read_bytes()


@pytest.mark.parametrize("command", ALL_COMMANDS)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_of_a_command(command: str, option: str) -> None:
    assert printed(*command.split(), option) == golden(command).read_bytes()


@pytest.mark.parametrize("command", ALL_COMMANDS)
def test_every_command_and_option_says_what_it_is(command: str) -> None:
    text = golden(command).read_text(encoding="utf-8")
    usage, description, *_ = text.split("\n\n")
    assert usage.startswith(f"Usage: dcos-docker {command} ")
    assert description.startswith("  ")
    assert "." in description
    assert re.search(rf"^  dcos-docker {command} .*$", text, re.MULTILINE), "no example"
    options = re.split(r"\n\n|\nEnvironment:\n", text.partition("\nOptions:\n")[2])[0]
    # An option without help is alone on its line and on none that follows.
    lines = options.splitlines()
    described = [line for line in lines if "  " in line.strip() or line.startswith(" " * 10)]
    undescribed = [
        line
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if line not in described and not following.startswith(" " * 10)
    ]
    assert undescribed == []


@pytest.mark.parametrize(("name", "groups"), [("dcos-docker", GROUPS), ("image", IMAGE_GROUPS)])
def test_a_group_lists_every_command_with_a_line(name: str, groups: Mapping[str, Mapping[str, str]]) -> None:
    text = golden(name).read_text(encoding="utf-8")
    sections = re.findall(r"^(\w+):\n((?:  .*\n)+)", text, re.MULTILINE)
    listed = {title: [line.split(maxsplit=1) for line in lines.splitlines()] for title, lines in sections}
    del listed["Options"]
    assert {title: dict(lines) for title, lines in listed.items()} == groups
    paths = [inner if name == "dcos-docker" else f"{name} {inner}" for lines in groups.values() for inner in lines]
    expected = COMMANDS if name == "dcos-docker" else [path for path in ALL_COMMANDS if path.startswith(f"{name} ")]
    assert sorted(paths) == list(expected)


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_script(shell: str) -> None:
    assert printed("completion", shell) == (COMPLETIONS / f"dcos-docker.{shell}").read_bytes()


def test_no_file_is_left_of_what_is_no_more() -> None:
    assert {file.name for file in GOLDEN.iterdir()} == {golden(name).name for name in ("dcos-docker", *ALL_COMMANDS)}
    assert {file.name for file in COMPLETIONS.iterdir()} == {f"dcos-docker.{shell}" for shell in SHELLS}
