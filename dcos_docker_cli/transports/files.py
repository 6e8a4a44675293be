"""Files to and from a node as a stream of tar, over any transport: nothing is held in memory or on a disk on the way.

The engine's own archive call is not used: it silently loses what it is to put on a tmpfs such as `/tmp`.
"""

from __future__ import annotations

import os
import tarfile
import threading
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import CommandError
from dcos_docker_cli.transports.base import run

if TYPE_CHECKING:
    from io import FileIO

    from dcos_docker_cli.transports.base import NodeTransport, Write

CHUNK = 1 << 20


class _Writer:
    """The file object that tarfile writes to."""

    def __init__(self, write: Write) -> None:
        self.write = write


def send(transport: NodeTransport, local: Path, remote: str, *, user: str = "root") -> None:
    """Send a file or a directory so that it is `remote`; parents are made, and it belongs to `user`.

    Raises `FileNotFoundError` without the local file, and `CommandError` when the node cannot take it.
    """
    if not os.path.lexists(local):
        raise FileNotFoundError(f"There is no {local}.")
    target = PurePosixPath(remote)
    script = 'mkdir -p "$1" && exec tar -x --no-same-owner --no-overwrite-dir -C "$1"'

    def feed(write: Write) -> None:
        with tarfile.open(fileobj=_Writer(write), mode="w|", bufsize=CHUNK, format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
            tar.add(local, arcname=target.name)

    errors = bytearray()
    args = ["sh", "-c", script, "sh", str(target.parent)]
    code = transport.stream(args, stdin=feed, stdout=errors.extend, stderr=errors.extend, user=user)
    if code != 0:
        raise CommandError(f"{local} could not be sent to {remote}.", details=_lines(errors))


def receive(transport: NodeTransport, remote: str, local: Path) -> None:
    """Fetch a file or a directory so that it is `local`.

    What the archive of a node may not do here, write outside of it or make devices, tarfile's `data` filter refuses.
    Raises `CommandError` without the remote file, and `FileExistsError` when `local` is there already.
    """
    if os.path.lexists(local):
        raise FileExistsError(f"{local} is there already.")
    source = PurePosixPath(remote)
    if run(transport, ["test", "-e", remote]).returncode != 0:
        raise CommandError(f"There is no {remote} on the node.")
    errors = bytearray()
    code = -1
    read_end, write_end = os.pipe()

    def fetch() -> None:
        nonlocal code
        args = ["tar", "-c", "-C", str(source.parent), "--", source.name]
        # The pipe is closed early when what comes out of it is refused.
        with suppress(BrokenPipeError), os.fdopen(write_end, "wb", buffering=0) as pipe:
            code = transport.stream(args, stdout=lambda data: _write(pipe, data), stderr=errors.extend)

    thread = threading.Thread(target=fetch)
    thread.start()
    try:
        with os.fdopen(read_end, "rb") as pipe, tarfile.open(fileobj=pipe, mode="r|", bufsize=CHUNK) as tar:
            _extract(tar, source.name, local)
    except tarfile.TarError as error:
        raise CommandError(f"{remote} could not be fetched: {error}", details=_lines(errors)) from error
    finally:
        thread.join()
    if code != 0:
        raise CommandError(f"{remote} could not be fetched.", details=_lines(errors))


def _extract(tar: tarfile.TarFile, name: str, local: Path) -> None:
    """Extract the archive, whose top is `name`, so that its top is `local`."""
    # As the manual advises for Pythons of before the filters.
    tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
    for member in tar:
        inner = PurePosixPath(member.name).relative_to(name)
        member.name = str(PurePosixPath(local.name) / inner)
        tar.extract(member, local.parent)


def _write(pipe: FileIO, data: bytes) -> None:
    """Write all of it: a pipe takes what it has room for."""
    view = memoryview(data)
    while view:
        view = view[pipe.write(view) :]


def _lines(output: bytearray) -> list[str]:
    return output.decode(errors="replace").splitlines()[-20:]
