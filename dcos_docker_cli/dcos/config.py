"""What the installer is given: config.yaml as a pure function of the cluster, ip-detect, and other files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.dcos.defaults import DEFAULT_SUPERUSER
from dcos_docker_cli.exceptions import HIDDEN, InvalidConfigError, UsageError, without_passwords
from dcos_docker_cli.model import INSTALL_DIR, DCOSVariant, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DEFAULT_PASSWORD_HASH = (  # sha512-crypt of DEFAULT_PASSWORD
    "$6$123o/QzInhbkbsO$CVR6oFi3QHhk7bf78vjmvzpqGfLZZqSA/fWbx8w8ki0wCgczqgoIsDoDSQaCax8y9HFsEqmFqXZcl/fkmzenj/"
)


SECRET = re.compile("password|passwd|secret|key|credential|token|auth", re.IGNORECASE)
"""What the names of settings have that nobody is to read over a shoulder, or in a log."""
GIVEN = "(given)"
MOST_VALUES = 100_000
SHORTEST = 6
"""Characters. What is shorter is in many a word, as `false` is."""
QUOTED = re.compile("'[^']{2,}'")
"""Where PyYAML quotes more than a character of the text."""

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
    except (yaml.YAMLError, ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
        # Of what tags promise and do not keep PyYAML has no words of its own.
        raise InvalidConfigError(f"{path} is not YAML.", details=_what_is_wrong(error)) from None
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise InvalidConfigError(
            f"{path} must be a YAML map of DC/OS settings.", hint="As in:  mesos_seccomp_enabled: false"
        )
    check_settings(content, str(path))
    _check_values(content, path)
    return content


def _check_values(content: Mapping[str, Any], path: Path) -> None:
    """Raise `InvalidConfigError` for what YAML can say and a setting cannot be, as a date or a map within itself."""
    seen, left = 0, [(name, value) for name, value in content.items()]
    while left:
        name, value = left.pop()
        seen += 1
        if seen > MOST_VALUES:
            raise InvalidConfigError(f"{path}: {name} has too many values, or refers to itself.")
        if isinstance(value, dict):
            left += [(name, inner) for pair in value.items() for inner in pair]
        elif isinstance(value, list):
            left += [(name, inner) for inner in value]
        elif not isinstance(value, str | int | float | None):
            raise InvalidConfigError(
                f"{path}: {name} has a value that is no setting: YAML takes it for a {type(value).__name__}.",
                hint="Put it in quotes.",
            )


def _what_is_wrong(error: Exception) -> list[str]:
    """Return what is wrong with a text of YAML, and where, with nothing of the text: that may be a password."""
    problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    if problem is None or mark is None:
        return [str(error)]
    return [f"line {mark.line + 1}, column {mark.column + 1}: {re.sub(QUOTED, HIDDEN, str(problem))}"]


def without_secrets(name: str, value: Any) -> Any:
    """Return a setting as it can be shown."""
    if SECRET.search(name):
        return GIVEN
    if isinstance(value, dict):
        return {key: without_secrets(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_secrets("", inner) for inner in value]
    return without_passwords(value) if isinstance(value, str) else value


def secrets_in(settings: Mapping[Any, Any]) -> set[str]:
    """Return the texts in settings that nobody is to read, of some length, each of their lines too."""
    found: set[str] = set()

    def look(value: Any, *, is_secret: bool) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                look(inner, is_secret=is_secret or bool(SECRET.search(str(name))))
        elif isinstance(value, list):
            for inner in value:
                look(inner, is_secret=is_secret)
        elif is_secret:
            found.update(part for part in (str(value), *str(value).splitlines()) if len(part.strip()) >= SHORTEST)

    look(dict(settings), is_secret=False)
    return found


def to_yaml(settings: Mapping[str, Any]) -> bytes:
    """Write config.yaml; raise `InvalidConfigError` for what is no YAML."""
    import yaml

    try:
        return yaml.safe_dump(dict(settings), sort_keys=False).encode()
    except yaml.YAMLError as error:
        kind = type(error.args[1]).__name__ if len(error.args) > 1 else "such"  # itself it may be a secret
        raise InvalidConfigError(f"The settings for DC/OS have a value that is no YAML: a {kind}.") from None
