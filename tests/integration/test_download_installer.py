"""Downloads from a server on this machine, which breaks, changes its file, is busy, slow or full of lies."""

from __future__ import annotations

import json
import re
import resource
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from dcos_docker_cli.concurrency import Cancellation
from dcos_docker_cli.downloads import fetch as fetching
from dcos_docker_cli.downloads.transfer import BrokenDownloadError
from dcos_docker_cli.exceptions import Cancelled, DownloadError, PathError
from dcos_docker_cli.lifecycle.download import download_installer, downloaded
from dcos_docker_cli.progress import Silent
from tests.support.file_server import FileServer, serving
from tests.support.installers import looks_whole
from tests.support.program import PROGRAM, Running, at, dcos_docker, eventually
from tests.support.terminal import OnTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "dcos_generate_config.sh"
CONTENT = looks_whole(payload=bytes(range(256)) * 4000)
OTHER = looks_whole(payload=bytes(reversed(range(256))) * 4000)
HALF = len(CONTENT) // 2
NO_PROXY: dict[str, str | None] = {**at("tcp://127.0.0.1:1"), "no_proxy": "127.0.0.1", "http_proxy": None}
"""No engine is needed."""


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(CONTENT) as served:
        yield served


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / NAME


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def fetch(server: FileServer, target: Path, *options: str | Path, **settings: Any) -> tuple[int, str, str]:
    """Run the program; return its exit code, stdout, and stderr without the times."""
    place = ("--base-url", server.url, "--download-path", target)
    result = dcos_docker("download-installer", *place, *options, env=NO_PROXY, **settings)
    return result.code, result.stdout, re.sub(r"^\[ *\d+\.\ds\]", "[]", result.stderr, flags=re.MULTILINE)


# Through the front door


def test_into_a_directory(server: FileServer, target: Path) -> None:
    url = f"{server.url}/stable/{NAME}"
    assert fetch(server, target.parent) == (0, f"{target}\n", f"[] Downloading {url}\n")
    assert server.requests == [(f"/stable/{NAME}", "", "")]
    assert (target.read_bytes(), names(target.parent)) == (CONTENT, [NAME])


def test_by_default_it_is_put_here(server: FileServer, tmp_path: Path) -> None:
    args = ("download-installer", "-q", "--base-url", server.url + "/", "--dcos-version", "2.1.0")
    result = dcos_docker(*args, env=NO_PROXY, cwd=tmp_path)
    assert (result.code, result.stdout, result.stderr) == (0, f"{NAME}\n", "")
    assert server.requests == [(f"/stable/2.1.0/{NAME}", "", "")]
    assert (tmp_path / NAME).read_bytes() == CONTENT


def test_a_whole_url(server: FileServer, target: Path) -> None:
    url = f"{server.url}/elsewhere/installer.sh?token=x"
    assert fetch(server, target, "-q", "--dcos-version", url) == (0, f"{target}\n", "")
    assert server.requests == [("/elsewhere/installer.sh?token=x", "", "")]


def test_a_whole_installer_is_not_fetched_again(server: FileServer, target: Path) -> None:
    target.write_bytes(CONTENT)
    assert fetch(server, target) == (
        1,
        "",
        f"Error: There is a whole installer at {target} already.\n"
        "Next: Use it, or replace it by another download with --force.\n",
    )
    assert server.requests == []


def test_nothing_is_overwritten_unasked(server: FileServer, target: Path) -> None:
    target.write_text("mine", encoding="utf-8")
    assert fetch(server, target) == (
        1,
        "",
        f"Error: There is something else at {target}: it is no whole installer.\n"
        f"  {target} is not a DC/OS installer: it is no script.\n"
        "Next: Choose another place with --download-path, or replace it with --force.\n",
    )
    assert (server.requests, target.read_text(encoding="utf-8")) == ([], "mine")


def test_force(server: FileServer, target: Path) -> None:
    target.write_text("mine", encoding="utf-8")
    assert fetch(server, target, "-q", "--force") == (0, f"{target}\n", "")
    assert (target.read_bytes(), names(target.parent)) == (CONTENT, [NAME])


