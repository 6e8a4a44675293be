"""Every distribution has a description, every version of Docker a build, and nothing in them is forgotten."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dcos_docker_cli.backends.docker.images.descriptions import DESCRIPTIONS, FORCED_FROM, Family
from dcos_docker_cli.backends.docker.images.docker_builds import BUILDS, build_of, static_build
from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.docker_storage_drivers import DockerStorageDriver
from dcos_docker_cli.docker_versions import DockerVersion

STATIC = [version for version in DockerVersion if version is not DockerVersion.DISTRIBUTION]
WITHOUT_PACKAGES_OF_DOCKER = {
    Distribution.CENTOS_7,
    Distribution.CENTOS_8,
    Distribution.COREOS,
    Distribution.FLATCAR,
    Distribution.ROCKY_8,
}


def of_family(*families: Family) -> list[Distribution]:
    return [one for one, its in DESCRIPTIONS.items() if its.family in families]


def test_every_distribution_has_a_description() -> None:
    assert set(DESCRIPTIONS) == set(Distribution)


def test_every_version_of_docker_has_a_build() -> None:
    assert set(BUILDS) == set(STATIC)


@pytest.mark.parametrize("distribution", Distribution)
def test_description(distribution: Distribution) -> None:
    description = DESCRIPTIONS[distribution]
    name, _, version = distribution.value.partition("-")
    assert description.os_release == f"{name} {version}".strip()
    assert description.cgroups
    assert description.cgroups <= {1, 2}
    # systemd's own change logs: none knew cgroup v2 in a container before 230, and none takes v1 unforced from 256 on.
    assert (2 in description.cgroups) == (description.systemd >= 230)
    assert (1 in description.cgroups) == (description.systemd < FORCED_FROM)
    assert description.docker in BUILDS
    assert re.fullmatch(r"sshd?\.service", description.sshd)
    assert re.fullmatch(r"\w+\.UTF-8", description.locale)


@pytest.mark.parametrize("distribution", of_family(Family.APT, Family.RPM))
def test_with_packages(distribution: Distribution) -> None:
    description = DESCRIPTIONS[distribution]
    assert description.bases
    assert all(re.fullmatch(r"[a-z0-9./-]+:[a-z0-9.-]+", base) for base in description.bases), description.bases
    for packages in (description.packages, description.docker_packages):
        assert len(set(packages)) == len(packages)
    # What the node's units, its logins, and DC/OS' own installer and units call.
    assert {
        "bash",
        "ca-certificates",
        "curl",
        "dbus",
        "ipset",
        "openssh-server",
        "sudo",
        "systemd",
        "tar",
        "unzip",
    } <= (set(description.packages))


@pytest.mark.parametrize("distribution", of_family(Family.APT))
def test_with_apt(distribution: Distribution) -> None:
    description = DESCRIPTIONS[distribution]
    assert re.fullmatch(r"[a-z]+", description.suite)
    assert "main" in description.components.split()
    assert any(description.suite in base for base in description.bases)
    assert description.docker_packages


@pytest.mark.parametrize("distribution", of_family(Family.RPM))
def test_with_rpm(distribution: Distribution) -> None:
    description = DESCRIPTIONS[distribution]
    assert re.fullmatch(r"https?://[a-z.]+/", description.mirror_list)
    assert description.base_url.startswith("http://")
    assert "$releasever" not in description.base_url, "a dollar is sed's end of a line"
    assert description.place.startswith("/")
    assert description.vault in ("", "http://vault.centos.org")


@pytest.mark.parametrize("distribution", of_family(Family.VENDOR))
def test_without_packages(distribution: Distribution) -> None:
    description = DESCRIPTIONS[distribution]
    assert (description.bases, description.packages, description.docker_packages) == ((), (), ())


@pytest.mark.parametrize("distribution", Distribution)
def test_which_docker_a_node_gets(distribution: Distribution) -> None:
    own = static_build(distribution, DockerVersion.DISTRIBUTION)
    assert own == (DESCRIPTIONS[distribution].docker if distribution in WITHOUT_PACKAGES_OF_DOCKER else None)
    assert build_of(distribution, DockerVersion.DISTRIBUTION) == BUILDS[DESCRIPTIONS[distribution].docker]
    for version in STATIC:
        assert static_build(distribution, version) is version
        assert build_of(distribution, version) == BUILDS[version]


@pytest.mark.parametrize("version", STATIC)
def test_build(version: DockerVersion) -> None:
    build = BUILDS[version]
    assert build.number == version.value or build.number.startswith(f"{version.value}.")
    assert DockerStorageDriver.AUTO not in build.drivers
    assert build.drivers[-1] is DockerStorageDriver.VFS, "the worst, and the one that is always there"
    assert len(set(build.drivers)) == len(build.drivers)
    assert 1 in build.cgroups


@pytest.mark.parametrize(
    ("version", "url"),
    [
        (DockerVersion.v1_11_2, "https://get.docker.com/builds/Linux/x86_64/docker-1.11.2.tgz"),
        (DockerVersion.v1_13_1, "https://get.docker.com/builds/Linux/x86_64/docker-1.13.1.tgz"),
        (DockerVersion.v17_12_1_ce, "https://download.docker.com/linux/static/stable/x86_64/docker-17.12.1-ce.tgz"),
        (DockerVersion.v18_06_3_ce, "https://download.docker.com/linux/static/stable/x86_64/docker-18.06.3-ce.tgz"),
        (DockerVersion.v19_03, "https://download.docker.com/linux/static/stable/x86_64/docker-19.03.15.tgz"),
        (DockerVersion.v20_10, "https://download.docker.com/linux/static/stable/x86_64/docker-20.10.24.tgz"),
        (DockerVersion.v24, "https://download.docker.com/linux/static/stable/x86_64/docker-24.0.9.tgz"),
        (DockerVersion.v26, "https://download.docker.com/linux/static/stable/x86_64/docker-26.1.4.tgz"),
        (DockerVersion.v28, "https://download.docker.com/linux/static/stable/x86_64/docker-28.5.1.tgz"),
    ],
)
def test_where_a_build_is(version: DockerVersion, url: str) -> None:
    assert BUILDS[version].url("x86_64") == url
    path = url.split("/", 3)[3]
    for mirror in ("http://mirror.example/docker", "http://mirror.example/docker/"):
        assert BUILDS[version].url("x86_64", mirror) == f"http://mirror.example/docker/{path}"
    assert BUILDS[version].url("aarch64", "http://m").count("/aarch64/") == 1


def rows(heading: str) -> dict[str, list[str]]:
    """Return the table under a heading of docs/distributions.md: the other cells of a row by its first."""
    text = (Path(__file__).parents[2] / "docs" / "distributions.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:3] == "| `"
    ]
    return {first.strip("`"): others for first, *others in cells[1:]}


def versions(cgroups: frozenset[int]) -> str:
    return ", ".join(f"v{version}" for version in sorted(cgroups))


def test_the_document_has_the_distributions_as_they_are_described() -> None:
    table = rows("Distributions")
    assert set(table) == {one.value for one in Distribution}
    for name, (systemd, cgroups, docker, _) in table.items():
        its = DESCRIPTIONS[Distribution(name)]
        assert (systemd, cgroups) == (str(its.systemd), versions(its.cgroups))
        where, _, number = docker.replace(",", "").partition(" ")
        assert where == ("packages" if its.docker_packages else "static")
        assert number.startswith(its.docker.value)


def test_the_document_has_the_builds_of_docker_as_they_are() -> None:
    table = rows("Docker in nodes")
    assert set(table) == {version.value for version in STATIC}
    for name, (number, drivers, cgroups) in table.items():
        build = BUILDS[DockerVersion(name)]
        assert number == build.number
        assert drivers.split(", ") == [driver.value for driver in build.drivers]
        assert cgroups == versions(build.cgroups)
