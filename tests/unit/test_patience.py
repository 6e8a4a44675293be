"""How long a call to the engine is waited for, and when it is given up."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, TypeVar

import pytest

from dcos_docker_cli.backends.docker import patience
from dcos_docker_cli.concurrency import Cancellation
from dcos_docker_cli.exceptions import Cancelled, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


@pytest.fixture
def hanging() -> Iterator[Callable[[], None]]:
    """A call that does not end before the test does."""
    over = threading.Event()

    def wait() -> None:
        over.wait()

    yield wait
    over.set()


def yes() -> bool:
    return True


def no() -> bool:
    return False


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan", "inf", "1e300", "5s"])
def test_what_is_no_number_of_seconds(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(patience.VARIABLE, value)
    with pytest.raises(UsageError, match="no number of seconds"):
        patience.chosen()


@pytest.mark.parametrize(("value", "seconds"), [("", None), (" ", None), ("300", 300), (" 0.5 ", 0.5)])
def test_seconds(value: str, seconds: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(patience.VARIABLE, value)
    assert patience.chosen() == seconds


def answer(
    call: Callable[[], T],
    cancellation: Cancellation,
    *,
    seconds: float,
    changes: bool,
    is_there: Callable[[], bool],
) -> T:
    return patience.answer(
        call, cancellation, seconds=seconds, changes=changes, is_there=is_there, discard=lambda _: None
    )


def test_an_answer_and_a_failure() -> None:
    def fail() -> None:
        raise ValueError("its own")

    assert answer(lambda: 7, Cancellation(), seconds=5, changes=True, is_there=no) == 7
    with pytest.raises(ValueError, match="its own"):
        answer(fail, Cancellation(), seconds=5, changes=True, is_there=no)


def test_time_is_over(hanging: Callable[[], None]) -> None:
    begun = time.monotonic()
    with pytest.raises(patience.NoAnswerError):
        answer(hanging, Cancellation(), seconds=0.2, changes=True, is_there=yes)
    assert 0.2 <= time.monotonic() - begun < 5


def test_a_call_that_only_reads_is_given_up_at_once(hanging: Callable[[], None]) -> None:
    cancellation = Cancellation()
    threading.Timer(0.2, cancellation.cancel).start()
    with pytest.raises(Cancelled):
        answer(hanging, cancellation, seconds=60, changes=False, is_there=yes)


def test_one_that_changes_something_only_when_the_engine_has_gone(
    hanging: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "GRACE", 0.2)
    cancellation = Cancellation()
    cancellation.cancel()
    asked: list[float] = []

    def is_there() -> bool:
        asked.append(time.monotonic())
        return len(asked) < 3

    with pytest.raises(patience.NoAnswerError):
        answer(hanging, cancellation, seconds=60, changes=True, is_there=is_there)
    assert len(asked) == 3
    assert asked[2] - asked[1] > 0.1


def test_one_that_changes_something_is_waited_for_although_interrupted() -> None:
    cancellation = Cancellation()
    cancellation.cancel()

    def late() -> int:
        time.sleep(0.4)
        return 7

    assert answer(late, cancellation, seconds=60, changes=True, is_there=no) == 7


def test_who_is_shielded_waits(hanging: Callable[[], None]) -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    with cancellation.shielded(), pytest.raises(patience.NoAnswerError):
        answer(hanging, cancellation, seconds=0.3, changes=False, is_there=no)


def test_an_answer_that_comes_too_late_is_discarded() -> None:
    cancellation = Cancellation()
    given_up = threading.Event()
    discarded: queue.SimpleQueue[int] = queue.SimpleQueue()

    def late() -> int:
        cancellation.cancel()
        given_up.wait()
        return 7

    with pytest.raises(Cancelled):
        patience.answer(late, cancellation, seconds=60, changes=False, is_there=yes, discard=discarded.put)
    given_up.set()
    assert discarded.get(timeout=5) == 7
