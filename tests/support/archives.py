"""Archives that no tar writes, as a hostile node sends them."""

from __future__ import annotations

import os
import stat
import tarfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Sends:
    """A way to a node that answers everything with the same bytes."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, args: list[str], *, stdout: Callable[[bytes], None], **_: Any) -> int:
        stdout(self._content)
        return 0


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", content: bytes = b"", **more: object) -> bytes:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, link, len(content)
    for attribute, value in more.items():
        setattr(made, attribute, value)
    padding = b"\0" * (-len(content) % 512)
    return made.tobuf(tarfile.PAX_FORMAT, errors="surrogateescape") + content + padding


TOP = member("top", tarfile.DIRTYPE, mode=0o755)
END = b"\0" * 1024
EVIL = b"evil"
REFUSED = {
    "parent": TOP + member("top/../../evil", content=EVIL),
    "absolute": TOP + member("/tmp/evil", content=EVIL),
    "another top": TOP + member("evil", content=EVIL),
    "through a link": TOP + member("top/x", tarfile.SYMTYPE, "../..") + member("top/x/evil", content=EVIL),
    "through the top": member("top", tarfile.SYMTYPE, "..") + member("top/evil", content=EVIL),
    "over a link": TOP + member("top/x", tarfile.SYMTYPE, "../../mine") + member("top/x", content=EVIL),
    "hard link": TOP + member("top/x", tarfile.LNKTYPE, "../mine") + member("top/x", content=EVIL),
    "hard link to a link": TOP
    + member("top/x", tarfile.SYMTYPE, "../../mine")
    + member("top/y", tarfile.LNKTYPE, "top/x")
    + member("top/y", content=EVIL),
    "hard link to nothing": TOP + member("top/x", tarfile.LNKTYPE, "top/none"),
    "hard link to itself": TOP + member("top/x", tarfile.LNKTYPE, "top/x"),
    "directory that was a link": TOP + member("top/x", tarfile.SYMTYPE, "..") + member("top/x", tarfile.DIRTYPE)
    + member("top/x/../../evil", content=EVIL),
    "device": member("top", tarfile.CHRTYPE, devmajor=1, devminor=3),
    "pipe": member("top", tarfile.FIFOTYPE),
    "NUL": TOP + member("top/x", pax_headers={"path": "top/a\0b"}),
    "negative size": TOP + member("top/x", pax_headers={"size": "-512"}),
    "huge header": TOP + member("x", tarfile.XHDTYPE, size=1 << 40),
    "headers upon headers": TOP + member("x", tarfile.GNUTYPE_LONGNAME, content=b"a\0") * 3000,
    "sparse nonsense": TOP + member("top/x", pax_headers={"GNU.sparse.map": "0,x", "GNU.sparse.size": "1"}),
    "cut": (TOP + member("top/x", content=EVIL * 1000))[:2000],
    "no archive": bytes(range(256)) * 20,
    "nothing": b"",
}  # fmt: skip
TAKEN = {
    "times": TOP + member("top/x", content=EVIL, pax_headers={"mtime": "1e400"}),
    "setuid": TOP + member("top/x", content=EVIL, mode=0o6777) + member("top/d", tarfile.DIRTYPE, mode=0o7777),
    "owner": TOP + member("top/x", content=EVIL, uid=12345, gid=54321, uname="nobody"),
    "odd names": TOP + member("top/a\nb", content=EVIL) + member("top/\udcff", content=EVIL) + member("top/-rf"),
    "escapes": TOP + member("top/\x1b]0;hurt\x07", tarfile.FIFOTYPE),
    "links out": TOP + member("top/x", tarfile.SYMTYPE, "/etc/passwd"),
}


def whole(name: str) -> bytes:
    """Return an archive by its name, with its end if it is to have one."""
    content = {**REFUSED, **TAKEN}[name]
    return content if name in ("cut", "nothing") else content + END


def assert_untouched(target: Path) -> None:
    """Fail if anything has changed beside a directory that was fetched into."""
    assert sorted(path.name for path in target.parent.iterdir()) == ["here", "mine"]
    assert (target.parent / "mine").read_text() == "mine"
    assert (target.parent / "mine").stat().st_nlink == 1
    assert not os.path.lexists("/tmp/evil")


def assert_plain(path: Path) -> None:
    """Fail if what was fetched has rights or owners that it should not have."""
    for found in (inner.lstat() for inner in path.rglob("*")):
        assert not found.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX)
        assert (found.st_uid, found.st_gid) == (os.getuid(), os.getgid())
