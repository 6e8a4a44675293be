"""The checks of an engine, on what one has told: recorded, and changed in the one point that matters.

`_recorded` says that this machine cannot have the condition: what is changed is as the documents of the API, or the
files of such a host, have it.
"""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_docker_cli.backends.docker import syntax
from dcos_docker_cli.backends.docker.host_commands import NoProbeError
from dcos_docker_cli.backends.docker.probe import HostFacts
from dcos_docker_cli.backends.docker.settings import Settings
from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.docker_storage_drivers import DockerStorageDriver
from dcos_docker_cli.docker_versions import DockerVersion
from dcos_docker_cli.doctor.checks.registry import CHECKS
from dcos_docker_cli.doctor.finding import Level
from dcos_docker_cli.exceptions import EngineNotFoundError
from tests.support.recorded import NOW, subject

if TYPE_CHECKING:
    from pathlib import Path

    from dcos_docker_cli.doctor.finding import Finding
    from dcos_docker_cli.doctor.subject import Subject

GIB = 1 << 30
OK, NOTE, WARNING, ERROR, SKIPPED = Level.OK, Level.NOTE, Level.WARNING, Level.ERROR, Level.SKIPPED
PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "no_proxy", "NO_PROXY")


def look(name: str, at: Subject) -> Finding:
    """Return what the check of this name finds; who finds fault says what cures it."""
    (check,) = (check for check in CHECKS if check.name == name)
    finding = check.look(at)
    assert finding.message.endswith("."), finding
    assert finding.remedy or finding.level not in (WARNING, ERROR), finding
    assert not finding.remedy or finding.level not in (OK, SKIPPED), finding
    return finding


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_all_is_well_on_the_engine_that_was_recorded(check: Any) -> None:
    assert look(check.name, subject()).level is OK


def test_what_the_engine_is() -> None:
    assert look("engine", subject()).message == (
        "Docker 20.10.24+dfsg1 answers at unix:///var/run/docker.sock (the default), "
        "on Debian GNU/Linux 12 (bookworm); it speaks API 1.12 to 1.41, we 1.41."
    )


# The engine


@pytest.mark.parametrize(
    ("engine", "level", "words"),
    [
        ({"OSType": "windows"}, ERROR, "containers of windows"),
        ({"Architecture": "aarch64"}, WARNING, "aarch64"),
    ],
)
def test_platform_recorded(engine: dict[str, object], level: Level, words: str) -> None:
    finding = look("platform", subject(engine=engine))
    assert (finding.level, words in finding.message) == (level, True)


def test_docker_that_is_a_snap_recorded() -> None:
    finding = look("packaging", subject(engine={"DockerRootDir": "/var/snap/docker/common/var-lib-docker"}))
    assert finding.level is WARNING
    assert "snap remove docker" in finding.remedy


def test_what_the_engine_complains_of_recorded() -> None:
    warnings = ["WARNING: bridge-nf-call-iptables\n  is disabled.", "WARNING: No swap limit support"]
    finding = look("complaints", subject(engine={"Warnings": warnings}))
    assert (finding.level, finding.message) == (NOTE, "The engine complains: bridge-nf-call-iptables is disabled.")


@pytest.mark.parametrize(
    ("version", "distribution", "level"),
    [
        ("1", Distribution.DEBIAN_12, OK),
        ("2", Distribution.DEBIAN_12, WARNING),
        ("2", Distribution.CENTOS_7, ERROR),
        ("1", Distribution.DEBIAN_13, ERROR),
    ],
)
def test_cgroups_recorded(version: str, distribution: Distribution, level: Level) -> None:
    """A cgroup v2 host is not this machine."""
    settings = Settings(distribution=distribution)
    finding = look("cgroups", subject(settings=settings, engine={"CgroupVersion": version}))
    assert finding.level is level
    assert f"v{version}" in finding.message
    assert ("systemd.unified_cgroup_hierarchy=0" in finding.remedy) is (version == "2")


def test_cgroup_v1_that_is_forced_recorded() -> None:
    settings = Settings(distribution=Distribution.DEBIAN_13, force_cgroup_v1=True)
    assert look("cgroups", subject(settings=settings)).level is OK


