"""`dcos-docker wait`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.command import Command
from dcos_docker_cli.cli.operation import operate

if TYPE_CHECKING:
    from dcos_docker_cli.model import Transport


@click.command("wait", cls=Command)
@options.cluster_id
@options.transport
@options.timeout
@options.superuser_username
@options.superuser_password
@options.skip_http_checks
@options.common
def command(
    cluster_id: str,
    transport: Transport | None,
    timeout: float,
    superuser_username: str,
    superuser_password: str,
    skip_http_checks: bool,
) -> None:
    """Wait until DC/OS is ready. Ends with 124, and says what is not ready, when the time is up.

    \b
    dcos-docker wait --timeout 600
    """  # noqa: D301
    from dcos_docker_cli.dcos.ready import Login
    from dcos_docker_cli.lifecycle.wait import Wait, wait_for_cluster

    wait = Wait(timeout, Login(superuser_username, superuser_password), http_checks=not skip_http_checks)
    operate(lambda host, progress: wait_for_cluster(host, cluster_id, progress, wait, transport))
