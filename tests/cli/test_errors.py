"""What the program says and ends with when something is wrong, to the letter. No engine is needed for any of it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dcos_docker_cli import __version__
from tests.support.installers import looks_whole
from tests.support.program import PROGRAM, at, dcos_docker, environment
from tests.support.servers import in_background
from tests.support.terminal import OnTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator

NOWHERE = at("tcp://127.0.0.1:1")
"""Nothing listens there: a program that looked for the engine would end with 125."""
WHERE_TO_GET_ONE = (
    "Next: Give the path of a dcos_generate_config.sh, or make one to try with: dcos-docker sample-installer PATH\n"
)
AGAIN = "Next: Download it again; a whole DC/OS installer has 0.8 to 2 GB.\n"
ID_FORM = 'Use letters, digits, "_", "." and "-", with a letter or digit first, as in: ci-job_42'
START_IT = (
    "Start it (for example: sudo systemctl start docker), or point DOCKER_HOST at one. "
    "In a checkout, `make engine` installs and starts one."
)
ARGUMENTS = {
    "create": "INSTALLER",
    "run": "COMMAND [ARG]...",
    "destroy-list": "[CLUSTER_IDS]...",
    "sample-installer": "PATH",
    "completion": "{bash|zsh|fish}",
    "doctor": "[CHECK]...",
}


def outcome(*args: str | Path, env: dict[str, str | None] | None = None, **settings: Any) -> tuple[int, str, str]:
    """Run the program; return its exit code, stdout, and stderr with every time that it tells as 0.0 s."""
    result = dcos_docker(*args, env=env or NOWHERE, **settings)
    return result.code, result.stdout, re.sub(r"^\[ *\d+\.\ds\]", "[   0.0s]", result.stderr, flags=re.MULTILINE)


def usage(command: str, message: str) -> tuple[int, str, str]:
    """Return what a command line that cannot be understood ends with."""
    form = f"Usage: dcos-docker {command} [OPTIONS] {ARGUMENTS.get(command, '')}".rstrip()
    form += f"\nTry 'dcos-docker {command} --help' for help."
    return 2, "", f"{form}\n\nError: {message}\nExample: {example(command)}\n"


def example(command: str) -> str:
    """Return the first command line in the help of a command."""
    text = (Path(__file__).parent / "golden" / f"{command}.txt").read_text(encoding="utf-8")
    found = re.search(rf"^  (dcos-docker {command} .*)$", text, re.MULTILINE)
    assert found, f"no example in the help of {command}"
    return found[1]


@pytest.fixture
def installer(tmp_path: Path) -> Path:
    path = tmp_path / "whole.sh"
    path.write_bytes(looks_whole())
    return path


@pytest.fixture
def no_engine(tmp_path: Path) -> dict[str, str | None]:
    return at(f"unix://{tmp_path}/none.sock")


# Usage


@pytest.mark.parametrize(
    ("args", "message"),
    [(["frobnicate"], "No such command 'frobnicate'."), (["--nope"], "No such option '--nope'.")],
)
def test_what_the_program_does_not_know(args: list[str], message: str) -> None:
    wanted = f"Usage: dcos-docker [OPTIONS] COMMAND [ARGS]...\nTry 'dcos-docker --help' for help.\n\nError: {message}\n"
    assert outcome(*args) == (2, "", wanted)


@pytest.mark.parametrize(
    ("args", "option", "line"),
    [
        (["-v", "list"], "-v", "list -v"),
        (["-vv", "run", "true"], "-v", "run -v"),
        (["-q", "list"], "-q", "list -q"),
        (["--no-spinner", "list"], "--no-spinner", "list --no-spinner"),
        (["-c", "ci", "inspect"], "-c", "inspect -c ID"),
        (["--cluster-id=ci", "inspect"], "--cluster-id", "inspect --cluster-id ID"),
    ],
)
def test_an_option_before_the_command(args: list[str], option: str, line: str) -> None:
    code, stdout, stderr = outcome(*args)
    assert (code, stdout) == (2, "")
    assert stderr.endswith(f"\nError: '{option}' goes after the command: dcos-docker {line}\n")


@pytest.mark.parametrize("args", [["-v"], ["--masters", "3", "list"]])
def test_an_option_that_no_command_takes(args: list[str]) -> None:
    code, stdout, stderr = outcome(*args)
    assert (code, stdout) == (2, "")
    assert stderr.endswith(f"\nError: No such option '{args[0]}'.\n")


@pytest.mark.parametrize(
    ("args", "page"), [([], "dcos-docker"), (["help"], "dcos-docker"), (["--help"], "dcos-docker"), (["run"], "run")]
)
def test_help_as_a_command(args: list[str], page: str) -> None:
    help_text = (Path(__file__).parent / "golden" / f"{page}.txt").read_text(encoding="utf-8")
    assert outcome("help", *args, env={**NOWHERE, "COLUMNS": "80"}) == (0, help_text, "")


def test_help_on_what_there_is_not() -> None:
    code, stdout, stderr = outcome("help", "frobnicate")
    assert (code, stdout) == (2, "")
    assert stderr.endswith("\nError: No such command 'frobnicate'.\n")


@pytest.mark.parametrize(
    ("command", "variable", "value", "message"),
    [
        ("provision", "DCOS_DOCKER_PROVISION_AGENTS", "x",
         "Invalid value for '--agents': 'x' is not a valid integer range."),
        ("run", "DCOS_DOCKER_RUN_PARALLEL", "maybe",
         "Invalid value for '--parallel': 'maybe' is neither true nor false."),
        ("inspect", "DCOS_DOCKER_CLUSTER_ID", "-x",
         f"Invalid value for '-c' / '--cluster-id': \"-x\" cannot be a cluster id. {ID_FORM}"),
        ("run", "DCOS_DOCKER_RUN_NODE", "é",
         "Invalid value for '--node': \"é\" is no node. Write master_0, agent_1 or public_agent_0, for example."),
    ],
)  # fmt: skip
def test_a_bad_value_of_a_variable(command: str, variable: str, value: str, message: str) -> None:
    args = ["run", "true"] if command == "run" else [command]
    code, stdout, stderr = outcome(*args, env={**NOWHERE, variable: value})
    end = f"\nError: {message}\nThe value is that of the variable {variable}.\nExample: {example(command)}\n"
    assert (code, stdout) == (2, "")
    assert stderr.endswith(end)


def test_without_a_command_it_shows_the_help() -> None:
    help_text = (Path(__file__).parent / "golden" / "dcos-docker.txt").read_text(encoding="utf-8")
    assert outcome(env={**NOWHERE, "COLUMNS": "80"}) == (2, "", help_text)


@pytest.mark.parametrize(
    ("command", "args", "message"),
    [
        ("list", ["--frob"], "No such option '--frob'."),
        ("list", ["extra"], "Got unexpected extra argument (extra)"),
        ("doctor", ["-o", "xml"], "Invalid value for '-o' / '--output': 'xml' is not one of 'text', 'json'."),
        ("create", [], "Missing argument 'INSTALLER'."),
        ("create", ["x", "--masters", "0"], "Invalid value for '--masters': 0 is not in the range 1<=x<=9."),
        ("create", ["x", "--masters", "-1"], "Invalid value for '--masters': -1 is not in the range 1<=x<=9."),
        ("create", ["x", "--agents", "-1"], "Invalid value for '--agents': -1 is not in the range 0<=x<=250."),
        ("create", ["x", "--agents", "many"], "Invalid value for '--agents': 'many' is not a valid integer range."),
        ("create", ["x", "--variant", "ee"], "Invalid value for '--variant': 'ee' is not one of 'oss', 'enterprise'."),
        ("run", [], "Missing argument 'COMMAND [ARG]...'."),
        ("run", ["--env", "A", "true"],
         "Invalid value for '--env': \"A\" is not KEY=VALUE, nor is there a variable of that name."),
        ("run", ["--env", "=A", "true"], "Invalid value for '--env': \"=…\" is not KEY=VALUE."),
        ("wait", ["--timeout", "soon"], "Invalid value for '--timeout': 'soon' is not a valid float."),
        ("completion", ["tcsh"], "Invalid value for '{bash|zsh|fish}': 'tcsh' is not one of 'bash', 'zsh', 'fish'."),
    ],
)  # fmt: skip
def test_what_a_command_does_not_know(command: str, args: list[str], message: str) -> None:
    assert outcome(command, *args) == usage(command, message)


@pytest.mark.parametrize("bad", ["", "-x", "a b", "ä", "a/b", "../x", "a\nb"])
def test_cluster_id(bad: str) -> None:
    message = f"Invalid value for '-c' / '--cluster-id': \"{bad}\" cannot be a cluster id. {ID_FORM}"
    assert outcome("inspect", f"--cluster-id={bad}") == usage("inspect", message)


def test_cluster_id_that_is_too_long() -> None:
    message = (
        "Invalid value for '-c' / '--cluster-id': A cluster id has at most 35 characters, this one has 36. "
        "Nodes are named after it, and a host name ends at 63 characters."
    )
    assert outcome("destroy", "-c", "x" * 36) == usage("destroy", message)


def test_cluster_ids_of_a_list() -> None:
    message = f"Invalid value for '[CLUSTER_IDS]...': \"a/b\" cannot be a cluster id. {ID_FORM}"
    assert outcome("destroy-list", "fine", "a/b") == usage("destroy-list", message)


@pytest.mark.parametrize("bad", ["", "-", "master 0", "master_0 ", "a/b", "é", "a\nb"])
def test_node(bad: str) -> None:
    message = (
        f"Invalid value for '--node': \"{bad}\" is no node. Write master_0, agent_1 or public_agent_0, for example."
    )
    assert outcome("run", "--node", bad, "true") == usage("run", message)


@pytest.mark.parametrize("bad", ["0", "-1", "nan", "inf"])
def test_timeout(bad: str) -> None:
    message = "Invalid value for '--timeout': It must be a number of seconds above 0 and at most 9223372036."
    assert outcome("wait", "--timeout", bad) == usage("wait", message)


# What `create` is given


@pytest.mark.parametrize("masters", ["2", "4", "8"])
def test_number_of_masters(installer: Path, masters: str) -> None:
    wanted = f"Error: DC/OS runs with 1, 3, 5, 7 or 9 masters, not with {masters}.\n"
    assert outcome("create", installer, "--masters", masters) == (2, "", wanted)


def test_no_such_installer(tmp_path: Path) -> None:
    path = tmp_path / "none.sh"
    assert outcome("create", path) == (2, "", f"Error: There is no file {path}.\n{WHERE_TO_GET_ONE}")


def test_installer_that_is_a_directory(tmp_path: Path) -> None:
    wanted = f"Error: {tmp_path} is a directory, not a DC/OS installer.\n{WHERE_TO_GET_ONE}"
    assert outcome("create", tmp_path) == (2, "", wanted)


@pytest.mark.parametrize("text", ["", "to do: download DC/OS\n"])
def test_installer_that_is_a_text(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text)
    wanted = f"Error: {path} is not a DC/OS installer: it is no script.\n{WHERE_TO_GET_ONE}"
    assert outcome("create", path) == (2, "", wanted)


def test_installer_that_is_cut_short(tmp_path: Path) -> None:
    whole = looks_whole()
    path = tmp_path / "cut.sh"
    path.write_bytes(whole[:5000])
    start = whole.index(b"#EOF#\n") + len(b"#EOF#\n")
    wanted = start + 512 + -(-9000 // 512) * 512 + 1024
    message = f"Error: {path} is cut short: it has 5000 bytes and must have {wanted} at least.\n{AGAIN}"
    assert outcome("create", path) == (2, "", message)


def test_extra_config_that_is_no_yaml(tmp_path: Path, installer: Path) -> None:
    path = tmp_path / "extra.yaml"
    path.write_text("a: [1, 2")
    code, stdout, stderr = outcome("create", installer, "--extra-config", path)
    assert (code, stdout) == (2, "")
    first, *details = stderr.splitlines()
    assert first == f"Error: {path} is not YAML."
    assert details
    assert all(line.startswith("  ") for line in details)


def test_extra_config_that_is_no_map(tmp_path: Path, installer: Path) -> None:
    path = tmp_path / "extra.yaml"
    path.write_text("- one\n")
    wanted = f"Error: {path} must be a YAML map of DC/OS settings.\nNext: As in:  mesos_seccomp_enabled: false\n"
    assert outcome("create", installer, "--extra-config", path) == (2, "", wanted)


def test_extra_config_with_a_setting_that_has_no_value(tmp_path: Path, installer: Path) -> None:
    path = tmp_path / "extra.yaml"
    path.write_text("resolvers:\n")
    wanted = f'Error: {path}: resolvers has no value.\nNext: For an empty one write:  resolvers: ""\n'
    assert outcome("create", installer, "--extra-config", path) == (2, "", wanted)


def test_extra_config_that_is_not_there(tmp_path: Path, installer: Path) -> None:
    path = tmp_path / "extra.yaml"
    wanted = f"Error: {path} cannot be read: No such file or directory.\n"
    assert outcome("create", installer, "--extra-config", path) == (2, "", wanted)


# What `sample-installer` is given


def test_sample_that_would_replace_a_directory(tmp_path: Path) -> None:
    wanted = f"Error: {tmp_path} is a directory.\nNext: Name a file in it: {tmp_path}/dcos_generate_config.sh\n"
    assert outcome("sample-installer", tmp_path) == (2, "", wanted)


def test_sample_in_a_directory_that_is_not_there(tmp_path: Path) -> None:
    wanted = f"Error: There is no directory {tmp_path}/no.\nNext: mkdir -p {tmp_path}/no\n"
    assert outcome("sample-installer", tmp_path / "no" / "sample.sh") == (2, "", wanted)


def test_sample_where_one_may_not_write() -> None:
    """Root may write everywhere, so it runs the program as somebody else."""
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"] if os.getuid() == 0 else []
    path = Path("/dcos-docker-test-sample.sh")
    assert outcome("sample-installer", path, program=[*as_nobody, PROGRAM]) == (
        2, "", "Error: You may not write into /.\n",
    )  # fmt: skip
    assert not path.exists()


@pytest.mark.parametrize("bad", ["", "new", "2", "2.1.0; rm", "-2.1"])
def test_sample_of_what_is_no_version(tmp_path: Path, bad: str) -> None:
    wanted = f'Error: "{bad}" is not a version.\nNext: A version looks like 2.1.0.\n'
    assert outcome("sample-installer", tmp_path / "sample.sh", f"--dcos-version={bad}") == (2, "", wanted)
    assert list(tmp_path.iterdir()) == []


# The engine


@pytest.mark.parametrize(
    ("args", "before"),
    [
        (["list"], ""),
        (["inspect"], ""),
        (["wait"], ""),
        (["web"], ""),
        (["run", "true"], ""),
        (["run", "--", "sh", "-c", "exit 3"], ""),
        (["destroy"], '[   0.0s] Destroying the cluster "default"\n'),
        (["destroy-list", "x"], '[   0.0s] Destroying the cluster "x"\n'),
        (["clean"], "[   0.0s] Removing leftovers\n"),
        (["clean", "--quiet"], ""),
        (["create", "INSTALLER"], ""),
        (["sample-installer", "NEW"], ""),
    ],
)
def test_no_engine(
    tmp_path: Path, installer: Path, no_engine: dict[str, str | None], args: list[str], before: str
) -> None:
    words = {"INSTALLER": str(installer), "NEW": str(tmp_path / "sample.sh")}
    code, stdout, stderr = outcome(*(words.get(arg, arg) for arg in args), env=no_engine)
    found = (code, stdout, re.sub(r"^\[ *\d+\.\ds\]", "[   0.0s]", stderr))  # a busy machine takes longer
    where = f"unix://{tmp_path}/none.sock (from DOCKER_HOST)"
    assert found == (125, "", f"{before}Error: No Docker engine answers at {where}.\nNext: {START_IT}\n")
    assert [path.name for path in tmp_path.iterdir()] == [installer.name]


def test_no_engine_at_an_address() -> None:
    code, stdout, stderr = outcome("list")
    first, detail, hint = stderr.splitlines()
    assert (code, stdout) == (125, "")
    assert first == "Error: No Docker engine answers at tcp://127.0.0.1:1 (from DOCKER_HOST)."
    assert detail == "  Connection refused"
    assert hint == "Next: Is the address right, and is the engine up where it runs?"


def test_an_engine_that_a_proxy_stands_before() -> None:
    """As the docker command we use it, also for an engine that is reached without."""
    variables = {"HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": None, "NO_PROXY": None, "no_proxy": None}
    code, stdout, stderr = outcome("list", env={**at("tcp://engine.example:2375"), **variables})
    assert (code, stdout) == (125, "")
    assert stderr.splitlines()[1:] == [
        "  Connection refused",
        "Next: It is asked through the proxy that HTTP_PROXY or HTTPS_PROXY names. If it is reached without one, add "
        "engine.example to NO_PROXY.",
    ]


def test_doctor_without_an_engine(tmp_path: Path, no_engine: dict[str, str | None]) -> None:
    message = f"No Docker engine answers at unix://{tmp_path}/none.sock (from DOCKER_HOST)."
    wanted = f"The engine\n  error    DD001 engine         {message}\n{'':32} → {START_IT}\n"
    told = "1 error. More about each, by its id: docs/doctor.md\n"
    code, stdout, stderr = outcome("doctor", "--only", "DD001", env=no_engine)
    assert (code, stdout, stderr.splitlines(keepends=True)[1:]) == (1, wanted, [told])
    code, stdout, _ = outcome("doctor", "--only", "DD001", "--output", "json", env=no_engine)
    finding = {
        "id": "DD001", "check": "engine", "category": "engine", "level": "error", "message": message,
        "remedy": START_IT, "details": [], "documentation": "docs/doctor.md#dd001-engine",
    }  # fmt: skip
    assert (code, json.loads(stdout)) == (1, [finding])


def test_destroying_nothing_needs_no_engine(no_engine: dict[str, str | None]) -> None:
    assert outcome("destroy-list", env=no_engine) == (0, "", "")


@contextmanager
def engine_of_api(version: str) -> Iterator[str]:
    """Have an engine that only answers /_ping; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/_ping" else 400)
            if version:
                self.send_header("Api-Version", version)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"OK")

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with in_background(server):
        yield f"tcp://127.0.0.1:{server.server_port}"