@pytest.mark.parametrize(("status", "reason"), [(404, "Not Found"), (403, "Forbidden"), (410, "Gone")])
def test_no_such_version(server: FileServer, target: Path, status: int, reason: str) -> None:
    server.statuses = [status]
    url = f"{server.url}/testing/9.9/{NAME}"
    assert fetch(server, target, "-q", "--dcos-version", "testing/9.9") == (
        1,
        "",
        f"Error: {url} could not be downloaded: HTTP Error {status}: {reason}.\n"
        "Next: Is there such a version? They look like: stable, stable/2.1.0, 2.1.0, testing/master, testing/2.1, "
        "testing/pull/123, or a whole URL\n",
    )
    assert names(target.parent) == []


def test_nobody_answers(target: Path) -> None:
    with serving(b"") as gone:
        pass
    begin = time.monotonic()
    assert fetch(gone, target, "-q") == (
        1,
        "",
        f"Error: {gone.url}/stable/{NAME} could not be downloaded: Connection refused.\n"
        "Next: Is the address right, the network up, and, where there is one, https_proxy set?\n",
    )
    assert time.monotonic() - begin < 5, "it tries once"
    assert names(target.parent) == []


@pytest.mark.parametrize("value", ["", "a b", "../stable", "/stable", "stable/", "a//b", "ä", "ftp://x/y", "http://"])
def test_what_is_no_version(server: FileServer, target: Path, value: str) -> None:
    code, stdout, stderr = fetch(server, target, "--dcos-version", value)
    assert (code, stdout, server.requests) == (2, "", [])
    assert stderr.startswith(f'Error: "{value}" is no ')
    assert "\nNext: " in stderr


@pytest.mark.parametrize("value", ["", "x", "http://", "http://[1", "http://x:port", "file:///x", "http://a b/"])
def test_what_is_no_base_url(target: Path, value: str) -> None:
    result = dcos_docker("download-installer", "--base-url", value, "--download-path", target, env=NO_PROXY)
    wanted = f'Error: "{value}" is no URL.\nNext: Write it as in: https://downloads.dcos.io/dcos\n'
    assert (result.code, result.stdout, result.stderr) == (2, "", wanted)


def test_a_password_is_not_shown(target: Path) -> None:
    args = ("--base-url", "http://me:secret@127.0.0.1/", "--download-path", target)
    result = dcos_docker("download-installer", *args, env=NO_PROXY)
    assert (result.code, result.stderr) == (2, "Error: A URL with a password in it cannot be used.\n")


def test_where_no_file_can_be(server: FileServer, tmp_path: Path) -> None:
    wanted = f"Error: There is no directory {tmp_path}/none.\nNext: mkdir -p {tmp_path}/none\n"
    assert fetch(server, tmp_path / "none" / NAME) == (2, "", wanted)


def test_a_connection_that_breaks(server: FileServer, target: Path) -> None:
    server.cuts = [HALF]
    url = f"{server.url}/stable/{NAME}"
    assert fetch(server, target) == (
        0,
        f"{target}\n",
        f"[] Downloading {url}\n"
        f"{url} could not be downloaded: the last {len(CONTENT) - HALF} bytes did not come. Trying again in 1 s.\n"
        f"[] Continuing to download {url}\n",
    )
    assert server.requests[1:] == [(f"/stable/{NAME}", f"bytes={HALF}-", '"one"')]
    assert (target.read_bytes(), names(target.parent)) == (CONTENT, [NAME])


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, 137)])
def test_a_second_run_continues(server: FileServer, target: Path, sent: signal.Signals, code: int) -> None:
    server.hold_after = HALF
    part = target.with_name(f"{NAME}.part")
    place = ("--base-url", server.url, "--download-path", target)
    with Running("download-installer", *place, env=NO_PROXY) as running:
        eventually(lambda: part.exists() and part.stat().st_size == HALF, "half of it has come")
        running.send(sent)
        ended = running.end(timeout=10)
    assert (ended.code, ended.stdout) == (code, "")
    told = f"\nStopping…\nWhat has come is kept as {part}: the same command, run again, continues.\n"
    assert ended.stderr.endswith(told) or sent is signal.SIGKILL
    assert names(target.parent) == [f"{NAME}.part", f"{NAME}.part.json"]
    server.hold_after = None
    assert fetch(server, target, "-q") == (0, f"{target}\n", "")
    assert server.ranges == ["", f"bytes={HALF}-"]
    assert (target.read_bytes(), names(target.parent)) == (CONTENT, [NAME])


