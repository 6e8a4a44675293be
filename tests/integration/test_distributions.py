"""Nodes of each distribution: real ones of Debian, and stand-ins for what cannot be had without a vendor's registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.support.clusters import Cluster, create
from tests.support.elsewhere import NEEDS_FILES
from tests.support.rpm_mirror import served
from tests.support.stand_ins import el_root, ubuntu_root, vendor_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from docker import APIClient

    from tests.support.contained import ContainedEngine
    from tests.support.program import Result
    from tests.support.rpm_mirror import Mirror, Served

FIRST_USE_SECONDS = 600
NODES = ("master_0", "agent_0")
# An image of one program, for no registry is needed for it.
LOOK = r"""
echo "state $(systemctl is-system-running)"
echo "failed $(systemctl --failed --no-legend | tr '\n' ' ')"
echo "docker $(docker info --format '{{.ServerVersion}}')"
libraries=$(ldd /bin/cat | grep -o '/[^ ]*')
tar -c --dereference -C / bin/cat etc/os-release $libraries 2>/dev/null | docker import - tiny:latest >/dev/null
echo "container $(docker run --rm --network none tiny:latest /bin/cat /etc/os-release | grep '^ID=')"
echo "sshd $(exec 3<>/dev/tcp/127.0.0.1/22 && head -c 8 <&3)"
echo "keys $(cat /etc/ssh/ssh_host_*_key.pub | md5sum)"
echo "machine $(cat /etc/machine-id)"
"""


@dataclass(frozen=True)
class StandIn:
    """How a distribution's image is built here."""

    identity: str
    docker: tuple[str, ...] = ()
    """How its Docker is chosen."""
    has_tarball: bool = True
    has_mirror: bool = False
    cgroups: tuple[str, ...] = ("1", "2")


OF_TODAY = ("--docker-version", "20.10")
STAND_INS = {
    "centos-7": StandIn("centos", OF_TODAY, has_mirror=True, cgroups=("1",)),
    "centos-8": StandIn("centos", has_mirror=True),
    "rocky-8": StandIn("rocky", has_mirror=True),
    "coreos": StandIn("coreos", OF_TODAY),
    "flatcar": StandIn("flatcar"),
    "ubuntu-16.04": StandIn("ubuntu", OF_TODAY, cgroups=("1",)),
    "ubuntu-22.04": StandIn("ubuntu", has_tarball=False),
}
SAMPLE = ("centos-7", "flatcar")
"""One whose packages are installed and one that is a vendor's root. Building all takes minutes: `make images` does."""


def root_of(distribution: str, roots: tuple[Path, Path], mirror: Mirror, target: Path) -> Path:
    """Write a distribution's root; `roots` are a minimal one and one with the packages of a node."""
    minimal, node = roots
    if distribution in ("coreos", "flatcar"):
        return vendor_root(distribution, node, target, has_docker=distribution == "coreos")
    if distribution.startswith("ubuntu"):
        version = distribution.removeprefix("ubuntu-")
        return ubuntu_root(version, minimal if version == "22.04" else node, target)
    return el_root(distribution, node, mirror, target)


@pytest.fixture(scope="module")
def package_server(client: APIClient, rpms: Mirror) -> Iterator[Served]:
    """Where the nested engine's containers reach packages of CentOS and Rocky Linux."""
    gateway = client.inspect_network("bridge")["IPAM"]["Config"][0]["Gateway"]
    with served(rpms.directory, gateway) as server:
        yield server


def look(run: Callable[..., Result], node: str) -> dict[str, str]:
    """Return what a node tells of itself."""
    said = run("--node", node, "--", "bash", "-c", LOOK).succeeded()
    return dict(line.split(" ", 1) for line in said.splitlines())


def check(found: dict[str, dict[str, str]], identity: str, docker: str = "") -> None:
    """See that two nodes are well, and not the same."""
    for facts in found.values():
        assert (facts["state"], facts["failed"].strip()) == ("running", "")
        assert facts["container"].replace('"', "") == f"ID={identity}"
        assert facts["sshd"].startswith("SSH-2.0-")
        assert facts["docker"].startswith(docker or "2")
    one, two = found.values()
    assert one["keys"] != two["keys"]
    assert one["machine"] != two["machine"]
    assert len(one["machine"]) == 32


