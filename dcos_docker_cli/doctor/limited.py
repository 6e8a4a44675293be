"""Calls that are made at the same time, of which none can keep us: what is late is left out."""

from __future__ import annotations

import math
import queue
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from dcos_docker_cli.concurrency import MAX_WORKERS
from dcos_docker_cli.exceptions import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dcos_docker_cli.concurrency import Cancellation

K = TypeVar("K")
T = TypeVar("T")
WAKE_SECONDS = 0.1
"""After which an interrupt is seen at the latest."""


def within(calls: Mapping[K, Callable[[], T]], limit: float, cancellation: Cancellation) -> dict[K, T | Exception]:
    """Return what the calls return or raise, without those that are late: `limit` is in seconds, for each poolful.

    What a late call waits for is closed. Its thread may stay, but does not keep the program from ending.
    """
    waiting: queue.SimpleQueue[tuple[K, Callable[[], T]]] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[K, T | Exception]] = queue.SimpleQueue()
    over = threading.Event()
    for item in calls.items():
        waiting.put(item)

    def work() -> None:
        while not over.is_set():
            try:
                key, call = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((key, call()))
            except Exception as error:  # the failure of one call must not hide what the others return
                done.put((key, error))
            except Cancelled:
                return

    for _ in range(min(MAX_WORKERS, len(calls))):
        threading.Thread(target=work, daemon=True, name="doctor").start()
    deadline = time.monotonic() + limit * math.ceil(len(calls) / MAX_WORKERS)
    found: dict[K, T | Exception] = {}
    try:
        while len(found) < len(calls) and time.monotonic() < deadline:
            cancellation.check()
            try:
                key, result = done.get(timeout=WAKE_SECONDS)
            except queue.Empty:
                continue
            found[key] = result
    finally:
        over.set()
    if len(found) < len(calls):
        cancellation.abort()
        cancellation.end_abort()
    return found
