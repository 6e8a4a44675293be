"""`examples/gitlab-ci.yml`: that GitLab can read it, and that its commands are ours and mean something."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import click
import pytest

from tests.support.commands import context_of
from tests.support.gitlab import SCRIPTS, job, lines, variables

if TYPE_CHECKING:
    from pathlib import Path

KEYWORDS = {"image", "services", "timeout", "variables", "cache", *SCRIPTS, "artifacts"}
"""GitLab's, of those that a job may have."""
COMMANDS = [
    match[1].strip()
    for line in lines(*SCRIPTS)
    for match in [re.search(r"\b(dcos-docker .*?)(?: *>| \|\| true|$)", line)]
    if match
]


def test_it_is_a_job() -> None:
    assert set(job()) == KEYWORDS
    assert all(isinstance(line, str) for script in SCRIPTS for line in job()[script]), "what has `: ` in it is no line"
    (service,) = job()["services"]
    assert job()["variables"]["DOCKER_HOST"] == f"tcp://{service['alias']}:2376"
    assert (job()["artifacts"]["when"], job()["artifacts"]["paths"]) == ("always", ["artifacts"])


def test_all_but_the_last_line_of_the_end_may_fail() -> None:
    *others, last = lines("after_script")
    assert all(line.endswith(" || true") for line in others)
    assert last == "dcos-docker clean --all --yes"


@pytest.mark.parametrize("text", COMMANDS)
def test_its_commands_are_understood(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "node.tar").touch()
    for name in ("dcos_generate_config.sh", "config.yaml"):
        (tmp_path / name).touch()
    known = variables("1")
    words = [re.sub(r"\$(\w+)", lambda match: known[match[1]], word) for word in shlex.split(text)[1:]]
    path = words[:2] if words[0] == "image" else words[:1]
    command = context_of(" ".join(path)).command
    with command.make_context(path[-1], words[len(path) :]) as context:
        assert isinstance(context, click.Context)


def test_no_command_is_overlooked() -> None:
    assert len(COMMANDS) == sum("dcos-docker " in line.replace("pip install", "") for line in lines(*SCRIPTS))
    options = {name for name in job()["variables"] if name.startswith("DCOS_DOCKER_CREATE_")}
    create = context_of("create").command
    known = {f"DCOS_DOCKER_CREATE_{name.upper()}" for name in (param.name for param in create.params) if name}
    assert options <= known
