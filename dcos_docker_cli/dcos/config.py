"""What the installer is given: config.yaml as a pure function of the cluster, ip-detect, and other files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.exceptions import InvalidConfigError, UsageError
from dcos_docker_cli.model import INSTALL_DIR, DCOSVariant, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DEFAULT_SUPERUSER = "bootstrapuser"
DEFAULT_PASSWORD = "deleteme"  # the installer's own default
DEFAULT_PASSWORD_HASH = (  # sha512-crypt of it
    "$6$123o/QzInhbkbsO$CVR6oFi3QHhk7bf78vjmvzpqGfLZZqSA/fWbx8w8ki0wCgczqgoIsDoDSQaCax8y9HFsEqmFqXZcl/fkmzenj/"
)


IP_DETECT = Path(__file__).parent / "ip-detect"
"""Prints a container's address: the one that its own name has in its /etc/hosts, whichever networks it is on."""
GENCONF = PurePosixPath("/genconf")
"""Where the installer sees what is in its directory `genconf`."""


@dataclass(frozen=True)
class Configuration:
    """What the installer is given: the settings of config.yaml, the script ip-detect, and more files for `genconf`.

    The keys of `files` are their paths in there.
    """

    settings: Mapping[str, Any]
    ip_detect: Path = IP_DETECT
    files: Mapping[PurePosixPath, Path] = field(default_factory=dict)


def base_settings() -> dict[str, Any]:
    """Return what every DC/OS on containers needs in config.yaml, of whichever nodes."""
    return {
        "bootstrap_url": f"file://{INSTALL_DIR}",
        "cluster_name": "DCOS",
        "exhibitor_storage_backend": "static",
        "master_discovery": "static",
        "resolvers": ["8.8.8.8"],
        "ssh_port": 22,
        "ssh_user": "root",
        "process_timeout": 10000,
        # The clocks of containers are their host's, whose synchronisation they cannot see.
        "check_time": "false",
    }


def node_lists(addresses: Mapping[Role, Sequence[str]]) -> dict[str, Any]:
    """Return the settings that name the nodes, by their IPv4 addresses."""
    return {
        "master_list": list(addresses.get(Role.MASTER, ())),
        "agent_list": list(addresses.get(Role.AGENT, ())),
        "public_agent_list": list(addresses.get(Role.PUBLIC_AGENT, ())),
    }


def variant_settings(variant: DCOSVariant) -> dict[str, Any]:
    """Return what only one variant takes; open DC/OS refuses `fault_domain_enabled`."""
    if variant is DCOSVariant.OSS:
        return {}
    return {
        "superuser_username": DEFAULT_SUPERUSER,
        "superuser_password_hash": DEFAULT_PASSWORD_HASH,
        "fault_domain_enabled": False,
    }


def config(
    cluster_id: str,
    addresses: Mapping[Role, Sequence[str]],
    variant: DCOSVariant,
    extra: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what config.yaml says; `extra` wins over everything."""
    named = {"cluster_name": cluster_id}
    return {**base_settings(), **named, **node_lists(addresses), **variant_settings(variant), **extra}


def check_settings(settings: Mapping[Any, Any], source: str) -> None:
    """Raise `InvalidConfigError` for what the installer itself would answer with a traceback, or too late."""
    for key, value in settings.items():
        if not isinstance(key, str):
            raise InvalidConfigError(f"{source}: {key!r} is not the name of a setting.")
        if value is None:
            raise InvalidConfigError(f"{source}: {key} has no value.", hint=f'For an empty one write:  {key}: ""')


def genconf_files(pairs: Iterable[tuple[Path, Path | PurePosixPath]]) -> dict[PurePosixPath, Path]:
    """Read pairs of a local path and a path below the installer's `/genconf`; raise `UsageError` for what is none."""
    files = {}
    for source, target in pairs:
        path = PurePosixPath(target)
        inner = path.relative_to(GENCONF) if path.is_relative_to(GENCONF) else path
        if inner.is_absolute() or ".." in inner.parts or not inner.parts:
            raise UsageError(f"{target} is not below {GENCONF}, where the installer looks for files.")
        if not Path(source).exists():
            raise UsageError(f"There is no file {source}.")
        files[inner] = Path(source)
    return files


def given_configuration(
    settings: Mapping[str, Any], ip_detect: Path | str, files: Iterable[tuple[Path, Path | PurePosixPath]]
) -> Configuration:
    """Return what a caller gives the installer, checked; raise `UsageError` for what cannot be."""
    check_settings(settings, "dcos_config")
    if not Path(ip_detect).is_file():
        raise UsageError(f"There is no script {ip_detect}.", hint="ip_detect_path is the path of a script.")
    return Configuration(dict(settings), Path(ip_detect), genconf_files(files))


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
    check_settings(content, str(path))
    return content


def to_yaml(settings: Mapping[str, Any]) -> bytes:
    """Write config.yaml; raise `InvalidConfigError` for what is no YAML."""
    import yaml

    try:
        return yaml.safe_dump(dict(settings), sort_keys=False).encode()
    except yaml.YAMLError as error:
        raise InvalidConfigError(
            "The settings for DC/OS have a value that is no YAML.", details=[str(error)]
        ) from error
