"""Which nodes boot on which host, and which Docker runs containers there.

Hosts with cgroup v2 are known here from what the engine's API documents of `/info` alone.
"""

from __future__ import annotations

import itertools
import json
import re

import pytest

from dcos_docker_cli.backends.docker.fit import cgroup_version, check_boot, check_docker, init_of, storage_driver
from dcos_docker_cli.backends.docker.settings import Settings
from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.docker_storage_drivers import DockerStorageDriver
from dcos_docker_cli.docker_versions import DockerVersion
from dcos_docker_cli.exceptions import UsageError

BOTH = {1, 2}
BOOTS_ON = {
    Distribution.CENTOS_7: {1},
    Distribution.CENTOS_8: BOTH,
    Distribution.COREOS: BOTH,
    Distribution.DEBIAN_11: BOTH,
    Distribution.DEBIAN_12: BOTH,
    Distribution.DEBIAN_13: {2},
    Distribution.FLATCAR: BOTH,
    Distribution.ROCKY_8: BOTH,
    Distribution.UBUNTU_16_04: {1},
    Distribution.UBUNTU_22_04: BOTH,
}
V1_ALONE = {
    DockerVersion.v1_11_2,
    DockerVersion.v1_13_1,
    DockerVersion.v17_12_1_ce,
    DockerVersion.v18_06_3_ce,
    DockerVersion.v19_03,
}
OWN_KNOWS_V1_ALONE = {Distribution.CENTOS_7, Distribution.COREOS, Distribution.UBUNTU_16_04}
FORCED_BY = ["systemd.unified_cgroup_hierarchy=0", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"]

BOOTS = list(itertools.product(Distribution, (1, 2)))
DOCKERS = list(itertools.product(DockerVersion, (1, 2)))


def refusal(settings: Settings, host: int) -> tuple[str, str]:
    """Return message and hint; both empty when the nodes can be."""
    try:
        check_boot(settings, host)
        check_docker(settings, host)
    except UsageError as error:
        return error.message, error.hint
    return "", ""


def choices(hint: str) -> list[str]:
    """Return what a hint offers to choose from."""
    found = re.match(r"Choose one of (?:--docker-version )?([^;]+);", hint)
    assert found, hint
    return found[1].split(", ")


def test_every_distribution_is_in_these_tables() -> None:
    assert set(BOOTS_ON) == set(Distribution)


@pytest.mark.parametrize(
    ("info", "version"),
    [
        ({"CgroupVersion": "1", "CgroupDriver": "cgroupfs"}, 1),
        ({"CgroupVersion": "2", "CgroupDriver": "systemd"}, 2),
        ({"CgroupDriver": "cgroupfs"}, 1),  # engines before 20.10 know no v2, and do not say
    ],
)
def test_what_the_documented_answer_of_an_engine_says_of_cgroups(info: dict[str, str], version: int) -> None:
    assert cgroup_version(info) == version


@pytest.mark.parametrize(("distribution", "host"), BOOTS)
def test_boot_with_v2_as_documented(distribution: Distribution, host: int) -> None:
    settings = Settings(distribution=distribution)
    if host in BOOTS_ON[distribution]:
        check_boot(settings, host)
        return
    with pytest.raises(UsageError) as raised:
        check_boot(settings, host)
    message, hint = raised.value.message, raised.value.hint
    assert re.fullmatch(
        rf"Nodes of {distribution.value} cannot boot here: their systemd \d+ wants cgroup v{3 - host}, "
        rf"and the engine's host has v{host}\.",
        message,
    )
    assert {Distribution(one) for one in choices(hint)} == {one for one, its in BOOTS_ON.items() if host in its}
    remedy = {1: "or force it, with --force-cgroup-v1.", 2: "boot the host with systemd.unified_cgroup_hierarchy=0"}
    assert remedy[host] in hint


@pytest.mark.parametrize(("distribution", "host"), BOOTS)
def test_boot_by_force_with_v2_as_documented(distribution: Distribution, host: int) -> None:
    settings = Settings(distribution=distribution, force_cgroup_v1=True)
    if distribution is Distribution.DEBIAN_13 and host == 1:
        check_boot(settings, host)
        return
    reason = (
        "the engine's host has v2"
        if distribution is Distribution.DEBIAN_13
        else f"{distribution.value} needs no force for it"
    )
    with pytest.raises(UsageError, match=re.escape(f"Cgroup v1 cannot be forced: {reason}.")) as raised:
        check_boot(settings, host)
    assert raised.value.hint == "Leave --force-cgroup-v1 out."


def test_a_host_with_v2_as_documented_gives_nodes_a_part_of_its_cgroups_not_all() -> None:
    check_boot(Settings(mount_sys_fs_cgroup=True), 1)
    with pytest.raises(UsageError, match="cgroup v2, of which systemd in a node needs a part of its own"):
        check_boot(Settings(mount_sys_fs_cgroup=True), 2)


def test_a_systemd_is_told_to_take_v1_only_when_that_is_forced() -> None:
    assert init_of(Settings(distribution=Distribution.DEBIAN_13)) == []
    init, *told = init_of(Settings(distribution=Distribution.DEBIAN_13, force_cgroup_v1=True))
    assert init == "/lib/systemd/systemd"
    assert set(FORCED_BY) <= set(told)


@pytest.mark.parametrize(("version", "host"), DOCKERS)
def test_docker_with_v2_as_documented(version: DockerVersion, host: int) -> None:
    message, hint = refusal(Settings(docker_version=version), host)
    if host == 1 or version not in V1_ALONE:
        assert (message, hint) == ("", "")
        return
    assert message == (
        f"Docker {version.value if version is not DockerVersion.v19_03 else '19.03.15'} on the nodes cannot run "
        "containers here: it knows cgroup v1 alone, and the engine's host has v2."
    )
    assert {DockerVersion(one) for one in choices(hint)} == set(DockerVersion) - V1_ALONE - {DockerVersion.DISTRIBUTION}
    assert hint.endswith("or boot the host with systemd.unified_cgroup_hierarchy=0 on its kernel command line.")


@pytest.mark.parametrize("distribution", Distribution)
def test_a_distributions_own_docker_with_v2_as_documented(distribution: Distribution) -> None:
    settings = Settings(distribution=distribution)
    check_docker(settings, 1)
    if distribution not in OWN_KNOWS_V1_ALONE:
        check_docker(settings, 2)
        return
    with pytest.raises(UsageError, match=r"Docker 18\.06\.3-ce on the nodes cannot run containers here"):
        check_docker(settings, 2)


@pytest.mark.parametrize(("distribution", "host"), BOOTS)
def test_whatever_a_refusal_offers_is_accepted_with_v2_as_documented(distribution: Distribution, host: int) -> None:
    for version, force in itertools.product(DockerVersion, (False, True)):
        settings = Settings(distribution=distribution, docker_version=version, force_cgroup_v1=force)
        message, hint = refusal(settings, host)
        if "--docker-version" in hint:
            for one in choices(hint):
                again = Settings(distribution=distribution, docker_version=DockerVersion(one), force_cgroup_v1=force)
                assert refusal(again, host) == ("", ""), f"{message} {hint}"
        elif "Choose one of" in hint:
            for one in choices(hint):
                check_boot(Settings(distribution=Distribution(one)), host)
        if "force it" in hint:
            check_boot(Settings(distribution=distribution, force_cgroup_v1=True), host)
        if hint == "Leave --force-cgroup-v1 out." and host in BOOTS_ON[distribution]:
            check_boot(Settings(distribution=distribution), host)


def test_the_driver_of_nodes_is_chosen_for_the_docker_on_them() -> None:
    info = json.loads('{"Driver":"overlay","DriverStatus":[["Backing Filesystem","extfs"],["Supports d_type","true"]]}')
    of_debian_12 = storage_driver(info, Settings())
    assert (of_debian_12.driver, of_debian_12.note) == ("overlay", "")
    assert storage_driver(info, Settings(distribution=Distribution.DEBIAN_13)).driver == "overlay2"
    assert storage_driver(info, Settings(docker_version=DockerVersion.v28)).driver == "overlay2"
    assert storage_driver(info, Settings(storage_driver=DockerStorageDriver.VFS)).driver == "vfs"