@pytest.mark.parametrize(("version", "word"), [("1.30", "1.30"), ("1.40", "1.40"), ("", "unknown")])
def test_engine_that_is_too_old(version: str, word: str) -> None:
    with engine_of_api(version) as url:
        wanted = (
            f"Error: The Docker engine at {url} (from DOCKER_HOST) speaks API {word}; 1.41 is needed.\n"
            "Next: Use Docker 20.10 or later.\n"
        )
        assert outcome("list", env=at(url)) == (1, "", wanted)


@pytest.mark.xdist_group("silent-engine")
def test_engine_that_never_answers(tmp_path: Path) -> None:
    path = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()  # the kernel accepts; nobody reads
        begin = time.monotonic()
        found = outcome("list", env=at(f"unix://{path}"))
        seconds = time.monotonic() - begin
    wanted = (
        f"Error: The Docker engine at unix://{path} (from DOCKER_HOST) does not answer.\n"
        "  Waited 10 s for: GET /_ping\n"
        "Next: Is it overloaded or stuck? Try: docker version. "
        "If it only needs longer: DCOS_DOCKER_ENGINE_TIMEOUT=SECONDS (default: 120).\n"
    )
    assert found == (125, "", wanted)
    assert 9 < seconds < 30


def test_docker_context_that_does_not_exist(tmp_path: Path) -> None:
    env = {**NOWHERE, "DOCKER_HOST": None, "DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "nowhere"}
    wanted = 'Error: There is no docker context "nowhere".\nNext: See what there is: docker context ls\n'
    assert outcome("list", env=env) == (2, "", wanted)


def test_tls_without_certificates(tmp_path: Path) -> None:
    env = {**NOWHERE, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}
    wanted = (
        f"Error: TLS is asked for, but there is no {tmp_path}/ca.pem, no {tmp_path}/cert.pem, no {tmp_path}/key.pem.\n"
    )
    assert outcome("list", env=env) == (2, "", wanted)


def test_address_that_is_none() -> None:
    code, stdout, stderr = outcome("list", env=at("garbage"))
    assert (code, stdout) == (2, "")
    assert stderr.startswith("Error: The Docker engine's address garbage (from DOCKER_HOST) cannot be used: ")
    assert stderr.endswith("\nNext: Write unix:///path, tcp://host:port or ssh://user@host.\n")


# How it ends


@pytest.mark.parametrize(("variable", "coloured"), [(None, True), ("1", False)])
def test_colour_is_for_terminals_that_want_it(
    no_engine: dict[str, str | None], variable: str | None, coloured: bool
) -> None:
    found = on_terminal("list", env={**no_engine, "NO_COLOR": variable})
    assert "Error: No Docker engine answers" in found
    assert ("\x1b[" in found) is coloured


@pytest.mark.parametrize(("variable", "coloured"), [(None, True), ("1", False)])
def test_colour_of_findings(no_engine: dict[str, str | None], variable: str | None, coloured: bool) -> None:
    found = on_terminal("doctor", env={**no_engine, "NO_COLOR": variable})
    assert "engine         No Docker engine answers" in found
    # What ends a colour, and the spinner's moves, are none.
    assert bool(re.search(r"\x1b\[[1-9]\d*m", found)) is coloured


def on_terminal(*args: str, env: dict[str, str | None]) -> str:
    """Return what the program writes on a terminal."""
    with OnTerminal(*args, env=env) as terminal:
        terminal.end()
        return terminal.seen


def test_what_nobody_has_foreseen_is_a_bug_of_ours(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from dcos_docker_cli.cli.commands import list as command\n"
        "from dcos_docker_cli.cli.main import main\n"
        "def fail(work): raise RuntimeError('nobody has foreseen this')\n"
        "command.operate = fail\n"
        "main()\n"
    )
    env = {**NOWHERE, "TMPDIR": str(tmp_path)}
    code, stdout, stderr = outcome("list", env=env, program=[sys.executable, "-c", script])
    (file,) = tmp_path.iterdir()
    text = file.read_text(encoding="utf-8")
    file.unlink()
    assert (code, stdout) == (3, "")
    assert stderr == (
        "Error: this is a bug of dcos-docker: RuntimeError: nobody has foreseen this\n"
        f"Next: report it with the file {file}\n"
    )
    assert text.startswith(f"dcos-docker {__version__}, Python {sys.version}\nTraceback (most recent call last):\n")
    assert text.endswith("\nRuntimeError: nobody has foreseen this\n")


def test_version() -> None:
    assert outcome("--version") == (0, f"dcos-docker, version {__version__}\n", "")


def test_as_a_module() -> None:
    found = outcome("--version", program=[sys.executable, "-m", "dcos_docker_cli"])
    assert found == (0, f"dcos-docker, version {__version__}\n", "")


# Output that cannot be written


@pytest.mark.parametrize("args", [("--version",), ("--help",), ("run", "-h")])
def test_a_full_disk(args: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PROGRAM, *args],
            env=environment(NOWHERE),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "Error: The output cannot be written: No space left on device.\n")
