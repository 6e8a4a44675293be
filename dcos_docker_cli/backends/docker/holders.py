"""Who uses what of ours that is to be removed: containers of others, which we never touch.

The engine keeps a volume as long as a container has it mounted, running or not, and a network as long as a container
in it runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dcos_docker_cli.backends.docker import listing
from dcos_docker_cli.exceptions import EngineConflictError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dcos_docker_cli.backends.docker.removal import Owned

IN_NETWORK = ("running", "paused", "restarting")
"""The engine's words for a container that its networks wait for."""


def of(items: Iterable[Owned], containers: Sequence[dict[str, Any]]) -> list[tuple[Owned, list[str]]]:
    """Return those of our networks and volumes that some of these containers use, each with the names of these."""
    found = [(item, [listing.name(one) for one in containers if item.key in _used(one)]) for item in items]
    return [(item, names) for item, names in found if names]


def _used(container: dict[str, Any]) -> set[str]:
    """Return the volumes, by name, and the networks, by id, that a container of a listing keeps from being removed."""
    volumes = {str(mount["Name"]) for mount in container["Mounts"] if mount.get("Name")}
    networks = container["NetworkSettings"]["Networks"].values() if container["State"] in IN_NETWORK else ()
    return volumes | {str(network["NetworkID"]) for network in networks}


def in_use(held: Sequence[tuple[Owned, list[str]]]) -> EngineConflictError:
    """Say who uses what could not be removed, and how that ends."""
    commands = [_release(item, name) for item, names in held for name in names]
    return EngineConflictError(
        "Other containers use what is to be removed: "
        + "; ".join(f"{item} is used by {', '.join(names)}" for item, names in held),
        status=409,
        hint=f"All else has gone. Take them off, and run the command again: {'; '.join(dict.fromkeys(commands))}",
    )


def _release(item: Owned, name: str) -> str:
    return f"docker network disconnect {item.name} {name}" if item.what == "network" else f"docker rm --force {name}"
