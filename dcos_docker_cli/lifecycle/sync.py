"""Put the code of a DC/OS checkout on the masters of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_docker_cli.dcos.build_info import build_info
from dcos_docker_cli.dcos.member import Member
from dcos_docker_cli.dcos.sync import BOOTSTRAP_EXTRA, read_checkout, sync
from dcos_docker_cli.exceptions import NodeNotFoundError

if TYPE_CHECKING:
    from pathlib import Path

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.model import Transport
    from dcos_docker_cli.progress import Progress


def sync_cluster(
    host: DockerHost, cluster_id: str, checkout: Path, progress: Progress, transport: Transport | None = None
) -> None:
    """Replace the integration tests and the bootstrap code on all masters by those of a checkout.

    Raises `UsageError`, with nothing contacted, when there is none in that directory; see `sync`.
    """
    code = read_checkout(checkout)
    cluster = host.cluster(cluster_id)
    masters = cluster.masters
    if not masters:
        raise NodeNotFoundError(f'The cluster "{cluster_id}" has no master.', hint="dcos-docker list")
    with host.ways(cluster, masters, transport) as ways:
        members = [
            Member(str(node.ref), node.ref.role, node.address, way) for node, way in zip(masters, ways, strict=True)
        ]
        variant = build_info(members[0]).variant
        code.check_for(variant)
        what = "the integration tests and the bootstrap code" if code.bootstrap.is_dir() else "the integration tests"
        where = members[0].name if len(members) == 1 else f"{len(members)} masters"
        with progress.step(f"Replacing {what} on {where}"):
            sync(members, code, variant, host.cancellation, progress)
    if not code.bootstrap.is_dir():
        progress.note(f"The bootstrap code stays as it was: the checkout has no {BOOTSTRAP_EXTRA}.")
    elif code.variant is not variant:
        progress.note("The bootstrap code is that of open DC/OS now, as the checkout is.")
