"""What node images are made of: their tags tell of it, and their scripts are shell."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dcos_docker_cli
from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker.images import recipe
from dcos_docker_cli.backends.docker.images.builder import Build, _settings, image_labels
from dcos_docker_cli.backends.docker.images.descriptions import DESCRIPTIONS, Description, Family
from dcos_docker_cli.backends.docker.images.docker_builds import BUILDS
from dcos_docker_cli.backends.docker.images.recipe import archive, node_image, node_recipe
from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.docker_versions import DockerVersion

if TYPE_CHECKING:
    from collections.abc import Callable

ALL = [(distribution, version) for distribution in Distribution for version in DockerVersion]
OWN = DockerVersion.DISTRIBUTION
TAG = re.compile(r"dcos-docker/node:[a-z0-9][a-z0-9.-]{0,127}")
"""As registries and engines have it, without what would need quoting."""
OF_THE_IMAGE = {
    "components": "main contrib",
    "docker_packages": ("docker.io", "more"),
    "locale": "de_DE.UTF-8",
    "os_release": "debian 99",
    "packages": ("bash",),
    "sshd": "dropbear.service",
    "suite": "sid",
}
NOT_OF_THE_IMAGE = {"bases": ("debian:new",), "cgroups": frozenset({1}), "docker": DockerVersion.v28, "systemd": 300}
"""Which base it is built on does not count, nor does what only says where it boots."""
OF_RPM_ALONE = {"base_url": "http://b/", "mirror_list": "http://m/", "place": "/p", "vault": "http://v"}


def scripts() -> dict[bytes, str]:
    """Return all scripts, by content, with the tag of the first image that each makes."""
    found: dict[bytes, str] = {}
    for distribution, version in ALL:
        made = node_recipe(distribution, version)
        found.setdefault(made.script, made.tag)
    return found


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The scripts and files of images, in a place where they can be changed."""
    for name in ("scripts", "rootfs"):
        shutil.copytree(recipe.HERE / name, tmp_path / name)
    monkeypatch.setattr(recipe, "HERE", tmp_path)
    return tmp_path


# Tags


def test_tags() -> None:
    tags = [node_image(*one) for one in ALL]
    assert len(set(tags)) == len(ALL)
    for (distribution, version), tag in zip(ALL, tags, strict=True):
        assert TAG.fullmatch(tag)
        docker = "" if version is OWN else f"-docker-{version.value}"
        assert re.fullmatch(rf"dcos-docker/node:{distribution.value}{docker}-[0-9a-f]{{12}}", tag)
        assert node_recipe(distribution, version).digest.startswith(tag.rpartition("-")[2])


@pytest.mark.usefixtures("copied")
def test_same_content_elsewhere_has_the_same_tags() -> None:
    here = [node_image(*one) for one in ALL]
    recipe.HERE = Path(recipe.__file__).parent  # the fixture puts it back
    assert here == [node_image(*one) for one in ALL]


def test_another_installation_has_the_same_tags(tmp_path: Path) -> None:
    """As another user's, installed by another program with other modes, and with compiled modules beside the files."""
    package = Path(dcos_docker_cli.__file__).parent
    shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (tmp_path / package.name).rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700 if path.is_dir() or path.suffix != ".py" else 0o444)
    rootfs = tmp_path / package.name / "backends" / "docker" / "images" / "rootfs"
    (rootfs / "__pycache__").mkdir()
    (rootfs / "__pycache__" / "x.cpython-310.pyc").touch()
    show = (
        "import dcos_docker_cli; print(dcos_docker_cli.__file__)\n"
        "from dcos_docker_cli.backends.docker.images.recipe import node_image as tag\n"
        "from dcos_docker_cli.distributions import Distribution as D\n"
        "from dcos_docker_cli.docker_versions import DockerVersion as V\n"
        "print(*[tag(d, v) for d in D for v in V], sep='\\n')\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", show],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert shown == [str(tmp_path / package.name / "__init__.py"), *(node_image(*one) for one in ALL)]


def test_every_script_counts(copied: Path) -> None:
    before = {one: node_image(*one) for one in ALL}
    for path in sorted((copied / "scripts").iterdir()):
        text = path.read_text(encoding="utf-8")
        path.write_text(text + "# more\n", encoding="utf-8")
        changed = {one for one in ALL if node_image(*one) != before[one]}
        assert changed == {one for one in ALL if _uses(path.stem, *one)}, path.name
        path.write_text(text, encoding="utf-8")
    assert before == {one: node_image(*one) for one in ALL}


def _uses(script: str, distribution: Distribution, version: DockerVersion) -> bool:
    if script == "docker":
        return node_recipe(distribution, version).static is not None
    return script in ("begin", "end", DESCRIPTIONS[distribution].family.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "etc" / "ssh" / "sshd_config").write_bytes(b"# other\n"),
        lambda root: (root / "etc" / "ssh" / "sshd_config").unlink(),
        lambda root: (root / "etc" / "ssh" / "sshd_config").rename(root / "etc" / "sshd_config"),
        lambda root: (root / "etc" / "new").touch(),
    ],
    ids=["content", "missing", "moved", "new"],
)
def test_every_file_counts(copied: Path, change: Callable[[Path], object]) -> None:
    before = [node_image(*one) for one in ALL]
    change(copied / "rootfs")
    assert not set(before) & {node_image(*one) for one in ALL}


