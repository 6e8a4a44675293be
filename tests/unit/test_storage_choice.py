"""How Docker on nodes stores images, from what real engines have answered to `/info`."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli.backends.docker import storage
from dcos_docker_cli.backends.docker.images.docker_builds import BUILDS
from dcos_docker_cli.backends.docker.storage import Ground, check_driver, choose
from dcos_docker_cli.docker_storage_drivers import DockerStorageDriver
from dcos_docker_cli.docker_versions import DockerVersion
from dcos_docker_cli.exceptions import UsageError

if TYPE_CHECKING:
    from pathlib import Path

AUTO, AUFS, BTRFS, OVERLAY, OVERLAY_2, VFS = (
    DockerStorageDriver.AUTO,
    DockerStorageDriver.AUFS,
    DockerStorageDriver.BTRFS,
    DockerStorageDriver.OVERLAY,
    DockerStorageDriver.OVERLAY_2,
    DockerStorageDriver.VFS,
)
EXPLICIT = [driver for driver in DockerStorageDriver if driver is not AUTO]

# What engines answered: 20.10 and 26.1 of Debian, each with its data on a disk of the kind that the name says.
RECORDED = {
    "ext4": """{"Driver":"overlay2","DriverStatus":[["Backing Filesystem","extfs"],["Supports d_type","true"],
        ["Native Overlay Diff","true"],["userxattr","false"]]}""",
    "xfs": """{"Driver":"overlay2","DriverStatus":[["Backing Filesystem","xfs"],["Supports d_type","true"],
        ["Native Overlay Diff","true"],["userxattr","false"]]}""",
    "overlayfs": '{"Driver":"vfs","DriverStatus":null}',
    "btrfs 20.10": '{"Driver":"btrfs","DriverStatus":[["Build Version","Btrfs v6.2"],["Library Version","102"]]}',
    "btrfs 26.1": '{"Driver":"btrfs","DriverStatus":[["Btrfs",""]]}',
    "overlay2 on btrfs": """{"Driver":"overlay2","DriverStatus":[["Backing Filesystem","btrfs"],
        ["Supports d_type","true"],["Using metacopy","false"],["Native Overlay Diff","true"],
        ["userxattr","false"]]}""",
    "overlay on ext4": """{"Driver":"overlay","DriverStatus":[["Backing Filesystem","extfs"],
        ["Supports d_type","true"]]}""",
}
# As the documentation of newer engines has it, and not seen.
DOCUMENTED = {
    "containerd's store": """{"Driver":"overlayfs","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]]}""",
    "overlay without file types": """{"Driver":"overlay","DriverStatus":[["Backing Filesystem","xfs"],
        ["Supports d_type","false"]]}""",
    "devicemapper": '{"Driver":"devicemapper","DriverStatus":[["Pool Name","x"],["Backing Filesystem","xfs"]]}',
    "zfs": '{"Driver":"zfs","DriverStatus":[["Zpool","rpool"],["Zpool Health","ONLINE"]]}',
    "fuse-overlayfs": '{"Driver":"fuse-overlayfs","DriverStatus":null}',
    "nothing": "{}",
}
GROUNDS = {name: Ground.of(json.loads(text)) for name, text in {**RECORDED, **DOCUMENTED}.items()}

ON_ALL = list(itertools.product(GROUNDS, BUILDS))

WITHOUT_OVERLAY_2 = {DockerVersion.v1_11_2}
WITHOUT_OVERLAY = {DockerVersion.v24, DockerVersion.v26, DockerVersion.v28}
ALLOWED = ("", "")
UNKNOWN_BELOW = {"overlayfs", "containerd's store", "fuse-overlayfs", "nothing"}
"""Where the engine does not tell which file system it is on."""
ON_BTRFS = {"btrfs 20.10", "btrfs 26.1", "overlay2 on btrfs"}


def has(version: DockerVersion, driver: DockerStorageDriver) -> bool:
    """Whether Docker of a version has a driver, by Docker's release notes."""
    if driver is OVERLAY_2:
        return version not in WITHOUT_OVERLAY_2
    return driver in (BTRFS, VFS) or version not in WITHOUT_OVERLAY


def stands_on(name: str, driver: DockerStorageDriver) -> bool:
    """Whether a driver can be on this ground, as far as one can know."""
    if name in UNKNOWN_BELOW or driver in (VFS, AUFS):
        return True
    return name in ON_BTRFS if driver is BTRFS else name != "overlay without file types"


