"""Files to a node: as a stream of tar over any transport, or, when it is much, by the engine, which is quicker.

Nothing is held in memory or on a disk on the way. The engine does not see what is mounted within a node, and would
silently lose what is to be there, as on a tmpfs. So it unpacks into a directory that the node has just made, under a
name by chance, and which the engine must see; the node then puts what has come in its place.
"""

from __future__ import annotations

import os
import queue
import threading
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import CommandError, PathError
from dcos_docker_cli.transports.archive import CLOSED, LARGE, MANY, Archives, lines, nobody, why
from dcos_docker_cli.transports.packing import is_much, pack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dcos_docker_cli.transports.archive import Told
    from dcos_docker_cli.transports.base import NodeTransport, Write

BATCH = 64
"""Files that go in one stream: all their names must be shorter than an argument may be, 128 KiB."""
OCCUPIED = 71
FEED_SECONDS = 10.0
"""How long after the end of a command the thread that fed it may take to end too."""
STAGED = "new"
"""The name of a directory beside its place."""
TAKEN, COMING = b"taken\n", b"coming\n"
"""What a node is told that has said where the engine is to unpack: it has, or the archive comes to the node itself."""
BY_ENGINE = """
taken() {  # DIRECTORY: whether the engine has unpacked the archive there; none, if it is not to
    printf '%s\\0' "$1"
    read -r answer || { sleep 1; exit 1; }  # nobody is there any more, and the engine notices that by then
    [ "$answer" = taken ]
}

remove_stage() {
    [ ! -d "$stage" ] || rm -rf -- "$stage"
}

by=$1
shift
"""
# All is unpacked beside its place first, so that what is there stays until the rest has come; the names are asked for,
# as tar takes an archive that is cut between two files for a whole one. What is there is then written in its place:
# it keeps its owner, and may be a mount, as a container's /etc/hosts, which cannot be removed and made anew.
# Where nothing can be made beside it, as for a user's own file in a directory of root's, tar writes it at once,
# through links (-h), as cp does it. No signal ends the script once it puts things in their place.
TAKE_FILES = f"""{BY_ENGINE}
fits() {{  # NEW THERE: writing it in its place would not end half-way for want of room
    [ -f "$2" ] || return 0
    more=$(($(stat -c %s -- "$1") - $(stat -L -c '%b * %B' -- "$2")))
    [ $more -le 0 ] || [ $more -le $(($(stat -f -c '%a * %S' -- "$2"))) ] || {{
        echo "$2: No space left on device"
        return 1
    }}
}}

directory=$1
shift
mkdir -p -- "$directory" || exit 1
for name do
    if [ -d "$directory/$name" ] && [ ! -L "$directory/$name" ]; then printf '%s\\n' "$name"; exit {OCCUPIED}; fi
done
trap 'exit 1' HUP INT TERM PIPE
trap remove_stage EXIT
if ! stage=$(LC_ALL=C mktemp -d -- "$directory/.dcos-docker-XXXXXXXXXX" 2>&1); then
    case $stage in *"No space left"*) echo "$stage"; exit 1 ;; esac
    [ "$by" != engine ] || taken "" || :
    exec tar -x -h --no-same-owner --overwrite -C "$directory"
fi
{{ [ "$by" = engine ] && taken "$(readlink -f -- "$stage")"; }} || tar -x --no-same-owner -C "$stage" || {{
    code=$?  # of a disk that is full tar may say only that it wrote less than it wanted to
    [ $(($(stat -f -c '%a * %S' -- "$stage"))) -ge 1048576 ] || echo "$directory: No space left on device" >&2
    exit $code
}}
for name do
    there=$directory/$name
    [ ! -L "$stage/$name" ] || continue
    [ -e "$stage/$name" ] || {{ echo "The connection was cut."; exit 1; }}
    [ ! -d "$there" ] || {{ printf '%s\\n' "$name"; exit {OCCUPIED}; }}
    [ ! -e "$there" ] || [ -w "$there" ] || {{ echo "$there: Permission denied"; exit 1; }}
done
trap '' HUP INT TERM PIPE
for name do
    new=$stage/$name there=$directory/$name
    if [ -L "$new" ] || {{ [ ! -e "$there" ] && [ ! -L "$there" ]; }}; then
        mv -fT -- "$new" "$there" || exit 1
    else
        fits "$new" "$there" && cat -- "$new" >"$there" || exit 1
    fi
done
"""
# Into the directory itself, not by its name: tar would put a directory in the place of a link to one.
TAKE_DIRECTORY = f"""{BY_ENGINE}
if [ -d "$1" ]; then
    keep=--no-overwrite-dir
elif [ -e "$1" ]; then
    exit {OCCUPIED}
else
    keep=--overwrite-dir
    if [ "$by" = engine ]; then
        mkdir -p -- "$2" || exit 1
        trap 'exit 1' HUP INT TERM PIPE
        trap remove_stage EXIT
        stage=$(LC_ALL=C mktemp -d -- "$2/.dcos-docker-XXXXXXXXXX") || exit 1
        if taken "$(readlink -f -- "$stage")"; then
            mv -T -- "$stage/{STAGED}" "$1"
            exit
        fi
        remove_stage
        by=
    fi
    mkdir -p -- "$1" || exit 1
fi
[ "$by" != engine ] || taken "" || :
exec tar -x --no-same-owner $keep -C "$1"
"""


