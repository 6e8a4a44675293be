"""The options that describe a cluster that is to be made, and DC/OS on it."""

from __future__ import annotations

from pathlib import Path

import click

from dcos_docker_cli.cli.types import VARIANT
from dcos_docker_cli.model import MAX_NODES

installer = click.argument("installer", type=click.Path(path_type=Path))
masters = click.option(
    "--masters", type=click.IntRange(1, 9), default=1, show_default=True, help="Number of masters, an odd one."
)
agents = click.option(
    "--agents", type=click.IntRange(0, MAX_NODES), default=1, show_default=True, help="Number of agents."
)
public_agents = click.option(
    "--public-agents", type=click.IntRange(0, MAX_NODES), default=1, show_default=True, help="Number of public agents."
)
extra_config = click.option(
    "--extra-config",
    type=click.Path(path_type=Path),
    help="A YAML file with settings for DC/OS' config.yaml; they win over ours.",
)
variant = click.option("--variant", type=VARIANT, help="Which DC/OS it is.  [default: what the installer says]")
wait_for_dcos = click.option("--wait-for-dcos", is_flag=True, help="End when DC/OS is ready, not before.")
keep_on_failure = click.option(
    "--keep-on-failure", is_flag=True, help="Leave what was made when something fails, to look at it."
)
