"""Work in parallel that can be stopped, and always ends in a known state."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli.concurrency import (
    MAX_WORKERS,
    Cancellation,
    parallel,
    raise_first_failure,
    run_interruptible,
    together,
)
from dcos_docker_cli.exceptions import Cancelled, EngineUnreachableError, NodeStartError
from dcos_docker_cli.transports.base import feeding
from tests.support.program import environment

if TYPE_CHECKING:
    from collections.abc import Callable

LONG = 30.0
"""Seconds that no test is to wait for: what sleeps so long is to be stopped."""


def fail(item: str) -> None:
    raise KeyError(item)


@pytest.fixture
def cancellation() -> Cancellation:
    return Cancellation()


def test_results_are_in_the_order_of_the_items(cancellation: Cancellation) -> None:
    def late_first(item: int) -> int:
        cancellation.sleep(0.05 if item == 0 else 0)
        return item * item

    assert parallel(late_first, range(40), cancellation) == [item * item for item in range(40)]


def test_nothing_to_do(cancellation: Cancellation) -> None:
    assert parallel(str, [], cancellation) == []
    assert together([], cancellation) == []


def test_items_are_worked_on_at_the_same_time(cancellation: Cancellation) -> None:
    barrier = threading.Barrier(MAX_WORKERS, timeout=LONG)
    parallel(lambda _: barrier.wait(), range(MAX_WORKERS), cancellation)


def test_the_first_failure_stops_the_others_and_is_raised(cancellation: Cancellation) -> None:
    stopped: list[int] = []
    waiting = threading.Barrier(3, timeout=LONG)

    def work(item: int) -> None:
        waiting.wait()
        if item == 1:
            raise KeyError(item)
        try:
            cancellation.sleep(LONG)
        except Cancelled:
            stopped.append(item)
            raise

    begin = time.monotonic()
    with pytest.raises(KeyError, match="1"):
        parallel(work, range(3), cancellation)
    assert time.monotonic() - begin < LONG / 2
    assert sorted(stopped) == [0, 2]
    cancellation.check()  # work can begin again, to undo


def test_what_has_not_begun_never_begins(cancellation: Cancellation) -> None:
    begun: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 0:
            raise KeyError(item)
        cancellation.sleep(LONG)

    with pytest.raises(KeyError):
        parallel(work, range(MAX_WORKERS * 3), cancellation)
    assert len(begun) <= MAX_WORKERS + 1


def test_a_failure_counts_more_than_a_cancelled_worker_before_it() -> None:
    futures: list[Future[None]] = [Future(), Future(), Future()]
    futures[0].set_exception(Cancelled())
    futures[1].set_exception(KeyError("real"))
    futures[2].cancel()
    with pytest.raises(KeyError, match="real"):
        raise_first_failure(futures)


def test_nested(cancellation: Cancellation) -> None:
    """A failure deep down stops all, and can be handled in between."""

    def inner(item: int) -> int:
        if item == 2:
            raise KeyError(item)
        cancellation.sleep(0)
        return item

    def outer() -> str:
        with pytest.raises(KeyError):
            parallel(inner, range(4), cancellation)
        return "handled"

    def sleep() -> int:
        cancellation.sleep(LONG)
        return 0

    assert together([outer], cancellation) == ["handled"]
    with pytest.raises(KeyError):
        parallel(
            lambda item: parallel(inner, range(4), cancellation) if item else cancellation.sleep(LONG),
            [0, 1],
            cancellation,
        )
    cancellation.check()


def test_cancelling_stops_checks_and_sleeps(cancellation: Cancellation) -> None:
    cancellation.check()
    cancellation.sleep(0)
    threading.Timer(0.05, cancellation.cancel).start()
    begin = time.monotonic()
    with pytest.raises(Cancelled):
        cancellation.sleep(LONG)
    assert time.monotonic() - begin < LONG / 2
    with pytest.raises(Cancelled):
        cancellation.check()


def test_an_interrupt_outlasts_a_failure(cancellation: Cancellation) -> None:
    cancellation.cancel()
    cancellation.abort()
    cancellation.end_abort()
    with pytest.raises(Cancelled):
        cancellation.check()


def test_undoing_cannot_be_interrupted_but_can_fail(cancellation: Cancellation) -> None:
    cancellation.cancel()
    cancellation.begin_undo()
    cancellation.check()
    cancellation.cancel()
    cancellation.check()
    with pytest.raises(KeyError):
        parallel(fail, ["none"], cancellation)
    cancellation.check()


def test_shielded_is_for_one_thread_and_nests(cancellation: Cancellation) -> None:
    cancellation.cancel()
    with cancellation.shielded():
        with cancellation.shielded():
            cancellation.check()
        cancellation.check()
        with pytest.raises(Cancelled):
            together([cancellation.check], cancellation)
    with pytest.raises(Cancelled):
        cancellation.check()


def test_cancelling_closes_what_blocks(cancellation: Cancellation) -> None:
    closed = threading.Event()
    threading.Timer(0.05, cancellation.cancel).start()

    def blocked() -> None:
        with cancellation.closing(closed.set):
            assert closed.wait(LONG)
            raise OSError("what was closed fails")

    with pytest.raises(Cancelled):
        blocked()


def test_what_is_closed_no_more_stays_open(cancellation: Cancellation) -> None:
    closed = threading.Event()
    with cancellation.closing(closed.set):
        pass
    cancellation.cancel()
    assert not closed.is_set()


def test_a_failure_that_is_no_cancelling_stays_itself(cancellation: Cancellation) -> None:
    with pytest.raises(OSError, match="real"), cancellation.closing(lambda: None):
        raise OSError("real")


def test_what_is_cancelled_already_does_not_begin(cancellation: Cancellation) -> None:
    cancellation.cancel()
    with pytest.raises(Cancelled), cancellation.closing(lambda: None):
        pytest.fail("it has begun")


def test_limited_ends_with_a_timeout(cancellation: Cancellation) -> None:
    begin = time.monotonic()
    with pytest.raises(TimeoutError), cancellation.limited(0.05):
        parallel(lambda _: cancellation.sleep(LONG), range(3), cancellation)
    assert time.monotonic() - begin < LONG / 2
    cancellation.check()


def test_limited_ends_also_when_the_time_is_up_just_as_workers_end(cancellation: Cancellation) -> None:
    """Workers that end together let work begin again; the end of the time must outlast that."""

    def work() -> None:
        parallel(lambda _: time.sleep(0.2), range(3), cancellation)
        cancellation.sleep(LONG)

    begin = time.monotonic()
    with pytest.raises(TimeoutError), cancellation.limited(0.05):
        work()
    assert time.monotonic() - begin < LONG / 2
    cancellation.check()


def test_limited_lets_pass_what_is_in_time(cancellation: Cancellation) -> None:
    with cancellation.limited(LONG):
        cancellation.sleep(0)
    with pytest.raises(KeyError), cancellation.limited(LONG):
        raise KeyError
    cancellation.check()


def test_limited_is_no_timeout_when_it_was_interrupted(cancellation: Cancellation) -> None:
    threading.Timer(0.05, cancellation.cancel).start()
    with pytest.raises(Cancelled), cancellation.limited(LONG):
        cancellation.sleep(LONG)
    with pytest.raises(Cancelled):
        cancellation.check()


def test_without_a_signal_the_result_is_returned(cancellation: Cancellation) -> None:
    assert run_interruptible(lambda: 42, cancellation, on_interrupt=pytest.fail) == 42
    with pytest.raises(KeyError):
        run_interruptible(lambda: fail("none"), cancellation, on_interrupt=pytest.fail)


# Real signals, to a process of its own

SCRIPT = """
import os, sys, threading
from dcos_docker_cli.concurrency import Cancellation, parallel, run_interruptible
from dcos_docker_cli.exceptions import Cancelled

