"""Where what images are made of comes from: whatever users give, only `UsageError` tells them that it cannot be."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dcos_docker_cli.backends.docker.images.sources import NOWHERE_ELSE, Sources
from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.docker_versions import DockerVersion
from dcos_docker_cli.exceptions import UsageError
from dcos_docker_cli.lifecycle.images import tags_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEBIAN, STATIC = Distribution.DEBIAN_12, DockerVersion.v20_10
MODES = ["w", "w:gz", "w:bz2", "w:xz"]
URLS = [
    "http://mirror.example",
    "http://mirror.example/debian/",
    "https://mirror.example:8443/a/b-c_d.e~f",
    "http://127.0.0.1:1234",
    "http://[::1]:80/debian",
    "HTTP://mirror.example",
]
NO_URLS = [
    "mirror.example",
    "/var/www/debian",
    "ftp://mirror.example/debian",
    "file:///var/www/debian",
    "http:/mirror.example",
    "http://",
    "http:///debian",
    "http://mirror.example:x/",
    "http://mirror.example:0/",
    "http://mirror.example:70000/",
    "http://[::1",
    "http://mirror.example/a b",
    "http://mirror.example/\n",
    "http://mirror.example/'",
    'http://mirror.example/"',
    "http://mirror.example/`id`",
    "http://mirror.example/$(id)",
    "http://mirror.example/a|b",
    "http://mirror.example/a&b",
    "http://mirror.example/a\\b",
    "http://mirror.example/\x1b[31m",
    "http://mirror.example/\x7f",
]


def packed(mode: str = "w:gz", names: tuple[str, ...] = ("docker/docker", "docker/dockerd")) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:  # type: ignore[call-overload]
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(CONTENT)
            tar.addfile(member, io.BytesIO(CONTENT))
    return buffer.getvalue()


CONTENT = os.urandom(20_000)  # so that its compressed form is long too
WHOLE = {mode: packed(mode) for mode in MODES}


@pytest.fixture
def tarball(tmp_path: Path) -> Callable[[bytes], str]:
    """Writes a file; returns its path."""

    def write(content: bytes) -> str:
        path = tmp_path / "docker.tgz"
        path.write_bytes(content)
        return str(path)

    return write


@contextmanager
def written(content: bytes | bytearray) -> Iterator[Path]:
    """Have a file within the block; fixtures would be the same for all examples of a test."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        yield Path(file.name)


def why(
    sources: Sources, distribution: Distribution = DEBIAN, version: DockerVersion = DockerVersion.DISTRIBUTION
) -> str:
    """Return why it cannot be; nothing when it can."""
    try:
        sources.check(distribution, version)
    except UsageError as error:
        said = error.message
    else:
        return ""
    assert said
    assert "\n" not in said
    return said


@pytest.mark.parametrize("distribution", Distribution)
def test_nothing_given_is_always_fine(distribution: Distribution) -> None:
    for version in DockerVersion:
        assert why(NOWHERE_ELSE, distribution, version) == ""


@pytest.mark.parametrize("url", URLS)
def test_mirrors(url: str) -> None:
    assert why(Sources(package_mirror=url)) == ""
    assert why(Sources(docker_mirror=url), version=STATIC) == ""


@pytest.mark.parametrize("url", NO_URLS)
def test_no_mirrors(url: str) -> None:
    """It goes into the configuration of package managers, through a shell and sed."""
    shown = url if url.isprintable() else ascii(url)[1:-1]
    assert why(Sources(package_mirror=url)) == f'"{shown}" is no URL of a package mirror.'
    assert why(Sources(docker_mirror=url), version=STATIC) == f'"{shown}" is no URL of a Docker mirror.'


@given(st.text())
@example("http://a/\x00")
@example("http://a\u2100b/")  # what urlsplit itself raises an error for
def test_any_text_as_a_mirror(url: str) -> None:
    for text in (url, f"http://{url}", f"http://mirror.example/{url}"):
        said = why(Sources(package_mirror=text))
        if not said and text:
            assert text.isprintable()
            assert not set(text) & set(" '\"`$\\|&")