def test_docker_of_the_nodes_on_cgroup_v2_recorded() -> None:
    settings = Settings(docker_version=DockerVersion.v18_06_3_ce)
    finding = look("docker", subject(settings=settings, engine={"CgroupVersion": "2"}))
    assert finding.level is ERROR
    assert "--docker-version" in finding.remedy


@pytest.mark.parametrize(
    ("driver", "status", "level", "words"),
    [
        ("overlay2", [["Backing Filesystem", "xfs"], ["Supports d_type", "true"]], OK, "overlay2 on xfs"),
        ("btrfs", [["Btrfs", ""]], OK, "nodes get btrfs"),
        ("vfs", [], WARNING, "nodes get vfs"),
        ("devicemapper", [["Backing Filesystem", "xfs"], ["Supports d_type", "false"]], WARNING, "nodes get vfs"),
        ("overlayfs", [["driver-type", "io.containerd.snapshotter.v1"]], NOTE, "overlayfs"),
    ],
)
def test_storage_recorded(driver: str, status: list[list[str]], level: Level, words: str) -> None:
    """Of btrfs, of an engine with the image store of containerd, and of others that are not here."""
    finding = look("storage-driver", subject(engine={"Driver": driver, "DriverStatus": status}))
    assert (finding.level, words in finding.message) == (level, True)


def test_storage_that_cannot_be_recorded() -> None:
    settings = Settings(storage_driver=DockerStorageDriver.OVERLAY_2)
    engine: dict[str, object] = {"Driver": "vfs", "DriverStatus": [["Backing Filesystem", "ecryptfs"]]}
    finding = look("storage-driver", subject(settings=settings, engine=engine))
    assert (finding.level, "cannot be on ecryptfs" in finding.message) == (ERROR, True)


@pytest.mark.parametrize(
    ("gib", "level"),
    [(16, OK), (8, OK), (7.9, WARNING), (4, WARNING), (3.9, ERROR), (0, ERROR)],
)
def test_memory(gib: float, level: Level) -> None:
    """Three masters and two agents take 8 GiB."""
    finding = look("memory", subject(masters=3, agents=2, engine={"MemTotal": int(gib * GIB)}))
    assert finding.level is level
    assert finding.message == (
        f"The engine's host has {int(gib * GIB) / GIB:.1f} GiB of memory and 8 CPUs; DC/OS on 5 nodes takes some 8 GiB."
    )


def test_kernel_without_a_controller_recorded() -> None:
    finding = look("limits", subject(engine={"MemoryLimit": False, "PidsLimit": False}))
    assert (finding.level, "memory, processes" in finding.message) == (WARNING, True)


def test_several_agents_offer_the_same() -> None:
    finding = look("limits", subject(agents=2, public_agents=1))
    assert (finding.level, "Each of 3 agents offers all of the host's 8 CPUs and 16.0 GiB" in finding.message) == (
        NOTE,
        True,
    )


@pytest.mark.parametrize(
    ("option", "words"), [("name=rootless", "rootless"), ("name=userns", "userns-remap"), ("name=seccomp,x=y", "")]
)
def test_security_recorded(option: str, words: str) -> None:
    """Of a rootless engine, and of one that maps users."""
    finding = look("security", subject(engine={"SecurityOptions": ["name=apparmor", option, "name=cgroupns"]}))
    assert finding.level is (ERROR if words else OK)
    assert words in finding.message


def volume(name: str, kind: str, size: int, used: int) -> dict[str, Any]:
    labels = {"dcos_docker.schema": "1", "dcos_docker.kind": kind} if kind else None
    return {"Name": name, "Labels": labels, "UsageData": {"Size": size, "RefCount": used}}


def test_volumes() -> None:
    assert look("volumes", subject(volumes=[volume("c", "", GIB, 0)])).message == "There are no volumes of ours."
    there = [volume("a", "volume", 3 * GIB, 1), volume("b", "cache", 2 * GIB, 0), volume("c", "", 9 * GIB, 0)]
    assert look("volumes", subject(volumes=there)).message == "Our 2 volumes have 5.0 GiB, 2.0 of it in caches."
    finding = look("volumes", subject(volumes=[*there, volume("d", "volume", -1, 0)]))
    assert (finding.level, "1 of them, with 0.0 GiB, nobody uses." in finding.message) == (NOTE, True)


# Its host


