"""The environment of DC/OS' integration tests on a cluster of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_docker_cli.dcos.testing import test_variables
from dcos_docker_cli.lifecycle.wait import variant_of
from dcos_docker_cli.model import DCOSVariant, Role

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.dcos.ready import Login
    from dcos_docker_cli.model import ClusterInfo, NodeInfo


def variables_for_tests(host: DockerHost, cluster: ClusterInfo, node: NodeInfo, login: Login) -> dict[str, str]:
    """Return the variables for tests on a node; `login` is for Enterprise."""
    master = node if node.ref.role is Role.MASTER else cluster.masters[0]
    variables = test_variables(cluster.addresses, master.address)
    if variant_of(host, cluster) is DCOSVariant.ENTERPRISE:
        variables.update(DCOS_LOGIN_UNAME=login.username, DCOS_LOGIN_PW=login.password)
    return variables
