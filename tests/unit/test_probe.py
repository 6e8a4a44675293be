"""What the container on the engine's host says, read."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from dcos_docker_cli.backends.docker.host_commands import NoProbeError, _lines
from dcos_docker_cli.backends.docker.probe import SCRIPT, HostFacts
from tests.support.recorded import said


def test_numbers() -> None:
    facts = HostFacts({"a": "128;", "b": "unlimited", "c": "", "d": "many", "e": ";"})
    assert [facts.number(name) for name in "abcde"] == [128, 1 << 62, 0, 0, 0]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("/dev/vda 264212084 50317604 56073308 48% /host/var/lib/docker;", (56073308, 264212084)),
        ("overlay 100 40 60 40% /", (60, 100)),
        ("C:\\ - - - - /", (0, 0)),
        ("", (0, 0)),
    ],
)
def test_free(line: str, wanted: tuple[int, int]) -> None:
    assert HostFacts({"disk": line}).free("disk") == wanted


def test_memory() -> None:
    assert said().memory_available() == 14680064 << 10
    assert HostFacts({"memory": "MemTotal: 1 kB;"}).memory_available() == 0


def test_routes() -> None:
    """All but the default one."""
    found = [(route.device, route.network) for route in said().routes()]
    assert found == [
        ("docker0", IPv4Network("172.17.0.0/16")),
        ("eth0", IPv4Network("192.0.2.0/24")),
    ]
    assert HostFacts({"routes": ""}).routes() == []


def test_what_was_not_said_in_time_is_not_none() -> None:
    facts = HostFacts(_lines("pid_max=4;\r\nselinux=\r\nthreads=12"))
    assert (facts.number("pid_max"), facts.text("selinux")) == (4, "")
    for look in (lambda: facts.number("threads"), facts.routes, lambda: facts.listening("udp"), facts.name_servers):
        with pytest.raises(NoProbeError, match="too little time"):
            look()


def test_what_takes_long_is_looked_at_last() -> None:
    names = [line.split()[1] for line in SCRIPT.splitlines() if line.startswith("say ")]
    assert names[-3:] == ["threads", "inotify_used", "inotify_watched"]
    assert set(names) == set(said().said) - {"end"}


def test_what_is_listened_on() -> None:
    assert said().listening() == {
        ("0.0.0.0", 2024), ("127.0.0.1", 8080), ("::1", 8082), ("127.0.0.1", 8083),
    }  # fmt: skip
    udp = HostFacts({"bound": "  sl  local_address;  1: 0100007F:0035 00000000:0000 07 0:0;"})
    assert udp.listening("udp") == {("127.0.0.1", 53)}
    assert udp.listening("sctp") == set()
    assert said().listening("udp") == set()


def test_name_servers() -> None:
    assert said().name_servers() == ["192.0.2.53"]
    resolved = {"resolver": "nameserver 127.0.0.53;options edns0;", "resolved": "nameserver 192.0.2.7;nameserver ::5;"}
    assert HostFacts(resolved).name_servers() == ["192.0.2.7", "::5"]
    assert HostFacts({"resolver": "nameserver;#nameserver 1;", "resolved": ""}).name_servers() == []