@pytest.mark.parametrize(("gib", "level"), [(3, OK), (2.9, WARNING), (0.7, ERROR)])
def test_free_memory(gib: float, level: Level) -> None:
    finding = look("free-memory", subject(host={"memory": f"MemAvailable: {int(gib * GIB) >> 10} kB;"}))
    assert finding.level is level


def df(free: int) -> str:
    return f"/dev/vda 264212084 1 {free} 44% /host/var/lib/docker;"


@pytest.mark.parametrize(("gib", "level"), [(15, OK), (14, OK), (13, WARNING), (5, WARNING), (4.9, ERROR), (0, ERROR)])
def test_disk(gib: float, level: Level) -> None:
    finding = look("disk", subject(host={"disk": df(int(gib * GIB) >> 10)}))
    assert finding.level is level
    assert finding.message == f"/var/lib/docker has {gib:.1f} GiB free; some 14 GiB are needed for 2 nodes."


@pytest.mark.parametrize(
    ("free", "level"), [(300_000, OK), (220_000, OK), (219_999, WARNING), (100_000, WARNING), (99_999, ERROR)]
)
def test_inodes(free: int, level: Level) -> None:
    assert look("inodes", subject(host={"inodes": df(free)})).level is level


def test_file_system_that_counts_no_inodes_recorded() -> None:
    """As btrfs does not."""
    finding = look("inodes", subject(host={"inodes": "/dev/vda 0 0 0 - /host/var/lib/docker;"}))
    assert (finding.level, "no limit" in finding.message) == (OK, True)


def test_remedies_leave_clusters_that_are_stopped_as_they_are() -> None:
    """A prune of containers or networks takes all that do not run."""
    full = subject(host={"disk": df(0), "inodes": df(0)}, networks=[network("0.0.0.0/0")])
    remedies = [look(name, full).remedy for name in ("disk", "inodes", "subnets")]
    assert not [remedy for remedy in remedies if "system prune" in remedy or "container prune" in remedy]
    assert "docker network prune --filter label!=dcos_docker.schema; dcos-docker clean" in remedies[2]


@pytest.mark.parametrize(
    ("limit", "used", "level"),
    [(128, 20, OK), (128, 54, OK), (128, 55, WARNING), (128, 118, WARNING), (128, 119, ERROR), (8192, 119, OK)],
)
def test_inotify_instances(limit: int, used: int, level: Level) -> None:
    """Two nodes take ten."""
    finding = look("inotify", subject(host={"inotify_instances": limit, "inotify_used": used}))
    assert finding.level is level
    assert f"is {limit}, of which root uses {used}, and 10 more are needed for 2 nodes" in finding.message
    assert ("sudo sysctl -w fs.inotify.max_user_instances=8192" in finding.remedy) is (level is not OK)


@pytest.mark.parametrize(("watches", "level"), [(8192, OK), (503, WARNING), (251, ERROR)])
def test_inotify_watches(watches: int, level: Level) -> None:
    assert look("inotify", subject(host={"inotify_watches": watches})).level is level


@pytest.mark.parametrize(
    ("limit", "level"),
    [("1048576", OK), ("16384", OK), ("16383", WARNING), ("4095", ERROR), ("1073741816", NOTE), ("unlimited", NOTE)],
)
def test_open_files_recorded(limit: str, level: Level) -> None:
    assert look("open-files", subject(host={"nofile": limit})).level is level


@pytest.mark.parametrize(("limit", "level"), [(4354, OK), (3353, WARNING), (838, ERROR)])
@pytest.mark.parametrize("name", ["pid_max", "threads_max"])
def test_threads_recorded(name: str, limit: int, level: Level) -> None:
    assert look("threads", subject(host={name: limit})).level is level


def test_kernel_without_cgroup_namespaces_recorded() -> None:
    assert look("cgroup-roots", subject(host={"cgroup_namespaces": None})).level is ERROR


@pytest.mark.parametrize(
    ("enforce", "options", "level"),
    [
        ("1;", ["name=selinux"], WARNING),
        ("1;", [], NOTE),
        ("0;", ["name=selinux"], OK),
        (None, [], OK),
        (None, ["name=seccomp,profile=default", "name=selinux"], NOTE),
    ],
)
def test_selinux_recorded(enforce: str | None, options: list[str], level: Level) -> None:
    """Enforcing is what this machine's kernel has not."""
    assert look("selinux", subject(host={"selinux": enforce}, engine={"SecurityOptions": options})).level is level


