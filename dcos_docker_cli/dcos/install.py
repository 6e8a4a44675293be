"""Installing DC/OS on the nodes of a cluster from what the installer has generated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_docker_cli.concurrency import parallel
from dcos_docker_cli.exceptions import InstallError
from dcos_docker_cli.model import INSTALL_DIR, Role
from dcos_docker_cli.transports.base import failed_units, run

if TYPE_CHECKING:
    from dcos_docker_cli.backends.base import Backend
    from dcos_docker_cli.model import ClusterInfo, NodeInfo

INSTALL_SECONDS = 3600
OUTPUT_LINES = 12
# The ports that DC/OS itself leaves to tasks, by role (make_disk_resources.py and gen/calc.py of DC/OS).
AGENT_PORTS = ((1025, 2180), (2182, 3887), (3889, 5049), (5052, 8079), (8082, 8180), (8182, 32000))
PUBLIC_AGENT_PORTS = ((1, 21), (23, 5050), (5052, 32000))


def install(backend: Backend, cluster: ClusterInfo) -> None:
    """Install DC/OS on all nodes at the same time; raise `InstallError` for the first that fails."""
    parallel(lambda node: install_node(backend, node), cluster.nodes, backend.cancellation)


def install_node(backend: Backend, node: NodeInfo) -> None:
    """Install DC/OS on a node; return when its setup is over."""
    command = f"exec timeout {INSTALL_SECONDS} bash {INSTALL_DIR}/dcos_install.sh {node.ref.role.value}"
    script = f"{prepare_script(node)}\n{command}\n"
    transport = backend.transport(node)
    result = run(transport, ["bash", "-ec", script])
    if result.returncode != 0:
        lines = (result.stdout + result.stderr).decode(errors="replace").splitlines()
        raise InstallError(
            f"DC/OS could not be installed on {node.ref}: dcos_install.sh ended with status {result.returncode}.",
            hint="To look at the node, create the cluster again with --keep-on-failure.",
            details=[*[line for line in lines if line.strip()][-OUTPUT_LINES:], *failed_units(transport)],
        )


def prepare_script(node: NodeInfo) -> str:
    """Return the script that makes a container fit for the Mesos agent; for a master it does nothing.

    In a container the agent must not make units of systemd for its tasks, nor share its cgroups with other nodes, and
    the ports and the disk that it offers are set here because DC/OS does not compute them then.
    """
    if node.ref.role is Role.MASTER:
        return ""
    ports = AGENT_PORTS if node.ref.role is Role.AGENT else PUBLIC_AGENT_PORTS
    ranges = ", ".join(f'{{"begin": {begin}, "end": {end}}}' for begin, end in ports)
    return f"""
mkdir -p /var/lib/dcos
cat >/var/lib/dcos/mesos-slave-common <<'END'
MESOS_SYSTEMD_ENABLE_SUPPORT=false
MESOS_CGROUPS_ROOT=mesos_{node.ref}
END
disk=$(df -P -m /var/lib/mesos/slave | awk 'NR == 2 {{ print $4 }}')
cat >/var/lib/dcos/mesos-resources <<END
MESOS_RESOURCES='[{{"name": "ports", "type": "RANGES", "ranges": {{"range": [{ranges}]}}}}, \
{{"name": "disk", "type": "SCALAR", "scalar": {{"value": $disk}}}}]'
END
"""