def test_interrupting_while_the_server_says_nothing(server: FileServer, target: Path) -> None:
    server.is_silent = True
    with Running("download-installer", "--base-url", server.url, "--download-path", target, env=NO_PROXY) as running:
        eventually(lambda: bool(server.requests), "it has asked")
        running.send(signal.SIGINT)
        ended = running.end(timeout=5)
    assert ended.code == 130
    assert ended.stderr.endswith("Stopping…\nNothing is kept: the same command, run again, begins anew.\n")
    assert names(target.parent) == []


def test_two_at_once(server: FileServer, target: Path) -> None:
    server.hold_after = HALF
    with Running("download-installer", "--base-url", server.url, "--download-path", target, env=NO_PROXY) as running:
        eventually(lambda: bool(server.requests), "the first has asked")
        assert fetch(server, target, "-q") == (1, "", f"Error: Another download to {target} is going on.\n")
        running.send(signal.SIGINT)
        assert running.end(timeout=10).code == 130


def test_a_full_disk(server: FileServer, target: Path) -> None:
    """A limit on the size of files stands for it: the system refuses to write, at some byte."""
    half, hard = HALF // 1024 * 1024, resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    if hard != resource.RLIM_INFINITY:
        pytest.skip("there is a limit already")
    limited = ["bash", "-c", f'ulimit -f {half // 1024}; exec "$0" "$@"', PROGRAM]
    part = target.with_name(f"{NAME}.part")
    assert fetch(server, target, "-q", program=limited) == (
        1,
        "",
        f"Error: {target} cannot be written: File too large.\n"
        f"Next: What has come is kept as {part}: the same command, run again, continues.\n",
    )
    assert part.stat().st_size == half
    assert fetch(server, target, "-q") == (0, f"{target}\n", "")
    assert server.ranges == ["", f"bytes={half}-"]
    assert target.read_bytes() == CONTENT


def test_no_room(server: FileServer, target: Path) -> None:
    server.claims_length = 10**16
    code, stdout, stderr = fetch(server, target, "-q")
    assert (code, stdout, names(target.parent)) == (1, "", [])
    path = re.escape(str(target))
    assert re.fullmatch(
        rf"Error: {path} has no room: 10000000000000000 bytes are to come, and its disk has \d+ free\.\n"
        "Next: Make room\\.\n",
        stderr,
    )


def test_a_place_that_cannot_be_written_is_named_as_it_was_given(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "there").symlink_to("/proc")
    wanted = f"Error: {tmp_path}/there/new cannot be written: No such file or directory.\n"
    assert fetch(server, tmp_path / "there" / "new", "-q") == (1, "", wanted)


def test_a_page_that_is_no_installer(server: FileServer, target: Path) -> None:
    server.content = b"<html>Please log in</html>"
    assert fetch(server, target, "-q") == (
        1,
        "",
        f"Error: What {server.url}/stable/{NAME} gave is no whole DC/OS installer.\n"
        "  It is not a DC/OS installer: it is no script.\n"
        "Next: Is the URL right? A proxy or a login page may have answered in the server's place.\n",
    )
    assert names(target.parent) == []


def test_on_a_terminal(server: FileServer, target: Path) -> None:
    server.pause = 0.1
    args = ("download-installer", "--base-url", server.url, "--download-path", target)
    with OnTerminal(*args, columns=140, env=NO_PROXY) as terminal:
        terminal.wait_for("kB of 1.0 MB, ")
        assert terminal.end() == 0
        assert f"{target}\r\n" in terminal.seen


# What servers do


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAUSES", (0.01, 0.01))


