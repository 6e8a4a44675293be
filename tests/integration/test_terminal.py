"""Nodes on a terminal, which a pseudo-terminal stands for: shells, screens, keys."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.terminal import OnTerminal

if TYPE_CHECKING:
    from tests.support.clusters import Cluster

pytestmark = pytest.mark.xdist_group("shared")

WAYS = ("docker-exec", "ssh")
PROMPT = ":~# "


def shell(shared: Cluster, *args: str, rows: int = 24, columns: int = 80) -> OnTerminal:
    return OnTerminal("shell", "-c", shared.cluster_id, *args, rows=rows, columns=columns)


@pytest.mark.parametrize("way", WAYS)
def test_shell(shared: Cluster, way: str) -> None:
    """It is a login shell in root's home, of the size of our terminal; it ends as it is told to."""
    with shell(shared, "agent_0", "--transport", way, rows=33, columns=111) as terminal:
        terminal.wait_for(PROMPT)
        terminal.type("stty size; pwd; shopt -q login_shell && echo is-login; hostname\n")
        terminal.wait_for("33 111")
        terminal.wait_for("/root\r\n")
        terminal.wait_for("is-login\r\n")
        terminal.wait_for(shared.container("agent_0"))
        terminal.type("exit 5\n")
        assert terminal.end(30) == 5


@pytest.mark.parametrize("way", WAYS)
def test_ctrl_d_ends_a_shell(shared: Cluster, way: str) -> None:
    with shell(shared, "--transport", way) as terminal:
        before = terminal.settings()
        terminal.wait_for(PROMPT)
        terminal.type("\x04")
        assert terminal.end(30) == 0
        assert terminal.settings() == before


@pytest.mark.parametrize("way", WAYS)
def test_ctrl_c_in_a_shell_ends_the_command_alone(shared: Cluster, way: str) -> None:
    with shell(shared, "--transport", way) as terminal:
        terminal.wait_for(PROMPT)
        terminal.type("sh -c 'echo be\"\"gun; exec sleep 1000'\n")
        terminal.wait_for("begun")
        terminal.type("\x03")
        terminal.wait_for(PROMPT, times=2)
        terminal.type("echo status $?\n")
        terminal.wait_for("status 130")
        terminal.wait_for(PROMPT, times=3)
        terminal.type("exit\n")
        terminal.end(30)


@pytest.mark.parametrize("way", WAYS)
def test_a_window_that_changes_its_size(shared: Cluster, way: str) -> None:
    with shell(shared, "--transport", way, rows=24, columns=80) as terminal:
        terminal.wait_for(PROMPT)
        terminal.type("trap 'echo si''ze $(stty size)' WINCH; echo re''ady\n")
        terminal.wait_for(PROMPT, times=2)
        terminal.resize(50, 132)
        terminal.window_changed()
        terminal.type("\n")
        terminal.wait_for("size 50 132")
        terminal.wait_for(PROMPT, times=3)
        terminal.type("exit\n")
        terminal.end(30)


@pytest.mark.parametrize("way", WAYS)
def test_keys_that_mean_something_to_an_engine_get_through(shared: Cluster, way: str) -> None:
    """Ctrl-P and Ctrl-Q, with which `docker attach` is left."""
    script = "stty raw -echo; echo ready; head -c 3 | od -A n -t x1"
    with OnTerminal("run", "-c", shared.cluster_id, "--transport", way, "--", "sh", "-c", script) as terminal:
        terminal.wait_for("ready")
        terminal.type("\x10\x11\x10")
        terminal.wait_for("10 11 10")
        assert terminal.end(30) == 0


def test_utf_8_both_ways(shared: Cluster) -> None:
    with OnTerminal(
        "run", "-c", shared.cluster_id, "--", "sh", "-c", "read line; echo got $line; echo $line | wc -m"
    ) as terminal:
        terminal.type("ä€😀\n")
        terminal.wait_for("got ä€😀\r\n4\r\n")  # with the line's end
        assert terminal.end(30) == 0


def test_less_draws_a_screen(shared: Cluster) -> None:
    """It takes the whole terminal, scrolls on a key, and gives the terminal back."""
    command = ("sh", "-c", "seq 1000 | LESSSECURE=1 less")
    with OnTerminal("run", "-c", shared.cluster_id, "--", *command, rows=12, columns=40) as terminal:
        terminal.wait_for("11\r\n")
        assert "12\r\n" not in terminal.seen
        terminal.type(" ")
        terminal.wait_for("22\r\n")
        terminal.type("G")
        terminal.wait_for("1000")
        terminal.type("q")
        assert terminal.end(30) == 0


def test_vi_draws_a_screen_and_writes(shared: Cluster) -> None:
    shared.output("sh", "-c", "rm -f /root/written")
    with OnTerminal("run", "-c", shared.cluster_id, "--", "vi", "/root/written", rows=20, columns=60) as terminal:
        terminal.wait_for("~")
        terminal.type("iwritten in vi\x1b")
        terminal.wait_for("written in vi")
        terminal.type(":wq\r")
        assert terminal.end(30) == 0
    assert shared.output("cat", "/root/written") == "written in vi"
    shared.output("rm", "/root/written")


def test_a_terminal_that_is_closed_ends_us(shared: Cluster) -> None:
    with shell(shared) as terminal:
        terminal.wait_for(PROMPT)
        terminal.process.send_signal(signal.SIGHUP)
        assert terminal.end(30) == 128 + signal.SIGHUP
