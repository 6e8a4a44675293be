"""Archives that a node may not send."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Any, cast

import pytest

from dcos_docker_cli.exceptions import CommandError
from dcos_docker_cli.transports.archive import Forward
from dcos_docker_cli.transports.receiving import receive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dcos_docker_cli.transports.base import NodeTransport


class Sends:
    """A way to a node that answers everything with one archive."""

    def __init__(self, *members: tarfile.TarInfo) -> None:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for member in members:
                tar.addfile(member, io.BytesIO(b"x" * member.size))
        self._archive = buffer.getvalue()

    def stream(self, args: list[str], *, stdout: Callable[[bytes], None], **_: Any) -> int:
        stdout(self._archive)
        return 0


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, link, 1 if kind == tarfile.REGTYPE else 0
    return made


@pytest.mark.parametrize(
    "members",
    [
        [member("top", tarfile.DIRTYPE), member("top/../../evil")],
        [member("top", tarfile.DIRTYPE), member("top/out", tarfile.SYMTYPE, "../.."), member("top/out/evil")],
        [member("top", tarfile.DIRTYPE), member("top/hard", tarfile.LNKTYPE, "../../original")],
        [member("top", tarfile.CHRTYPE)],
        [member("top", tarfile.FIFOTYPE)],
        # What looks like a directory of the archive's own is, or is replaced by, a link.
        [
            *[member("top", tarfile.DIRTYPE), member("top/sub", tarfile.DIRTYPE)],
            *[member("top/l", tarfile.SYMTYPE, "sub"), member("top/l", tarfile.DIRTYPE)],
            *[member("top/l", tarfile.SYMTYPE, "../.."), member("top/l/evil")],
        ],
        [
            *[member("top", tarfile.DIRTYPE), member("top/f"), member("top/f", tarfile.DIRTYPE)],
            *[member("top/f", tarfile.SYMTYPE, "../.."), member("top/f/evil")],
        ],
        [
            *[member("top", tarfile.DIRTYPE), member("top/sub", tarfile.DIRTYPE)],
            *[member("top/l", tarfile.SYMTYPE, "sub"), member("top/l/deep", tarfile.DIRTYPE)],
            *[member("top/l", tarfile.SYMTYPE, "../.."), member("top/l/deep/evil")],
        ],
        # What tarfile would look for in the archive, and extract in the place of a link that cannot be made.
        [member("top", tarfile.DIRTYPE), member("top/x", tarfile.SYMTYPE, ""), member("here", tarfile.FIFOTYPE)],
        [
            *[member("top", tarfile.DIRTYPE), member("top/a", tarfile.SYMTYPE, "z")],
            *[member("top/b", tarfile.LNKTYPE, "top/a"), member("top/z")],
        ],
    ],
)
def test_nothing_is_written_outside_and_no_device_made(tmp_path: Path, members: list[tarfile.TarInfo]) -> None:
    (tmp_path / "original").write_text("mine")
    (tmp_path / "deep" / "deep").mkdir(parents=True)
    target = tmp_path / "deep" / "here"
    with pytest.raises(CommandError, match="could not be fetched"):
        receive(cast("NodeTransport", Sends(*members)), "/on/the/node/top", target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "original"]
    assert list(target.parent.iterdir()) == [tmp_path / "deep" / "deep"]
    assert list((tmp_path / "deep" / "deep").iterdir()) == []


def test_what_has_no_content_is_left_out_of_a_directory(tmp_path: Path) -> None:
    inside = [member("top/pipe", tarfile.FIFOTYPE), member("top/disk", tarfile.BLKTYPE)]
    linked = member("top/same", tarfile.LNKTYPE, "top/pipe")
    way = cast("NodeTransport", Sends(member("top", tarfile.DIRTYPE), *inside, linked, member("top/file")))
    remarks = receive(way, "/on/the/node/top", tmp_path / "here")
    assert remarks == ["top/pipe: FIFO left out", "top/disk: device left out", "top/same: FIFO left out"]
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["file"]


def test_what_is_left_out_is_said_in_some_lines(tmp_path: Path) -> None:
    inside = [member(f"top/{number}", tarfile.CHRTYPE) for number in range(100)]
    way = cast("NodeTransport", Sends(member("top", tarfile.DIRTYPE), *inside))
    remarks = receive(way, "/on/the/node/top", tmp_path / "here")
    assert (len(remarks), remarks[-1]) == (20, "81 more were left out")


def test_no_file_is_read_from_where_the_archive_was_before() -> None:
    forward = Forward(io.BytesIO(bytes(range(100))), lambda _: None)
    forward.seek(50)
    assert (forward.read(1), forward.tell()) == (b"2", 51)
    with pytest.raises(tarfile.StreamError):
        forward.seek(50)
