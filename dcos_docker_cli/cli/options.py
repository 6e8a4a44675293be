"""Every option and argument, each defined once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dcos_docker_cli.cli.command import PREFIX
from dcos_docker_cli.cli.types import CLUSTER_ID, NODE, TRANSPORT, VARIABLE, Member, positive_seconds
from dcos_docker_cli.dcos.defaults import DEFAULT_PASSWORD, DEFAULT_SUPERUSER, DEFAULT_TIMEOUT
from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.docker_storage_drivers import DockerStorageDriver
from dcos_docker_cli.docker_versions import DockerVersion
from dcos_docker_cli.model import DEFAULT_CLUSTER_ID

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")


def keep(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    """Put what every command has where `operation` finds it."""
    ctx.meta[str(parameter.name)] = value


quiet = click.option("-q", "--quiet", is_flag=True, expose_value=False, callback=keep, help="Show errors only.")
verbose = click.option(
    "-v",
    "--verbose",
    count=True,
    expose_value=False,
    callback=keep,
    help="Show what happens within each step; given twice, also what runs on the nodes prints, as it comes.",
)
no_spinner = click.option(
    "--no-spinner", is_flag=True, expose_value=False, callback=keep, help="Plain lines on a terminal too."
)


def common(function: F) -> F:
    """Add the options that every command has."""
    for option in (no_spinner, verbose, quiet):
        function = option(function)
    return function


def seconds(name: str, default: float, help_text: str) -> Callable[[F], F]:
    """Return an option that is a length of time."""
    return click.option(
        name,
        type=float,
        callback=positive_seconds,
        default=default,
        show_default=True,
        metavar="SECONDS",
        help=help_text,
    )


cluster_id = click.option(
    "-c",
    "--cluster-id",
    type=CLUSTER_ID,
    default=DEFAULT_CLUSTER_ID,
    show_default=True,
    envvar=f"{PREFIX}_CLUSTER_ID",
    help="The cluster.",
)
target = click.argument("path", type=click.Path(path_type=Path))
timeout = seconds("--timeout", DEFAULT_TIMEOUT, "How long to wait.")
superuser_username = click.option(
    "--superuser-username", default=DEFAULT_SUPERUSER, show_default=True, help="Who logs in to an Enterprise cluster."
)
superuser_password = click.option(
    "--superuser-password",
    default=DEFAULT_PASSWORD,
    show_default=True,
    envvar="DCOS_DOCKER_SUPERUSER_PASSWORD",
    show_envvar=True,
    help="The password for it.",
)
skip_http_checks = click.option(
    "--skip-http-checks", is_flag=True, help="Ask only the nodes' own checks, not DC/OS' web interface."
)
nodes = click.option(
    "--node",
    "nodes",
    type=NODE,
    multiple=True,
    default=["master_0"],
    show_default="master_0",
    metavar="REF",
    help="A node: agent_1, a container's name, the beginning of its id, or an address. Can be given more than once.",
)
linux_distribution = click.option(
    "--linux-distribution",
    type=Member(Distribution),
    default=Distribution.DEBIAN_12,
    show_default=Distribution.DEBIAN_12.value,
    help="What the nodes run.",
)
docker_version = click.option(
    "--docker-version",
    type=Member(DockerVersion),
    default=DockerVersion.DISTRIBUTION,
    show_default="the distribution's own",
    help="The version of Docker on the nodes.",
)
docker_storage_driver = click.option(
    "--docker-storage-driver",
    type=Member(DockerStorageDriver),
    default=DockerStorageDriver.AUTO,
    show_default=DockerStorageDriver.AUTO.value,
    help="How Docker on the nodes stores images; auto: as the engine does, else the best that can be there.",
)
force_cgroup_v1 = click.option(
    "--force-cgroup-v1",
    is_flag=True,
    help="Have nodes boot on a host with cgroup v1 whose systemd, of 256 or 257, refuses to.",
)
network = click.option(
    "--network", default="", metavar="NAME", help="A network that is there.  [default: one of the cluster's own]"
)
one_master_host_port_map = click.option(
    "--one-master-host-port-map",
    multiple=True,
    metavar="HOST:CONTAINER",
    help="A port of the first master to publish on the engine's host, as in 8080:80; on 127.0.0.1 unless an "
    "address is given. Can be given more than once.",
)
reference = click.argument("reference", type=NODE, default="master_0", metavar="[REF]")
transport = click.option(
    "--transport", type=TRANSPORT, help="How to reach nodes.  [default: what the cluster was created with]"
)
user = click.option("--user", default="root", show_default=True, help="Who runs the command on the node.")
environment = click.option(
    "--env",
    type=VARIABLE,
    multiple=True,
    metavar="KEY[=VALUE]",
    help="A variable for the command; without a value, ours. Can be given more than once.",
)
no_stdin = click.option("-n", "--no-stdin", is_flag=True, help="Leave standard input alone, as in a `while read` loop.")
dry_run = click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")


def output(*formats: str) -> Callable[[F], F]:
    """Return the option that chooses among formats; without it a command looks at where its output goes."""
    return click.option("-o", "--output", type=click.Choice(formats), help="The format of the output.")
