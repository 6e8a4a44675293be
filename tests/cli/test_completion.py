"""Completion on the shell: with the scripts that are shipped, and without an engine."""

from __future__ import annotations

import os
import re
import select
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from dcos_docker_cli.cli.main import ALL_COMMANDS, COMMANDS
from tests.support.program import PROGRAM, at, dcos_docker, environment

COMPLETIONS = Path(__file__).parents[2] / "completions"
NOWHERE = at("tcp://127.0.0.1:1")


def offered(*words: str, env: dict[str, str | None] | None = None, timeout: float = 60) -> list[str]:
    """Return what is offered for the last of these words."""
    line = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    done = dcos_docker(env={**(env or NOWHERE), "_DCOS_DOCKER_COMPLETE": "bash_complete", **line}, timeout=timeout)
    assert (done.code, done.stderr) == (0, "")
    return [word.partition(",")[2] for word in done.stdout.splitlines() if word]


def test_commands() -> None:
    assert offered("dcos-docker", "") == list(COMMANDS)
    assert offered("dcos-docker", "ins") == ["inspect", "install"]


def test_commands_of_a_group() -> None:
    assert offered("dcos-docker", "image", "") == ["build", "export", "import", "list", "remove"]
    assert offered("dcos-docker", "image", "--") == ["--help"]


@pytest.mark.parametrize("command", [command for command in ALL_COMMANDS if command != "image"])
def test_options(command: str) -> None:
    found = offered("dcos-docker", *command.split(), "--")
    assert {"--help", "--quiet", "--verbose"} <= set(found)
    assert len(found) == len(set(found))


def test_values() -> None:
    assert offered("dcos-docker", "create", "--variant", "") == ["oss", "enterprise"]
    assert offered("dcos-docker", "list", "--output", "") == ["table", "ids", "json", "yaml"]
    assert offered("dcos-docker", "completion", "") == ["bash", "zsh", "fish"]


@pytest.mark.parametrize(
    "words",
    [("destroy", "--cluster-id", ""), ("destroy-list", ""), ("run", "--node", ""), ("inspect", "-c", "a")],
)
def test_without_an_engine_nothing_is_offered_and_nothing_said(words: tuple[str, ...], tmp_path: Path) -> None:
    assert offered("dcos-docker", *words) == []
    assert offered("dcos-docker", *words, env=at("garbage")) == []
    broken: dict[str, str | None] = {**at(""), "DOCKER_HOST": None, "DOCKER_CONFIG": str(tmp_path)}
    (tmp_path / "config.json").write_text("{")
    assert offered("dcos-docker", *words, env=broken) == []


def test_an_engine_that_does_not_answer_is_not_waited_for() -> None:
    """It takes the connection and says nothing: whoever has pressed a key gets nothing, and soon."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = at(f"tcp://127.0.0.1:{silent.getsockname()[1]}")
        assert offered("dcos-docker", "inspect", "--cluster-id", "", env=address, timeout=10) == []


def complete_in(shell: str, script: str) -> list[str]:
    """Run a script in a shell, in which the completion is set up; return the lines that it prints."""
    done = subprocess.run(
        [shell, "-c", script],
        env=environment({**NOWHERE, "PATH": f"{PROGRAM.parent}:/usr/bin:/bin"}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash here")
def test_script_for_bash() -> None:
    """As bash calls it: the function that is registered is given the words, and fills COMPREPLY."""
    script = f"""
        source '{COMPLETIONS}/dcos-docker.bash'
        function=$(complete -p dcos-docker | sed -E 's/.*-F ([^ ]+).*/\\1/')
        COMP_WORDS=(dcos-docker ins) COMP_CWORD=1
        "$function" dcos-docker ins dcos-docker
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    assert complete_in("bash", script) == ["inspect", "install"]


@pytest.mark.skipif(not shutil.which("fish"), reason="there is no fish here")
def test_script_for_fish() -> None:
    script = f"source '{COMPLETIONS}/dcos-docker.fish'; complete --do-complete 'dcos-docker ins'"
    assert [line.split("\t")[0] for line in complete_in("fish", script)] == ["inspect", "install"]


@pytest.mark.skipif(not shutil.which("zsh"), reason="there is no zsh here")
def test_script_for_zsh() -> None:
    assert complete_in("zsh", f"autoload -U compinit; compinit -u; source '{COMPLETIONS}/dcos-docker.zsh'") == []


