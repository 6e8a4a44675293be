"""The options that describe a cluster that is to be made, and DC/OS on it, in the groups that commands take.

A group is a decorator: it adds its options, and gives the command what is made of their values.
"""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcos_docker_cli.cli import options
from dcos_docker_cli.cli.types import (
    DIRECTORY,
    FILE_OR_URL,
    KEY_VALUE,
    LOCAL_REMOTE,
    TRANSPORT,
    VARIABLE,
    VARIANT,
)
from dcos_docker_cli.dcos.defaults import SECURITY_MODES
from dcos_docker_cli.exceptions import UsageError
from dcos_docker_cli.model import MAX_NODES, ClusterPlan, Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from dcos_docker_cli.distributions import Distribution
    from dcos_docker_cli.docker_storage_drivers import DockerStorageDriver
    from dcos_docker_cli.docker_versions import DockerVersion

    Command = Callable[..., Any]

PATH = click.Path(path_type=Path)
VOLUME = "As for `docker run`: SOURCE:TARGET[:ro]. Can be given more than once."

installer = click.argument("installer", type=FILE_OR_URL)


def a_directory(ctx: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Refuse what is there and no directory; one that is not there can be made."""
    if path and path.exists() and not path.is_dir():
        raise UsageError(f"The workspace {path} is not a directory.")
    return path


workspace_dir = click.option(
    "--workspace-dir",
    type=PATH,
    callback=a_directory,
    help="Where an INSTALLER is put that is a URL.  [default: the system's own place]",
)
variant = click.option("--variant", type=VARIANT, help="Which DC/OS it is.  [default: what the installer says]")
copy_to_master = click.option(
    "--copy-to-master",
    "copies",
    type=LOCAL_REMOTE,
    multiple=True,
    metavar="LOCAL:REMOTE",
    help="A file or directory to put on all masters before DC/OS. Can be given more than once.",
)
keep_on_failure = click.option(
    "--keep-on-failure", is_flag=True, help="Leave what was made when something fails, to look at it."
)
skip_preflight = click.option(
    "--skip-preflight", is_flag=True, help="Leave out the quick checks of `doctor` that come first."
)
dry_run = click.option("--dry-run", is_flag=True, help="Show what would be done, check it, and do nothing.")


def count(name: str, minimum: int, maximum: int, what: str) -> Callable[[Any], Any]:
    """Return an option for a number of nodes."""
    kind = click.IntRange(minimum, maximum)
    return click.option(name, type=kind, default=1, show_default=True, metavar="N", help=f"Number of {what}.")


def volumes(name: str, where: str) -> Callable[[Any], Any]:
    """Return an option for volumes of users."""
    return click.option(name, multiple=True, metavar="VOLUME", help=f"A volume on {where}. {VOLUME}")


def nodes_to_make(function: Command) -> Command:
    """Add what describes the nodes of a new cluster; the command gets `plan` and `settings`."""

    @count("--masters", 1, 9, "masters, an odd one for DC/OS")
    @count("--agents", 0, MAX_NODES, "agents")
    @count("--public-agents", 0, MAX_NODES, "public agents")
    @options.cluster_id
    @options.linux_distribution
    @options.docker_version
    @options.docker_storage_driver
    @click.option(
        "--mount-sys-fs-cgroup/--no-mount-sys-fs-cgroup",
        default=False,
        show_default=True,
        help="Have the nodes see the control groups of the engine's host, which must have version 1.",
    )
    @options.force_cgroup_v1
    @click.option(
        "--transport",
        type=TRANSPORT,
        default=Transport.DOCKER_EXEC,
        show_default=Transport.DOCKER_EXEC.value,
        help="How commands are to reach the nodes if they are not told otherwise.",
    )
    @options.network
    @options.one_master_host_port_map
    @volumes("--custom-volume", "all nodes")
    @volumes("--custom-master-volume", "masters")
    @volumes("--custom-agent-volume", "agents")
    @volumes("--custom-public-agent-volume", "public agents")
    @click.option(
        "--label", multiple=True, type=KEY_VALUE, metavar="KEY=VALUE", help="A label for the nodes' containers."
    )
    @click.option(
        "--env",
        multiple=True,
        type=VARIABLE,
        metavar="KEY[=VALUE]",
        help="A variable of the nodes' containers, for commands by docker-exec; without a value, ours. Proxies, which "
        "Docker on the nodes uses too, are passed on in any case.",
    )
    @wraps(function)
    def with_nodes(
        masters: int,
        agents: int,
        public_agents: int,
        cluster_id: str,
        linux_distribution: Distribution,
        docker_version: DockerVersion,
        docker_storage_driver: DockerStorageDriver,
        mount_sys_fs_cgroup: bool,
        force_cgroup_v1: bool,
        transport: Transport,
        network: str,
        one_master_host_port_map: tuple[str, ...],
        custom_volume: tuple[str, ...],
        custom_master_volume: tuple[str, ...],
        custom_agent_volume: tuple[str, ...],
        custom_public_agent_volume: tuple[str, ...],
        label: tuple[tuple[str, str], ...],
        env: tuple[tuple[str, str], ...],
        **others: Any,
    ) -> Any:
        from dcos_docker_cli.backends.docker import syntax
        from dcos_docker_cli.backends.docker.settings import Settings, by_role, read_labels

        of_roles = (custom_volume, custom_master_volume, custom_agent_volume, custom_public_agent_volume)
        settings = Settings(
            distribution=linux_distribution,
            docker_version=docker_version,
            storage_driver=docker_storage_driver,
            transport=transport,
            network=network,
            mount_sys_fs_cgroup=mount_sys_fs_cgroup,
            force_cgroup_v1=force_cgroup_v1,
            mounts=by_role(*map(syntax.volumes, of_roles)),
            labels={None: read_labels(dict(label))},
            environment=dict(env),
            ports=syntax.ports(one_master_host_port_map),
        )
        plan = ClusterPlan(cluster_id, masters, agents, public_agents)
        return function(plan=plan, settings=settings, **others)

    decorated: Command = with_nodes
    return decorated


def dcos_to_configure(function: Command) -> Command:
    """Add what describes DC/OS; the command gets `choices`, which are read from the files that are named."""

    @click.option(
        "--extra-config", type=PATH, help="A YAML file with settings for DC/OS' config.yaml; they win over ours."
    )
    @click.option("--security-mode", type=click.Choice(SECURITY_MODES), help="The security mode of DC/OS Enterprise.")
    @click.option(
        "--license-key",
        type=PATH,
        envvar="DCOS_LICENSE_KEY_PATH",
        show_envvar=True,
        help="The file with the licence key of DC/OS Enterprise.",
    )
    @click.option(
        "--genconf-dir",
        type=DIRECTORY,
        help="A directory with more files for the installer, such as ip-detect; they go beside its config.yaml.",
    )
    @wraps(function)
    def with_choices(
        extra_config: Path | None,
        security_mode: str | None,
        license_key: Path | None,
        genconf_dir: Path | None,
        **others: Any,
    ) -> Any:
        from dcos_docker_cli.dcos.choices import read_choices

        choices = read_choices(
            extra_config=extra_config, security_mode=security_mode, license_key=license_key, genconf_dir=genconf_dir
        )
        return function(choices=choices, **others)

    decorated: Command = with_choices
    return decorated


def may_wait(function: Command) -> Command:
    """Add what waits for DC/OS in the end; the command gets `wait`, which is None when it is not to."""

    @click.option("--wait-for-dcos", is_flag=True, help="End when DC/OS is ready, not before.")
    @options.timeout
    @options.superuser_username
    @options.superuser_password
    @options.skip_http_checks
    @wraps(function)
    def with_wait(
        wait_for_dcos: bool,
        timeout: float,
        superuser_username: str,
        superuser_password: str,
        skip_http_checks: bool,
        **others: Any,
    ) -> Any:
        from dcos_docker_cli.dcos.ready import Login
        from dcos_docker_cli.lifecycle.wait import Wait

        login = Login(superuser_username, superuser_password)
        wait = Wait(timeout, login, http_checks=not skip_http_checks) if wait_for_dcos else None
        return function(wait=wait, **others)

    decorated: Command = with_wait
    return decorated


def dcos_on_a_cluster(function: Command) -> Command:
    """Add all that installs or upgrades DC/OS on a cluster that is there."""
    of_all = (
        installer, options.cluster_id, options.transport, dcos_to_configure, variant, workspace_dir, may_wait, dry_run,
        options.output("text", "json"),
    )  # fmt: skip
    for add in reversed(of_all):
        function = add(function)
    return function
