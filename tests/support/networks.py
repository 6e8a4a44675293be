"""Networks of somebody else's."""

from __future__ import annotations

import ipaddress
import random
from typing import TYPE_CHECKING

from docker.errors import APIError
from docker.types import IPAMConfig, IPAMPool

if TYPE_CHECKING:
    from docker import APIClient

WHERE = ipaddress.IPv4Network("10.192.0.0/12")
"""Beside what clusters, DC/OS and Docker take by themselves."""


def users_network(client: APIClient, name: str) -> tuple[str, ipaddress.IPv4Network]:
    """Make a network with a subnet that nobody has; return its id, and that.

    Not always the same: another run of the tests on this engine, or one that was killed, may have it.
    """
    for subnet in random.sample(list(WHERE.subnets(new_prefix=24)), 10):
        pool = IPAMPool(subnet=str(subnet), gateway=str(subnet[1]))
        try:
            made = client.create_network(name, driver="bridge", ipam=IPAMConfig(pool_configs=[pool]))
        except APIError as error:
            if "overlaps" not in str(error):
                raise
        else:
            return made["Id"], subnet
    raise AssertionError(f"no free subnet was found in {WHERE}")