class Notes(Silent):
    """A progress that keeps what it is told."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def note(self, text: str) -> None:
        self.all.append(text)


def get(server: FileServer, target: Path) -> list[str]:
    """Download it; return what was noted."""
    notes = Notes()
    download_installer(f"{server.url}/{NAME}", target, Cancellation(), notes)
    return notes.all


def begin(server: FileServer, target: Path) -> None:
    """Have half of the file, of a download that has failed."""
    server.cuts = [HALF, 0, 0]
    with pytest.raises(BrokenDownloadError):
        get(server, target)
    server.requests.clear()


@pytest.mark.usefixtures("quick")
def test_a_file_that_has_changed(server: FileServer, target: Path) -> None:
    begin(server, target)
    server.content, server.etag = OTHER, '"two"'
    assert get(server, target) == [
        f"{server.url}/{NAME} has changed since, or cannot be continued: from its beginning."
    ]
    assert (target.read_bytes(), server.ranges) == (OTHER, [f"bytes={HALF}-"])


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("change", ["etag", "size"])
def test_a_changed_file_of_a_server_that_does_not_care(server: FileServer, target: Path, change: str) -> None:
    """It sends the rest of the other file, and what it says of that shows it."""
    begin(server, target)
    server.knows_if_range = False
    if change == "etag":
        server.content, server.etag = OTHER, '"two"'
    else:
        server.content, server.tells_version_of_parts = looks_whole(payload=b"x" * len(CONTENT)), False
    assert get(server, target) == [f"{server.url}/{NAME} has changed since: from its beginning."]
    assert (target.read_bytes(), server.ranges) == (server.content, [f"bytes={HALF}-", ""])


@pytest.mark.usefixtures("quick")
def test_a_file_that_is_shorter_now(server: FileServer, target: Path) -> None:
    begin(server, target)
    server.knows_if_range, server.content = False, looks_whole(payload=b"short")
    get(server, target)
    assert (target.read_bytes(), server.ranges) == (server.content, [f"bytes={HALF}-", ""])


@pytest.mark.usefixtures("quick")
def test_a_server_that_does_not_know_ranges(server: FileServer, target: Path) -> None:
    begin(server, target)
    server.knows_ranges = False
    get(server, target)
    assert (target.read_bytes(), server.ranges) == (CONTENT, [f"bytes={HALF}-"])


@pytest.mark.usefixtures("quick")
def test_a_part_need_not_tell_its_version_again(server: FileServer, target: Path) -> None:
    """Who asks with If-Range is told by the answer's status."""
    server.tells_version_of_parts = False
    begin(server, target)
    assert get(server, target) == []
    assert (target.read_bytes(), server.ranges) == (CONTENT, [f"bytes={HALF}-"])


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("etag", ["", 'W/"one"'])
def test_without_a_strong_tag_the_date_tells(server: FileServer, target: Path, etag: str) -> None:
    server.etag, server.modified = etag, "Sun, 22 Nov 2026 10:00:00 GMT"
    begin(server, target)
    get(server, target)
    assert server.requests == [(f"/{NAME}", f"bytes={HALF}-", "Sun, 22 Nov 2026 10:00:00 GMT")]
    assert target.read_bytes() == CONTENT


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("etag", ["", 'W/"one"'])
def test_without_any_version_it_begins_anew(server: FileServer, target: Path, etag: str) -> None:
    server.etag = etag
    begin(server, target)
    assert names(target.parent) == []
    get(server, target)
    assert (target.read_bytes(), server.ranges) == (CONTENT, [""])


@pytest.mark.usefixtures("quick")
def test_a_part_that_is_the_whole(server: FileServer, target: Path) -> None:
    """As when it was killed just before the end. Whether it is still that file, one byte tells."""
    begin(server, target)
    target.with_name(f"{NAME}.part").write_bytes(CONTENT)
    get(server, target)
    assert (target.read_bytes(), server.ranges) == (CONTENT, [f"bytes={len(CONTENT) - 1}-"])


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("note", [None, "", "{}", "[1]", '{"url": 1, "etag": "x", "modified": "", "size": "x"}'])
def test_a_part_of_which_nothing_is_known(server: FileServer, target: Path, note: str | None) -> None:
    begin(server, target)
    kept = target.with_name(f"{NAME}.part.json")
    if note is None:
        kept.unlink()
    else:
        kept.write_text(note, encoding="utf-8")
    get(server, target)
    assert (target.read_bytes(), server.ranges) == (CONTENT, [""])


@pytest.mark.usefixtures("quick")
def test_the_part_of_another_url(server: FileServer, target: Path) -> None:
    begin(server, target)
    download_installer(f"{server.url}/other/{NAME}", target, Cancellation(), Silent())
    assert (target.read_bytes(), server.ranges) == (CONTENT, [""])


