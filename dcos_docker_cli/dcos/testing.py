"""The environment of DC/OS' integration tests, which are on its masters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_docker_cli.model import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TESTS = "/opt/mesosphere/active/dcos-integration-test"
ENTER = f'. /opt/mesosphere/environment.export && cd {TESTS} && exec "$@"'


def in_test_environment(args: Sequence[str]) -> list[str]:
    """Return the command that runs another one where the integration tests are, with DC/OS' own programs."""
    return ["sh", "-c", ENTER, "sh", *args]


def test_variables(addresses: Mapping[Role, Sequence[str]], master: str) -> dict[str, str]:
    """Return the variables that the tests read; `addresses` are the nodes' private ones, `master` is that of one."""
    masters, agents = addresses.get(Role.MASTER, ()), addresses.get(Role.AGENT, ())
    public_agents = addresses.get(Role.PUBLIC_AGENT, ())
    return {
        "DCOS_DNS_ADDRESS": f"http://{master}",
        "MASTER_HOSTS": ",".join(masters),
        "PUBLIC_MASTER_HOSTS": ",".join(masters),
        "SLAVE_HOSTS": ",".join(agents),
        "PUBLIC_SLAVE_HOSTS": ",".join(public_agents),
        "DCOS_NUM_MASTERS": str(len(masters)),
        "DCOS_NUM_AGENTS": str(len(agents) + len(public_agents)),
    }
