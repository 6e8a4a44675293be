"""Sessions of tests with an engine that is not on this machine: `python -m tests.remote` makes one.

The addresses of such an engine's containers lead elsewhere from here, or nowhere. So what tests themselves ask of
containers goes through an SSH server beside the engine.
"""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = "DCOS_DOCKER_TEST_REMOTE"
"""The variable with the path of an ssh configuration, in which `HOST` is where this session's engine is."""
HOST = "engine"
NEEDS_ADDRESSES = pytest.mark.skipif(
    CONFIG in os.environ, reason="addresses of containers lead elsewhere from here: the engine is on another machine"
)
NEEDS_FILES = pytest.mark.skipif(
    CONFIG in os.environ,
    reason="files, ports and the kernel of this machine are not the engine's, which is on another one",
)
NEEDS_A_QUICK_WAY = pytest.mark.skipif(
    os.environ.get("DOCKER_HOST", "").startswith("ssh:"), reason="by SSH it takes longer than completion waits"
)
PROGRAMS = "DCOS_DOCKER_TEST_PROGRAMS"
"""The variable with a directory of programs that the way to the engine needs."""


def is_remote() -> bool:
    """Whether this session's engine is such a one."""
    return CONFIG in os.environ


@contextmanager
def reached(address: str, port: int) -> Iterator[tuple[str, int]]:
    """Have a way to a port of a container of this session's engine within the block."""
    if not is_remote():
        yield address, port
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        here = int(free.getsockname()[1])
    with forwarded(f"127.0.0.1:{here}:{address}:{port}"):
        yield "127.0.0.1", here


def give_files(path: Path) -> None:
    """Have a directory with what is in it also where the engine is, at the same path."""
    if is_remote():
        packed = subprocess.run(["tar", "-C", "/", "-c", path.relative_to("/")], capture_output=True, check=True)
        _there("tar", "-C", "/", "-x", stdin=packed.stdout)


def has_file(path: Path) -> bool:
    """Whether there is a file where the engine is."""
    return not _there("ls", str(path), check=False).returncode if is_remote() else path.exists()


def _there(*command: str, stdin: bytes = b"", check: bool = True) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["ssh", "-F", os.environ[CONFIG], HOST, *command], input=stdin, capture_output=True, check=check, timeout=60
    )


@contextmanager
def forwarded(what: str) -> Iterator[None]:
    """Have a port or a socket here lead to one where the engine is."""
    command = ["ssh", "-F", os.environ[CONFIG], "-N", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-v"]
    process = subprocess.Popen(
        [*command, "-L", what, HOST],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stderr
        said = []
        for line in process.stderr:
            said.append(line)
            if "Entering interactive session" in line:
                break
        else:
            raise AssertionError(f"no way to {what}: {''.join(said)}")
        reader = threading.Thread(target=process.stderr.read, daemon=True)
        reader.start()
        yield
        process.terminate()
        reader.join(30)
    finally:
        process.terminate()
        process.wait(30)
        if process.stderr:
            process.stderr.close()
