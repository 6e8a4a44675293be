"""The program in this process: for very many runs, which need no engine."""

from __future__ import annotations

import contextlib
import gc
import io
import signal
import sys
import tempfile
import warnings
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from dcos_docker_cli.cli.main import main
from tests.support.program import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def run_here(args: Sequence[str]) -> Result:
    """Run it to its end, from its real entry point on; it reads end-of-file."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    # Files, for some commands write to a descriptor.
    stdout, stderr = (
        io.TextIOWrapper(tempfile.TemporaryFile(), encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
        for _ in range(2)
    )
    code: object = 0
    try:
        with (
            mock.patch.object(sys, "argv", ["dcos-docker", *args]),
            mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO())),
            contextlib.redirect_stdout(stdout),
            contextlib.redirect_stderr(stderr),
        ):
            main()
    except SystemExit as ended:
        code = ended.code
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    texts = []
    for stream in (stdout, stderr):
        stream.flush()
        with stream.buffer as file:
            file.seek(0)
            texts.append(file.read().decode())
    return Result(code if isinstance(code, int) else 0 if code is None else 1, *texts)


@pytest.fixture(autouse=True)
def _nothing_open_left() -> Iterator[None]:
    """Connections that nobody answered are closed when Python comes to it: now, and in no other test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


nothing_open_left = _nothing_open_left
"""To be imported by modules that run the program, or connect, in this process."""
