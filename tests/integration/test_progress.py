"""What is seen of the work: plain lines in a pipe, a spinner on a terminal, nothing with `--quiet`."""

from __future__ import annotations

import os
import re
import signal
import subprocess

import pytest

from tests.support.own_engine import OwnEngine, ours
from tests.support.program import PROGRAM, at, environment
from tests.support.terminal import OnTerminal, plain

pytestmark = pytest.mark.xdist_group("own-engine")

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def cluster(engine: OwnEngine) -> str:
    """Something to destroy."""
    labels = ours("node", "x", role="master", index="0")
    engine.container("dcos-docker-x-master-0", labels)
    engine.network("dcos-docker-x", ours("network", "x"))
    return "x"


def test_spinner_on_a_terminal(engine: OwnEngine, cluster: str) -> None:
    with OnTerminal("destroy", "-c", cluster, env=at(engine.url), stdout=subprocess.PIPE) as terminal:
        assert terminal.process.stdout
        assert terminal.end(60) == 0
        assert terminal.process.stdout.read() == b"x\n"
    assert 'Destroying the cluster "x" (' in terminal.seen
    assert "✔" in terminal.seen
    assert terminal.seen.rindex(SHOW) > terminal.seen.rindex(HIDE)


def test_spinner_that_fails(engine: OwnEngine) -> None:
    with OnTerminal("destroy", "-c", "none", env=at(engine.url)) as terminal:
        assert terminal.end(60) == 4
    assert "✖" in terminal.seen
    assert "✔" not in terminal.seen
    assert terminal.seen.rindex(SHOW) > terminal.seen.rindex(HIDE)
    shown = COLOUR.sub("", plain(terminal.seen))
    assert '\nError: There is no cluster "none".\nNext: See what there is: dcos-docker list\n' in shown


def test_colours(engine: OwnEngine) -> None:
    with OnTerminal("inspect", "-c", "none", env=at(engine.url)) as terminal:
        assert terminal.end(60) == 4
    assert terminal.seen.startswith("\x1b[31mError: ")


@pytest.mark.parametrize("command", [("inspect", "-c", "none"), ("destroy", "-c", "none"), ("doctor",)])
def test_no_colour(engine: OwnEngine, command: tuple[str, ...]) -> None:
    with OnTerminal(*command, env={**at(engine.url), "NO_COLOR": "1"}) as terminal:
        terminal.end(60)
    assert terminal.seen
    assert set(COLOUR.findall(terminal.seen)) <= {"\x1b[0m"}  # which ends a colour, and none began


def test_doctor_has_colours_on_a_terminal(engine: OwnEngine) -> None:
    with OnTerminal("doctor", env=at(engine.url)) as terminal:
        terminal.end(60)
    assert "\x1b[32mok" in terminal.seen


def test_no_spinner_when_told_to_be_quiet(engine: OwnEngine, cluster: str) -> None:
    with OnTerminal("destroy", "-q", "-c", cluster, env=at(engine.url)) as terminal:
        assert terminal.end(60) == 0
    assert plain(terminal.seen) == "x\n"


def test_lines_in_a_pipe(engine: OwnEngine, cluster: str) -> None:
    result = engine.dcos_docker("destroy", "-c", cluster)
    assert (result.code, result.stdout) == (0, "x\n")
    assert re.fullmatch(r'\[   0\.\ds\] Destroying the cluster "x"\n', result.stderr)


def test_reader_of_stderr_that_has_gone_does_not_matter(engine: OwnEngine, cluster: str) -> None:
    """The work goes on: what nobody reads is no reason to leave half of it."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [PROGRAM, "destroy", "-c", cluster],
        env=environment(at(engine.url)),
        stdout=subprocess.PIPE,
        stderr=write,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stdout) == (0, b"x\n")
    assert engine.everything() == []


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(engine: OwnEngine, cluster: str, closed: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", PROGRAM, "destroy", "-c", cluster],
        env=environment(at(engine.url)),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout == (b"" if ">&-" in closed.replace("2>&-", "") else b"x\n")
    assert engine.everything() == []


def test_reader_of_a_listing_that_has_gone(engine: OwnEngine, cluster: str) -> None:
    assert cluster
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [PROGRAM, "list"],
        env=environment(at(engine.url)),
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")