cancellation = Cancellation()

def say(line):
    os.write(1, f"{line}\\n".encode())

all_at_work = threading.Barrier(3, action=lambda: say("working"))

def worker(number):
    try:
        all_at_work.wait()
        cancellation.sleep(60)
    except Cancelled:
        say("worker stops")
        raise

def work():
    try:
        parallel(worker, range(3), cancellation)
    except BaseException:
        cancellation.begin_undo()
        say("undoing")
        for _ in range(10):
            cancellation.sleep(0.05)
        say("undone")
        raise

try:
    run_interruptible(work, cancellation, on_interrupt=lambda: say("stopping"))
except KeyboardInterrupt:
    say("KeyboardInterrupt")
    sys.exit(130)
"""


def start(*, before: str = "") -> subprocess.Popen[str]:
    """Run the script, up to where it works; `before` comes first in it."""
    process = subprocess.Popen(
        [sys.executable, "-c", before + SCRIPT], env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline() == "working\n"
    return process


def rest(process: subprocess.Popen[str]) -> list[str]:
    with process:
        assert process.stdout
        return process.stdout.read().splitlines()


STOPPED = ["stopping", "worker stops", "worker stops", "worker stops", "undoing", "undone"]


@pytest.mark.parametrize(
    ("number", "code", "last"),
    [
        (signal.SIGINT, 130, ["KeyboardInterrupt"]),
        (signal.SIGTERM, -signal.SIGTERM, []),
        (signal.SIGHUP, -signal.SIGHUP, []),
    ],
)
def test_a_signal_stops_the_workers_and_takes_its_effect_after_the_undoing(
    number: signal.Signals, code: int, last: list[str]
) -> None:
    process = start()
    process.send_signal(number)
    assert rest(process) == [*STOPPED, *last]
    assert process.returncode == code


def test_a_second_signal_does_not_stop_the_undoing() -> None:
    process = start()
    assert process.stdout
    process.send_signal(signal.SIGTERM)
    seen = []
    while "undoing" not in seen:
        seen.append(process.stdout.readline().strip())
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        process.send_signal(number)
    assert [*seen, *rest(process)] == STOPPED
    assert process.returncode == -signal.SIGTERM, "the first decides"


def test_a_signal_that_is_ignored_stays_so() -> None:
    process = start(before="import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n")
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.6)
    process.send_signal(signal.SIGTERM)
    assert rest(process) == STOPPED
    assert process.returncode == -signal.SIGTERM


@pytest.mark.parametrize("milliseconds", [0, 0.5, 1, 2])
def test_what_an_inner_failure_closes_is_no_failure_of_its_own(milliseconds: float) -> None:
    cancellation = Cancellation()
    closed = threading.Event()

    def streams() -> None:
        with cancellation.closing(closed.set):
            closed.wait(10)
            time.sleep(milliseconds / 1000)
            raise EngineUnreachableError("the connection broke")

    def node(number: int) -> None:
        if number == 0:
            cancellation.sleep(10)
        raise NodeStartError("the cause")

    with pytest.raises(NodeStartError, match="the cause"):
        together([streams, lambda: _drop(parallel(node, [0, 1], cancellation))], cancellation)
    cancellation.check()


def _drop(_: object) -> None:
    """Give nothing back."""


class LimitError(Exception):
    pass


def test_an_exception_of_somebody_else_s_handler_cancels_the_work(cancellation: Cancellation) -> None:
    """As of a time limit for a test."""
    ended = threading.Event()

    def work() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.1)  # not sooner: a busy machine may take longer to start this thread
        try:
            cancellation.sleep(LONG)
        finally:
            ended.set()

    def limit(*_: object) -> None:
        raise LimitError

    before = signal.signal(signal.SIGALRM, limit)
    try:
        begin = time.monotonic()
        with pytest.raises(LimitError):
            run_interruptible(work, cancellation)
        assert time.monotonic() - begin < LONG / 2
        assert ended.is_set()
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_limit_without_an_end(cancellation: Cancellation) -> None:
    with cancellation.limited(float("inf")):
        cancellation.sleep(0.01)


def feed_that_fails(write: Callable[[bytes], None]) -> None:
    write(b"part")
    raise KeyError("mine")


def feed_something(body: Callable[[], None]) -> None:
    with feeding(feed_that_fails, write=lambda _: None, end=lambda: None, abort=lambda: None):
        body()


def fail_too() -> None:
    time.sleep(0.1)
    raise OSError("what follows from it")


@pytest.mark.parametrize("body", [lambda: time.sleep(0.1), fail_too])
def test_what_fails_in_feeding_is_raised_also_while_something_else_is_handled(body: Callable[[], None]) -> None:
    try:
        raise OSError("something else")
    except OSError:
        with pytest.raises(KeyError, match="mine"):
            feed_something(body)


def test_what_blocks_is_closed_also_when_all_was_stopped_before() -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    closed: list[bool] = []
    with pytest.raises(Cancelled), cancellation.closing(lambda: closed.append(True)):
        pytest.fail("The block began.")
    assert closed == [True]


def test_sleep_of_who_is_shielded() -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    begun = time.monotonic()
    with cancellation.shielded():
        cancellation.sleep(0.1)
    assert time.monotonic() - begun >= 0.1