@pytest.mark.parametrize(
    ("enabled", "options", "words"),
    [("Y", ["name=apparmor"], "the engine uses it"), ("Y", [], "does not use it"), ("N", [], "not in use")],
)
def test_apparmor_recorded(enabled: str, options: list[str], words: str) -> None:
    finding = look("apparmor", subject(host={"apparmor": enabled}, engine={"SecurityOptions": options}))
    assert (finding.level, words in finding.message) == (OK if enabled == "N" else NOTE, True)


@pytest.mark.parametrize("name", ["disk", "inodes", "inotify", "open-files", "threads", "free-memory"])
def test_what_the_host_does_not_tell_is_skipped_or_none_recorded(name: str) -> None:
    unseen = ("disk", "inodes", "memory", "inotify_instances", "nofile", "pid_max")
    assert look(name, subject(host=dict.fromkeys(unseen))).level is SKIPPED


# The network


def network(subnet: str, name: str = "corp", **labels: str) -> dict[str, Any]:
    return {"Name": name, "Id": "745c7483902d" * 4, "Labels": labels, "IPAM": {"Config": [{"Subnet": subnet}]}}


def test_subnets_of_which_some_are_taken() -> None:
    finding = look("subnets", subject(networks=[network("172.28.0.0/16"), network("fd00::/64")]))
    assert finding.level is NOTE
    assert finding.message == (
        "There are 640 subnets for clusters; the next one is 172.27.0.0/24. "
        "Taken are 172.28.0.0/16 of the network corp."
    )


def test_subnets_that_a_vpn_has_recorded() -> None:
    routes = "Iface;tun0 000010AC 00000000 0001 0 0 0 0000F0FF 0 0 0;tun0 0000A8C0 0 1 0 0 0 0000FFFF 0 0 0;"
    finding = look("subnets", subject(host={"routes": routes}))
    assert finding.level is ERROR
    assert "no subnet of /24 is free. Taken are 172.16.0.0/12 of a route over tun0" in finding.message


def test_subnets_where_there_is_no_look_at_the_host() -> None:
    assert look("subnets", subject(has_probe=False)).level is OK


@pytest.mark.parametrize("name", ["threads", "inotify", "disk", "inodes", "selinux", "forwarding", "resolver"])
def test_what_there_was_no_time_for(name: str) -> None:
    """The runner makes it a check that is skipped."""
    late = subject()
    cast("Any", late)._host.probe = lambda: HostFacts({"pid_max": "4;", "threads_max": "4;"})
    with pytest.raises(NoProbeError, match="too little time"):
        look(name, late)


class Joining:
    """An engine with one network, or none."""

    def __init__(self, network: dict[str, Any] | None) -> None:
        self.network = network

    def inspect_network(self, name: str) -> dict[str, Any]:
        if self.network is None:
            raise EngineNotFoundError(f"network {name} not found", status=404)
        return {"Options": {}, **self.network}

    def containers(self, *, all: bool) -> list[dict[str, Any]]:
        del all
        return []


@pytest.mark.parametrize(
    ("there", "words", "remedy"),
    [
        (network("10.55.0.0/24", "mine"), "", ""),
        (None, 'There is no network "mine".', "docker network ls"),
        (network("fd00::/64", "mine"), "gives out addresses as it likes", "docker network create --subnet"),
        (network("10.55.0.0/29", "mine"), "too few free addresses for 2 nodes", "docker network create --subnet"),
    ],
)
def test_network_of_the_users_own_recorded(there: dict[str, Any] | None, words: str, remedy: str) -> None:
    at = subject(settings=Settings(network="mine"))
    cast("Any", at)._host.engine = Joining(there)
    finding = look("subnets", at)
    assert finding.level is (ERROR if words else OK)
    assert words in finding.message
    assert remedy in finding.remedy


def test_vpn_that_takes_all_traffic_recorded() -> None:
    """OpenVPN's two routes are a default one, which overlaps everything."""
    row = "tun0 {} 00000000 0001 0 0 0 00000080 0 0 0;"
    routes = "Iface;" + row.format("00000000") + row.format("00000080")
    of_cluster = network("172.28.0.0/24", "dcos-docker-a", **{"dcos_docker.cluster_id": "a"})
    at = subject(networks=[of_cluster], host={"routes": routes})
    assert (look("subnets", at).level, look("overlaps", at).level) == (OK, OK)


