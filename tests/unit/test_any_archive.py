"""Whatever a node sends as an archive: it becomes what was asked for, or is refused; nothing else is written."""

from __future__ import annotations

import contextlib
import io
import random
import tarfile
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dcos_docker_cli.exceptions import CommandError, DcosDockerError
from dcos_docker_cli.transports.receiving import receive
from tests.support.archives import REFUSED, TAKEN, Sends, assert_plain, assert_untouched, whole

if TYPE_CHECKING:
    from pathlib import Path

    from dcos_docker_cli.transports.base import NodeTransport

ARCHIVES = 1000
KINDS = (
    *(tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE),
    *(tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE, b"D", b"V", b"M", b"Z"),
)
NAMES = (
    *("top", "top/a", "top/b", "top/a/c", "top/../x", "../x", "/abs", "top/..", "top/.", "top//a", "", "top/a\nb", "."),
    *("top/\udcff", "../../../../tmp/evil", "x" * 300, "top/" + "y" * 300, "./top", "top/-rf", "../mine"),
)
HEADERS: tuple[dict[str, str], ...] = (
    *({"mtime": time} for time in ("1e400", "nan", "-1e30", "99999999999999", "x")),
    *({"size": size} for size in ("-1", "9" * 20, "x", "1e3")),
    *({"path": "top/\0z"}, {"linkpath": "\0"}, {"uid": "1e99"}, {"hdrcharset": "BINARY"}, {"SCHILY.xattr.user.a": "b"}),
    *({"GNU.sparse.map": "0,x"}, {"GNU.sparse.map": "0,1,9223372036854775807,1", "GNU.sparse.size": "9" * 19}),
    {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "top/s", "GNU.sparse.realsize": "9" * 25},
)
FIELDS = (100, 124, 125, 148, 156, 157, 257, 345, 482, 483)
"""Where a header has the mode, the size, the sum, the kind, the link, the magic, the prefix, and sparse maps."""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A directory to fetch into; beside it is something that is not to change."""
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def fetch(content: bytes, local: Path) -> list[str]:
    return receive(cast("NodeTransport", Sends(content)), "/on/the/node/top", local)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(target: Path, name: str) -> None:
    with pytest.raises(CommandError, match="could not be fetched"):
        fetch(whole(name), target / "top")
    assert list(target.iterdir()) == []
    assert_untouched(target)


@pytest.mark.parametrize("name", TAKEN)
def test_taken(target: Path, name: str) -> None:
    fetch(whole(name), target / "top")
    assert [path.name for path in target.iterdir()] == ["top"]
    assert_untouched(target)
    assert_plain(target / "top")


def crafted(chance: random.Random) -> bytes:
    """Return an archive of some members that do not go together, of which some bytes may be wrong."""
    form = chance.choice([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for number in range(chance.randint(1, 6)):
            as_usual = number == 0 and chance.random() < 0.8
            one = tarfile.TarInfo("top" if as_usual else chance.choice(NAMES))
            one.type = tarfile.DIRTYPE if as_usual else chance.choice(KINDS)
            if one.type in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                one.linkname = chance.choice([*NAMES, "/etc", "..", "../.."])
            has_content = one.type not in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE)
            content = b"x" * (chance.choice([0, 1, 600]) if has_content else 0)
            one.size, one.mode = len(content), chance.choice([0o777, 0, 0o4755, 0o644, 0o7777])
            if form == tarfile.PAX_FORMAT and chance.random() < 0.3:
                one.pax_headers = dict(chance.choice(HEADERS))
            with contextlib.suppress(ValueError):  # a name that this form has no room for
                tar.addfile(one, io.BytesIO(content))
    return damaged(bytearray(buffer.getvalue()), chance)


def damaged(data: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.choice([0, 0, 1, 3, 20])):
        place = chance.randrange(len(data))
        if chance.random() < 0.5:
            place = min(len(data) - 1, place // 512 * 512 + chance.choice(FIELDS))
        data[place] = chance.randrange(256)
    if chance.random() < 0.2:
        del data[chance.randrange(len(data)) :]
    if chance.random() < 0.7:  # with sums that are right again, so that more than these is read
        for start in range(0, len(data) - 511, 512):
            if data[start + 257 : start + 262] == b"ustar":
                data[start + 148 : start + 156] = b" " * 8
                data[start + 148 : start + 156] = b"%06o\0 " % sum(data[start : start + 512])
    return bytes(data)


def assert_harmless(content: bytes, target: Path, number: int) -> bool:
    """Fetch it; return whether it was taken."""
    local = target / str(number)
    try:
        fetch(content, local)
    except DcosDockerError as error:
        taken, said = False, error.message
    else:
        taken, said = True, "taken"
    assert said
    assert local.exists() or local.is_symlink() if taken else not local.is_symlink()
    assert_untouched(target)
    assert_plain(local)
    return taken


def test_a_thousand_crafted_archives(target: Path) -> None:
    counts = {True: 0, False: 0}
    for number in range(ARCHIVES):
        content = crafted(random.Random(f"archive-{number}"))
        counts[assert_harmless(content, target, number)] += 1
    assert min(counts.values()) > ARCHIVES / 10, "both are to be tried"


@settings(
    max_examples=150, derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.randoms(use_true_random=False))
def test_any_archive(target: Path, chance: random.Random) -> None:
    assert_harmless(crafted(chance), target, len(list(target.iterdir())) + chance.randrange(1 << 60))
