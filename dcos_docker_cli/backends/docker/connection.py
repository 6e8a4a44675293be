"""One connection to the engine for many operations, each of which can be stopped by itself."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.concurrency import Cancellation


class Connection:
    """The way to the engine that the docker command would use. It is made at its first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    def engine(self, cancellation: Cancellation) -> Engine:
        """Return the engine for an operation, which `cancellation` stops; the sockets are shared with all others."""
        from dcos_docker_cli.backends.docker.engine import engine_in_use

        with self._lock:
            if self._engine is None:
                self._engine = engine_in_use()
        return self._engine.for_operation(cancellation)

    def close(self) -> None:
        """Close its sockets; the next use opens new ones."""
        with self._lock:
            if self._engine is not None:
                self._engine.close()
