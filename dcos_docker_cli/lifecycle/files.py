"""Send files to nodes of a cluster, and fetch them from there; several nodes at the same time."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from dcos_docker_cli.concurrency import parallel
from dcos_docker_cli.exceptions import CommandError, DcosDockerError, PathError
from dcos_docker_cli.lifecycle.paths import printable
from dcos_docker_cli.transports.receiving import receive
from dcos_docker_cli.transports.sending import send, send_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.lifecycle.paths import Fetching, Sending
    from dcos_docker_cli.model import NodeInfo, Transport
    from dcos_docker_cli.progress import Amount, Progress
    from dcos_docker_cli.transports.base import NodeTransport

NOT_SO = 1
"""What `test` ends with when something is not so."""


def send_to_nodes(
    host: DockerHost,
    cluster_id: str,
    nodes: Sequence[str],
    sending: Sending,
    progress: Progress,
    *,
    user: str,
    transport: Transport | None = None,
) -> None:
    """Send files to nodes, where what is new belongs to `user`. A failure on one node does not keep it from others."""
    cluster = host.cluster(cluster_id)
    found = cluster.find_nodes(nodes)
    title = f"Sending {sending.title} to {_names(found)}"
    with host.ways(cluster, found, transport) as ways, progress.transfer(title) as amount:
        amount.expect(sending.size() * len(found))
        _on_each(found, ways, lambda node, way: _send(way, sending, user, amount, node), host.cancellation)


def fetch_from_nodes(
    host: DockerHost,
    cluster_id: str,
    nodes: Sequence[str],
    fetching: Fetching,
    progress: Progress,
    *,
    transport: Transport | None = None,
) -> None:
    """Fetch a file or a directory from nodes. A failure on one node does not keep it from coming from others."""
    cluster = host.cluster(cluster_id)
    found = cluster.find_nodes(nodes)

    def fetch(node: str, way: NodeTransport) -> None:
        fetching.check_free(node)
        target = fetching.target(node)
        with _made(target.parent):
            remarks = receive(
                way, fetching.remote, target, follow=True, replace=fetching.force, moved=amount.add,
                expect=amount.expect, node=node,
            )  # fmt: skip
        for remark in remarks:
            progress.note(f"{node}: {remark}")

    title = f"Fetching {printable(fetching.remote)} from {_names(found)}"
    with host.ways(cluster, found, transport) as ways, progress.transfer(title, len(found)) as amount:
        _on_each(found, ways, fetch, host.cancellation)


def _send(way: NodeTransport, sending: Sending, user: str, amount: Amount, node: str) -> None:
    """Send to one node: into a directory, if it is one there, or to be the path itself."""
    into = sending.into or _is_directory(way, sending.remote, user, node)
    directory = PurePosixPath(sending.remote)
    for source in sending.sources:
        if source.is_directory:
            target = str(directory / source.name) if into else sending.remote
            send(way, source.path, target, user=user, moved=amount.add, node=node)
    files = [source for source in sending.sources if not source.is_directory]
    if files and into:
        by_name = {source.name: source.path for source in files}
        send_files(way, by_name, sending.remote, user=user, moved=amount.add, node=node)
    elif files:
        send(way, files[0].path, sending.remote, user=user, moved=amount.add, node=node)


def _is_directory(way: NodeTransport, path: str, user: str, node: str) -> bool:
    """Whether a path of a node is a directory, or a link to one."""
    said = bytearray()
    code = way.stream(["test", "-d", path], stdout=said.extend, stderr=said.extend, user=user)
    if code not in (0, NOT_SO):
        lines = said.decode(errors="replace").splitlines()
        raise CommandError(f"{user} could not look for {path} on {node}.", details=lines)
    return code == 0


@contextmanager
def _made(directory: Path) -> Iterator[None]:
    """Have a directory; those that had to be made go again when the block fails and has put nothing into them."""
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PathError(f"{printable(str(directory))} could not be made: {error.strerror}.") from error
    try:
        yield
    except BaseException:
        for path in missing:
            with suppress(OSError):
                path.rmdir()
        raise


def _on_each(
    nodes: Sequence[NodeInfo],
    ways: Sequence[NodeTransport],
    work: Callable[[str, NodeTransport], object],
    cancellation: Cancellation,
) -> None:
    """Work on all nodes at the same time; raise the first failure when all is over, with the others in its details."""

    def attempt(number: int) -> DcosDockerError | None:
        try:
            work(str(nodes[number].ref), ways[number])
        except DcosDockerError as failure:
            return failure
        return None

    failures = [failure for failure in parallel(attempt, range(len(nodes)), cancellation) if failure]
    if failures:
        first, *others = failures
        first.details += tuple(other.message for other in others)
        raise first


def _names(nodes: Sequence[NodeInfo]) -> str:
    return str(nodes[0].ref) if len(nodes) == 1 else f"{len(nodes)} nodes"
