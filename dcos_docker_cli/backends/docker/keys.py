"""The SSH key of a cluster: made on its first master when it is first needed, and kept there, for root alone."""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli.transports.base import check
from dcos_docker_cli.transports.own_directory import own_directory

if TYPE_CHECKING:
    from collections.abc import Callable

    from dcos_docker_cli.transports.base import NodeTransport

KEY = "/root/.ssh/dcos-docker"
LOCK = 'flock -w 60 9 || { echo "Another program has kept the lock for 60 s." >&2; exit 1; }'
"""It is for two programs that need the key at the same time."""
GET_KEY = f"""
set -e
umask 077
mkdir -p /root/.ssh
exec 9>{KEY}.lock
{LOCK}
test -s {KEY}.pub || {{ rm -f {KEY}; ssh-keygen -q -t ed25519 -N "" -C dcos-docker -f {KEY} >/dev/null; }}
cat {KEY}
"""
ALLOW = f"""
set -e
umask 077
mkdir -p /root/.ssh
exec 9>/root/.ssh/authorized_keys.lock
{LOCK}
grep -qxF "$1" /root/.ssh/authorized_keys 2>/dev/null || echo "$1" >>/root/.ssh/authorized_keys
"""


class ClusterKey:
    """A cluster's private key, as a file of this machine for as long as it is needed.

    Where the system can it is in memory, and its path one of this process': it is on no disk, and gone with the process
    however that ends. Elsewhere it is in a directory that the next use of this program removes, if we could not.
    """

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
        path, close = _in_memory(private) or _on_disk(private)
        self._remove = weakref.finalize(self, _close, close, os.getpid())
        self._path, self._public = path, public.decode().strip()


def _in_memory(content: bytes) -> tuple[Path, Callable[[], object]] | None:
    """Write a file that is on no disk; return its path, which other processes of this user can open, and its end."""
    if not hasattr(os, "memfd_create"):
        return None
    try:
        descriptor = os.memfd_create("dcos-docker-key")  # not passed on to programs
    except OSError:  # an old kernel, or one that is told to refuse it
        return None
    path = Path(f"/proc/{os.getpid()}/fd/{descriptor}")
    try:
        os.fchmod(descriptor, 0o600)  # as ssh wants it
        _write(descriptor, content)
        is_there = path.is_file()  # not so without /proc
    except OSError:
        is_there = False
    if not is_there:
        os.close(descriptor)
        return None
    return path, lambda: os.close(descriptor)


def _on_disk(content: bytes) -> tuple[Path, Callable[[], object]]:
    """Write a file in a directory of our own; return its path, and its end."""
    directory, remove = own_directory("key", for_socket=False)
    path = directory / "id_ed25519"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        _write(descriptor, content)
    finally:
        os.close(descriptor)
    return path, remove


def _write(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _close(close: Callable[[], object], owner: int) -> None:
    """End the key's file, but not for a process that was forked from the one which uses it."""
    if os.getpid() == owner:
        with suppress(OSError):
            close()
