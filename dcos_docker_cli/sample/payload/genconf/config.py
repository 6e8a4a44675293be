"""``config.yaml``: what is required, what is allowed, what is derived. Pure functions.

As in DC/OS, values are strings from here on (lists are JSON), unknown keys are kept without a word, and messages
name a key, which may be a derived one.
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Config = dict[str, str]

REQUIRED = ("bootstrap_url", "cluster_name", "exhibitor_storage_backend", "master_discovery")
# sha512-crypt of "deleteme".
DELETEME = "$6$dcosdockersample$15WSww7gMtF1Qs8oNNhXRO82x/hbXkwzzOYHwDh1HXxyHzmyiHN3IICL.aGUXiNlzVvsO3J9t/zo/O1TnBUep/"
DEFAULTS = {
    "agent_list": "[]",
    "check_time": "true",
    "dns_search": "",
    "ip_detect_filename": "genconf/ip-detect",
    "oauth_enabled": "true",
    "process_timeout": "10000",
    "public_agent_list": "[]",
    "resolvers": '["8.8.8.8", "8.8.4.4"]',
    "ssh_port": "22",
    "ssh_user": "centos",
    "telemetry_enabled": "true",
}
ENTERPRISE_DEFAULTS = {
    "fault_domain_enabled": "false",
    "license_key_contents": "",
    "security": "permissive",
    "superuser_password_hash": DELETEME,
    "superuser_username": "bootstrapuser",
}


def as_string(value: Any) -> str:
    """Return a value of the YAML as the generator sees it."""
    if value is None:
        raise TypeError("A value of the configuration is null")
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def one_of(*allowed: str) -> Callable[[str], str]:
    """Return a check that the value is among some."""

    def check(value: str) -> str:
        return "" if value in allowed else f"Must be one of {', '.join(map(repr, allowed))}. Got '{value}'."

    return check


def check_url(value: str) -> str:
    """Where the nodes fetch from: any URL that curl knows."""
    if not re.match(r"(https?|file)://", value):
        return f"Should start with http://, https:// or file://. Got '{value}'."
    return "Must not end in a '/'" if value.endswith("/") else ""


def check_number(value: str) -> str:
    """Return a number, such as a port or seconds."""
    return "" if value.isdecimal() else f"Must be an integer but got a value of {value!r}."


def check_text(value: str) -> str:
    """Anything but nothing."""
    return "" if value.strip() else "Must not be empty."


def check_addresses(value: str) -> str:
    """Return a list of different IPv4 addresses."""
    try:
        listed = json.loads(value)
    except ValueError:
        listed = None
    if not isinstance(listed, list):
        return f"Must be a JSON formatted list, but couldn't be parsed: {value!r}."
    invalid = [entry for entry in listed if not is_address(entry)]
    if invalid:
        return f"Invalid IPv4 addresses in list: {', '.join(map(str, invalid))}"
    twice = sorted({entry for entry in listed if listed.count(entry) > 1})
    return f"List cannot contain duplicates: {', '.join(twice)}" if twice else ""


def is_address(value: Any) -> bool:
    """Whether this is an IPv4 address, as text."""
    try:
        ipaddress.IPv4Address(str(value))
    except ValueError:
        return False
    return isinstance(value, str)


def check_hash(value: str) -> str:
    """Return a sha512-crypt hash."""
    return "" if value.startswith("$6$") else "Must be a sha512-crypt hash: use --hash-password."


# Files that the configuration may name, all of which lie in genconf/.
ENTERPRISE_FILES = ("ca_certificate_path", "ca_certificate_key_path", "ca_certificate_chain_path")
boolean = one_of("true", "false")
CHECKS: Mapping[str, Callable[[str], str]] = {
    "agent_list": check_addresses,
    "bootstrap_url": check_url,
    "check_time": boolean,
    "cluster_name": check_text,
    "exhibitor_storage_backend": one_of("static", "zookeeper", "aws_s3", "azure", "consul"),
    "master_discovery": one_of("static", "master_http_loadbalancer", "vrrp"),
    "master_list": check_addresses,
    "oauth_enabled": boolean,
    "process_timeout": check_number,
    "public_agent_list": check_addresses,
    "resolvers": check_addresses,
    "ssh_port": check_number,
    "telemetry_enabled": boolean,
}
ENTERPRISE_CHECKS: Mapping[str, Callable[[str], str]] = {
    "fault_domain_enabled": boolean,
    "security": one_of("disabled", "permissive", "strict"),
    "superuser_password_hash": check_hash,
    "superuser_username": check_text,
}


def expand(user: Mapping[str, Any], *, enterprise: bool) -> Config:
    """Return the configuration with the defaults, every value a string."""
    defaults = {**DEFAULTS, **(ENTERPRISE_DEFAULTS if enterprise else {})}
    given = {str(key): as_string(value) for key, value in user.items()}
    return {**defaults, **given, "dcos_variant": "enterprise" if enterprise else "open"}


def missing(config: Config) -> list[str]:
    """Return the keys that must be set and are not."""
    listed = ("master_list",) if config.get("master_discovery") == "static" else ()
    return [key for key in (*REQUIRED, *listed) if key not in config]


def overlaps(config: Config) -> str:
    """Return a node has one role."""
    lists = [json.loads(config[key]) for key in ("master_list", "agent_list", "public_agent_list")]
    nodes = [entry for listed in lists for entry in listed]
    twice = sorted({entry for entry in nodes if nodes.count(entry) > 1})
    return f"Must have one role for each node: {', '.join(twice)}" if twice else ""


def located(genconf: Path, name: str) -> Path:
    """Return where a file that the configuration names is; names start with ``genconf/``."""
    return genconf / name.removeprefix("genconf/")


def ip_detect_error(genconf: Path, name: str) -> str:
    """Check the script that tells a node's address; it runs on the nodes, not here."""
    path = located(genconf, name)
    if not path.is_file():
        return f"ip-detect script `{name}` must exist"
    return "" if path.read_text().strip() else f"ip-detect script `{name}` must not be empty"


def errors(config: Config, genconf: Path, *, enterprise: bool) -> dict[str, str]:
    """Return what is wrong, by key; empty when all is well."""
    found = {key: f"Must set {key}, no way to calculate value." for key in missing(config)}
    checks = {**CHECKS, **(ENTERPRISE_CHECKS if enterprise else {})}
    found.update({key: checks[key](config[key]) for key in sorted(checks.keys() & config.keys())})
    if not enterprise and "fault_domain_enabled" in config:
        found["fault_domain_enabled"] = "Must be calculated, but was explicitly set in the configuration."
    lists = ("master_list", "agent_list", "public_agent_list")
    if all(key in config and not found.get(key) for key in lists):
        count = len(json.loads(config["master_list"]))
        if count not in (1, 3, 5, 7, 9):
            found["num_masters"] = f"Must have 1, 3, 5, 7, or 9 masters. Found {count}"
        found["agent_list"] = overlaps(config)
    found["ip_detect_contents"] = ip_detect_error(genconf, config["ip_detect_filename"])
    for key in ENTERPRISE_FILES if enterprise else ():
        if key in config and not located(genconf, config[key]).is_file():
            found[key] = f"File `{config[key]}` must exist"
    return {key: message for key, message in found.items() if message}
