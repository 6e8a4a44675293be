"""The documents name commands and options that there are, and leave out none of the older tool."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from dcos_docker_cli.cli.main import ALL_COMMANDS, COMMANDS, cli
from tests.support.commands import context_of

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").glob("*")])
MIGRATION = (ROOT / "docs" / "migration.md").read_text(encoding="utf-8")
NONE = "—"

# What `minidcos docker` of DC/OS E2E could do.
OF_ALL = "--version --verbose -v --enable-spinner --no-enable-spinner"
OF_NODES = """
    --masters --agents --public-agents --cluster-id -c --docker-version --linux-distribution --docker-storage-driver
    --mount-sys-fs-cgroup --no-mount-sys-fs-cgroup --network --transport --one-master-host-port-map --custom-volume
    --custom-master-volume --custom-agent-volume --custom-public-agent-volume --copy-to-master --workspace-dir
"""
OF_DCOS = """
    --extra-config --security-mode --license-key --genconf-dir --variant --workspace-dir --wait-for-dcos --transport
    --cluster-id -c
"""
OLDER = {
    "clean": "",
    "create": OF_NODES + OF_DCOS,
    "create-loopback-sidecar": "--size",
    "destroy": "--cluster-id -c --transport",
    "destroy-list": "--transport",
    "destroy-loopback-sidecar": "",
    "destroy-mac-network": "",
    "doctor": "",
    "download-installer": "--dcos-version --download-path",
    "inspect": "--cluster-id -c --env",
    "install": OF_DCOS + "--copy-to-master",
    "list": "",
    "list-loopback-sidecars": "",
    "provision": OF_NODES,
    "run": """
        --cluster-id -c --dcos-login-uname --dcos-login-pw --sync-dir --test-env --no-test-env --env --node --transport
    """,
    "send-file": "--cluster-id -c --node --transport",
    "setup-mac-network": "--configuration-dst --force",
    "sync": "DCOS_CHECKOUT_DIR --cluster-id -c --transport",
    "upgrade": OF_DCOS,
    "wait": "--cluster-id -c --superuser-username --superuser-password --skip-http-checks --transport",
    "web": "--cluster-id -c",
}


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading of the page."""
    section = MIGRATION.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|\n").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def names(cell: str) -> list[str]:
    """Return what stands as code in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def written(command: str) -> set[str]:
    """Return how the options of a command of ours are written, and its arguments."""
    found = cli if command == "dcos-docker" else context_of(command).command
    context = click.Context(found, help_option_names=["-h", "--help"])
    options = {name for one in found.get_params(context) for name in (*one.opts, *one.secondary_opts)}
    arguments = {one.human_readable_name.strip("[]") for one in found.params if isinstance(one, click.Argument)}
    return options | arguments


def test_every_older_command_is_in_the_table_once() -> None:
    assert sorted(name for older, *_ in table("Commands") for name in names(older)) == sorted(OLDER)


def test_the_commands_of_the_table_are_there_and_what_is_not_has_a_reason() -> None:
    for older, ours, different in table("Commands"):
        if ours == NONE:
            assert different, older
        else:
            assert set(names(ours)) <= set(COMMANDS), older


@pytest.mark.parametrize("command", OLDER)
def test_every_older_option_is_in_the_table_once(command: str) -> None:
    rows = [options for older, options, *_ in table("Options") if command in names(older)]
    assert sorted(name for options in rows for name in names(options)) == sorted(set(OLDER[command].split()))


def test_the_options_of_all_commands_are_in_the_table_once() -> None:
    rows = [options for older, options, *_ in table("Options") if older == "all"]
    assert sorted(name for options in rows for name in names(options)) == sorted(OF_ALL.split())


def test_the_options_of_the_table_are_there_and_what_is_not_has_a_reason() -> None:
    for older, options, ours, different in table("Options"):
        if ours == NONE:
            assert different, options
            continue
        assert names(ours), options
        for command in names(older) or set(ALL_COMMANDS) - {"image"}:
            assert set(names(ours)) <= written(command) | written("dcos-docker"), (command, options)


def test_what_is_said_not_to_be_there_is_not() -> None:
    for older, options, ours, _ in table("Options"):
        if ours == NONE:
            for command in set(names(older)) & set(COMMANDS):
                assert not set(names(options)) & written(command), (command, options)


COMMAND_LINE = r"(?<![\w/-])dcos-docker (image [a-z]+|[a-z][a-z-]*)([^|;&)]*)"


def command_lines(text: str) -> list[tuple[str, str]]:
    """Return the commands that stand in a document as code, each with what follows it up to what it runs itself."""
    typed = re.findall(r"^\$ .*", text, re.MULTILINE)  # not what it prints
    blocks = re.findall(r"^```(?!console)\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    code = [*typed, *blocks, *re.findall(r"`([^`\n]+)`", text)]
    lines = [line for block in code for line in block.splitlines()]
    found = [
        found
        for line in lines
        for found in re.findall(r"(?<![\w/-])dcos-docker (image [a-z]+|[a-z][a-z-]*)([^|;&)]*)", line)
    ]
    return [(command, rest.partition(" -- ")[0]) for command, rest in found]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_commands_and_options_of_a_document_are_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for command, rest in command_lines(f"```\n{text}```" if document.suffix == ".sh" else text):
        assert command in ALL_COMMANDS
        options = set(re.findall(r"(?<!\S)(--?[a-z][a-z0-9-]*)", rest))
        assert options <= written(command), f"{command}{rest}"


def test_command_lines_are_found() -> None:
    text = "Say `dcos-docker run --node x -- ls -l | cat`:\n```sh\ndcos-docker list -q | wc; dcos-docker wait\n```\n"
    assert command_lines(text) == [("list", " -q "), ("wait", ""), ("run", " --node x")]
    assert len(command_lines((ROOT / "README.md").read_text(encoding="utf-8"))) > 12
