"""config.yaml and ip-detect, as pure functions of the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dcos_docker_cli.exceptions import InvalidConfigError
from dcos_docker_cli.model import INSTALL_DIR, DCOSVariant, Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEFAULT_SUPERUSER = "bootstrapuser"
DEFAULT_PASSWORD = "deleteme"  # the installer's own default
DEFAULT_PASSWORD_HASH = (  # sha512-crypt of it
    "$6$123o/QzInhbkbsO$CVR6oFi3QHhk7bf78vjmvzpqGfLZZqSA/fWbx8w8ki0wCgczqgoIsDoDSQaCax8y9HFsEqmFqXZcl/fkmzenj/"
)


def config(
    cluster_id: str,
    addresses: Mapping[Role, list[str]],
    variant: DCOSVariant,
    extra: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what config.yaml says; `extra` wins over everything.

    `addresses` are the nodes' IPv4 addresses by role.
    """
    return {
        "bootstrap_url": f"file://{INSTALL_DIR}",
        "cluster_name": cluster_id,
        "exhibitor_storage_backend": "static",
        "master_discovery": "static",
        "master_list": addresses.get(Role.MASTER, []),
        "agent_list": addresses.get(Role.AGENT, []),
        "public_agent_list": addresses.get(Role.PUBLIC_AGENT, []),
        "resolvers": ["8.8.8.8"],
        "ssh_port": 22,
        "ssh_user": "root",
        "process_timeout": 10000,
        # The clocks of containers are their host's, whose synchronisation they cannot see.
        "check_time": "false",
        **(_enterprise() if variant is DCOSVariant.ENTERPRISE else {}),
        **extra,
    }


def _enterprise() -> dict[str, Any]:
    """Return what only Enterprise takes; open DC/OS refuses `fault_domain_enabled`."""
    return {
        "superuser_username": DEFAULT_SUPERUSER,
        "superuser_password_hash": DEFAULT_PASSWORD_HASH,
        "fault_domain_enabled": False,
    }


def ip_detect(subnet: str) -> str:
    """Return the script that prints a node's address: the one in the cluster's subnet.

    A node has more addresses than this, of its inner Docker's bridge for one, and the order in which they are listed
    means nothing.
    """
    return (
        "#!/bin/sh\n"
        "set -e\n"
        f'address=$(ip -4 -o addr show to {subnet} | awk \'{{ sub("/.*", "", $4); print $4; exit }}\')\n'
        'test -n "$address"\n'
        'echo "$address"\n'
    )


def read_extra_config(path: Path) -> dict[str, Any]:
    """Read the file given with `--extra-config`.

    Raises `InvalidConfigError` for what the installer itself would answer with a traceback, or too late.
    """
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidConfigError(f"{path} is not YAML.", details=str(error).splitlines()) from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise InvalidConfigError(
            f"{path} must be a YAML map of DC/OS settings.", hint="As in:  mesos_seccomp_enabled: false"
        )
    for key, value in content.items():
        if value is None:
            raise InvalidConfigError(f"{path}: {key} has no value.", hint=f'For an empty one write:  {key}: ""')
    return content


def to_yaml(settings: Mapping[str, Any]) -> bytes:
    """Write config.yaml."""
    import yaml

    return yaml.safe_dump(dict(settings), sort_keys=False).encode()