def test_cluster_that_a_route_overlaps_recorded() -> None:
    of_cluster = network("172.28.0.0/24", "dcos-docker-a", **{"dcos_docker.cluster_id": "a"})
    row = "{} 00001CAC 00000000 0001 0 0 0 {} 0 0 0"
    own = row.format("br-745c7483902d", "00FFFFFF")
    assert look("overlaps", subject(networks=[of_cluster], host={"routes": f"Iface;{own};"})).level is OK
    vpn = row.format("tun0", "0000FFFF")
    finding = look("overlaps", subject(networks=[of_cluster], host={"routes": f"Iface;{own};{vpn};"}))
    assert finding.level is WARNING
    assert "172.28.0.0/24 of the cluster a and the route 172.28.0.0/16 over tun0" in finding.message


def test_what_nodes_may_not_reach_recorded() -> None:
    finding = look("overlaps", subject(networks=[network("172.29.0.0/16")]))
    assert (finding.level, "172.29.0.0/16 of the network corp" in finding.message) == (NOTE, True)


def published(*texts: str) -> Settings:
    return Settings(ports=syntax.ports(texts))


@pytest.mark.parametrize(
    ("port", "is_taken"),
    [
        ("8080:80", True),  # 127.0.0.1 is listened on
        ("192.0.2.1:8080:80", False),
        ("0.0.0.0:8080:80", True),
        ("2024:80", True),  # 0.0.0.0 is
        ("8080:80/udp", False),
        ("50000:80", False),  # a connection's end
        ("8082:80", False),  # ::1 is
        ("[::1]:8082:80", True),
        ("8083:80", True),  # as ::ffff:127.0.0.1
        ("81:80", False),
        ("80", False),
    ],
)
def test_ports_that_a_program_has(port: str, is_taken: bool) -> None:
    finding = look("ports", subject(settings=published(port)))
    assert finding.level is (ERROR if is_taken else OK)
    assert ("by a program of the host" in finding.message) is is_taken


def container(address: str, port: int, **labels: str) -> dict[str, Any]:
    place = {"IP": address, "PrivatePort": 80, "PublicPort": port, "Type": "tcp"}
    return {"Names": ["/its-name"], "Labels": labels, "State": "running", "Ports": [place]}


@pytest.mark.parametrize("has_probe", [True, False])
def test_ports_that_a_container_has(has_probe: bool) -> None:
    there = [container("0.0.0.0", 8088)]
    finding = look("ports", subject(settings=published("8088:80"), containers=there, has_probe=has_probe))
    assert (finding.level, "8088 by the container its-name" in finding.message) == (ERROR, True)


@pytest.mark.parametrize(
    ("address", "state", "port", "is_taken"),
    [
        ("192.0.2.1", "running", "8088:80", False),
        ("::1", "running", "8088:80", False),
        ("::1", "running", "0.0.0.0:8088:80", False),
        ("::", "running", "8088:80", False),
        ("::", "running", "[::1]:8088:80", True),
        ("0.0.0.0", "running", "[::1]:8088:80", False),
        ("", "running", "[::1]:8088:80", True),
        ("", "paused", "8088:80", True),
        ("127.0.0.1", "restarting", "8088:80", True),
        ("127.0.0.1", "exited", "8088:80", False),
        ("127.0.0.1", "created", "8088:80", False),
    ],
)
def test_ports_of_a_container_at_an_address(address: str, state: str, port: str, is_taken: bool) -> None:
    there = [{**container(address, 8088), "State": state}]
    finding = look("ports", subject(settings=published(port), containers=there))
    assert finding.level is (ERROR if is_taken else OK)


DUAL = f"0: {'0' * 32}:1F98 {'0' * 32}:0000 0A 0:0;"
"""A program that listens on port 8088 of `::`."""


@pytest.mark.parametrize(
    ("port", "level"), [("8088:80", WARNING), ("0.0.0.0:8088:80", WARNING), ("[::1]:8088:80", ERROR), ("8089:80", OK)]
)
def test_program_that_may_have_a_port_for_both_versions_of_ip(port: str, level: Level) -> None:
    assert look("ports", subject(settings=published(port), host={"listening": DUAL})).level is level


