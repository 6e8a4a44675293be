"""What a check is, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dcos_docker_cli.doctor.condition import Condition
    from dcos_docker_cli.doctor.subject import Subject


DOCUMENT = "docs/doctor.md"
"""In the sources, with a section for each check."""


class Level(Enum):
    """How bad it is; only an error keeps a cluster from coming up."""

    OK = "ok"
    NOTE = "note"
    """Nothing is wrong, and somebody may still want to know."""
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"


class Category(Enum):
    """What a check looks at, and so on whose machine."""

    ENGINE = "engine"
    """What the engine tells of itself."""
    HOST = "host"
    """The engine's host, which may be another machine than this one."""
    NETWORK = "network"
    CLIENT = "client"
    """This machine."""
    CLUSTER = "cluster"
    """A cluster that is there."""


@dataclass(frozen=True)
class Finding:
    """One finding. `remedy` is a command or a sentence that can be followed as it stands; empty when all is well."""

    level: Level
    message: str
    remedy: str = ""
    details: Sequence[str] = ()
    """Lines that show it, such as the end of a journal."""


def ok(message: str) -> Finding:
    """Return the finding that all is well."""
    return Finding(Level.OK, message)


def skipped(why: str) -> Finding:
    """Return the finding of a check that could not look."""
    return Finding(Level.SKIPPED, why)


def at_least(value: float, *, warning: float, error: float, message: str, remedy: str) -> Finding:
    """Return what a number means of which there must be enough: an error below `error`, a warning below `warning`."""
    if value >= warning:
        return ok(message)
    return Finding(Level.ERROR if value < error else Level.WARNING, message, remedy)


@dataclass(frozen=True)
class Named:
    """What every check has. Its id never means another one; docs/doctor.md has a section for each."""

    id: str
    name: str
    category: Category

    @property
    def section(self) -> str:
        """Return where the documents tell more of it."""
        return f"{DOCUMENT}#{self.id.lower()}-{self.name}"

    def is_called(self, word: str) -> bool:
        """Whether a word of the user's means it: its id, its name, or its category."""
        return word.lower() in (self.id.lower(), self.name, self.category.value)


@dataclass(frozen=True)
class Check(Named):
    """A check of the engine, before a cluster is made."""

    look: Callable[[Subject], Finding]


@dataclass(frozen=True)
class ClusterCheck(Named):
    """A check of a cluster that is there: what is wrong, each with its node. `well` is said when nothing is.

    One that looks `inside` needs what nodes tell.
    """

    look: Callable[[Condition], Iterable[Finding]]
    well: str
    inside: bool = True


@dataclass(frozen=True)
class Result:
    """A check with what it found."""

    check: Named
    finding: Finding
