"""Whatever somebody writes for a parameter of any command: it is taken, or refused with words; never a traceback.

Through the program's real entry point, without an engine: what is taken ends with 125, for none answers.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

import click
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dcos_docker_cli.cli.main import ALL_COMMANDS, cli
from tests.support.entry import nothing_open_left, run_here
from tests.support.installers import looks_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NASTY = (
    *("", " ", "-", "--", "-rf", "--help", "=", "=x", "x=", ":", "::", "/", "//", ".", "..", "../..", "~", "~nobody/x"),
    *("; touch hurt", "$(touch hurt)", "`touch hurt`", "'", '"', "a\nb", "\r", "\t", "\x1b[2J", "%s%n", "*", "{}"),
    *("0", "-1", "1e400", "nan", "inf", "9" * 400, "٣", "½", "²", "0x10", "1_0", "1.5", "true", "a b"),
    *("master_0", "master_²", "master_" + "9" * 5000, "agent_-1", "10.0.0.1", "::1", "a" * 70_000, "\udcff", "é"),
    *("http://", "http://[", "https://x:y@z", "ssh://-oProxyCommand=x", "tcp://x:99999", "file:///etc/passwd"),
    *("8080:80", "0:0", "1-99999999:80", "[::1]:1:1/tcp", "/a:/b:ro", "a:/b:zz", "KEY=VALUE", "dcos_docker.x=1"),
    *("debian-12", "overlay2", "oss", "stable", "json", "image", "/dev/null", "/proc/self/mem", "/etc", "1d", "\u202e"),
)
TEXTS = (
    st.sampled_from(NASTY)
    | st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
    | st.text(alphabet=string.digits + ":/.-,_~=[]@%$ \n'\"", max_size=20)
)
QUICK = settings(
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# In one process connections that nobody answered are closed when Python comes to it.
__all__ = ["nothing_open_left"]  # a fixture
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
CODES = (0, 1, 2, 4, 125)


def parameters() -> Iterator[tuple[str, str]]:
    """Yield all commands with each of their parameters that take a text."""
    for name in ALL_COMMANDS:
        for parameter in command_of(name).params:
            is_flag = isinstance(parameter, click.Option) and (parameter.is_flag or parameter.count)
            if not is_flag and parameter.name:
                yield name, parameter.name


def command_of(name: str) -> click.Command:
    found: click.Command = cli
    for word in name.split():
        assert isinstance(found, click.Group)
        inner = found.get_command(click.Context(found, info_name="dcos-docker"), word)
        assert inner
        found = inner
    return found


def line(name: str, chosen: str, value: str, given_else: dict[str, str]) -> list[str]:
    """Return a command line with a value for one parameter, and what is needed for the others."""
    options, arguments = [], []
    for parameter in command_of(name).params:
        text = value if parameter.name == chosen else given_else.get(parameter.name or "", "x")
        if parameter.name != chosen and not parameter.required:
            continue
        if isinstance(parameter, click.Option):
            options += [max(parameter.opts, key=len), text]
        else:
            arguments.append(text)
    return [*name.split(), *options, "--", *arguments]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty directory that is the working directory and home, on a machine without an engine."""
    directory = tmp_path_factory.mktemp("here")
    (directory / "installer.sh").write_bytes(looks_whole())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        for name in ("HOME", "XDG_STATE_HOME", "TMPDIR"):
            patch.setenv(name, str(directory))
        patch.setenv("DOCKER_HOST", f"unix://{directory}/no.sock")
        yield directory


def check(here: Path, name: str, parameter: str, value: str) -> None:
    given_else = {"installer": str(here / "installer.sh"), "path": "new", "shell": "bash"}
    result = run_here(line(name, parameter, value, given_else))
    assert result.code in CODES, result.stderr
    assert "Traceback" not in result.stderr
    assert "\x1b" not in result.stderr
    if result.code not in (0, 1):
        assert "Error: " in result.stderr
    assert not (here / "hurt").exists()


of_all = pytest.mark.parametrize(("name", "parameter"), list(parameters()))


@of_all
@settings(QUICK, max_examples=3)
@example(value="\udcff")
@example(value="\x1b]0;x\x07")
@example(value="9" * 400)
@given(value=TEXTS)
def test_of_a_parameter(here: Path, name: str, parameter: str, value: str) -> None:
    check(here, name, parameter, value)


@pytest.mark.faults
@of_all
@settings(QUICK, max_examples=100)
@given(value=TEXTS)
def test_of_a_parameter_very_often(here: Path, name: str, parameter: str, value: str) -> None:
    check(here, name, parameter, value)