@pytest.mark.parametrize("name", [field.name for field in fields(Description)])
def test_which_fields_of_a_description_count(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    distribution = Distribution.ROCKY_8 if name in OF_RPM_ALONE else Distribution.DEBIAN_12
    before = node_image(distribution), node_image(distribution, DockerVersion.v20_10)
    new: dict[str, Any] = {**OF_THE_IMAGE, **NOT_OF_THE_IMAGE, **OF_RPM_ALONE, "family": Family.VENDOR}
    monkeypatch.setitem(DESCRIPTIONS, distribution, replace(DESCRIPTIONS[distribution], **{name: new[name]}))
    own, static = node_image(distribution), node_image(distribution, DockerVersion.v20_10)
    assert (own != before[0]) == (name not in NOT_OF_THE_IMAGE)
    # With a static build, the packages of the distribution's Docker are not in the image.
    assert (static != before[1]) == (name not in (*NOT_OF_THE_IMAGE, "docker_packages"))


@pytest.mark.parametrize("name", ["INIT", "STOP_SIGNAL"])
def test_the_configuration_counts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = [node_image(*one) for one in ALL]
    value = getattr(recipe, name)
    monkeypatch.setattr(recipe, name, (*value, "quiet") if isinstance(value, tuple) else "SIGPWR")
    assert not set(before) & {node_image(*one) for one in ALL}


@pytest.mark.parametrize(("distribution", "version"), ALL)
def test_labels_tell_what_it_is(distribution: Distribution, version: DockerVersion) -> None:
    made = node_recipe(distribution, version)
    decoded = labels.decode(image_labels(made, Build("sha256:abc", origin="root.tar (SHA-256 123456789abc)")))
    assert (decoded.kind, decoded.distribution, decoded.docker_version, decoded.base) == (
        labels.Kind.IMAGE,
        distribution.value,
        version.value,
        "root.tar (SHA-256 123456789abc)",
    )
    assert image_labels(made, Build("debian:12"))[labels.BASE_KEY] == "debian:12"


# Scripts


@pytest.mark.parametrize("shell", [["sh"], ["dash"], ["bash", "--posix"]], ids=" ".join)
@pytest.mark.parametrize("script", [pytest.param(script, id=tag) for script, tag in scripts().items()])
def test_scripts_are_shell(script: bytes, shell: list[str]) -> None:
    """Debian's /bin/sh is dash, that of CentOS and Flatcar is bash."""
    if not shutil.which(shell[0]):
        pytest.skip(f"there is no {shell[0]} here")
    checked = subprocess.run([*shell, "-n"], input=script, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")


def test_shellcheck_finds_nothing_in_scripts(tmp_path: Path) -> None:
    if not shutil.which("shellcheck"):
        pytest.skip("there is no shellcheck here")
    paths = []
    for script, tag in scripts().items():
        paths.append(tmp_path / f"{tag.rpartition(':')[2]}.sh")
        paths[-1].write_bytes(script)
    # SC1091: files of the node, which are not here.
    checked = subprocess.run(
        ["shellcheck", "--exclude=SC1091", *paths], capture_output=True, text=True, check=False, timeout=120
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


@pytest.mark.parametrize(("distribution", "version"), ALL)
def test_a_script_has_all_that_it_names(distribution: Distribution, version: DockerVersion) -> None:
    """`set -u` would only tell during a build, and not in a branch that is not taken."""
    script = node_recipe(distribution, version).script.decode()
    assert script.startswith("#!/bin/sh\n")
    used = set(re.findall(r"(?<!\\)\$\{?([A-Z][A-Z_]+)", script)) - {"MAINPID", "ID", "VERSION_ID"}
    given_ = dict(re.findall(r"^([A-Z_]+)=(.*)$", script.partition("set -eu")[0], re.MULTILINE))
    assert used == set(given_)
    assert [name for name, value in given_.items() if value == "''" and name != "VAULT"] == []


# What a build gets


def test_the_archive_is_roots_and_scripts_can_be_run() -> None:
    made = node_recipe(Distribution.DEBIAN_12)
    packed = archive([("build.sh", made.script), *made.files])
    assert packed == archive([("build.sh", made.script), *made.files])
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        members = {member.name: member for member in tar}
        for name, content in [("build.sh", made.script), *made.files]:
            file = tar.extractfile(name)
            assert file
            assert file.read() == content
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members.values()} == {(0, 0, "", "")}
    scripts_ = {name for name, member in members.items() if member.mode == 0o755}
    assert scripts_ == {"build.sh", "usr/local/sbin/dcos-docker-bootstrap"}
    assert {member.mode for member in members.values()} == {0o755, 0o644}


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)


@given(proxy=WORDS, mirror=WORDS)
def test_settings_are_what_the_shell_reads(proxy: str, mirror: str) -> None:
    told = _settings({"HTTPS_PROXY": proxy, "no_proxy": proxy, "PATH": "/nowhere"}, mirror)
    asked = 'printf "%s\\0" "$package_mirror" "$https_proxy" "$HTTPS_PROXY" "$no_proxy" "$NO_PROXY" "$PATH"\n'
    script = (told + asked).encode()
    shown = subprocess.run(["/bin/sh"], input=script, capture_output=True, check=True, env={"PATH": "p"})
    assert shown.stdout.decode().split("\0") == [mirror.rstrip("/"), *[proxy] * 4, "p", ""]


def test_settings_without_any() -> None:
    assert _settings({}, "") == "package_mirror=''\n"


def test_another_release_of_docker_is_another_image(monkeypatch: pytest.MonkeyPatch) -> None:
    before = node_image(Distribution.DEBIAN_12, DockerVersion.v24)
    newer = replace(BUILDS[DockerVersion.v24], number="24.0.10")
    monkeypatch.setitem(BUILDS, DockerVersion.v24, newer)
    assert node_image(Distribution.DEBIAN_12, DockerVersion.v24) != before
