"""The Linux distributions of nodes, a description each. A new one is a member of `Distribution` and a description.

docs/distributions.md says which of them were booted, and where what stands here is from.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.docker_versions import DockerVersion

FORCED_FROM, V1_GONE_FROM = 256, 258
"""From the first on, systemd boots on cgroup v1 only when it is forced to; from the second on, never (its NEWS)."""


class Family(Enum):
    """How packages come into an image; the value is the name of its script."""

    APT = "apt"
    RPM = "rpm"
    VENDOR = "vendor"
    """There are none: the base has all."""


@dataclass(frozen=True)
class Description:
    """What a node of a distribution is made of, and where it boots."""

    family: Family
    os_release: str
    """`ID VERSION_ID` of its /etc/os-release, or the beginning of that: an ID alone, a version without what follows a
    dot."""
    bases: tuple[str, ...]
    """Images that do as a base when the engine has them. The first is pulled when it has none of them."""
    systemd: int
    cgroups: frozenset[int]
    """The cgroup versions of a host on which that systemd boots in a container."""
    docker: DockerVersion
    """The static build that it gets where it has no packages of Docker, and whose limits those have where it does."""
    packages: tuple[str, ...] = ()
    docker_packages: tuple[str, ...] = ()
    suite: str = ""
    """The release's name in an archive of packages, for apt and mmdebstrap."""
    components: str = "main"
    vault: str = ""
    """Where packages are instead of where the release itself looks for them; empty when they are there still."""
    mirror_list: str = ""
    """How the addresses begin of the lists of mirrors that the release's repositories name, as a pattern of sed."""
    base_url: str = ""
    """How those of the repositories themselves begin; `place` is where they are below a mirror."""
    place: str = ""
    sshd: str = "ssh.service"
    locale: str = "C.UTF-8"

    @property
    def can_be_forced(self) -> bool:
        """Whether it boots on cgroup v1 after all when systemd is told to."""
        return FORCED_FROM <= self.systemd < V1_GONE_FROM


# What for. systemd, dbus: the init, and the bus that DC/OS' diagnostics reads units from. openssh, sudo: logins, also
# those that are not root's. iptables: Docker and DC/OS' overlay. The rest is called by dcos_install.sh and by DC/OS'
# units; less, vim: for people who look at a node, on which journalctl pages with the first.
APT_PACKAGES = (
    "bash", "ca-certificates", "curl", "dbus", "iproute2", "ipset", "iptables", "iputils-ping", "kmod", "less",
    "ncurses-bin", "openssh-server", "procps", "sudo", "systemd", "systemd-sysv", "tar", "unzip", "vim-tiny",
    "xz-utils",
)  # fmt: skip
RPM_PACKAGES = (
    "bash", "ca-certificates", "curl", "dbus", "hostname", "iproute", "ipset", "iptables", "iputils", "kmod", "less",
    "ncurses", "openssh-clients", "openssh-server", "procps-ng", "sudo", "systemd", "tar", "unzip", "vim-minimal",
    "which", "xz",
)  # fmt: skip
PROGRAMS = (
    "bash", "curl", "dbus-daemon", "getopt", "ip", "ipset", "iptables", "less", "modprobe", "ping", "ps", "ssh-keygen",
    "sshd", "sudo", "sysctl", "systemctl", "tar", "tput", "unzip", "xz",
)  # fmt: skip
"""What the packages are for, where there are none."""
BOTH = frozenset({1, 2})


def _debian(number: int, suite: str, systemd: int, docker: DockerVersion) -> Description:
    return Description(
        family=Family.APT,
        os_release=f"debian {number}",
        bases=(f"debian:{suite}-slim", f"debian:{number}-slim", f"debian:{suite}", f"debian:{number}"),
        systemd=systemd,
        cgroups=BOTH if systemd < FORCED_FROM else frozenset({2}),
        docker=docker,
        packages=APT_PACKAGES,
        # From 13 on, the client is apart.
        docker_packages=("docker.io", "docker-cli") if number >= 13 else ("docker.io",),
        suite=suite,
    )


def _ubuntu(version: str, suite: str, systemd: int, cgroups: frozenset[int], docker: DockerVersion) -> Description:
    return Description(
        family=Family.APT,
        os_release=f"ubuntu {version}",
        bases=(f"ubuntu:{version}", f"ubuntu:{suite}"),
        systemd=systemd,
        cgroups=cgroups,
        docker=docker,
        packages=APT_PACKAGES,
        docker_packages=("docker.io",),
        suite=suite,
        components="main universe",
    )


VAULT = "http://vault.centos.org"
"""Without TLS: the packages are signed, and CentOS 7 is older than today's certificates."""

DESCRIPTIONS = {
    Distribution.CENTOS_7: Description(
        family=Family.RPM,
        os_release="centos 7",
        bases=("centos:7", "quay.io/centos/centos:7"),
        systemd=219,
        cgroups=frozenset({1}),
        docker=DockerVersion.v18_06_3_ce,
        packages=RPM_PACKAGES,
        vault=VAULT,
        mirror_list="http://mirrorlist.centos.org/",
        base_url="http://mirror.centos.org/centos/[$]releasever",
        place="/7.9.2009",
        sshd="sshd.service",
        locale="en_US.UTF-8",
    ),
    Distribution.CENTOS_8: Description(
        family=Family.RPM,
        os_release="centos 8",
        bases=("centos:8", "quay.io/centos/centos:centos8"),
        systemd=239,
        cgroups=BOTH,
        docker=DockerVersion.v20_10,
        packages=RPM_PACKAGES,
        vault=VAULT,
        mirror_list="http://mirrorlist.centos.org/",
        base_url="http://mirror.centos.org/[$]contentdir/[$]releasever",
        place="/8.5.2111",
        sshd="sshd.service",
    ),
    Distribution.COREOS: Description(
        family=Family.VENDOR,
        os_release="coreos",
        bases=(),
        systemd=241,
        cgroups=BOTH,
        docker=DockerVersion.v18_06_3_ce,
        sshd="sshd.service",
    ),
    Distribution.DEBIAN_11: _debian(11, "bullseye", 247, DockerVersion.v20_10),
    Distribution.DEBIAN_12: _debian(12, "bookworm", 252, DockerVersion.v20_10),
    Distribution.DEBIAN_13: _debian(13, "trixie", 257, DockerVersion.v26),
    Distribution.FLATCAR: Description(
        family=Family.VENDOR,
        os_release="flatcar",
        bases=(),
        systemd=252,
        cgroups=BOTH,
        docker=DockerVersion.v20_10,
        sshd="sshd.service",
    ),
    Distribution.ROCKY_8: Description(
        family=Family.RPM,
        os_release="rocky 8",
        bases=("rockylinux:8", "rockylinux/rockylinux:8", "quay.io/rockylinux/rockylinux:8"),
        systemd=239,
        cgroups=BOTH,
        docker=DockerVersion.v20_10,
        packages=RPM_PACKAGES,
        mirror_list="https://mirrors.rockylinux.org/",
        base_url="http://dl.rockylinux.org/[$]contentdir/[$]releasever",
        place="/8",
        sshd="sshd.service",
    ),
    Distribution.UBUNTU_16_04: _ubuntu("16.04", "xenial", 229, frozenset({1}), DockerVersion.v18_06_3_ce),
    Distribution.UBUNTU_22_04: _ubuntu("22.04", "jammy", 249, BOTH, DockerVersion.v28),
}
