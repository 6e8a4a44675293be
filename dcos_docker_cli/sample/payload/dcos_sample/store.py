"""The cluster's memory, standing in for ZooKeeper: a table that every master keeps a copy of.

Each value carries the time at which it was written, and the newest wins. A write is sent to the other masters at once,
and masters whose digests differ merge their tables. There is no quorum: writes made on both sides of a split network
are merged afterwards, one of two to the same key is lost.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from typing import TYPE_CHECKING, Any

from . import node, web

if TYPE_CHECKING:
    from pathlib import Path

PORT = 8181

Table = dict[str, tuple[int, Any]]
"""Key to time and value. A removed key stays, with None, or it would come back from another master."""


class Store:
    """One master's copy, kept in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._table: Table = json.loads(path.read_text()) if path.exists() else {}

    def table(self) -> Table:
        """Everything, to be merged elsewhere."""
        with self._lock:
            return dict(self._table)

    def digest(self) -> str:
        """Equal on two masters when their tables are."""
        stamps = sorted((key, entry[0]) for key, entry in self.table().items())
        return hashlib.sha256(json.dumps(stamps).encode()).hexdigest()

    def items(self, prefix: str) -> dict[str, Any]:
        """Return what is stored under ``prefix``, without the prefix in the keys."""
        found = {key: entry[1] for key, entry in self.table().items() if key.startswith(prefix)}
        return {key[len(prefix) :]: value for key, value in sorted(found.items()) if value is not None}

    def put(self, key: str, value: Any) -> Table:
        """Write, and return the change for the other masters."""
        change = {key: (time.time_ns(), value)}
        self.merge(change)
        return change

    def merge(self, other: Table) -> None:
        """Take over what is newer in ``other``."""
        with self._lock:
            newer = {key: entry for key, entry in other.items() if entry[0] > self._table.get(key, (0,))[0]}
            if newer:
                self._table.update(newer)
                node.write_atomically(self._path, self._table)


# What the other services of a master call.


def read(prefix: str) -> dict[str, Any]:
    """Everything under ``prefix``; empty while the store is down."""
    found = web.call_json("127.0.0.1", PORT, f"/store/{prefix}")
    return found if isinstance(found, dict) else {}


def write(key: str, value: Any) -> bool:
    """Store a value, or remove the key with None; false while the store is down."""
    return web.call_json("127.0.0.1", PORT, f"/store/{key}", value, method="PUT") is not None


def leader() -> str:
    """Return the leading master's address; empty while there is none."""
    found = web.call_json("127.0.0.1", PORT, "/leader")
    return found["leader"] if isinstance(found, dict) else ""