@given(image=st.text(), mirror=st.text(), docker_mirror=st.text(), tarball=st.text())
def test_any_text_anywhere(image: str, mirror: str, docker_mirror: str, tarball: str) -> None:
    sources = Sources(image, None, mirror, docker_mirror, tarball)
    for distribution in (DEBIAN, Distribution.FLATCAR):
        for version in (STATIC, DockerVersion.DISTRIBUTION):
            with contextlib.suppress(UsageError):
                sources.check(distribution, version)


@given(name=st.text(min_size=1).filter(lambda name: "/" not in name))
@example("a\0b")
@example("x" * 5000)
@example("\udcff")  # as Python has bytes of a path that are no text
@example("x\ny")
def test_any_path(name: str) -> None:
    path = Path("/nowhere/there") / name
    for sources in (Sources(base_rootfs=path), Sources(docker_tarball=str(path))):
        with pytest.raises(UsageError):
            sources.check(DEBIAN, STATIC)
    with pytest.raises(UsageError):
        tags_in(path)


@pytest.mark.parametrize("mode", MODES)
def test_tarball(mode: str, tarball: Callable[[bytes], str]) -> None:
    path = tarball(WHOLE[mode])
    assert why(Sources(docker_tarball=path), version=STATIC) == ""
    assert why(Sources(base_rootfs=Path(path))) == ""


@pytest.mark.parametrize("name", ["./docker/docker", "docker/docker"])
def test_tarball_that_was_packed_in_another_way(name: str, tarball: Callable[[bytes], str]) -> None:
    assert why(Sources(docker_tarball=tarball(packed(names=(name, "docker/runc")))), version=STATIC) == ""


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ((), "it has no docker/docker"),
        (("docker/dockerd",), "it has no docker/docker"),
        (("docker",), "it has no docker/docker"),
        (("docker/docker", "etc/passwd"), "it has etc/passwd"),
        (("docker/docker", "/etc/passwd"), "it has /etc/passwd"),
        (("docker/docker", "../etc/passwd"), "it has ../etc/passwd"),
        (("docker/docker", "docker/../../etc/passwd"), "it has docker/../../etc/passwd"),
        (("docker/docker", "docker/.."), "it has docker/.."),
        (("docker/docker", "dockers/docker"), "it has dockers/docker"),
    ],
)
def test_no_tarball_of_docker(names: tuple[str, ...], reason: str, tarball: Callable[[bytes], str]) -> None:
    path = tarball(packed(names=names))
    assert why(Sources(docker_tarball=path), version=STATIC) == f"{path} is no tarball of Docker: {reason}."


@given(data=st.data(), mode=st.sampled_from(MODES))
@settings(max_examples=300)
def test_damaged_tarballs(data: st.DataObject, mode: str) -> None:
    """With other bytes in it or cut short, it is refused, or it is whole still; nothing else is raised."""
    content = bytearray(WHOLE[mode])
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    content = content[: data.draw(st.just(len(content)) | st.integers(0, len(content)))]
    with written(content) as path:
        why(Sources(docker_tarball=str(path)), version=STATIC)
        why(Sources(base_rootfs=path))
        with pytest.raises(UsageError):
            tags_in(path)


