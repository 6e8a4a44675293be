"""Work in parallel that can be stopped at any moment and always ends in a known state.

A signal must not tear a thread out of the middle of a call to the engine, for then nobody knows what the call made.
So the work runs in a thread of its own while the calling thread waits for it and for signals. A signal sets the
`Cancellation`; every worker stops at its next call, blocking streams are closed, what was made is undone, and only
then does the signal's exception go on its way.
"""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from dcos_docker_cli.exceptions import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")
R = TypeVar("R")

MAX_WORKERS = 16
SIGNAL_SECONDS = 0.2
"""How late a signal may be noticed."""


class Cancellation:
    """Tells the workers of one operation to stop."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._thread = threading.local()
        self._interrupted = False
        self._lock = threading.Lock()
        self._closers: set[Callable[[], None]] = set()

    def cancel(self) -> None:
        """Stop the operation: make every `check` and `sleep` raise, and close what blocks."""
        self._interrupted = True
        self.abort()

    def reset(self) -> None:
        """Let work begin again, for the undoing; call it when every worker has stopped."""
        self._interrupted = False
        self._event.clear()

    def abort(self) -> None:
        """Stop the workers because one has failed; `end_abort` is to follow."""
        self._event.set()
        with self._lock:
            closers = list(self._closers)
        for close in closers:
            close()

    def end_abort(self) -> None:
        """Let work begin again when the workers have stopped, unless the whole operation is to."""
        if not self._interrupted:
            self._event.clear()

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Within the block this thread works on, though cancelled: for an undoing that is short."""
        before = getattr(self._thread, "shielded", False)
        self._thread.shielded = True
        try:
            yield
        finally:
            self._thread.shielded = before

    def check(self) -> None:
        """Raise `Cancelled` when the work is to stop."""
        if self._event.is_set() and not getattr(self._thread, "shielded", False):
            raise Cancelled

    def sleep(self, seconds: float) -> None:
        """Wait, at most until the work is to stop; then raise `Cancelled`."""
        self._event.wait(seconds)
        self.check()

    @contextmanager
    def closing(self, close: Callable[[], None]) -> Iterator[None]:
        """Within the block, cancelling calls `close`, from another thread, to end what blocks in it."""
        with self._lock:
            self._closers.add(close)
        try:
            self.check()
            yield
            self.check()
        except OSError:
            self.check()
            raise
        finally:
            with self._lock:
                self._closers.discard(close)


def run_interruptible(work: Callable[[], T], cancellation: Cancellation, on_interrupt: Callable[[], None]) -> T:
    """Run `work` in a thread; on a signal's exception cancel it, wait until it has stopped, and raise the exception.

    Further signals do not cut the stopping short. `on_interrupt` is called once, when the stopping begins.
    """
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="dcos-docker")
    interrupt: BaseException | None = None
    stopping = False
    try:
        future = executor.submit(work)
        while not future.done():
            try:
                if interrupt and not stopping:
                    cancellation.cancel()
                    stopping = True
                    on_interrupt()
                # Never without a limit: a signal that the system hands to another thread does not wake this one.
                wait([future], timeout=SIGNAL_SECONDS)
            except BaseException as signalled:  # of further ones the first counts
                interrupt = interrupt or signalled
    finally:
        executor.shutdown(wait=False)
    if interrupt:
        raise interrupt
    return future.result()


def parallel(function: Callable[[T], R], items: Iterable[T], cancellation: Cancellation) -> list[R]:
    """Call `function` with each item on a bounded pool; return the results in order.

    At the first failure the rest is cancelled and, once all workers have stopped, that failure is raised.
    """
    return together([lambda item=item: function(item) for item in items], cancellation)  # type: ignore[misc]


def together(calls: list[Callable[[], R]], cancellation: Cancellation) -> list[R]:
    """Make the calls at the same time; results in order, failures as in `parallel`."""
    if not calls:
        return []
    with ThreadPoolExecutor(max_workers=min(MAX_WORKERS, len(calls))) as pool:
        futures = [pool.submit(call) for call in calls]
        _, pending = wait(futures, return_when=FIRST_EXCEPTION)
        if pending:
            cancellation.abort()
            for future in pending:
                future.cancel()
            wait(pending)
            cancellation.end_abort()
    raise_first_failure(futures)
    return [future.result() for future in futures]


def raise_first_failure(futures: list[Future[R]]) -> None:
    """Raise what made the others stop: a real failure before a `Cancelled`."""
    failures = [failure for future in futures if not future.cancelled() and (failure := future.exception())]
    if failures:
        raise min(failures, key=lambda failure: isinstance(failure, Cancelled))
