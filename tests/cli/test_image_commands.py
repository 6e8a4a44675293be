"""What the commands for node images refuse before an engine is contacted, to the letter."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.support.program import Result, at, dcos_docker
from tests.support.terminal import OnTerminal, plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOWHERE = at("tcp://127.0.0.1:1")
"""Nothing listens there: a program that looked for the engine would end with 125."""
EXPORT_ONE = "Next: Make one where there is a node image: dcos-docker image export FILE\n"
CUT_GZ = b"\x1f\x8b"
FORM = "Next: It must be one of Docker's static builds, docker-VERSION.tgz, whose files are below docker/.\n"
MIRROR_FORM = "Next: Write it as in: https://mirror.example/debian\n"
VERSIONS = "1.11.2|1.13.1|17.12.1-ce|18.06.3-ce|19.03|20.10|24|26|28"
NOT_A_STATIC_BUILD = (
    "A mirror or a tarball of Docker is for a static build, and nodes of debian-12 get the Docker of its packages.\n"
    f"Next: Say which static build it is to be instead: --docker-version {VERSIONS}\n"
)
BUILD_EXAMPLE = "Example: dcos-docker image build --linux-distribution debian-11\n"


def tar(members: dict[str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def saved(*tags: str) -> bytes:
    """Return a file in the form of `docker save`."""
    manifest = json.dumps([{"Config": "abc.json", "RepoTags": list(tags), "Layers": ["abc/layer.tar"]}])
    layer = tar({"etc/os-release": b"ID=debian\n"})
    return tar({"abc.json": b"{}", "abc/layer.tar": layer, "manifest.json": manifest.encode()})


OURS = saved("dcos-docker/node:debian-12-0123456789ab")
NOT_IMAGES = {
    "a text": (b"to do: export the image\n", " cannot be read as a file of images: it is none, or damaged."),
    "empty": (b"", " cannot be read as a file of images: it is none, or damaged."),
    "zeros": (b"\0" * 10240, " is not what `image export` writes: no node image is in it."),
    "an empty tar": (tar({}), " is not what `image export` writes: no node image is in it."),
    "an empty gz": (gzip.compress(b""), " cannot be read as a file of images: it is none, or damaged."),
    "truncated": (OURS[:4000], " cannot be read as a file of images: it is cut short."),
    "truncated gz": (
        gzip.compress(OURS, 0)[:4000],
        " cannot be read as a file of images: it is cut short.",
    ),
    "a root": (tar({"etc/os-release": b""}), " is not what `image export` writes: no node image is in it."),
    "another image": (saved("debian:12"), " is not what `image export` writes: it has debian:12."),
    "another gz": (gzip.compress(saved("debian:12")), " is not what `image export` writes: it has debian:12."),
    "another beside ours": (
        saved("dcos-docker/node:x", "dcos-docker/nodes:y"),
        " is not what `image export` writes: it has dcos-docker/nodes:y.",
    ),
    "an image without a tag": (saved(), " is not what `image export` writes: no node image is in it."),
    **{
        f"the manifest {text}": (
            tar({"manifest.json": text.encode(errors="surrogateescape")}),
            " cannot be read as a file of images: its manifest is not one of images.",
        )
        for text in ("{", "1", '{"a": 1}', "[1]", "null", '[{"RepoTags": 1}]', "\udcff")
    },
}


def outcome(*args: str | Path, stdin: bytes | None = None, **env: str) -> tuple[int, str, str]:
    result: Result = dcos_docker("image", *args, env={**NOWHERE, **env}, stdin=stdin)
    assert "Traceback" not in result.stderr
    return result.code, result.stdout, result.stderr


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], Path]:
    """Writes a file."""

    def write(content: bytes) -> Path:
        path = tmp_path / "given"
        path.write_bytes(content)
        return path

    return write


# All of them


@pytest.mark.parametrize(
    ("command", "args"),
    [("list", []), ("build", []), ("export", ["-"]), ("import", ["-"]), ("remove", ["x"])],
)
def test_no_engine(command: str, args: list[str]) -> None:
    code, stdout, stderr = outcome(command, *args, stdin=OURS)
    assert (code, stdout) == (125, "")
    assert "Error: No Docker engine answers at tcp://127.0.0.1:1 (from DOCKER_HOST).\n" in stderr


@pytest.mark.parametrize(
    ("args", "form", "message", "example"),
    [
        (["list", "-o", "xml"], "list [OPTIONS]",
         "Invalid value for '-o' / '--output': 'xml' is not one of 'table', 'names', 'json', 'yaml'.",
         "list --output json"),
        (["export"], "export [OPTIONS] FILE", "Missing argument 'FILE'.", "export node.tar"),
        (["export", "a", "b"], "export [OPTIONS] FILE", "Got unexpected extra argument (b)", "export node.tar"),
        (["import"], "import [OPTIONS] FILE", "Missing argument 'FILE'.", "import node.tar"),
        (["remove"], "remove [OPTIONS] IMAGE...", "Missing argument 'IMAGE...'.",
         "remove $(dcos-docker image list)"),
        (["build", "debian-12"], "build [OPTIONS]", "Got unexpected extra argument (debian-12)",
         "build --linux-distribution debian-11"),
        (["build", "--docker-version", "21"], "build [OPTIONS]",
         "Invalid value for '--docker-version': '21' is not one of 'distribution', '1.11.2', '1.13.1', '17.12.1-ce', "
         "'18.06.3-ce', '19.03', '20.10', '24', '26', '28'.",
         "build --linux-distribution debian-11"),
    ],
)  # fmt: skip
def test_usage(args: list[str], form: str, message: str, example: str) -> None:
    form = f"Usage: dcos-docker image {form}\nTry 'dcos-docker image {args[0]} --help' for help.\n"
    assert outcome(*args) == (2, "", f"{form}\nError: {message}\nExample: dcos-docker image {example}\n")


def test_no_such_command() -> None:
    code, stdout, stderr = outcome("frobnicate")
    assert (code, stdout) == (2, "")
    assert stderr.endswith("\nError: No such command 'frobnicate'.\n")


# export


def test_export_to_a_terminal() -> None:
    with OnTerminal("image", "export", "-", env=NOWHERE, columns=200) as terminal:
        assert terminal.end() == 2
        said = plain(terminal.seen)
    assert "\nError: An image is nothing for a terminal: give a FILE, or pipe it somewhere.\n" in said


def test_export_to_no_place(tmp_path: Path) -> None:
    missing = tmp_path / "none" / "node.tar"
    wanted = f"Error: There is no directory {missing.parent}.\nNext: mkdir -p {missing.parent}\n"
    code, stdout, stderr = outcome("export", missing)
    assert (code, stdout, stderr[-len(wanted) :]) == (2, "", wanted)
    wanted = f"Error: {tmp_path} is a directory.\nNext: Name a file in it: {tmp_path}/node.tar\n"
    code, stdout, stderr = outcome("export", tmp_path)
    assert (code, stdout, stderr[-len(wanted) :]) == (2, "", wanted)


# import


def test_import_from_a_terminal() -> None:
    with OnTerminal("image", "import", "-", env=NOWHERE, columns=200) as terminal:
        assert terminal.end() == 2
        said = plain(terminal.seen)
    assert "\nError: An image does not come from a terminal: give a FILE, or pipe one in.\n" in said


@pytest.mark.parametrize("what", NOT_IMAGES)
def test_import_of_something_else(what: str, file: Callable[[bytes], Path]) -> None:
    content, message = NOT_IMAGES[what]
    path = file(content)
    assert outcome("import", path) == (2, "", f"Error: {path}{message}\n{EXPORT_ONE}")
    assert outcome("import", "-", stdin=content) == (2, "", f"Error: standard input{message}\n{EXPORT_ONE}")


def test_import_of_no_file(tmp_path: Path) -> None:
    assert outcome("import", tmp_path / "x") == (2, "", f"Error: There is no file {tmp_path / 'x'}.\n")
    assert outcome("import", tmp_path) == (2, "", f"Error: {tmp_path} is not a file.\n")
    assert outcome("import", "/dev/null") == (2, "", "Error: /dev/null is not a file.\n")
    assert outcome("import", "") == (2, "", "Error: . is not a file.\n")
    (tmp_path / "x").write_text("")
    path = tmp_path / "x" / "y"
    message = f"Error: {path} cannot be read as a file of images: Not a directory.\n{EXPORT_ONE}"
    assert outcome("import", path) == (2, "", message)


def test_what_came_from_a_pipe_is_removed(tmp_path: Path) -> None:
    for content in (OURS, b"text"):
        outcome("import", "-", stdin=content, TMPDIR=str(tmp_path))
        assert list(tmp_path.iterdir()) == []


# build


@pytest.mark.parametrize("option", ["--package-mirror", "--docker-mirror"])
@pytest.mark.parametrize(
    "url",
    [
        "mirror.example",
        "ftp://mirror.example",
        "http://",
        "http://mirror.example/a b",
        "http://mirror.example/'x'",
        'http://mirror.example/"x"',
        "http://mirror.example/$(x)",
        "http://mirror.example/`x`",
        "http://mirror.example|x",
        "http://mirror.example:http/",
    ],
)
def test_mirror(option: str, url: str) -> None:
    name = "package" if option == "--package-mirror" else "Docker"
    wanted = f'Error: "{url}" is no URL of a {name} mirror.\n{MIRROR_FORM}'
    assert outcome("build", option, url, "--docker-version", "20.10") == (2, "", wanted)


def test_mirror_with_what_a_terminal_obeys() -> None:
    wanted = f'Error: "http://m/\\n\\x1b[31m" is no URL of a package mirror.\n{MIRROR_FORM}'
    assert outcome("build", "--package-mirror", "http://m/\n\x1b[31m") == (2, "", wanted)


def test_package_mirror_of_what_has_no_packages() -> None:
    wanted = "Error: flatcar has no packages, and so no mirror of them.\n"
    args = ("--linux-distribution", "flatcar", "--package-mirror", "http://mirror.example")
    assert outcome("build", *args) == (2, "", wanted)


def test_both_bases(file: Callable[[bytes], Path]) -> None:
    root = file(tar({"etc/os-release": b""}))
    wanted = "Error: A base is an image or a root file system, not both.\n"
    assert outcome("build", "--base-image", "debian:12", "--base-rootfs", root) == (2, "", wanted)


@pytest.mark.parametrize("name", ["a b", "-x", "Debian:12", "http://debian", "$(x)"])
def test_base_image(name: str) -> None:
    wanted = f"Error: '{name}' is no name of an image.\nNext: Write it as in: debian:bookworm-slim\n"
    assert outcome("build", f"--base-image={name}") == (2, "", wanted)


@pytest.mark.parametrize("content", [b"", b"a text\n", CUT_GZ, b"PK\x03\x04"])
def test_base_rootfs_that_is_none(content: bytes, file: Callable[[bytes], Path]) -> None:
    path = file(content)
    reason = "it is cut short" if content == CUT_GZ else "it is none, or damaged"
    wanted = f"Error: {path} cannot be read as a tar: {reason}.\nNext: Make one: mmdebstrap bookworm root.tar\n"
    assert outcome("build", "--base-rootfs", path) == (2, "", wanted)


def test_base_rootfs_that_is_empty(file: Callable[[bytes], Path]) -> None:
    path = file(tar({}))
    assert outcome("build", "--base-rootfs", path) == (2, "", f"Error: {path} is an empty tar.\n")


def test_missing_files(tmp_path: Path) -> None:
    path = tmp_path / "none.tar"
    wanted = (2, "", f"Error: There is no file {path}.\n")
    assert outcome("build", "--base-rootfs", path) == wanted
    assert outcome("build", "--docker-version", "20.10", "--docker-tarball", path) == wanted


@pytest.mark.parametrize("option", ["--docker-mirror", "--docker-tarball"])
def test_docker_without_a_version(option: str) -> None:
    wanted = f"Error: {NOT_A_STATIC_BUILD}"
    assert outcome("build", option, "https://mirror.example/docker.tgz") == (2, "", wanted)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a text\n", "cannot be read as a tarball: it is none, or damaged"),
        (b"", "cannot be read as a tarball: it is none, or damaged"),
        (tar({}), "is no tarball of Docker: it has no docker/docker"),
        (tar({}, "w:gz"), "is no tarball of Docker: it has no docker/docker"),
        (tar({"docker/dockerd": b""}), "is no tarball of Docker: it has no docker/docker"),
        (tar({"docker/docker": b"", "etc/passwd": b""}), "is no tarball of Docker: it has etc/passwd"),
        (tar({"docker/docker": b"", "docker/../x": b""}), "is no tarball of Docker: it has docker/../x"),
        (tar({"docker/docker": b"x" * 9000})[:5000], "cannot be read as a tarball: it is cut short"),
        (gzip.compress(tar({"docker/docker": b"x" * 9000}), 0)[:5000],
         "cannot be read as a tarball: it is cut short"),
    ],
)  # fmt: skip
def test_docker_tarball(content: bytes, message: str, file: Callable[[bytes], Path]) -> None:
    path = file(content)
    wanted = f"Error: {path} {message}.\n{FORM}"
    assert outcome("build", "--docker-version", "20.10", "--docker-tarball", path) == (2, "", wanted)


def test_docker_tarball_of_a_url_that_is_none() -> None:
    wanted = (
        'Error: "ftp://mirror.example/docker.tgz" cannot be downloaded.\n'
        "Next: A URL begins with http:// or https://; a file's path has no :// in it.\n"
    )
    args = ("--docker-version", "20.10", "--docker-tarball", "ftp://mirror.example/docker.tgz")
    assert outcome("build", *args) == (2, "", wanted)


def test_variables_are_checked_too() -> None:
    assert outcome("build", DCOS_DOCKER_IMAGE_BUILD_PACKAGE_MIRROR="mirror.example")[:2] == (2, "")
    code, _, stderr = outcome("build", DCOS_DOCKER_IMAGE_BUILD_DOCKER_VERSION="21")
    assert code == 2
    assert f"The value is that of the variable DCOS_DOCKER_IMAGE_BUILD_DOCKER_VERSION.\n{BUILD_EXAMPLE}" in stderr
