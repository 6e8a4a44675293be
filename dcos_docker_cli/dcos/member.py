"""A node as the steps that concern DC/OS see it: where it came from is of no matter to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dcos_docker_cli.model import Role
    from dcos_docker_cli.transports.base import NodeTransport


@dataclass(frozen=True)
class Member:
    """A node of a cluster. `name` is for messages, `address` the private one, by which DC/OS knows the node."""

    name: str
    role: Role
    address: str
    transport: NodeTransport
