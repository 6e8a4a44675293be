"""The file that is written: of the kind that the installer contract describes."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from dcos_docker_cli.exceptions import UsageError
from dcos_docker_cli.sample import installer
from dcos_docker_cli.sample.archive import Entry, tar

if TYPE_CHECKING:
    from pathlib import Path


def fake_runtime(*, extra: str = "") -> io.BytesIO:
    files = [Entry("runtime/architecture", b"arm64\n"), Entry("runtime/ld.so", b"ELF", 0o755)]
    return io.BytesIO(tar([*files, *([Entry(f"runtime/{extra}", b"")] if extra else [])]))


def write(path: Path, variant: installer.Variant = "oss", version: str = "2.1.0", extra: str = "") -> bytes:
    runtime = fake_runtime(extra=extra)
    installer.write_sample_installer(path, runtime=runtime, variant=variant, dcos_version=version)
    return path.read_bytes()


def outer_tar(data: bytes) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(data.partition(b"\n#EOF#\n")[2]))


def saved_image(data: bytes) -> tarfile.TarFile:
    with outer_tar(data) as outer:
        (member,) = outer.getmembers()
        stream = outer.extractfile(member)
        assert stream is not None
        return tarfile.open(fileobj=io.BytesIO(stream.read()))


def load(archive: tarfile.TarFile, name: str) -> bytes:
    stream = archive.extractfile(name)
    assert stream is not None
    return stream.read()


def load_json(archive: tarfile.TarFile, name: str) -> Any:
    return json.loads(load(archive, name))


@pytest.mark.parametrize(("variant", "second_line"), [("oss", b"# variant: None"), ("enterprise", b"# variant: ee")])
def test_head(tmp_path: Path, variant: installer.Variant, second_line: bytes) -> None:
    lines = write(tmp_path / "installer.sh", variant).split(b"\n", 10)
    assert lines[0] == b"#!/bin/bash"
    assert lines[1] == second_line
    assert b"It is not DC/OS." in b"".join(lines[:6])


def test_head_is_filled_in(tmp_path: Path) -> None:
    assert b"{{" not in write(tmp_path / "installer.sh").partition(b"\n#EOF#\n")[0]


def test_tar_has_one_member_named_for_commit_and_bootstrap_id(tmp_path: Path) -> None:
    with outer_tar(write(tmp_path / "installer.sh")) as outer:
        assert [member.isfile() for member in outer] == [True]
        prefix, tag, suffix = outer.getnames()[0].split(".")
    assert (prefix, suffix) == ("dcos-genconf", "tar")
    assert [len(part) for part in tag.split("-")] == [18, 18]


def test_image_is_a_docker_save_whose_ids_are_right(tmp_path: Path) -> None:
    data = write(tmp_path / "installer.sh")
    with outer_tar(data) as outer:
        tag = outer.getnames()[0].split(".")[1]
    with saved_image(data) as saved:
        (manifest,) = load_json(saved, "manifest.json")
        assert manifest["RepoTags"] == [f"mesosphere/dcos-genconf:{tag}"]
        (layer_path,) = manifest["Layers"]
        layer_id = layer_path.removesuffix("/layer.tar")
        assert load_json(saved, "repositories") == {"mesosphere/dcos-genconf": {tag: layer_id}}
        assert manifest["Config"] == hashlib.sha256(load(saved, manifest["Config"])).hexdigest() + ".json"
        config = load_json(saved, manifest["Config"])
        layer = gzip.decompress(load(saved, layer_path))
    assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(layer).hexdigest()]
    assert config["architecture"] == "arm64"


def test_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    assert write(tmp_path / "a") == write(tmp_path / "b")


def test_ids_follow_from_what_is_inside(tmp_path: Path) -> None:
    variants = [
        write(tmp_path / "a"),
        write(tmp_path / "b", version="2.2.0"),
        write(tmp_path / "c", variant="enterprise"),
        write(tmp_path / "d", extra="more"),
    ]
    names = set()
    for data in variants:
        with outer_tar(data) as outer:
            names.update(outer.getnames())
    assert len(names) == 4


def test_is_executable(tmp_path: Path) -> None:
    write(tmp_path / "installer.sh")
    assert (tmp_path / "installer.sh").stat().st_mode & 0o777 == 0o755


def test_interruption_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "installer.sh"
    path.write_text("before")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(path)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["before"]


@pytest.mark.parametrize("version", ["", "two", "2", "2.1.0; rm", "2.1.0/x", "2.1.0\n"])
def test_version_that_is_none(tmp_path: Path, version: str) -> None:
    with pytest.raises(UsageError, match="is not a version"):
        write(tmp_path / "installer.sh", version=version)
    assert list(tmp_path.iterdir()) == []
