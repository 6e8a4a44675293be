"""How long the engine is waited for, call by call.

A call is made in a thread of its own, so that who interrupts does not wait for an engine that hangs. A call that only
reads is given up at once; one that changes something only when the engine says nothing any more, or has had its time,
for then nobody knows what it has made.
"""

from __future__ import annotations

import math
import os
import queue
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar, cast

from dcos_docker_cli.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dcos_docker_cli.concurrency import Cancellation

T = TypeVar("T")

TIMEOUT = 120.0
"""Seconds until a call has failed. Starting a privileged container on a busy host takes long."""
VARIABLE = "DCOS_DOCKER_ENGINE_TIMEOUT"
"""Says another number."""
GRACE = 5.0
"""Seconds for which a call goes on after an interrupt, before the engine is asked whether it is there at all."""
ALIVE = 5.0
"""Seconds in which an engine that is there answers that."""
SLOW = 30.0
"""Seconds that a call has after an interrupt, and on an engine that has let us wait in vain before."""
LATE = 1.0
"""Seconds for which a call that ends by itself when its time is over is waited for."""
WAKE_SECONDS = 0.1
READS = ("GET", "HEAD")


class NoAnswerError(Exception):
    """The engine has not answered a call in its time; `seconds` is how long that was waited for."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def chosen() -> float | None:
    """Return the seconds for a call that the environment says, if it does; `UsageError` for what is no number."""
    said = os.environ.get(VARIABLE, "").strip()
    if not said:
        return None
    try:
        seconds = float(said)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= threading.TIMEOUT_MAX:  # which no NaN is
        raise UsageError(f'{VARIABLE} is "{said}", which is no number of seconds.', hint=f"For example: {VARIABLE}=300")
    return seconds


class Patience:
    """What is known of how an engine answers, by all that use one connection to it."""

    def __init__(self, chosen: float | None) -> None:
        """`chosen` is how many seconds the user gives each call."""
        self.chosen = chosen
        self.seconds = chosen or TIMEOUT
        self.is_tried = False
        """Whether the last call was waited for in vain."""
        self.is_unsure = False
        """Whether a call that changes something was given up: the engine may still carry it out."""

    def lost(self, *, changes: bool) -> None:
        """Take note of a call that was not answered."""
        self.is_tried = True
        self.is_unsure = self.is_unsure or changes

    def of(self, wanted: float) -> float:
        """Return how many of the seconds that a call wants it has."""
        return min(wanted, SLOW) if self.is_tried else wanted


def answer(
    call: Callable[[], T],
    cancellation: Cancellation,
    *,
    seconds: float,
    changes: bool,
    is_there: Callable[[], bool],
    discard: Callable[[T], None],
) -> T:
    """Return what a call returns; raise `NoAnswerError` when it takes longer, and `Cancelled`, if it only reads.

    Once interrupted, one that `changes` something goes on as long as the engine `is_there`, and no longer than `SLOW`.
    An answer that comes when nobody waits for it any more is given to `discard`: the engine may hold on to a container
    for as long as an answer is not read.
    """
    if not threading.main_thread().is_alive():  # no thread starts any more
        return call()
    answers: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()
    given_up = threading.Event()

    def work() -> None:
        try:
            result = call()
        except BaseException as error:  # it is raised where the answer is waited for
            answers.put((None, error))
            return
        answers.put((result, None))
        if given_up.is_set():
            discard(result)

    threading.Thread(target=work, name="engine", daemon=True).start()
    try:
        return _await(answers, cancellation, seconds=seconds, changes=changes, is_there=is_there)
    except BaseException:
        given_up.set()
        with suppress(queue.Empty):
            late, _ = answers.get_nowait()
            if late is not None:
                discard(late)
        raise


def _await(
    answers: queue.SimpleQueue[tuple[T | None, BaseException | None]],
    cancellation: Cancellation,
    *,
    seconds: float,
    changes: bool,
    is_there: Callable[[], bool],
) -> T:
    begun = time.monotonic()
    end = begun + seconds + LATE
    look = math.inf
    while True:
        try:
            result, error = answers.get(timeout=WAKE_SECONDS)
        except queue.Empty:
            now = time.monotonic()
            if now >= end or (now >= look and not is_there()):
                raise NoAnswerError(now - begun) from None
            if cancellation.is_stopping() and look == math.inf:
                if not changes:
                    cancellation.check()
                grace = min(GRACE, seconds)
                look, end = now + grace, min(end, now + SLOW)
            elif now >= look:
                look = now + GRACE
            continue
        if error is not None:
            raise error
        return cast("T", result)
