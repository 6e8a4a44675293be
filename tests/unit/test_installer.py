"""The installer file, read without running it."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dcos_docker_cli.dcos.installer import SCRIPT_LIMIT, read_installer, variant_of
from dcos_docker_cli.exceptions import InvalidInstallerError
from dcos_docker_cli.model import DCOSVariant
from tests.support.installers import looks_whole

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = looks_whole()
PAYLOAD = 9000  # its archive's one member, as `looks_whole` writes it
NEEDED = WHOLE.index(b"\n#EOF#\n") + len(b"\n#EOF#\n") + 512 + -(-PAYLOAD // 512) * 512 + 1024


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dcos_generate_config.sh"


@pytest.mark.parametrize(
    ("second_line", "variant"),
    [
        ("# variant: None", DCOSVariant.OSS),
        ("# variant: ", DCOSVariant.OSS),
        ("# variant: open", DCOSVariant.OSS),
        ("# variant: ee", DCOSVariant.ENTERPRISE),
        ("#variant:ee", DCOSVariant.ENTERPRISE),
        ("# variant: other", None),
        ("# a comment", None),
        ("set -e", None),
        ("", None),
        ("# variant: ee and more", None),
    ],
)
def test_variant(path: Path, second_line: str, variant: DCOSVariant | None) -> None:
    path.write_bytes(looks_whole(second_line=second_line))
    assert read_installer(path).variant is variant


def test_a_second_line_that_is_no_text(path: Path) -> None:
    path.write_bytes(WHOLE.replace(b"# variant: None", b"\xff\xfe", 1))
    assert read_installer(path).variant is None


def test_words_for_variants() -> None:
    assert variant_of("EE") is None


def test_digest_is_that_of_the_whole_file(path: Path) -> None:
    path.write_bytes(WHOLE)
    assert read_installer(path).digest() == hashlib.sha256(WHOLE).hexdigest()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(WHOLE)))
@example(NEEDED - 1)
@example(NEEDED)
def test_cut_anywhere_it_is_refused_unless_all_that_counts_is_there(path: Path, size: int) -> None:
    path.write_bytes(WHOLE[:size])
    if size >= NEEDED:
        assert read_installer(path).path == path
    else:
        with pytest.raises(InvalidInstallerError) as caught:
            read_installer(path)
        assert str(path) in caught.value.message
        assert caught.value.hint


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=2000), st.sampled_from([b"", b"#!/bin/sh\n", b"#!/bin/sh\n#EOF#\n", b"#!\n#EOF#\n"]))
def test_garbage_is_refused(path: Path, garbage: bytes, head: bytes) -> None:
    path.write_bytes(head + garbage)
    with pytest.raises(InvalidInstallerError):
        read_installer(path)


@pytest.mark.parametrize("member", ["image.tar", "dcos-genconf.tar", "dcos-genconf.x.tar.gz", "x/dcos-genconf.a.tar"])
def test_another_archive(path: Path, member: str) -> None:
    path.write_bytes(looks_whole(member=member))
    with pytest.raises(InvalidInstallerError, match="its archive holds "):
        read_installer(path)


def test_marker_that_comes_too_late(path: Path) -> None:
    path.write_bytes(b"#!/bin/sh\n" + b"#" * SCRIPT_LIMIT + b"\n" + WHOLE)
    with pytest.raises(InvalidInstallerError, match="it has no #EOF# line"):
        read_installer(path)


def test_a_fifo_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(InvalidInstallerError, match="is not a regular file"):
        read_installer(path)


def test_a_link_is_followed(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "real.sh"
    target.write_bytes(WHOLE)
    path.symlink_to(target)
    assert read_installer(path).variant is DCOSVariant.OSS


@pytest.mark.parametrize("name", ["none.sh", "file/none.sh", "loop"])
def test_what_cannot_be_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InvalidInstallerError):
        read_installer(tmp_path / name)
