"""When a node is reached by its address, and when through the engine alone."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli.backends.docker import networks
from dcos_docker_cli.backends.docker.engine import Endpoint
from dcos_docker_cli.backends.docker.host import DockerHost
from dcos_docker_cli.model import NodeInfo, NodeRef, Role

if TYPE_CHECKING:
    from pathlib import Path

HEADING = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
DEFAULT = "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
OF_THE_CLUSTER = "br-0123456789ab\t00001CAC\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
"""172.28.0.0/24."""
NODE = NodeInfo(NodeRef(Role.MASTER, 0), "0" * 64, "dcos-docker-x-master-0", "172.28.0.2", "running")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere containers are in a virtual machine")
@pytest.mark.parametrize(
    ("url", "routes", "is_near"),
    [
        ("unix:///var/run/docker.sock", DEFAULT + OF_THE_CLUSTER, True),
        # A client in a container, which has the engine's socket and not its networks.
        ("unix:///var/run/docker.sock", DEFAULT, False),
        # The address is that of a node here, of another engine.
        ("tcp://192.0.2.7:2376", DEFAULT + OF_THE_CLUSTER, False),
        ("ssh://root@192.0.2.7", DEFAULT + OF_THE_CLUSTER, False),
    ],
)
def test_near(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, routes: str, *, is_near: bool) -> None:
    (tmp_path / "route").write_text(HEADING + routes, encoding="ascii")
    monkeypatch.setattr(networks, "ROUTES", tmp_path / "route")
    host = DockerHost()
    vars(host)["engine"] = SimpleNamespace(where=Endpoint(url, tls=False, origin="a test"))
    assert host.is_near(NODE) is is_near


def test_without_a_table_of_routes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(networks, "ROUTES", tmp_path / "none")
    assert not networks.is_reached("172.28.0.2")