def send(
    transport: NodeTransport,
    local: Path,
    remote: str,
    *,
    user: str = "root",
    prefix: Sequence[str] = (),
    moved: Told = nobody,
    node: str = "the node",
) -> None:
    """Send a file or a directory so that it is `remote`; parents are made.

    What is new belongs to `user`; a file that is there is overwritten in its place, once all has come, and so keeps its
    owner and mode; of a directory each file is written at once. `prefix` is put before the commands on the node, as for
    sudo; `moved` is told the bytes as they go; `node` is for messages.
    Raises `PathError` without the local file, and when one of the two is a directory and the other is none;
    `CommandError` when the node cannot take it.
    """
    if not os.path.lexists(local):
        raise PathError(f"There is no {local}.")
    target = PurePosixPath(remote)
    if not local.is_dir() or local.is_symlink():
        files, where = {target.name: local}, str(target.parent)
        send_files(transport, files, where, user=user, prefix=prefix, moved=moved, node=node)
        return
    way = _Way(transport, user, prefix, moved)
    code, said = way.deliver(TAKE_DIRECTORY, [str(target), str(target.parent)], {".": local}, staged={STAGED: local})
    if code == OCCUPIED:
        raise PathError(f"{local} is a directory, and {remote} on {node} is none.")
    if code != 0:
        raise CommandError(f"{local} could not be sent to {remote} on {node}.", details=why(code, said))


def send_files(
    transport: NodeTransport,
    files: Mapping[str, Path],
    directory: str,
    *,
    user: str = "root",
    prefix: Sequence[str] = (),
    moved: Told = nobody,
    node: str = "the node",
) -> None:
    """Send files, or links as such, into a directory, by the names they are to have there. See `send`."""
    way = _Way(transport, user, prefix, moved)
    names = sorted(files)
    for batch in (names[begin : begin + BATCH] for begin in range(0, len(names), BATCH)):
        members = {name: files[name] for name in batch}
        code, said = way.deliver(TAKE_FILES, [directory, *batch], members, staged=members)
        if code == OCCUPIED:
            name = "\n".join(said)
            raise PathError(
                f"{files.get(name, name)} is no directory, and {PurePosixPath(directory, name)} on {node} is one.",
                hint="Name the target itself.",
            )
        if code != 0:
            what = f"{files[batch[0]]} could" if len(batch) == 1 else f"{len(batch)} files could"
            raise CommandError(f"{what} not be sent to {_named(directory, batch)} on {node}.", details=why(code, said))


def _named(directory: str, names: Sequence[str]) -> str:
    return str(PurePosixPath(directory, names[0])) if len(names) == 1 else directory


@dataclass(frozen=True)
class _Way:
    """How files go to a node."""

    transport: NodeTransport
    user: str
    prefix: Sequence[str]
    moved: Told

    def deliver(
        self, script: str, args: Sequence[str], members: Mapping[str, Path], *, staged: Mapping[str, Path]
    ) -> tuple[int, list[str]]:
        """Send an archive to a script, each member under its name in it; return the exit code and the last output.

        `staged` has the names that the engine gives them, where it does the work.
        """
        by_engine = self._engine_for(members)
        over, whole = threading.Event(), False
        places: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        out, errors = _Answer(places), bytearray()

        def feed(write: Write) -> None:
            nonlocal whole
            try:
                place = places.get() if by_engine else b""
                if place is None:  # the script has ended
                    return
                if by_engine and place and self._take(by_engine, place, staged):
                    write(TAKEN)
                else:
                    if by_engine:
                        write(COMING)
                    for piece in pack(members, self.moved):
                        write(piece)
                whole = True
            finally:
                over.set()

        command = [*self.prefix, "sh", "-c", script, "sh", "engine" if by_engine else "", *args]
        stdout = out.take if by_engine else errors.extend
        try:
            code = self.transport.stream(command, stdin=feed, stdout=stdout, stderr=errors.extend, user=self.user)
        finally:
            places.put(None)
        said = lines(out.said + errors)
        if code == 0 and not (over.wait(FEED_SECONDS) and whole):
            # tar takes what came for all, if it ends at a file
            return CLOSED, [*said, "The connection was cut."]
        return code, said

    def _engine_for(self, members: Mapping[str, Path]) -> Archives | None:
        """Return the way to the engine, if it is to unpack: what it makes is root's."""
        if not isinstance(self.transport, Archives) or self.user != "root" or self.prefix:
            return None
        return self.transport if is_much(members.values(), LARGE, MANY) else None

    def _take(self, engine: Archives, place: bytes, members: Mapping[str, Path]) -> bool:
        """Have the engine unpack, and return whether it did; if not, nothing has been moved."""
        count = 0

        def moved(number: int) -> None:
            nonlocal count
            count += number
            self.moved(number)

        if engine.take_archive(place, pack(members, moved)):
            return True
        self.moved(-count)
        return False


class _Answer:
    """What a script says: first a place, which ends with NUL, unless it ends before."""

    def __init__(self, places: queue.SimpleQueue[bytes | None]) -> None:
        self.said = bytearray()
        self._places = places
        self._is_told = False

    def take(self, data: bytes) -> None:
        """Take what comes."""
        self.said += data
        if not self._is_told and b"\0" in self.said:
            place, _, rest = bytes(self.said).partition(b"\0")
            self.said[:] = rest
            self._is_told = True
            self._places.put(place)
