"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How bad it is; only an error keeps a cluster from coming up."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """One finding. `remedy` is a command or a sentence that can be followed as it stands; empty when all is well."""

    check: str
    level: Level
    message: str
    remedy: str = ""
