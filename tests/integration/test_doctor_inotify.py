"""The limits of inotify, which are the whole machine's: lowered, found, cured as the finding says, and put back."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shlex
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.program import dcos_docker

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.alone

LIMITS = Path("/proc/sys/fs/inotify")
ENOUGH_FOR_US = 400
"""It is asked for a cluster of so many nodes that even this is too little for it: nobody else runs into it."""
NODES = ("--masters", "1", "--agents", "100", "--public-agents", "0")


@contextmanager
def limit(name: str, value: int) -> Iterator[None]:
    """Have a limit of at most this within the block."""
    file = LIMITS / name
    before = file.read_text(encoding="ascii")
    try:
        file.write_text(str(min(value, int(before))), encoding="ascii")
        yield
    finally:
        file.write_text(before, encoding="ascii")


def inotify() -> dict[str, str]:
    result = dcos_docker("doctor", "--only", "inotify", *NODES, "--output", "json")
    (finding,) = json.loads(result.stdout)
    assert result.code == int(finding["level"] == "error")
    return dict(finding)


def used(message: str) -> list[int]:
    """Return how many instances and watches root uses."""
    return [int(number) for number in re.findall(r"root uses (\d+)", message)]


@pytest.fixture(autouse=True)
def _this_machine(engine_socket: str) -> None:
    assert engine_socket
    if os.geteuid() != 0 or not LIMITS.is_dir():
        pytest.skip("only root can change the limits of the machine")


@pytest.mark.parametrize(
    ("name", "value"), [("max_user_instances", ENOUGH_FOR_US), ("max_user_watches", 20 * ENOUGH_FOR_US)]
)
def test_limit_that_is_too_low_is_found_and_its_cure_cures_it(name: str, value: int) -> None:
    with ExitStack() as stack:
        for one in ("max_user_instances", "max_user_watches"):
            stack.enter_context(limit(one, 1 << 30))  # to have both put back, which the cure raises
        stack.enter_context(limit(name, value))
        found = inotify()
        assert found["level"] == "error"
        assert f"{name} is {(LIMITS / name).read_text(encoding='ascii').strip()}" in found["message"]
        where, _, cure = found["remedy"].partition(": ")
        assert where == "On the engine's host"
        subprocess.run(shlex.split(cure.removeprefix("sudo ")), check=True, capture_output=True)
        assert inotify()["level"] == "ok"


def test_what_is_used_is_counted() -> None:
    """Instances and watches of root, in any process."""
    library = ctypes.CDLL("libc.so.6", use_errno=True)
    before = used(inotify()["message"])
    instances = [library.inotify_init() for _ in range(7)]
    try:
        assert min(instances) >= 0
        for instance in instances:
            assert library.inotify_add_watch(instance, b"/etc", 2) == 1
        instances_now, watches_now = used(inotify()["message"])
    finally:
        for instance in instances:
            os.close(instance)
    assert (instances_now, watches_now) >= (before[0] + 7, before[1] + 7)
