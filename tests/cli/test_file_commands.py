"""What `send-file`, `download-file` and `sync` refuse before the engine is contacted, to the letter."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.program import at, dcos_docker

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = at("tcp://127.0.0.1:1")
"""Nothing listens there: a program that looked for the engine would end with 125."""
USAGES = {"send-file": "SOURCE... DEST", "download-file": "SOURCE DEST", "sync": "[DCOS_CHECKOUT_DIR]"}
EXAMPLES = {
    "send-file": "dcos-docker send-file app.json /etc/my-app/",
    "download-file": "dcos-docker download-file /opt/mesosphere/etc/dcos-version.json .",
    "sync": "dcos-docker sync ~/dcos",
}
WRITE_IT_OUT = "Next: Write it out, as in /root/file.\n"


def outcome(*args: str, cwd: Path, env: dict[str, str | None] | None = None) -> tuple[int, str, str]:
    result = dcos_docker(*args, env={**NOWHERE, "DCOS_CHECKOUT_DIR": None, **(env or {})}, cwd=cwd)
    return result.code, result.stdout, result.stderr


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A working directory with some files, so that messages have short names."""
    for name in ("file", "-dash", "sub/file", "taken/hosts"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    (tmp_path / "gone").symlink_to("nowhere")
    os.mkfifo(tmp_path / "fifo")
    return tmp_path


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["send-file"], "Missing argument 'SOURCE... DEST'."),
        (["send-file", "file"], "Missing argument 'DEST'."),
        (["send-file", "-dash", "/tmp"], "No such option '-d'."),
        (["send-file", "--node", "a b", "file", "/tmp"],
         "Invalid value for '--node': \"a b\" is no node. Write master_0, agent_1 or public_agent_0, for example."),
        (["send-file", "--transport", "smoke", "file", "/tmp"],
         "Invalid value for '--transport': 'smoke' is not one of 'docker-exec', 'ssh'."),
        (["download-file"], "Missing argument 'SOURCE'."),
        (["download-file", "/etc/hosts"], "Missing argument 'DEST'."),
        (["download-file", "/a", "/b", "/c"], "Got unexpected extra argument (/c)"),
        (["sync", "a", "b"], "Got unexpected extra argument (b)"),
    ],
)  # fmt: skip
def test_usage(here: Path, args: list[str], message: str) -> None:
    command = args[0]
    wanted = (
        f"Usage: dcos-docker {command} [OPTIONS] {USAGES[command]}\n"
        f"Try 'dcos-docker {command} --help' for help.\n\nError: {message}\nExample: {EXAMPLES[command]}\n"
    )
    assert outcome(*args, cwd=here) == (2, "", wanted)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nothing", "file", "/tmp"], "Error: There is no nothing.\n"),
        (["gone", "/tmp"], "Error: There is no gone.\n"),
        (["file/below", "/tmp"], "Error: file/below cannot be read: Not a directory.\n"),
        (["fifo", "/tmp"], 'Error: "fifo" is neither a file nor a directory.\n'),
        (["", "/tmp"], 'Error: "" is neither a file nor a directory.\n'),
        (["new\nline", "/tmp"], "Error: There is no 'new\\nline'.\n"),
        (["-", "/tmp"],
         'Error: "-" is not a file.\n'
         "Next: To send standard input: dcos-docker run -- sh -c 'cat >FILE'. A file of that name is ./-\n"),
        (["file", "sub/file", "/tmp"],
         'Error: Two of the files would both be "file" on the node.\nNext: Send one after the other.\n'),
        (["file", ""], f'Error: "" is not a path of a node.\n{WRITE_IT_OUT}'),
        (["file", "-"], f'Error: "-" is not a path of a node.\n{WRITE_IT_OUT}'),
        (["file", "~/x"],
         'Error: "~/x" is not a path of a node, where ~ means nothing.\n'
         "Next: Write it out, as in /root/file; for a name that begins with ~: /~/x\n"),
        (["file", "agent_1:/tmp/x"],
         'Error: "agent_1:/tmp/x" is not a path of a node.\n'
         "Next: Name the node with an option: --node agent_1, and the path alone: /tmp/x\n"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent(here: Path, args: list[str], said: str) -> None:
    assert outcome("send-file", "--", *args, cwd=here) == (2, "", said)


def test_name_that_is_no_text(here: Path) -> None:
    name = os.fsdecode(b"\xff")
    (here / name).touch()
    code, stdout, stderr = outcome("send-file", name, "/tmp", cwd=here)
    assert (code, stdout) == (2, "")
    assert stderr == "Error: '\\udcff' is not UTF-8.\nNext: Send the directory that it is in.\n"


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["", "new"], 2, f'Error: "" is not a path of a node.\n{WRITE_IT_OUT}'),
        (["master_0:/etc/hosts", "new"], 2,
         'Error: "master_0:/etc/hosts" is not a path of a node.\n'
         "Next: Name the node with an option: --node master_0, and the path alone: /etc/hosts\n"),
        (["/", "new"], 2, "Error: / cannot be fetched.\nNext: Name a file or a directory in it.\n"),
        (["/etc/..", "new"], 2, "Error: /etc/.. cannot be fetched.\nNext: Name a file or a directory in it.\n"),
        (["/etc/hosts", ""], 2,
         'Error: "" is not a path.\nNext: To have a file on standard output: dcos-docker run -- cat /etc/hosts\n'),
        (["/etc/hosts", "-"], 2,
         'Error: "-" is not a path.\nNext: To have a file on standard output: dcos-docker run -- cat /etc/hosts\n'),
        (["/etc/hosts", "none/new"], 2, "Error: There is no directory none.\nNext: mkdir -p none\n"),
        (["/etc/hosts", "file/new"], 1, "Error: file is there already, and is no directory.\n"),
        (["/etc/hosts", "file/"], 1, "Error: file is there already, and is no directory.\n"),
        (["/etc/hosts", "file"], 1, "Error: file is there already.\nNext: --force replaces a file.\n"),
        (["/etc/hosts", "taken"], 1, "Error: taken/hosts is there already.\nNext: --force replaces a file.\n"),
        (["/etc/hosts", "gone"], 1, "Error: gone is there already.\n"),
        (["/etc/sub", "."], 1, "Error: sub is there already.\n"),
        (["-f", "/etc/hosts", "gone"], 1, "Error: gone is there already, and is no file.\n"),
        (["-f", "/etc/sub", "."], 1, "Error: sub is there already, and is no file.\n"),
        (["--node", "master_0", "--node", "agent_0", "/etc/hosts", "file"], 1,
         "Error: file is there already, and is no directory.\n"),
    ],
)  # fmt: skip
def test_what_cannot_be_fetched(here: Path, args: list[str], code: int, said: str) -> None:
    assert outcome("download-file", *args, cwd=here) == (code, "", said)
    assert (here / "file").read_text() == "mine"
    assert (here / "taken" / "hosts").read_text() == "mine"


