"""The program, run as its users run it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import IO

PROGRAM = Path(sys.executable).with_name("dcos-docker")
TIMEOUT = 180.0
"""Seconds after which a test takes the program for stuck."""
# What a developer may have set, and would change what the program prints or which engine it takes.
UNWANTED = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
ENGINE_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_CONFIG")


def environment(changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Return this process' environment less what would change the output; None in `changes` removes a variable."""
    variables = {key: value for key, value in os.environ.items() if key not in UNWANTED}
    merged: dict[str, str | None] = {**variables, **(changes or {})}
    return {key: value for key, value in merged.items() if value is not None}


def at(url: str) -> dict[str, str | None]:
    """Return the environment's changes that point the program at the engine at `url`."""
    return {**dict.fromkeys(ENGINE_VARIABLES), "DOCKER_HOST": url}


@dataclass(frozen=True)
class Result:
    """How the program ended. A signal that ended it is told as a shell tells it: 128 and its number."""

    code: int
    stdout: str
    stderr: str

    def succeeded(self) -> str:
        """Return what it printed; fail with all that it said when it did not end 0."""
        assert self.code == 0, f"exit code {self.code}\n--- stdout\n{self.stdout}--- stderr\n{self.stderr}"
        return self.stdout


def dcos_docker(
    *args: str | Path,
    env: Mapping[str, str | None] | None = None,
    stdin: bytes | None = None,
    cwd: Path | None = None,
    timeout: float = TIMEOUT,
    program: Sequence[str | Path] = (PROGRAM,),
) -> Result:
    """Run it to its end. Without `stdin` it reads end-of-file."""
    done = raw(*args, env=env, stdin=stdin, cwd=cwd, timeout=timeout, program=program)
    return Result(shell_code(done.returncode), done.stdout.decode(), done.stderr.decode())


def raw(
    *args: str | Path,
    env: Mapping[str, str | None] | None = None,
    stdin: bytes | None = None,
    cwd: Path | None = None,
    timeout: float = TIMEOUT,
    program: Sequence[str | Path] = (PROGRAM,),
) -> subprocess.CompletedProcess[bytes]:
    """Run it to its end, for output that is no text."""
    return subprocess.run(
        [*program, *args],
        env=environment(env),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        cwd=cwd,
        timeout=timeout,
        check=False,
    )


def shell_code(returncode: int) -> int:
    """Return a status as a shell tells it."""
    return returncode if returncode >= 0 else 128 - returncode


class Running:
    """The program while it runs, in the background. Leaving the block kills it if it still does."""

    def __init__(self, *args: str | Path, env: Mapping[str, str | None] | None = None, cwd: Path | None = None) -> None:
        self.process = subprocess.Popen(
            [PROGRAM, *args],
            env=environment(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdout
        assert self.process.stderr
        self._changed = threading.Condition()
        self._stdout, self._stderr = bytearray(), bytearray()
        self._open = 2
        self._readers = [
            self._reader(self.process.stdout, self._stdout),
            self._reader(self.process.stderr, self._stderr),
        ]

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(TIMEOUT)
        for reader in self._readers:
            reader.join(TIMEOUT)

    @property
    def stdout(self) -> str:
        """What it has printed so far."""
        with self._changed:
            return self._stdout.decode(errors="replace")

    @property
    def stderr(self) -> str:
        """What it has said on stderr so far."""
        with self._changed:
            return self._stderr.decode(errors="replace")

    def wait_for_stderr(self, text: str, timeout: float = TIMEOUT) -> None:
        """Wait until it says this."""
        with self._changed:
            seen = self._changed.wait_for(lambda: text.encode() in self._stderr or not self._open, timeout)
        assert seen, f"It did not say {text!r} within {timeout} s, but:\n{self.stderr}"
        assert text in self.stderr, f"It ended without having said {text!r}, but:\n{self.stderr}"

    def send(self, *signals: signal.Signals, pause: float = 0.0) -> None:
        """Send signals, `pause` seconds apart; one that has ended gets none."""
        for number, sent in enumerate(signals):
            if number:
                time.sleep(pause)
            if self.process.poll() is None:
                self.process.send_signal(sent)

    def end(self, timeout: float = TIMEOUT) -> Result:
        """Wait until it ends."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"It did not end within {timeout} s. It said:\n{self.stderr}") from None
        for reader in self._readers:
            reader.join(TIMEOUT)
        return Result(shell_code(code), self._stdout.decode(), self._stderr.decode())

    def _reader(self, stream: IO[bytes], buffer: bytearray) -> threading.Thread:
        def read() -> None:
            with stream:
                while data := os.read(stream.fileno(), 1 << 16):
                    with self._changed:
                        buffer.extend(data)
                        self._changed.notify_all()
            with self._changed:
                self._open -= 1
                self._changed.notify_all()

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread


def eventually(condition: Callable[[], bool], what: str, timeout: float = 30.0, pause: float = 0.02) -> None:
    """Wait until a condition holds; fail with `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not so within {timeout} s: {what}"
        time.sleep(pause)