def refusal(
    ground: Ground, version: DockerVersion, wanted: DockerStorageDriver, *, own_disk: bool = False, kernel: bool = False
) -> tuple[str, str]:
    """Return message and hint; both empty when the driver can be."""
    try:
        check_driver(ground, BUILDS[version], wanted, own_disk=own_disk, own_kernel=kernel)
    except UsageError as error:
        return error.message, error.hint
    return ALLOWED


@pytest.mark.parametrize(
    ("name", "ground"),
    [
        ("ext4", Ground("overlay2", "extfs")),
        ("xfs", Ground("overlay2", "xfs")),
        ("overlayfs", Ground("vfs")),
        ("btrfs 20.10", Ground("btrfs", "btrfs")),
        ("btrfs 26.1", Ground("btrfs", "btrfs")),
        ("overlay2 on btrfs", Ground("overlay2", "btrfs")),
        ("overlay on ext4", Ground("overlay", "extfs")),
        ("containerd's store", Ground("overlayfs")),
        ("zfs", Ground("zfs", "zfs")),
        ("overlay without file types", Ground("overlay", "xfs", has_file_types=False)),
        ("nothing", Ground("")),
    ],
)
def test_what_an_engine_tells(name: str, ground: Ground) -> None:
    assert GROUNDS[name] == ground


@pytest.mark.parametrize("wanted", [None, AUTO])
@pytest.mark.parametrize(
    ("name", "of_1_11", "of_20_10", "of_26"),
    [
        ("ext4", "overlay", "overlay2", "overlay2"),
        ("xfs", "overlay", "overlay2", "overlay2"),
        ("overlayfs", "vfs", "vfs", "vfs"),
        ("btrfs 20.10", "btrfs", "btrfs", "btrfs"),
        ("btrfs 26.1", "btrfs", "btrfs", "btrfs"),
        ("overlay2 on btrfs", "overlay", "overlay2", "overlay2"),
        ("overlay on ext4", "overlay", "overlay", "overlay2"),
        ("containerd's store", "overlay", "overlay2", "overlay2"),
        ("overlay without file types", "overlay", "overlay", "vfs"),
        ("devicemapper", "overlay", "overlay2", "overlay2"),
        ("nothing", "overlay", "overlay2", "overlay2"),
    ],
)
def test_auto(name: str, of_1_11: str, of_20_10: str, of_26: str, wanted: DockerStorageDriver | None) -> None:
    versions = (DockerVersion.v1_11_2, DockerVersion.v20_10, DockerVersion.v26)
    chosen = [choose(GROUNDS[name], BUILDS[version], wanted) for version in versions]
    assert [choice.driver for choice in chosen] == [of_1_11, of_20_10, of_26]


@pytest.mark.parametrize(("name", "version"), ON_ALL)
def test_auto_gives_what_that_docker_has_and_can_use_there(name: str, version: DockerVersion) -> None:
    choice = choose(GROUNDS[name], BUILDS[version], AUTO)
    chosen = DockerStorageDriver(choice.driver)
    assert has(version, chosen)
    if choice.driver != GROUNDS[name].driver:
        check_driver(GROUNDS[name], BUILDS[version], chosen, own_disk=False, own_kernel=False)


@pytest.mark.parametrize(("name", "version"), ON_ALL)
def test_auto_says_when_it_is_not_the_engines_own(name: str, version: DockerVersion) -> None:
    choice, own = choose(GROUNDS[name], BUILDS[version], AUTO), GROUNDS[name].driver
    if choice.driver == own:
        assert choice.note == ""
        return
    assert choice.note == (
        f"The engine stores images with {own or 'what it does not tell'}, which Docker {BUILDS[version].number} on the "
        f"nodes does not: it gets {choice.driver}."
    )


@pytest.mark.parametrize(("name", "version", "wanted"), [(*on, wanted) for on in ON_ALL for wanted in EXPLICIT])
def test_explicit_driver(name: str, version: DockerVersion, wanted: DockerStorageDriver) -> None:
    """A driver that is asked for is taken as it is, or refused for the one reason that there is."""
    ground, build = GROUNDS[name], BUILDS[version]
    assert choose(ground, build, wanted) == storage.Choice(wanted.value)
    message, hint = refusal(ground, version, wanted)
    if not has(version, wanted):
        assert message == f"Docker {build.number} has no storage driver {wanted.value}."
        assert hint == f"It has: {', '.join(driver.value for driver in build.drivers)}"
    elif stands_on(name, wanted):
        assert (message, hint) == ALLOWED
    else:
        place = f"{ground.file_system}, which the engine's volumes are on"
        assert message == f"The storage driver {wanted.value} cannot be on {place}."
        assert hint.endswith("volume of another file system: --custom-volume SOURCE:/var/lib/docker")
        # On a disk of the user's own it can be for all that the engine tells.
        assert refusal(ground, version, wanted, own_disk=True) == ALLOWED


