"""What concerns this machine, or it and the engine's host."""

from __future__ import annotations

import os
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dcos_docker_cli.backends.docker.subnets import POOLS
from dcos_docker_cli.dcos.installer import read_installer
from dcos_docker_cli.doctor.finding import Finding, Level, ok
from dcos_docker_cli.exceptions import InvalidInstallerError

if TYPE_CHECKING:
    from dcos_docker_cli.doctor.subject import Subject

CLOCK_WARNING, CLOCK_ERROR = 2.0, 60.0
"""Seconds. Certificates of a cluster are valid from its creation on."""
PROXY_PORT = 3128
"""That of most proxies."""


def clock(subject: Subject) -> Finding:
    """Compare the engine's clock with ours: that of a virtual machine stands still while the machine sleeps."""
    facts = subject.facts
    difference = (facts.engine_time - facts.client_time).total_seconds()
    # The engine may have looked at its clock at any moment until it answered.
    known = max(abs(difference) - facts.asked_for / 2, 0.0)
    if known <= CLOCK_WARNING:
        return ok(f"The engine's clock and this machine's differ by {abs(difference):.1f} s.")
    side = "ahead of" if difference > 0 else "behind"
    message = f"The engine's clock is {abs(difference):.1f} s {side} this machine's, one of which is wrong."
    remedy = "On the engine's host: sudo hwclock --hctosys, or restart its virtual machine. Here: timedatectl status"
    return Finding(Level.ERROR if known > CLOCK_ERROR else Level.WARNING, message, remedy)


def where(subject: Subject) -> Finding:
    """Tell when the engine is on another machine, where paths and localhost are others."""
    facts = subject.facts
    if facts.is_this_machine:
        return ok("The engine is on this machine.")
    host = urlsplit(facts.endpoint.partition(" ")[0]).hostname
    there = f"are at http://{host}:PORT if they are published on 0.0.0.0" if host else "are published there"
    return Finding(
        Level.NOTE,
        f"The engine at {facts.endpoint} is not on this machine: volumes are paths there, ports {there}, and nodes' "
        "addresses may not be reached from here; `run`, `ssh` and the other commands go through the engine.",
    )


def proxies(subject: Subject) -> Finding:
    """Compare the proxies of this machine, which nodes get, with the engine's, which images are pulled through."""
    ours = _proxies()
    if wrong := [name for name, url in ours.items() if not _is_url(url)]:
        return Finding(
            Level.WARNING,
            f"What {' and '.join(wrong)} says is not the address of a proxy, and nodes get it.",
            f"export {wrong[0]}=http://ADDRESS:PORT",
        )
    local = [name for name, url in ours.items() if _is_loopback(_host(url))]
    if local:
        message = f"The proxy of {' and '.join(local)} is at this machine's loopback, which in a node is the node's."
        remedy = f"Give an address that nodes reach: export {local[0]}=http://ADDRESS:{_port(ours[local[0]])}"
        return Finding(Level.WARNING, message, remedy)
    engine = bool(subject.info.get("HttpProxy") or subject.info.get("HttpsProxy"))
    if bool(ours) == engine:
        return ok("This machine and the engine both use a proxy." if ours else "No proxy is in use.")
    one, other = ("This machine", "the engine") if ours else ("The engine", "this machine")
    return Finding(Level.NOTE, f"{one} uses a proxy, and {other} does not; nodes have what this machine has.")


def exempt(subject: Subject) -> Finding:
    """Look whether this machine asks nodes, and an engine on the network, without its proxy."""
    if not _proxies():
        return ok("No proxy is in use.")
    lacking = [str(pool) for pool in POOLS if not _is_exempt(str(ip_network(pool)[2]))]
    host = urlsplit(subject.facts.endpoint.partition(" ")[0]).hostname
    if host and not _is_loopback(host) and not _is_exempt(host):
        lacking.insert(0, host)
    if not lacking:
        return ok("NO_PROXY has the nodes' addresses.")
    present = "$NO_PROXY," if os.environ.get("NO_PROXY") else ""
    return Finding(
        Level.NOTE,
        f"NO_PROXY of this machine lacks {', '.join(lacking)}: what is asked of nodes from here goes to the proxy. "
        "Nodes themselves have their cluster in it.",
        f"export NO_PROXY={present}{','.join(lacking)}",
    )


def _proxies() -> dict[str, str]:
    """Return the variables of this process that name a proxy, and that nodes get."""
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    return {name: value for name in names if (value := os.environ.get(name))}


def _is_url(url: str) -> bool:
    try:
        return bool(_host(url)) and _port(url) > 0
    except ValueError:  # which repeats a part of it, and that may be a password
        return False


def _host(url: str) -> str:
    return urlsplit(url if "//" in url else f"//{url}").hostname or ""


def _port(url: str) -> int:
    return urlsplit(url if "//" in url else f"//{url}").port or PROXY_PORT


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_exempt(host: str) -> bool:
    """Whether NO_PROXY has a host, as names, suffixes, addresses or subnets."""
    entries = (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").replace(" ", "").split(",")
    return any(_covers(entry.lower(), host) for entry in entries if entry)


def _covers(entry: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        return entry in ("*", host) or host.endswith(f".{entry.lstrip('.')}")


def installer(subject: Subject) -> Finding:
    """Look at the installer: whether it is a whole one."""
    path = subject.wanted.installer
    if path is None:
        return ok("No installer was given.")
    try:
        found = read_installer(path)
    except InvalidInstallerError as error:
        return Finding(Level.ERROR, error.message, error.hint)
    variant = found.variant.value if found.variant else "a variant that its header does not tell"
    return ok(f"{path} is a whole installer, {variant}, of {path.stat().st_size / (1 << 20):.0f} MiB.")