def test_dockers_own_listener_has_no_port_but_the_containers() -> None:
    there = [container("::", 8088)]
    at = subject(settings=published("8088:80"), containers=there, host={"listening": DUAL})
    assert look("ports", at).level is OK


def test_no_program_of_udp_has_a_port_of_sctp() -> None:
    bound = "1: 0100007F:1F98 00000000:0000 07 0:0;"
    for protocol, level in (("udp", ERROR), ("sctp", OK)):
        settings = published(f"8088:80/{protocol}")
        assert look("ports", subject(settings=settings, host={"bound": bound})).level is level


def test_ports_where_there_is_no_look_at_the_host() -> None:
    assert look("ports", subject(settings=published("8088:80"), has_probe=False)).level is SKIPPED


def test_ports_that_are_open_to_the_network() -> None:
    finding = look("open-ports", subject(settings=published("0.0.0.0:8080:80", "8081:81")))
    assert (finding.level, "the new one (8080)." in finding.message) == (WARNING, True)
    node = {"dcos_docker.schema": "1", "dcos_docker.kind": "node"}
    finding = look("open-ports", subject(containers=[container("::", 8080, **node), container("0.0.0.0", 81)]))
    assert (finding.level, "these nodes, past its firewall: its-name (8080)." in finding.message) == (WARNING, True)


def test_node_that_has_moved_recorded() -> None:
    labels = {"dcos_docker.schema": "1", "dcos_docker.name_prefix": "x", "dcos_docker.address": "172.28.0.2",
              "dcos_docker.cluster_id": "a"}  # fmt: skip
    node = container("", 0, **labels)
    node["NetworkSettings"] = {"Networks": {"a": {"IPAddress": "172.28.0.9"}}}
    finding = look("addresses", subject(containers=[node]))
    assert (finding.level, "its-name has 172.28.0.9 in place of 172.28.0.2" in finding.message) == (WARNING, True)
    assert finding.remedy == "dcos-docker doctor --cluster-id a"


DROP = "-P FORWARD DROP;"
DOCKER = "-P FORWARD DROP;-A FORWARD -j DOCKER-USER;"


@pytest.mark.parametrize(
    ("host", "level"),
    [
        ({"ip_forward": "0;"}, ERROR),
        ({"forward": DROP}, ERROR),
        ({"forward": "-P FORWARD ACCEPT;"}, OK),
        ({"forward": "-P FORWARD ACCEPT;-A FORWARD -j REJECT --reject-with icmp-host-prohibited;"}, ERROR),
        ({"forward": DOCKER, "forward_legacy": DROP}, ERROR),
        ({"forward": DOCKER, "forward_legacy": "-P FORWARD ACCEPT;-A FORWARD -i eth1 -j ACCEPT;"}, WARNING),
        ({"forward": "-P FORWARD ACCEPT;", "forward_legacy": DOCKER}, OK),
        ({"forward": None}, SKIPPED),
        ({"forward": DROP, "bridge_filter": "0;"}, WARNING),
        ({"forward": DROP, "bridge_filter": None}, ERROR),
        ({"forward": DROP + '-A FORWARD -m comment --comment "netavark rules" -j NETAVARK_FORWARD;'}, NOTE),
        ({"forward": DROP + "-A FORWARD -i br-a -o br-a -j ACCEPT;"}, NOTE),
        ({"forward": DROP + "-A FORWARD -j LOG --log-prefix x;-A FORWARD -j REJECT;"}, ERROR),
        ({"forward": DROP, "forward_legacy": DROP + "-A FORWARD -j MINE;"}, ERROR),
    ],
)
def test_forwarding_recorded(host: dict[str, object], level: Level) -> None:
    assert look("forwarding", subject(host=host)).level is level


@pytest.mark.parametrize(
    ("host", "level"),
    [
        ({"resolver": "search a;nameserver 127.0.0.53;", "resolved": "nameserver 192.0.2.1;"}, OK),
        ({"resolver": "nameserver 127.0.0.53;", "resolved": None}, WARNING),
        ({"resolver": "nameserver 127.0.0.1;nameserver ::1;"}, WARNING),
        ({"resolver": "nameserver 127.0.0.1;nameserver fe80::1%eth0;"}, OK),
        ({"resolver": "# nameserver 192.0.2.1;"}, WARNING),
    ],
)
def test_resolver_recorded(host: dict[str, object], level: Level) -> None:
    assert look("resolver", subject(host=host)).level is level


