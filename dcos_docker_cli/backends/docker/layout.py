"""Where the nodes of a cluster are, and what they share: decided before any of them runs, or read back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dcos_docker_cli.model import NodeRef, Role


NOT_IN_DNS = re.compile(r"[^a-zA-Z0-9.-]")


def dns_name(container: str) -> str:
    """Return a container's name without what DNS does not allow, as systemd makes the host's name of it in any case."""
    return NOT_IN_DNS.sub("", container)


def host_entries(names: Mapping[str, str]) -> tuple[str, ...]:
    """Return the lines for /etc/hosts of containers' names and their addresses, by which hosts' names are found too."""
    both = ((name, address) for given, address in names.items() for name in (given, dns_name(given)))
    return tuple(dict.fromkeys(f"{name}:{address}" for name, address in both))


@dataclass(frozen=True)
class Layout:
    """A cluster's ground.

    `hosts` are the lines for each node's /etc/hosts, as `name:address`. Without a `bootstrap_address` the engine
    chooses one.
    """

    addresses: Mapping[NodeRef, str]
    image: str
    network_id: str
    serve_volume: str
    bootstrap_address: str
    hosts: tuple[str, ...]
    storage_driver: str = ""

    def by_role(self) -> dict[Role, list[str]]:
        """Return the addresses by role."""
        found: dict[Role, list[str]] = {}
        for ref, address in self.addresses.items():
            found.setdefault(ref.role, []).append(address)
        return found
