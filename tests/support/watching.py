"""What others can see while the program works: the arguments of all processes here, and what the engine tells.

Where the engine runs on this machine, the processes of its nodes are among those.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from docker import APIClient

PAUSE = 0.005
SECOND = 1.0


@dataclass
class Seen:
    """What was seen. `looks` is how often all processes were looked at."""

    arguments: set[str] = field(default_factory=set)
    events: list[str] = field(default_factory=list)
    looks: int = 0

    def with_any(self, secrets: Sequence[str]) -> list[str]:
        """Return what has one of these in it."""
        return [text for text in (*sorted(self.arguments), *self.events) if any(secret in text for secret in secrets)]


@contextmanager
def watching(client: APIClient) -> Iterator[Seen]:
    """Watch within the block."""
    seen, over = Seen(), threading.Event()
    events = client.events(since=int(time.time()))

    def look() -> None:
        known: set[str] = set()
        while not over.wait(PAUSE):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    text = (process / "cmdline").read_bytes()
                except OSError:
                    continue
                found = text.replace(b"\0", b" ").decode(errors="replace")
                if found not in known:
                    known.add(found)
                    seen.arguments.add(found)
            seen.looks += 1

    def listen() -> None:
        for event in events:
            seen.events.append(json.dumps(json.loads(event), ensure_ascii=False))

    threads = [threading.Thread(target=work, daemon=True) for work in (look, listen)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        time.sleep(SECOND / 10)  # for the last events
        over.set()
        events.close()
        for thread in threads:
            thread.join(10)