# This machine


@pytest.mark.parametrize(
    ("seconds", "level"), [(0, OK), (2, OK), (2.1, WARNING), (60, WARNING), (60.1, ERROR), (90000, ERROR)]
)
@pytest.mark.parametrize("sign", [1, -1])
def test_clock(seconds: float, level: Level, sign: int) -> None:
    finding = look("clock", subject(facts={"engine_time": NOW + sign * timedelta(seconds=seconds)}))
    assert finding.level is level
    assert f"{seconds:.1f} s" in finding.message
    assert ("ahead of" in finding.message, "behind" in finding.message) == (level is not OK and sign > 0,
                                                                           level is not OK and sign < 0)  # fmt: skip


def test_clock_of_an_engine_that_is_slow_to_answer() -> None:
    late = {"engine_time": NOW + timedelta(seconds=3)}
    assert look("clock", subject(facts={**late, "asked_for": 1.0})).level is WARNING
    assert look("clock", subject(facts={**late, "asked_for": 2.0})).level is OK


def test_clock_in_another_zone() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert look("clock", subject(facts={"engine_time": elsewhere})).level is OK


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"is_local": False, "endpoint": "tcp://ci.example:2376 (from DOCKER_HOST)"}, "http://ci.example:PORT"),
        ({"is_local": False, "endpoint": 'ssh://me@ci.example (docker context "ci")'}, "http://ci.example:PORT"),
        ({"operating_system": "Docker Desktop"}, "not on this machine"),
    ],
)
def test_engine_on_another_machine_recorded(facts: dict[str, object], words: str) -> None:
    finding = look("place", subject(facts=facts))
    assert (finding.level, words in finding.message) == (NOTE, True)


def test_proxies_of_both(monkeypatch: pytest.MonkeyPatch) -> None:
    engine: dict[str, object] = {"HttpProxy": "http://proxy.example:3128"}
    assert look("proxies", subject(engine=engine)).level is NOTE
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    assert look("proxies", subject()).level is NOTE
    assert look("proxies", subject(engine=engine)).level is OK


@pytest.mark.parametrize("url", ["http://127.0.0.1:3128", "localhost:3128", "http://[::1]:3128"])
def test_proxy_that_nodes_do_not_reach(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", url)
    finding = look("proxies", subject())
    assert (finding.level, finding.remedy) == (
        WARNING, "Give an address that nodes reach: export HTTP_PROXY=http://ADDRESS:3128",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("exempt", "lacking"),
    [
        ("", "ci.example,172.28.0.0/16,172.27.0.0/16,172.30.0.0/16,192.168.128.0/17"),
        ("172.16.0.0/12, .example", "192.168.128.0/17"),
        ("172.16.0.0/12,192.168.0.0/16,ci.example", ""),
        ("*", ""),
    ],
)
def test_no_proxy(monkeypatch: pytest.MonkeyPatch, exempt: str, lacking: str) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", exempt)
    finding = look("no-proxy", subject(facts={"endpoint": "tcp://ci.example:2376 (from DOCKER_HOST)"}))
    assert finding.level is (NOTE if lacking else OK)
    assert finding.remedy == (f"export NO_PROXY={'$NO_PROXY,' if exempt else ''}{lacking}" if lacking else "")


def test_installer_that_is_none(tmp_path: Path) -> None:
    finding = look("installer", subject(installer=tmp_path / "none.sh"))
    assert (finding.level, "There is no file" in finding.message) == (ERROR, True)


@pytest.mark.parametrize(
    "url", ["http://[", "http://127.0.0.1:99999", "http://me:Mar/ker@host", "http://x:Marker", "//"]
)
def test_a_proxy_that_is_no_url_is_not_repeated(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("http_proxy", url)
    finding = look("proxies", subject())
    assert finding.level is WARNING
    assert "Mar" not in finding.message + finding.remedy


@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_text_as_no_proxy(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("https_proxy", "http://proxy.example:3128")
        patch.setenv("NO_PROXY", text)
        finding = look("no-proxy", subject(facts={"endpoint": "tcp://ci.example:2376 (from DOCKER_HOST)"}))
    assert finding.level in (NOTE, OK)
