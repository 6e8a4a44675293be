"""Work in parallel that can be stopped at any moment and always ends in a known state.

A signal must not tear a thread out of the middle of a call to the engine, for then nobody knows what the call made.
So the work runs in a thread of its own, and a signal only sets the `Cancellation`: every worker stops at its next call,
blocking streams are closed, what was made is undone, and only then does the signal take its effect.
"""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from dcos_docker_cli.exceptions import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType

T = TypeVar("T")
R = TypeVar("R")

MAX_WORKERS = 16
WAKE_SECONDS = 0.2


class Cancellation:
    """Tells the workers of one operation to stop.

    There are two reasons: the operation is interrupted, or a worker has failed and the others are to stop before the
    failure is raised. The undoing that follows can fail too, but no longer be interrupted.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._thread = threading.local()
        self._lock = threading.RLock()
        self._closers: set[Callable[[], None]] = set()
        self._interrupted = False
        self._undoing = False
        self._groups = 0
        self._expired = 0

    def cancel(self) -> None:
        """Interrupt the operation: make every `check` and `sleep` raise, and close what blocks."""
        with self._lock:
            self._interrupted = True
            if not self._undoing:
                self.abort()

    def begin_undo(self) -> None:
        """Let work begin again, to undo; call it when every worker has stopped. Interrupts no longer count."""
        with self._lock:
            self._undoing = True
            self._event.clear()

    @contextmanager
    def group(self) -> Iterator[None]:
        """Enclose workers that stop together; groups can be nested.

        An `abort` in any of them lasts until the outermost is over, so that workers outside of the one that failed do
        not take what was closed for a failure of their own.
        """
        with self._lock:
            self._groups += 1
        try:
            yield
        finally:
            with self._lock:
                self._groups -= 1
                if not self._groups:
                    self.end_abort()

    def abort(self) -> None:
        """Stop the workers because one has failed."""
        with self._lock:
            self._event.set()
            closers = list(self._closers)
        for close in closers:
            close()

    def end_abort(self) -> None:
        """Let work begin again when the workers have stopped, unless there is a reason of its own to stop all."""
        with self._lock:
            if self._undoing or not (self._interrupted or self._expired):
                self._event.clear()

    def check(self) -> None:
        """Raise `Cancelled` when the work is to stop."""
        if self.is_stopping():
            raise Cancelled

    def is_stopping(self) -> bool:
        """Whether the work of this thread is to stop."""
        return self._event.is_set() and not getattr(self._thread, "shielded", False)

    def sleep(self, seconds: float) -> None:
        """Wait, at most until the work is to stop; then raise `Cancelled`."""
        if getattr(self._thread, "shielded", False):
            time.sleep(seconds)
            return
        self._event.wait(seconds)
        self.check()

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Within the block this thread works on, though cancelled: for an undoing that is short."""
        before = getattr(self._thread, "shielded", False)
        self._thread.shielded = True
        try:
            yield
        finally:
            self._thread.shielded = before

    @contextmanager
    def closing(self, close: Callable[[], None]) -> Iterator[None]:
        """Within the block, cancelling calls `close`, from another thread, to end what blocks in it.

        It is called before the block, too, when that is not to begin any more.
        """
        with self._lock:
            self._closers.add(close)
        try:
            if self.is_stopping():
                close()
            self.check()
            yield
            self.check()
        except Exception:
            self.check()  # what was closed may have failed for that
            raise
        finally:
            with self._lock:
                self._closers.discard(close)

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        """Stop the work of the block after so many seconds, whatever it waits for; it then raises `TimeoutError`."""
        expired = threading.Event()

        def expire() -> None:
            with self._lock:
                expired.set()
                self._expired += 1
            self.abort()

        timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        except Cancelled:
            if expired.is_set() and not self._interrupted:
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
            timer.join()
            with self._lock:
                self._expired -= expired.is_set()
                self.end_abort()


def interruptible(work: Callable[[Cancellation], T]) -> T:
    """Run `work` with a `Cancellation` of its own; see `run_interruptible`."""
    cancellation = Cancellation()
    return run_interruptible(lambda: work(cancellation), cancellation)


def run_interruptible(
    work: Callable[[], T], cancellation: Cancellation, on_interrupt: Callable[[], object] = lambda: None
) -> T:
    """Run `work` in a thread; on a signal cancel it, wait until it has stopped, and let the signal take its effect.

    Signals that come in the meantime do not cut the stopping short. `on_interrupt` is called once, when it begins. An
    exception that somebody else's handler raises, of a time limit for a test for instance, cancels the work as well.
    """
    if not _threads_can_start():
        return work()
    received: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        received.append(number)
        if len(received) == 1:
            on_interrupt()
            cancellation.cancel()

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="dcos-docker") as executor:
        with _handling(handle):
            future = executor.submit(work)
            # Not one wait without end: the kernel may give a signal to another thread, which does not wake this one,
            # and only this one runs handlers.
            try:
                while not future.done():
                    wait([future], timeout=WAKE_SECONDS)
            except BaseException:
                cancellation.cancel()
                raise
        if received:
            signal.raise_signal(received[0])
        return future.result()


@contextmanager
def _handling(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Within the block `handle` gets the signals that tell a process to end; those that are ignored stay so."""
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():  # no other thread may set handlers
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    handled = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    try:
        for number in handled:
            signal.signal(number, handle)
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])


def parallel(function: Callable[[T], R], items: Iterable[T], cancellation: Cancellation) -> list[R]:
    """Call `function` with each item on a bounded pool; return the results in order.

    At the first failure the rest is cancelled and, once all workers have stopped, that failure is raised.
    """
    return together([lambda item=item: function(item) for item in items], cancellation)  # type: ignore[misc]


def together(calls: list[Callable[[], R]], cancellation: Cancellation) -> list[R]:
    """Make the calls at the same time; results in order, failures as in `parallel`."""
    if not calls:
        return []
    if not _threads_can_start():
        return [call() for call in calls]
    with cancellation.group(), ThreadPoolExecutor(max_workers=min(MAX_WORKERS, len(calls))) as pool:
        futures = [pool.submit(call) for call in calls]
        _, pending = wait(futures, return_when=FIRST_EXCEPTION)
        if pending:
            cancellation.abort()
            for future in pending:
                future.cancel()
            wait(pending)
    raise_first_failure(futures)
    return [future.result() for future in futures]


def _threads_can_start() -> bool:
    """Whether this program is not ending: what is done then, in `atexit` or by a last thread, is done in one thread."""
    return threading.main_thread().is_alive()


def raise_first_failure(futures: list[Future[R]]) -> None:
    """Raise what made the others stop: a real failure before a `Cancelled`."""
    failures = [failure for future in futures if not future.cancelled() and (failure := future.exception())]
    if failures:
        raise min(failures, key=lambda failure: isinstance(failure, Cancelled))