def test_not_a_checkout(here: Path) -> None:
    (here / "checkout" / "packages" / "dcos-integration-test").mkdir(parents=True)
    says = " is not a DC/OS checkout: there is no packages/dcos-integration-test/extra in it.\n"
    next_step = "Next: Give the directory of one, as in: dcos-docker sync ~/dcos\n"
    for given, variable, named in (
        (["checkout"], None, here / "checkout"),
        ([], "checkout", here / "checkout"),
        ([], "", here),
        ([], None, here),
    ):
        found = outcome("sync", *given, cwd=here, env={"DCOS_CHECKOUT_DIR": variable})
        assert found == (2, "", f"Error: {named}{says}{next_step}")
    for directory, message in (("nowhere", "There is no directory nowhere."), ("file", "file is no directory.")):
        found = outcome("sync", directory, cwd=here, env={"DCOS_CHECKOUT_DIR": "checkout"})
        assert found == (2, "", f"Error: {message}\n{next_step}")


@pytest.mark.parametrize("args", [["sync", ""], ["download-installer", "--download-path", ""]])
def test_no_path_is_not_the_current_directory(here: Path, args: list[str]) -> None:
    said = 'Error: "" is not a path.\nNext: For the current directory write a dot.\n'
    assert outcome(*args, cwd=here, env={"DCOS_CHECKOUT_DIR": "checkout"}) == (2, "", said)


@pytest.mark.parametrize(
    "args", [["send-file", "--", "-dash", "/tmp"], ["send-file", "file", "./~x"], ["download-file", "/etc/hosts", "x"]]
)
def test_what_is_right_goes_to_the_engine(here: Path, args: list[str]) -> None:
    code, stdout, stderr = outcome(*args, cwd=here)
    assert (code, stdout) == (125, "")
    assert re.match(r"Error: No Docker engine answers at tcp://127\.0\.0\.1:1", stderr)
