"""Variables for a command whose way has only arguments for them, which all users of both machines can see.

They are put into a file on the node, for its user alone, that goes when the command has read it, before it begins.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dcos_docker_cli.transports.base import NodeTransport

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
OF_SHELLS = re.compile(
    r"TERM|_|E?UID|PPID|OPTIND|LINENO|(EPOCH)?SECONDS|EPOCHREALTIME|S?RANDOM|GROUPS|DIRSTACK|FUNCNAME|HISTCMD|"
    r"SHELLOPTS|BASH.*|PS4"
)
"""What a shell cannot be told, or makes something else of; and TERM, which is no secret and of every terminal."""
KEEP = 'umask 077; kept=$(mktemp) && cat >"$kept" && printf %s "$kept"'
TAKE = 'DD_KEPT=$(cat -- "$1") && rm -f -- "$1" || exit 126; shift; eval "unset DD_KEPT; $DD_KEPT" 2>/dev/null; '
"""The beginning of a script whose first argument is the file."""
RUN = f'{TAKE}exec "$@"'


def seen(env: Mapping[str, str]) -> list[str]:
    """Return the variables that can only be arguments of `env`, as it takes them."""
    return [f"{name}={value}" for name, value in env.items() if not _can_hide(name)]


def hidden(env: Mapping[str, str]) -> bytes:
    """Return the others, as a file for a shell; nothing when there are none."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in env.items() if _can_hide(name)]
    return "\n".join(lines).encode(errors="surrogateescape")


def keep(way: NodeTransport, content: bytes, *, user: str = "root", prefix: Sequence[str] = ()) -> str:
    """Put the file on a node, for who runs this; return its path."""
    said, errors = bytearray(), bytearray()
    args = [*prefix, "sh", "-c", KEEP]
    code = way.stream(args, stdin=lambda write: write(content), stdout=said.extend, stderr=errors.extend, user=user)
    if code != 0 or not said:
        raise CommandError(
            f"The command's variables could not be brought to the node: that failed with status {code}.",
            details=errors.decode(errors="replace").splitlines()[-20:],
        )
    return said.decode()


def _can_hide(name: str) -> bool:
    return bool(NAME.fullmatch(name)) and not OF_SHELLS.fullmatch(name)
