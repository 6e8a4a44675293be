"""Installing DC/OS on the nodes of a cluster from what the installer has generated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_docker_cli.concurrency import parallel
from dcos_docker_cli.exceptions import InstallError
from dcos_docker_cli.model import INSTALL_DIR, Role
from dcos_docker_cli.transports.base import failed_units, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.dcos.member import Member
    from dcos_docker_cli.progress import Progress

INSTALL_SECONDS = 3600
OUTPUT_LINES = 12
LOOK = "On the node, look at: journalctl -b -p warning."
LOOK_THERE = f"{LOOK} `create --keep-on-failure` leaves it there for that."
# The ports that DC/OS itself leaves to tasks, by role (make_disk_resources.py and gen/calc.py of DC/OS).
AGENT_PORTS = ((1025, 2180), (2182, 3887), (3889, 5049), (5052, 8079), (8082, 8180), (8182, 32000))
PUBLIC_AGENT_PORTS = ((1, 21), (23, 5050), (5052, 32000))


def install(members: Sequence[Member], cancellation: Cancellation, progress: Progress) -> None:
    """Install DC/OS on all nodes at the same time; raise `InstallError` for the first that fails."""
    parallel(lambda member: install_node(member, progress), members, cancellation)


def install_node(member: Member, progress: Progress, directory: str = INSTALL_DIR) -> None:
    """Install DC/OS on a node from the `genconf/serve` in a directory of it; return when its setup is over."""
    command = f"exec timeout {INSTALL_SECONDS} bash {directory}/dcos_install.sh {member.role.value}"
    _run(
        member,
        f"{prepare_script(member)}\n{command}\n",
        progress,
        doing="installed on",
        program="dcos_install.sh",
        hint=LOOK_THERE,
    )


def upgrade_node(member: Member, progress: Progress, script: str) -> None:
    """Upgrade DC/OS on a node; return when its setup is over."""
    command = f"exec timeout {INSTALL_SECONDS} bash {script}"
    _run(member, command, progress, doing="upgraded on", program="dcos_node_upgrade.sh", hint=LOOK)


def _run(member: Member, script: str, progress: Progress, *, doing: str, program: str, hint: str) -> None:
    result = run(member.transport, ["bash", "-ec", script], on_line=lambda line: progress.output(member.name, line))
    if result.returncode != 0:
        lines = (result.stdout + result.stderr).decode(errors="replace").splitlines()
        raise InstallError(
            f"DC/OS could not be {doing} {member.name}: {program} ended with status {result.returncode}.",
            hint=hint,
            details=[*[line for line in lines if line.strip()][-OUTPUT_LINES:], *failed_units(member.transport)],
        )


def prepare_script(member: Member) -> str:
    """Return the script that makes a container fit for the Mesos agent; for a master or a machine it does nothing.

    In a container the agent must not make units of systemd for its tasks, nor share its cgroups with other nodes, and
    the ports and the disk that it offers are set here because DC/OS does not compute them then.
    """
    if member.role is Role.MASTER:
        return ""
    ports = AGENT_PORTS if member.role is Role.AGENT else PUBLIC_AGENT_PORTS
    ranges = ", ".join(f'{{"begin": {begin}, "end": {end}}}' for begin, end in ports)
    return f"""
if systemd-detect-virt --quiet --container; then
mkdir -p /var/lib/dcos /var/lib/mesos/slave
cat >/var/lib/dcos/mesos-slave-common <<'END'
MESOS_SYSTEMD_ENABLE_SUPPORT=false
MESOS_CGROUPS_ROOT=mesos_{member.name}
END
disk=$(df -P -m /var/lib/mesos/slave | awk 'NR == 2 {{ print $4 }}')
cat >/var/lib/dcos/mesos-resources <<END
MESOS_RESOURCES='[{{"name": "ports", "type": "RANGES", "ranges": {{"range": [{ranges}]}}}}, \
{{"name": "disk", "type": "SCALAR", "scalar": {{"value": $disk}}}}]'
END
fi
"""
