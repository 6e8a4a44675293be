"""Subnets that nobody uses, and addresses within them."""

from __future__ import annotations

import ipaddress
import itertools
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_docker_cli.backends.docker import networks
from dcos_docker_cli.backends.docker.subnets import free_subnets
from dcos_docker_cli.exceptions import UsageError

if TYPE_CHECKING:
    from pathlib import Path

OF_DCOS = [
    IPv4Network(text)
    for text in ("172.29.0.0/16", "172.31.254.0/24", "9.0.0.0/8", "11.0.0.0/8", "44.128.0.0/20", "198.51.100.0/30")
]
OF_DOCKER = IPv4Network("172.17.0.0/16")
# Mostly near our pools, or hardly any would matter.
NEAR = st.integers(int(ipaddress.IPv4Address("172.16.0.0")), int(ipaddress.IPv4Address("172.31.255.255")))
HOME = st.integers(int(ipaddress.IPv4Address("192.168.0.0")), int(ipaddress.IPv4Address("192.168.255.255")))
SUBNETS = st.builds(
    lambda address, length: IPv4Network((address, length), strict=False), NEAR | HOME, st.integers(12, 32)
)


def test_no_subnet_is_one_that_dc_os_or_docker_uses() -> None:
    found = list(free_subnets([]))
    assert len(found) == 3 * 256 + 128
    assert len(set(found)) == len(found)
    for subnet in found:
        assert subnet.prefixlen == 24
        assert subnet.is_private
        assert not any(subnet.overlaps(other) for other in [*OF_DCOS, OF_DOCKER])


@given(st.lists(SUBNETS, max_size=20))
def test_no_subnet_overlaps_one_that_is_taken(taken: list[IPv4Network]) -> None:
    for subnet in itertools.islice(free_subnets(taken), 30):
        assert not any(subnet.overlaps(other) for other in taken)


def test_when_all_is_taken_there_is_none() -> None:
    assert list(free_subnets([IPv4Network("0.0.0.0/0")])) == []


def test_a_single_address_takes_its_subnet() -> None:
    first, second = itertools.islice(free_subnets([]), 2)
    assert next(free_subnets([IPv4Network((first[77], 32))])) == second


HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
ROW = "tun0\t{}\t00000000\t0001\t0\t0\t0\t{}\t0\t0\t0\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (HEADER, []),
        ("", []),
        (HEADER + "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", []),
        (HEADER + "eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n", ["172.17.0.0/16"]),
        (HEADER + "tun0\t0105A8C0\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0\n", ["192.168.5.1/32"]),
        (HEADER + "tun0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\ncut\n", ["10.0.0.0/8"]),
        # A VPN that takes all traffic.
        (HEADER + ROW.format("00000000", "00000080") + ROW.format("00000080", "00000080"), []),
        (HEADER + ROW.format("000000C0", "000000FE"), []),
    ],
)
def test_local_routes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, wanted: list[str]) -> None:
    file = tmp_path / "route"
    file.write_text(text)
    monkeypatch.setattr(networks, "ROUTES", file)
    assert [str(route) for route in networks._local_routes()] == wanted


def test_local_routes_of_a_machine_without_that_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "ROUTES", tmp_path / "none")
    assert networks._local_routes() == []


def users(subnet: str, *reserved: str) -> networks.UsersNetwork:
    return networks.UsersNetwork("mine", "its-id", IPv4Network(subnet), frozenset(reserved))


def holding(address: str, network: str = "its-id") -> dict[str, Any]:
    endpoint = {"NetworkID": network, "IPAddress": address, "IPAMConfig": None}
    return {"NetworkSettings": {"Networks": {"mine": endpoint}}}


def test_addresses_that_are_free_in_a_users_network() -> None:
    containers = [holding("10.55.0.14"), holding("10.55.0.13", "another")]
    found = networks.free_addresses(users("10.55.0.0/28", "10.55.0.12"), containers, 3)
    assert found == ["10.55.0.13", "10.55.0.11", "10.55.0.10", "10.55.0.9"]


def test_users_network_that_is_too_small() -> None:
    with pytest.raises(UsageError, match=r'"mine" \(10.55.0.0/29\) has too few free addresses for 2 nodes') as caught:
        networks.free_addresses(users("10.55.0.0/29"), [], 2)
    assert "docker network create --subnet" in caught.value.hint


def test_subnets_to_try_begin_with_the_first_and_go_on_anywhere() -> None:
    """Creates that run at once all see the same ones free; if they went on in the same order, most would give up."""
    free = list(free_subnets([]))
    tried = [networks.subnets_to_try([]) for _ in range(2)]
    assert {one[0] for one in tried} == {free[0]}
    assert all(len(set(one)) == networks.CLASHES and set(one) <= set(free) for one in tried)
    assert tried[0] != tried[1]
    assert networks.subnets_to_try(free[1:]) == free[:1]
    assert networks.subnets_to_try(free) == []