# In shells as people use them

PROMPTS = {
    "bash": ("bash", "--norc", "--noprofile", "-i"),
    "zsh": ("zsh", "-f", "-i"),
    "fish": ("fish", "--no-config", "-i"),
}
SET_UP = {"zsh": "autoload -U compinit; compinit -u -D; "}
READY, SHOWN, END = "is-ready", "line-is:", "\x01echo line-is:\r"
SHELLS = [pytest.param(name, marks=pytest.mark.skipif(not shutil.which(name), reason="not here")) for name in PROMPTS]


def line_after_tab(shell: str, typed: str, directory: Path, before: str = "") -> str:
    """Type the beginning of a line at a shell's prompt, and the tabulator key; return the line that comes of it."""
    ours, theirs = os.openpty()
    changes = {**NOWHERE, "PATH": f"{PROGRAM.parent}:/usr/bin:/bin", "TERM": "dumb", "HOME": str(directory)}
    process = subprocess.Popen(
        ["setsid", "--ctty", *PROMPTS[shell]],
        stdin=theirs, stdout=theirs, stderr=theirs,
        env=environment(changes), cwd=directory,
    )  # fmt: skip
    os.close(theirs)
    try:
        script = COMPLETIONS / f"dcos-docker.{shell}"
        os.write(ours, f"{SET_UP.get(shell, '')}{before}source '{script}'; echo {READY}''\r".encode())
        _read_until(ours, rf"\n{READY}\r")
        os.write(ours, f"{typed}\t{END}".encode())
        return _read_until(ours, rf"\n{SHOWN}([^\r\n]*)\r")[1].strip().rstrip("/")  # zsh takes its slash back
    finally:
        process.kill()
        process.wait(10)
        os.close(ours)


def _read_until(terminal: int, pattern: str) -> re.Match[str]:
    seen, deadline = "", time.monotonic() + 30
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                seen += os.read(terminal, 1 << 16).decode(errors="replace")
            except OSError:  # the shell has ended
                break
        if found := re.search(pattern, seen):
            return found
    raise AssertionError(f"{pattern!r} was not printed within 30 s, but:\n{seen}")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("doctor --output j", "doctor --output json"),
        ("doctor --output=j", "doctor --output=json"),
        ("doctor --output=", "doctor --output="),
        ("doctor --output=t", "doctor --output=text"),
        ("create --security-mode=s", "create --security-mode=strict"),
        ("create --variant=oss --security-mode=s", "create --variant=oss --security-mode=strict"),
        ("create ins", "create installer.sh"),
        ("create --extra-config=ins", "create --extra-config=installer.sh"),
        ("create --genconf-dir ", "create --genconf-dir genconf"),
        ("create --genconf-dir=g", "create --genconf-dir=genconf"),
    ],
)
def test_a_line_after_tab(shell: str, typed: str, wanted: str, tmp_path: Path) -> None:
    (tmp_path / "installer.sh").touch()
    (tmp_path / "genconf").mkdir()
    assert line_after_tab(shell, f"dcos-docker {typed}", tmp_path) == f"dcos-docker {wanted}"


@pytest.mark.parametrize("shell", SHELLS)
def test_values_on_a_line_count(shell: str, tmp_path: Path) -> None:
    """What is typed as `--option=VALUE` is not taken for the argument that comes after it."""
    typed = "dcos-docker create --cluster-id=x ins"
    (tmp_path / "installer.sh").touch()
    assert line_after_tab(shell, typed, tmp_path) == f"{typed}taller.sh"


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash here")
def test_bash_that_does_not_split_at_equals_signs(tmp_path: Path) -> None:
    before = "COMP_WORDBREAKS=${COMP_WORDBREAKS//=/}; "
    typed = "dcos-docker doctor --output=j"
    assert line_after_tab("bash", typed, tmp_path, before) == "dcos-docker doctor --output=json"


@pytest.mark.skipif(not shutil.which("fish"), reason="there is no fish here")
def test_descriptions_in_fish_are_whole() -> None:
    script = f"source '{COMPLETIONS}/dcos-docker.fish'; complete --do-complete 'dcos-docker run --nod'"
    (line,) = complete_in("fish", script)
    option, description = line.split("\t")
    assert option == "--node"
    assert description.startswith("A node: agent_1, a container's name, the beginning of its id")
