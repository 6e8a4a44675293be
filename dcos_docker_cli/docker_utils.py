"""What tests need of a Docker engine besides clusters."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import DcosDockerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType


class DockerLoopbackVolume:
    """An unformatted disk: a block device of the engine's host, of exactly so many MiB.

    Make it before the cluster that is to use it, for a container has those devices that were there when it started. It
    is at `path` in every node then. All of them see the same disk, so let only one format and mount it. Destroy the
    cluster before the disk:

        with DockerLoopbackVolume(size_megabytes=512) as disk, Cluster(...) as cluster:
            agent = next(iter(cluster.agents))
            agent.run(["mkfs.ext4", disk.path])

    A sidecar container, which carries `labels`, holds the device, and it is there as long as that runs. Leaving the
    block removes both, as `destroy` does, and after a crash `dcos-docker clean`. Space on the engine's host is taken
    only for what is written.
    """

    path: str
    """Where the device is on the engine's host and in containers that start later, as in `/dev/loop7`."""

    def __init__(self, size_megabytes: int = 256, labels: Mapping[str, str] | None = None) -> None:
        from dcos_docker_cli.backends.docker.settings import read_labels

        if size_megabytes < 1:
            raise UsageError(f"There is no disk of {size_megabytes} MiB.", hint="Its size is a number from 1 on.")
        user_labels = read_labels(labels)
        from dcos_docker_cli.backends.docker.engine import connect
        from dcos_docker_cli.backends.docker.loopback import start_sidecar

        self._engine = connect()
        try:
            self._container, self.path = start_sidecar(self._engine, size_megabytes, user_labels)
        except BaseException:
            self._engine.close()
            raise

    def __enter__(self) -> DockerLoopbackVolume:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(DcosDockerError) if error else nullcontext():  # the block's own failure is what counts
            self.destroy()

    def destroy(self) -> None:
        """Remove the device and its sidecar; what has gone already is no error.

        Raises `EngineError` when something has the device open still: the kernel frees it then when nothing has.
        """
        from dcos_docker_cli.backends.docker.loopback import stop_sidecar

        try:
            stop_sidecar(self._engine, self._container, self.path)
        finally:
            self._engine.close()  # who keeps this object keeps no sockets; the next use opens new ones