@pytest.mark.parametrize("own_disk", [False, True])
@pytest.mark.parametrize("version", list(BUILDS))
def test_auto_and_nothing_are_never_refused(version: DockerVersion, own_disk: bool) -> None:
    for ground, wanted in itertools.product(GROUNDS.values(), (None, AUTO)):
        check_driver(ground, BUILDS[version], wanted, own_disk=own_disk, own_kernel=True)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Below this path, a kernel is described that has overlay and btrfs."""
    monkeypatch.setattr(storage, "FILE_SYSTEMS", tmp_path / "filesystems")
    monkeypatch.setattr(storage, "MODULES", tmp_path / "modules")
    (tmp_path / "filesystems").write_text("nodev\tsysfs\nnodev\toverlay\n\text4\n\tbtrfs\n", encoding="ascii")
    return tmp_path


@pytest.mark.parametrize("wanted", [BTRFS, OVERLAY, OVERLAY_2, VFS])
@pytest.mark.usefixtures("kernel")
def test_what_the_kernel_has(wanted: DockerStorageDriver) -> None:
    assert refusal(GROUNDS["overlay2 on btrfs"], DockerVersion.v20_10, wanted, kernel=True) == ALLOWED


@pytest.mark.parametrize("own_disk", [False, True])
@pytest.mark.parametrize("wanted", [BTRFS, OVERLAY, OVERLAY_2])
def test_what_the_kernel_lacks(kernel: Path, wanted: DockerStorageDriver, own_disk: bool) -> None:
    (kernel / "filesystems").write_text("nodev\tsysfs\n\text4\n", encoding="ascii")
    ground, version = GROUNDS["overlay2 on btrfs"], DockerVersion.v20_10
    refused = refusal(ground, version, wanted, own_disk=own_disk, kernel=True)
    assert refused == (
        f"The kernel of the engine's host has no {wanted.value}.",
        "Use auto, or leave the storage driver out.",
    )
    # Of the kernel of another machine nothing is known.
    assert refusal(ground, version, wanted, own_disk=own_disk) == ALLOWED
    assert refusal(ground, version, VFS, own_disk=own_disk, kernel=True) == ALLOWED


@pytest.mark.usefixtures("kernel")
def test_aufs_is_in_hardly_any_kernel() -> None:
    message, _ = refusal(GROUNDS["ext4"], DockerVersion.v20_10, AUFS, kernel=True)
    why = "it was never part of Linux, and distributions gave it up"
    assert message == f"The kernel of the engine's host has no aufs: {why}."


def test_a_kernel_with_a_module_that_is_not_loaded(kernel: Path) -> None:
    module = kernel / "modules" / "6.1.0" / "kernel" / "fs" / "aufs" / "aufs.ko.xz"
    module.parent.mkdir(parents=True)
    module.touch()
    assert refusal(GROUNDS["ext4"], DockerVersion.v20_10, AUFS, kernel=True) == ALLOWED


@pytest.mark.parametrize("below", ["overlayfs", "overlay", "ecryptfs", "aufs", "nfs", "fuse"])
def test_no_overlay_on_what_holds_none(below: str) -> None:
    ground = Ground("overlay2", below)
    for wanted in (OVERLAY, OVERLAY_2):
        message, _ = refusal(ground, DockerVersion.v20_10, wanted)
        assert message.startswith(f"The storage driver {wanted.value} cannot be on {below}, ")
    assert choose(Ground("overlayfs", below), BUILDS[DockerVersion.v20_10], AUTO).driver == "vfs"


def test_zfs_holds_overlays_since_its_version_2_2_which_is_not_told() -> None:
    assert refusal(GROUNDS["zfs"], DockerVersion.v20_10, OVERLAY_2) == ALLOWED
    assert choose(GROUNDS["zfs"], BUILDS[DockerVersion.v20_10], AUTO).driver == "vfs"