@pytest.mark.parametrize("mode", MODES[1:])
@given(data=st.data())
def test_one_wrong_byte_in_what_is_compressed(mode: str, data: st.DataObject) -> None:
    """It is found, however late the sum comes with which it is compared."""
    content = bytearray(WHOLE[mode])
    content[data.draw(st.integers(len(content) // 10, len(content) * 9 // 10))] ^= data.draw(st.integers(1, 255))
    with written(content) as path:
        said = why(Sources(docker_tarball=str(path)), version=STATIC)
        assert said.startswith(f"{path} cannot be read as a tarball: ")


@given(st.binary())
@example(b"\x1f\x8b")
@example(b"BZh9")
@example(b"\xfd7zXZ\x00")
@example(b"\0" * 512)
@example(b"\0" * 10240)
@example(gzip.compress(b""))
@example(gzip.compress(b"\0" * 10240))
def test_garbage_is_no_tarball(content: bytes) -> None:
    with written(content) as path:
        assert why(Sources(docker_tarball=str(path)), version=STATIC)
        assert why(Sources(base_rootfs=path))
        with pytest.raises(UsageError):
            tags_in(path)


@pytest.mark.parametrize("mode", MODES)
def test_truncated_tarballs_are_found(mode: str, tarball: Callable[[bytes], str]) -> None:
    whole = WHOLE[mode]
    for part in (0.02, 0.3, 0.5, 0.7):
        path = tarball(whole[: int(len(whole) * part)])
        assert why(Sources(docker_tarball=path), version=STATIC).startswith(f"{path} cannot be read as a tarball: ")


def test_a_directory_is_no_tarball(tmp_path: Path) -> None:
    assert why(Sources(docker_tarball=str(tmp_path)), version=STATIC) == f"{tmp_path} is not a file."
    assert why(Sources(base_rootfs=tmp_path)) == f"{tmp_path} is not a file."


def test_a_pipe_is_no_tarball(tmp_path: Path) -> None:
    """It would be gone when it has been looked at; one without a writer would never end."""
    os.mkfifo(tmp_path / "pipe")
    assert why(Sources(base_rootfs=tmp_path / "pipe")) == f"{tmp_path / 'pipe'} is not a file."


def test_both_bases(tmp_path: Path) -> None:
    assert why(Sources("debian:12", tmp_path)) == "A base is an image or a root file system, not both."


@pytest.mark.parametrize("distribution", Distribution)
def test_mirrors_of_what_has_none(distribution: Distribution) -> None:
    is_vendor = distribution in (Distribution.COREOS, Distribution.FLATCAR)
    refused = f"{distribution.value} has no packages, and so no mirror of them." if is_vendor else ""
    assert why(Sources(package_mirror="http://m"), distribution) == refused
    own_packages = distribution.value.startswith(("debian", "ubuntu"))
    message = "A mirror or a tarball of Docker is for a static build, and nodes of {} get the Docker of its packages."
    refused = message.format(distribution.value) if own_packages else ""
    for sources in (Sources(docker_mirror="http://m"), Sources(docker_tarball="http://m/docker.tgz")):
        assert why(sources, distribution) == refused
        assert why(sources, distribution, STATIC) == ""


@pytest.mark.parametrize(
    "name",
    [
        "debian",
        "debian:12",
        "debian:bookworm-slim",
        "library/debian:12",
        "registry.example:5000/os/debian_base:12.1-x",
        "127.0.0.1:5000/debian:12",
        "localhost/a/b/c",
        "[::1]:5000/debian",
        "REGISTRY.example/debian",
        "debian@sha256:" + "0" * 64,
        "quay.io/rockylinux/rockylinux:8@sha256:" + "a" * 64,
        "sha256:" + "0" * 64,
    ],
)
def test_names_of_images(name: str) -> None:
    assert why(Sources(base_image=name)) == ""


@pytest.mark.parametrize(
    "name", ["a b", "-x", "debian:", ":12", "debian:12:13", "Debian:12", "http://debian", "a/", "$(x)", "a\n"]
)
def test_no_names_of_images(name: str) -> None:
    assert why(Sources(base_image=name)) == f"{name!r} is no name of an image."


@given(st.text())
def test_any_text_as_a_name_of_an_image(name: str) -> None:
    if why(Sources(base_image=name)) == "":
        assert name.isascii()
        assert not set(name) & set(" \t\n'\"`$\\|&?#%")


@pytest.mark.parametrize("url", ["ftp://server/docker.tgz", "://", "s3://bucket/docker.tgz"])
def test_what_cannot_be_downloaded(url: str) -> None:
    assert why(Sources(docker_tarball=url), version=STATIC) == f'"{url}" cannot be downloaded.'


@pytest.mark.parametrize(
    "sources",
    [
        Sources(package_mirror="http://user:secret@mirror.example/debian"),
        Sources(docker_mirror="http://user:secret@mirror.example/docker"),
        Sources(docker_tarball="http://user:secret@mirror.example/docker.tgz"),
    ],
)
def test_a_password_would_stay_in_the_image(sources: Sources) -> None:
    with pytest.raises(UsageError, match="A URL with a password in it cannot be used") as caught:
        sources.check(Distribution.DEBIAN_12, DockerVersion.v20_10)
    assert "secret" not in str(caught.value)


def test_docker_comes_from_one_place() -> None:
    sources = Sources(docker_mirror="http://mirror.example", docker_tarball="http://mirror.example/docker.tgz")
    with pytest.raises(UsageError, match="a mirror or a tarball, not both"):
        sources.check(Distribution.DEBIAN_12, DockerVersion.v20_10)
