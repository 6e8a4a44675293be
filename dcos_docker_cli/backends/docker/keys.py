"""The SSH key of a cluster: made on its first master when it is first needed, and kept there, for root alone."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli.transports.base import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from dcos_docker_cli.transports.base import NodeTransport

KEY = "/root/.ssh/dcos-docker"
# The lock is for two programs that need the key at the same time.
GET_KEY = f"""
set -e
umask 077
mkdir -p /root/.ssh
exec 9>{KEY}.lock
flock 9
test -s {KEY}.pub || {{ rm -f {KEY}; ssh-keygen -q -t ed25519 -N "" -C dcos-docker -f {KEY} >/dev/null; }}
cat {KEY}
"""
ALLOW = """
set -e
umask 077
mkdir -p /root/.ssh
exec 9>/root/.ssh/authorized_keys.lock
flock 9
grep -qxF "$1" /root/.ssh/authorized_keys 2>/dev/null || echo "$1" >>/root/.ssh/authorized_keys
"""


class ClusterKey:
    """A cluster's private key, as a file of this machine for as long as it is needed."""

    def __init__(self, holder: Callable[[], NodeTransport]) -> None:
        self._holder = holder
        self._lock = threading.Lock()
        self._path: Path | None = None
        self._public = ""
        self._remove: Callable[[], object] = lambda: None

    def path(self) -> Path:
        """Return the file, which only this user can read; it is removed with `close`, or when this program ends."""
        with self._lock:
            if self._path is None:
                self._fetch()
            assert self._path
            return self._path

    def allow_on(self, node: NodeTransport) -> Path:
        """Have the key open a node, as root; return its file."""
        path = self.path()
        check(node, ["sh", "-c", ALLOW, "sh", self._public], doing="Allowing the cluster's SSH key")
        return path

    def close(self) -> None:
        """Remove the file; the next use fetches it again."""
        with self._lock:
            self._remove()
            self._path = None

    def _fetch(self) -> None:
        node = self._holder()
        private = check(node, ["sh", "-c", GET_KEY], doing="Getting the cluster's SSH key").stdout
        public = check(node, ["cat", f"{KEY}.pub"], doing="Getting the cluster's SSH key").stdout
        directory = Path(tempfile.mkdtemp(prefix="dcos-docker-key-"))  # for its owner alone
        self._remove = weakref.finalize(self, _remove, directory, os.getpid())
        path = directory / "id_ed25519"
        path.touch(mode=0o600)
        path.write_bytes(private)
        self._path, self._public = path, public.decode().strip()


def _remove(directory: Path, owner: int) -> None:
    """Remove the key's directory, but not for a process that was forked from the one which uses it."""
    if os.getpid() == owner:
        shutil.rmtree(directory, ignore_errors=True)
