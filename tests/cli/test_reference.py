"""docs/cli.md is what `make golden` writes, and has every command and option; and the variables that it names work."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from dcos_docker_cli.cli.main import ALL_COMMANDS
from tests.support.commands import context_of
from tests.support.program import at, dcos_docker, environment

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
NOWHERE = at("tcp://127.0.0.1:1")


def section(title: str, level: int = 3) -> str:
    """Return what stands under a heading."""
    (found,) = re.findall(rf"^{'#' * level} {re.escape(title)}\n(.*?)(?=^##|\Z)", TEXT, re.DOTALL | re.MULTILINE)
    return str(found)


def parameters(command: str) -> list[click.Parameter]:
    """Return what a command takes."""
    return context_of(command).command.params


def test_the_page_is_what_make_golden_writes() -> None:
    """Whatever the terminal is on which that runs."""
    for columns in ("40", "200"):
        command = [sys.executable, str(ROOT / "scripts" / "reference.py")]
        env = environment({"COLUMNS": columns, "LANG": "C", "PYTHONIOENCODING": "utf-8"})
        done = subprocess.run(command, env=env, capture_output=True, text=True, encoding="utf-8", check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == TEXT


def test_every_command_has_a_section_and_is_in_the_contents() -> None:
    assert sorted(re.findall(r"^### (.*)$", TEXT, re.MULTILINE)) == list(ALL_COMMANDS)
    listed = re.findall(r"\[`(.*)`\]\(#(.*?)\)", section("All of them", 2))
    assert sorted(path for path, _ in listed) == list(ALL_COMMANDS)
    assert all(anchor == path.replace(" ", "-") for path, anchor in listed)


@pytest.mark.parametrize("command", ALL_COMMANDS)
def test_a_section_has_all_options_and_a_usage_and_examples(command: str) -> None:
    text = section(command)
    assert f"```\ndcos-docker {command} " in text
    assert re.search(rf"^```sh\n(dcos-docker .*\n)*dcos-docker {command}\b", text, re.MULTILINE)
    rows = text + section("Options of all commands", 2)
    for parameter in parameters(command):
        for written in [*parameter.opts, *parameter.secondary_opts]:
            if isinstance(parameter, click.Option):
                assert re.search(rf"^\| `[^`]*(?<![\w-]){written}(?![\w-])", rows, re.MULTILINE), written
    assert "[default:" not in text, "a default that stands in the help has not been taken out"


def variables(command: str) -> list[tuple[str, str]]:
    """Return the options of a command's table as they are written, each with its variable."""
    return re.findall(r"^\| `([^`]*--[^`]*)` \|.*`(DCOS_[A-Z0-9_]+)` \|", section(command), re.MULTILINE)


@pytest.mark.parametrize("command", ALL_COMMANDS)
def test_the_variables_are_those_of_their_options(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    context = context_of(command)
    own = [one for one in context.command.params if isinstance(one, click.Option) and one.expose_value]
    assert len(variables(command)) == len(own)
    for written, variable in variables(command):
        (option,) = (one for one in own if set(one.opts) & set(written.replace(",", "").split()))
        monkeypatch.setenv(variable, "value")
        assert option.resolve_envvar_value(context) == "value"
        monkeypatch.delenv(variable)


def test_a_variable_is_named_as_its_option_is_written() -> None:
    named = {(command, *row) for command in ALL_COMMANDS for row in variables(command)}
    assert len(named) > 100
    for command, written, variable in named:
        name = re.findall(r"--([a-z0-9-]+)", written)[0].replace("-", "_").upper()
        own = f"DCOS_DOCKER_{re.sub('[- ]', '_', command).upper()}_{name}"
        assert variable in (own, f"DCOS_DOCKER_{name}", "DCOS_LICENSE_KEY_PATH")


@pytest.mark.parametrize(
    ("variable", "args", "said"),
    [
        ("DCOS_DOCKER_RUN_NODE", ("run", "x"), "Invalid value for '--node'"),
        ("DCOS_DOCKER_CREATE_COPY_TO_MASTER", ("create", "x"), "Invalid value for '--copy-to-master'"),
        ("DCOS_DOCKER_CLUSTER_ID", ("destroy",), "Invalid value for '-c' / '--cluster-id'"),
    ],
)
def test_what_a_variable_says_wrongly_is_refused(variable: str, args: tuple[str, ...], said: str) -> None:
    result = dcos_docker(*args, env={**NOWHERE, variable: "/"})
    assert (result.code, result.stdout) == (2, "")
    assert said in result.stderr


def test_a_variable_for_the_version_to_install_is_not_ours() -> None:
    result = dcos_docker("completion", "bash", env={**NOWHERE, "DCOS_DOCKER_VERSION": "0.3.0"})
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout


def test_links_lead_somewhere() -> None:
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)}
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        file, _, anchor = target.partition("#")
        assert (not file and anchor in headings) or (ROOT / "docs" / file).is_file(), target