def test_what_is_kept(server: FileServer, target: Path, quick: None) -> None:
    server.modified = "Sun, 22 Nov 2026 10:00:00 GMT"
    begin(server, target)
    kept = json.loads(target.with_name(f"{NAME}.part.json").read_text(encoding="utf-8"))
    wanted = {"url": f"{server.url}/{NAME}", "etag": '"one"', "modified": server.modified, "size": len(CONTENT)}
    assert kept == wanted
    assert target.with_name(f"{NAME}.part").read_bytes() == CONTENT[:HALF]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(server: FileServer, target: Path, status: int) -> None:
    server.statuses = [status, status]
    notes = get(server, target)
    assert [note.endswith(" Trying again in 0 s.") for note in notes] == [True, True]
    assert (target.read_bytes(), len(server.requests)) == (CONTENT, 3)


@pytest.mark.usefixtures("quick")
def test_but_not_for_ever(server: FileServer, target: Path) -> None:
    server.statuses = [503] * 10
    with pytest.raises(DownloadError, match="HTTP Error 503: Service Unavailable"):
        get(server, target)
    assert (len(server.requests), names(target.parent)) == (3, [])


@pytest.mark.usefixtures("quick")
def test_what_gets_on_may_break_often(server: FileServer, target: Path) -> None:
    server.content = looks_whole(payload=b"many" * (3 << 20))
    server.cuts = [2 << 20] * 5
    get(server, target)
    assert (target.read_bytes(), len(server.requests)) == (server.content, 6)


@pytest.mark.usefixtures("quick")
def test_a_server_that_tells_no_length(server: FileServer, target: Path) -> None:
    server.tells_length = False
    get(server, target)
    assert target.read_bytes() == CONTENT


def test_nor_that_it_has_broken_off(server: FileServer, target: Path) -> None:
    server.tells_length, server.cuts = False, [HALF]
    with pytest.raises(DownloadError) as failure:
        get(server, target)
    assert re.fullmatch(rf"It is cut short: it has {HALF} bytes and must have \d+ at least\.", failure.value.details[0])
    assert names(target.parent) == []


def test_something_else_has_come_meanwhile(server: FileServer, target: Path) -> None:
    server.pause = 0.05
    with ThreadPoolExecutor(1) as pool:
        getting = pool.submit(get, server, target)
        eventually(lambda: bool(server.requests), "it has asked")
        target.write_text("mine", encoding="utf-8")
        with pytest.raises(PathError, match=f"^{target} has come to be there meanwhile"):
            getting.result()
    assert target.read_text(encoding="utf-8") == "mine"
    assert target.with_name(f"{NAME}.part").read_bytes() == CONTENT


# What the library downloads


@pytest.mark.usefixtures("quick")
def test_for_the_library(server: FileServer, tmp_path: Path) -> None:
    server.cuts = [HALF]
    with downloaded(f"{server.url}/x", tmp_path, Cancellation(), Silent()) as path:
        assert path.read_bytes() == CONTENT
        assert names(path.parent) == [NAME]
    assert server.ranges == ["", f"bytes={HALF}-"]
    assert names(tmp_path) == []


def test_for_the_library_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "installer").write_bytes(b"anything")
    with downloaded(f"file://{tmp_path}/installer", tmp_path / "new", Cancellation(), Silent()) as path:
        assert path.read_bytes() == b"anything"
    none = downloaded(f"file://{tmp_path}/none", tmp_path / "new", Cancellation(), Silent())
    with pytest.raises(DownloadError, match=r"/none could not be downloaded: No such file or directory\."):
        none.__enter__()
    assert names(tmp_path / "new") == []


@pytest.mark.parametrize("state", ["silent", "slow"])
def test_the_library_can_be_interrupted(server: FileServer, tmp_path: Path, state: str) -> None:
    server.is_silent, server.hold_after = state == "silent", HALF
    cancellation = Cancellation()
    timer = threading.Timer(0.3, cancellation.cancel)
    timer.start()
    begin = time.monotonic()
    with pytest.raises(Cancelled), downloaded(f"{server.url}/x", tmp_path, cancellation, Silent()):
        pytest.fail("there is no whole file")
    assert time.monotonic() - begin < 5
    timer.join()
    assert names(tmp_path) == []
