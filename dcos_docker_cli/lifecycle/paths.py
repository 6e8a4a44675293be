"""The paths that a user has written for files to be sent or fetched, looked at before an engine is contacted."""

from __future__ import annotations

import os
import posixpath
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import PathError, UsageError
from dcos_docker_cli.transports.receiving import check_free, is_plain_file

if TYPE_CHECKING:
    from collections.abc import Sequence

NODE_BEFORE_PATH = re.compile(r"((?:master|agent|public_agent)_\d+):(.*)", re.DOTALL)


def remote_path(text: str) -> str:
    """Return a path of a node, which begins at its root as with `docker cp`; raise `UsageError` for what is none."""
    with_node = NODE_BEFORE_PATH.fullmatch(text)
    if with_node:
        hint = f"Name the node with an option: --node {with_node[1]}, and the path alone: {with_node[2]}"
        raise UsageError(f'"{text}" is not a path of a node.', hint=hint)
    if text.startswith("~"):
        hint = f"Write it out, as in /root/file; for a name that begins with ~: /{printable(text)}"
        raise UsageError(f'"{text}" is not a path of a node, where ~ means nothing.', hint=hint)
    if text in ("", "-"):
        raise UsageError(f'"{text}" is not a path of a node.', hint="Write it out, as in /root/file.")
    _check_text(text)
    return "/" + text.lstrip("/")


def read_path(text: str) -> Path:
    """Return a local path; raise `UsageError` for no text, as of a variable that is empty: `Path` makes that `.`."""
    if not text:
        raise UsageError('"" is not a path.', hint="For the current directory write a dot.")
    return Path(text)


@dataclass(frozen=True)
class Source:
    """A local file or directory; `name` is what it will be called in a directory, empty for "all that is in it"."""

    path: Path
    name: str

    @property
    def is_directory(self) -> bool:
        """Whether it is one."""
        return self.path.is_dir()

    def size(self) -> int:
        """Return the bytes of all its files."""
        files = (Path(at, name) for at, _, names in os.walk(self.path) for name in names)
        return sum(map(_size, files if self.is_directory else [self.path]))


@dataclass(frozen=True)
class Sending:
    """Local files that are to go to a path of nodes. With `into` the path is surely that of a directory."""

    sources: tuple[Source, ...]
    remote: str
    into: bool

    @property
    def title(self) -> str:
        """What is sent, in words."""
        first, *others = self.sources
        return f"{len(self.sources)} files" if others else printable(first.name or str(first.path))

    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(source.size() for source in self.sources)


def read_sources(paths: Sequence[str], dest: str) -> Sending:
    """Return what is to be sent; raise `UsageError` for what is not there or cannot be sent."""
    remote = remote_path(dest)
    sources = tuple(map(_source, paths))
    names = [source.name for source in sources if source.name]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f'Two of the files would both be "{printable(name)}" on the node.', hint="Send one after the other."
            )
    return Sending(sources, str(PurePosixPath(remote)), len(sources) > 1 or remote.endswith(("/", "/.")))


def _source(text: str) -> Source:
    if text == "-":
        hint = "To send standard input: dcos-docker run -- sh -c 'cat >FILE'. A file of that name is ./-"
        raise UsageError('"-" is not a file.', hint=hint)
    path = Path(text)
    try:
        mode = path.stat().st_mode if text else 0
    except OSError as error:
        gone = isinstance(error, FileNotFoundError)
        message = f"There is no {printable(text)}." if gone else f"{printable(text)} cannot be read: {error.strerror}."
        raise UsageError(message) from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UsageError(f'"{printable(text)}" is neither a file nor a directory.')
    if not os.access(path, os.R_OK):
        raise UsageError(f"You may not read {printable(text)}.")
    name = posixpath.basename(text.rstrip("/"))
    # The file that a link leads to goes, under the link's name.
    return Source(path.resolve() if path.is_symlink() else path, "" if name in ("", ".", "..") else _check_text(name))


@dataclass(frozen=True)
class Fetching:
    """A path of nodes that is to become a local one: `directory` with what it is to be called in there, for each node.

    With `by_node` it goes into a subdirectory for each node.
    """

    remote: str
    directory: Path
    name: str
    by_node: bool
    force: bool

    def target(self, node: str) -> Path:
        """Return the local path for what comes from a node."""
        return self.directory / node / self.name if self.by_node else self.directory / self.name

    def check_free(self, node: str) -> None:
        """Raise `PathError` when what comes from a node has no place."""
        target = self.target(node)
        try:
            check_free(target, replace=self.force)
        except PathError as error:
            error.hint = "--force replaces a file." if is_plain_file(target) else ""
            raise


def read_target(source: str, dest: str, nodes: Sequence[str], *, force: bool) -> Fetching:
    """Return what is to be fetched, and where it is to go.

    Raises `UsageError` for paths that cannot be, and `PathError` when something is there already.
    """
    remote = PurePosixPath(remote_path(source))
    if remote.name in ("", ".."):
        raise UsageError(f"{remote} cannot be fetched.", hint="Name a file or a directory in it.")
    if dest in ("", "-"):
        hint = f"To have a file on standard output: dcos-docker run -- cat {remote}"
        raise UsageError(f'"{dest}" is not a path.', hint=hint)
    path, several = Path(dest), len(set(nodes)) > 1
    try:
        into = several or dest.endswith("/") or path.is_dir()
        fetching = Fetching(
            str(remote), path if into else path.parent, remote.name if into else path.name, several, force
        )
        _check_directory(fetching.directory, make=into)
        if not several:
            fetching.check_free("")
    except OSError as error:
        raise UsageError(f"{printable(dest)} cannot be written: {error.strerror}.") from error
    return fetching


def _check_directory(path: Path, *, make: bool) -> None:
    """Raise when nothing can be put into a directory; with `make` it need not be there yet."""
    if path.is_dir():
        if not os.access(path, os.W_OK | os.X_OK):
            raise UsageError(f"You may not write into {printable(str(path))}.")
    elif os.path.lexists(path):
        raise PathError(f"{printable(str(path))} is there already, and is no directory.")
    elif not make:
        raise UsageError(f"There is no directory {printable(str(path))}.", hint=f"mkdir -p {path}")


def _check_text(text: str) -> str:
    """Refuse what cannot be told to an engine, which speaks JSON."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{printable(text)} is not UTF-8.", hint="Send the directory that it is in.") from error
    return text


def _size(path: Path) -> int:
    with suppress(OSError):  # sending it will say so
        found = path.lstat()
        return found.st_size if stat.S_ISREG(found.st_mode) else 0
    return 0


def printable(name: str) -> str:
    """Return a name fit for a line: one may have a newline in it, or what is no text."""
    return name if name.isprintable() else repr(name)
