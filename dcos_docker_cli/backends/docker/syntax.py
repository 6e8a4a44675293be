"""Volumes and ports as they are written on a command line for `docker run`, in the form in which settings have them."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker.settings import LOCAL_ADDRESS, Mounts
from dcos_docker_cli.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

VOLUME_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
VOLUME_OPTIONS = (
    *("ro", "rw", "z", "Z", "nocopy", "consistent", "cached", "delegated"),
    *("shared", "rshared", "slave", "rslave", "private", "rprivate"),
)
PORT_FORM = re.compile(
    r"(?:(?P<address>\[[0-9a-fA-F:.]+\]|[0-9]+(?:\.[0-9]+){3}):)?"
    r"(?:(?P<host>[0-9]+(?:-[0-9]+)?)?:)?"
    r"(?P<node>[0-9]+(?:-[0-9]+)?)(?:/(?P<protocol>tcp|udp|sctp))?"
)
MAX_PORT = 65535


def volumes(texts: Iterable[str]) -> Mounts:
    """Read volumes as in `/here:/there:ro`, `name:/there` and `/there`; raise `UsageError` for what is none.

    A path that begins with `.` or `~` is one of this machine's, made absolute, as the docker command does.
    """
    return Mounts(binds=tuple(_volume(text) for text in texts))


def _volume(text: str) -> str:
    source, target, options = _parts(text)
    wrong = next((option for option in options.split(",") if option and option not in VOLUME_OPTIONS), "")
    if wrong:
        raise _no_volume(text, f'"{wrong}" is no option of a volume; ro and rw are')
    if not target.startswith("/"):
        raise _no_volume(text, "where it is to be on the node must be an absolute path")
    if target == "/":
        raise _no_volume(text, "nothing can be mounted in place of the whole node")
    if source.startswith((".", "~")):
        source = str(Path(source).expanduser().resolve())
    elif source and not source.startswith("/") and not VOLUME_NAME.fullmatch(source):
        raise _no_volume(text, "its source is neither an absolute path nor the name of a volume")
    return ":".join(part for part in (source, target, options) if part)


def _parts(text: str) -> tuple[str, str, str]:
    """Return source, target and options."""
    parts = text.split(":")
    if "" in parts or len(parts) > 3:
        raise _no_volume(text, "it is not SOURCE:TARGET or SOURCE:TARGET:ro")
    if len(parts) == 1:
        return "", parts[0], ""
    if len(parts) == 2 and parts[0].startswith("/") and not parts[1].startswith("/"):
        return "", parts[0], parts[1]  # /there:ro
    return parts[0], parts[1], parts[2] if len(parts) == 3 else ""


def _no_volume(text: str, why: str) -> UsageError:
    return UsageError(f'"{text}" is no volume: {why}.', hint="Write it as for `docker run`, as in: /here:/there:ro")


def ports(texts: Iterable[str]) -> dict[str, list[dict[str, str]]]:
    """Read ports to publish, as in `8080:80`, `127.0.0.1:8443:443/tcp` and `8000-8002:80-82`; raise `UsageError`.

    They are bound to 127.0.0.1 unless they name an address. A port of the host that is left out is any free one.
    """
    bindings: dict[str, list[dict[str, str]]] = {}
    taken: set[tuple[str, str]] = set()
    for text in texts:
        for port, place in _published(text):
            where = (place["HostIp"], f"{place['HostPort']}/{port.partition('/')[2]}")
            if place["HostPort"] and where in taken:
                raise UsageError(f"The port {place['HostPort']} of the host is to be published twice.")
            taken.add(where)
            bindings.setdefault(port, []).append(place)
    return bindings


def _published(text: str) -> list[tuple[str, dict[str, str]]]:
    found = PORT_FORM.fullmatch(text)
    if not found:
        raise _no_ports(text, "it is not HOST:CONTAINER")
    address = (found["address"] or LOCAL_ADDRESS).strip("[]")
    try:
        ip_address(address)
    except ValueError:
        raise _no_ports(text, f"{address} is no address") from None
    of_node = _range(text, found["node"])
    of_host = [str(port) for port in _range(text, found["host"])] if found["host"] else [""] * len(of_node)
    if len(of_node) == 1 and len(of_host) > 1:
        of_host = [str(found["host"])]  # any of these, which the engine chooses
    if len(of_host) != len(of_node):
        raise _no_ports(text, f"{len(of_host)} ports of the host are not {len(of_node)} of the node")
    protocol = found["protocol"] or "tcp"
    return [
        (f"{port}/{protocol}", {"HostIp": address, "HostPort": place})
        for port, place in zip(of_node, of_host, strict=True)
    ]


def _range(text: str, written: str) -> range:
    first, _, last = written.partition("-")
    begin, end = int(first), int(last or first)
    if not 0 < begin <= end <= MAX_PORT:
        raise _no_ports(text, f"{written} is not within 1 and {MAX_PORT}")
    return range(begin, end + 1)


def _no_ports(text: str, why: str) -> UsageError:
    return UsageError(f'"{text}" is no port to publish: {why}.', hint="Write it as in: 8080:80 or 0.0.0.0:8443:443/tcp")