@pytest.mark.xdist_group("nested-distributions")
@NEEDS_FILES
@pytest.mark.parametrize(
    "distribution",
    [pytest.param(name, marks=() if name in SAMPLE else pytest.mark.images) for name in STAND_INS],
)
def test_stand_in(
    nested: ContainedEngine,
    minimal_root: Path,
    node_root: Path,
    rpms: Mirror,
    package_server: Served,
    docker_20_10: Path,
    tmp_path: Path,
    distribution: str,
) -> None:
    """The generated build, and nodes of what comes of it; systemd and its kin are Debian's."""
    stand_in = STAND_INS[distribution]
    if nested.client.info().get("CgroupVersion") not in stand_in.cgroups:
        pytest.skip("its systemd does not boot on this machine")
    nested.clear()
    root = root_of(distribution, (minimal_root, node_root), rpms, tmp_path / f"{distribution}.tar")
    which = ("--linux-distribution", distribution, *stand_in.docker)
    tarball = ("--docker-tarball", docker_20_10) if stand_in.has_tarball else ()
    mirror = ("--package-mirror", package_server.url) if stand_in.has_mirror else ()
    tag = nested.dcos_docker("image", "build", *which, "--base-rootfs", root, *tarball, *mirror).succeeded().strip()
    assert tag.startswith(f"dcos-docker/node:{distribution}-")
    provision = ("provision", *which, "--public-agents", "0", "--cluster-id", distribution)
    nested.dcos_docker(*provision).succeeded()
    found = {
        node: look(lambda *args: nested.dcos_docker("run", "--cluster-id", distribution, *args), node) for node in NODES
    }
    check(found, stand_in.identity, "20.10")
    nested.dcos_docker("destroy", "--cluster-id", distribution).succeeded()
    nested.dcos_docker("image", "remove", tag).succeeded()
    assert not [line for line in package_server.requests if not line.endswith((" 200", " 206"))]
    assert (nested.everything(), nested.images()) == ([], [])


@pytest.mark.parametrize("distribution", ["debian-11", "debian-12"])
def test_with_dcos(client: APIClient, installer: Path, distribution: str) -> None:
    options = ("--linux-distribution", distribution, "--public-agents", "0", "--wait-for-dcos")
    with create(client, installer, *options) as cluster:
        assert cluster.dcos_docker("status").succeeded().startswith(f"{cluster.cluster_id}: running, DC/OS ")
        assert cluster.inspect()["distribution"] == distribution
        version = cluster.output("sh", "-c", '. /etc/os-release && echo "$ID-$VERSION_ID"')
        assert version == distribution
        check({node: look(lambda *args: cluster.dcos_docker("run", *args), node) for node in NODES}, "debian")


def test_what_wants_cgroup_v2(client: APIClient, cluster_id: str) -> None:
    """Where the engine's host has v1 it is refused, with what else there is, unless it is forced."""
    cluster = Cluster(cluster_id)
    options = ("--linux-distribution", "debian-13", "--public-agents", "0")
    forced: tuple[str, ...] = ()
    if client.info().get("CgroupVersion") == "1":
        result = cluster.dcos_docker("provision", *options)
        assert (result.code, result.stdout) == (2, "")
        assert result.stderr == (
            "Error: Nodes of debian-13 cannot boot here: their systemd 257 wants cgroup v2, and the engine's host has "
            "v1.\n"
            "Next: Choose one of centos-7, centos-8, coreos, debian-11, debian-12, flatcar, rocky-8, ubuntu-16.04, "
            "ubuntu-22.04; or force it, with --force-cgroup-v1.\n"
        )
        forced = ("--force-cgroup-v1",)
    cluster.dcos_docker("provision", *options, *forced, timeout=FIRST_USE_SECONDS).succeeded()
    check({node: look(lambda *args: cluster.dcos_docker("run", *args), node) for node in NODES}, "debian")
