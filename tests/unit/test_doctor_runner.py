"""How checks are run: all of them, each with its limit, and none hides what another finds."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli.backends.docker.host import DockerHost
from dcos_docker_cli.concurrency import Cancellation
from dcos_docker_cli.doctor.checks.registry import CHECKS
from dcos_docker_cli.doctor.diagnose import LIMIT, NO_ENGINE, NOT_ASKED, chosen, diagnose
from dcos_docker_cli.doctor.finding import Category, Check, Finding, Level, ok
from dcos_docker_cli.doctor.subject import Subject, Wanted
from dcos_docker_cli.exceptions import Cancelled, EngineError, UsageError
from tests.support.program import at, dcos_docker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def check(look: Callable[[Subject], Finding], number: int = 990) -> Check:
    return Check(f"DD{number}", look.__name__, Category.CLIENT, look)


def fine(subject: Subject) -> Finding:
    return ok(f"{subject.wanted.nodes} nodes.")


def broken(subject: Subject) -> Finding:
    raise ZeroDivisionError(subject.wanted.nodes)


def endless(subject: Subject) -> Finding:
    threading.Event().wait(60)
    return ok("At last.")


def run(*looks: Callable[[Subject], Finding], limit: float = 10) -> list[tuple[Level, str]]:
    checks = [check(look, 990 + number) for number, look in enumerate(looks)]
    results = diagnose(DockerHost(), Wanted(), checks, limit)
    assert [result.check for result in results] == checks
    return [(result.finding.level, result.finding.message) for result in results]


def test_a_check_that_crashes_is_a_finding_and_hides_no_other() -> None:
    assert run(broken, fine) == [
        (Level.WARNING, "The check itself failed: ZeroDivisionError(3)"), (Level.OK, "3 nodes."),
    ]  # fmt: skip


def test_a_check_that_does_not_end_is_left_at_its_limit() -> None:
    begin = time.monotonic()
    assert run(endless, fine, limit=0.3) == [
        (Level.WARNING, "The check did not end within 0.3 s."), (Level.OK, "3 nodes."),
    ]  # fmt: skip
    assert time.monotonic() - begin < 2


def test_a_check_that_is_late_can_have_more_time() -> None:
    (late,) = diagnose(DockerHost(), Wanted(), [check(endless)], 0.3)
    assert late.finding.remedy == "Give it more time: dcos-docker doctor --only DD990 --timeout 1.5"


def test_timeout_of_the_command(tmp_path: Path) -> None:
    with silent(tmp_path) as url:
        first, *_ = findings(url, "--only", "DD001", "--timeout", "1.5")
    assert first == ("DD001", "error", "The engine does not answer within 1.5 s.")
    assert dcos_docker("doctor", "--timeout", "0", env=at(f"unix://{tmp_path}/none.sock")).code == 2


def test_checks_run_at_the_same_time() -> None:
    together = threading.Barrier(20)

    def meet(subject: Subject) -> Finding:
        together.wait(5)
        return fine(subject)

    assert {level for level, _ in run(*[meet] * 20)} == {Level.OK}


def test_an_interrupt_ends_it_at_once() -> None:
    cancellation = Cancellation()
    threading.Timer(0.3, cancellation.cancel).start()
    begin = time.monotonic()
    with pytest.raises(Cancelled):
        diagnose(DockerHost(cancellation=cancellation), Wanted(), [check(endless)], 30)
    assert time.monotonic() - begin < 3


@contextmanager
def silent(directory: Path) -> Iterator[str]:
    """Have an engine that takes every connection, and says nothing."""
    path = directory / "silent.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)
        yield f"unix://{path}"


def findings(url: str, *args: str) -> list[tuple[str, str, str]]:
    """Return the ids, levels and messages of what the program finds, which must end with 1 for an error alone."""
    result = dcos_docker("doctor", "--output", "json", *args, env=at(url))
    found = [(one["id"], one["level"], one["message"]) for one in json.loads(result.stdout)]
    assert result.code == int("error" in [level for _, level, _ in found])
    return found


def test_an_engine_that_says_nothing_takes_no_check_beyond_its_limit(tmp_path: Path) -> None:
    with silent(tmp_path) as url:
        begin = time.monotonic()
        first, *others = findings(url)
        seconds = time.monotonic() - begin
    assert LIMIT < seconds < LIMIT + 3, "a busy machine takes longer to start the program"
    assert first == ("DD001", "error", "The engine does not answer within 4 s.")
    answered = {check_id for check_id, _, message in others if message != NO_ENGINE}
    assert answered == {"DD017", "DD024", "DD033"}, "what needs no engine"


def test_that_an_engine_says_nothing_is_told_whatever_was_asked(tmp_path: Path) -> None:
    with silent(tmp_path) as url:
        found = findings(url, "--only", "inotify")
    assert found == [
        ("DD001", "error", "The engine does not answer within 4 s."), ("DD011", "skipped", NO_ENGINE),
    ]  # fmt: skip


@pytest.mark.parametrize("options", [(), ("--network", "mine"), ("--skip", "host")])
def test_without_an_engine_it_ends_at_once_each_time(tmp_path: Path, options: tuple[str, ...]) -> None:
    """All checks begin together: none is cut by another one's failure, and none sees half of a module."""
    for _ in range(8):
        begin = time.monotonic()
        found = findings(f"unix://{tmp_path}/none.sock", *options)
        assert time.monotonic() - begin < LIMIT
        asked = [one for one in found if one[0] not in {"DD001", "DD017", "DD024", "DD033"}]
        assert {(level, message) for _, level, message in asked} == {("skipped", NO_ENGINE)}


def test_a_question_that_crashes_keeps_no_check_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(subject: Subject) -> Finding:
        raise EngineError(f"No, {subject.wanted.size}.", status=500)

    monkeypatch.setattr(DockerHost, "info", property(lambda host: 1 // 0))
    monkeypatch.setattr(DockerHost, "facts", lambda host: 1 // 0)
    first, second = diagnose(DockerHost(), Wanted(), [check(refused)])
    assert (first.check.id, first.finding.level) == ("DD001", Level.WARNING)
    assert second.finding == NOT_ASKED


@pytest.mark.parametrize("only", ["engine", "host", "DD016"])
def test_that_there_is_no_engine_is_told_once_and_first(tmp_path: Path, only: str) -> None:
    first, *others = findings(f"unix://{tmp_path}/none.sock", "--only", only)
    told = f"No Docker engine answers at unix://{tmp_path}/none.sock (from DOCKER_HOST)."
    assert first == ("DD001", "error", told)
    assert {(level, message) for _, level, message in others} == {("skipped", NO_ENGINE)}


def test_what_needs_no_engine_does_not_ask_for_one(tmp_path: Path) -> None:
    found = findings(f"unix://{tmp_path}/none.sock", "--only", "installer")
    assert found == [("DD024", "ok", "No installer was given.")]


def test_an_address_that_is_none_is_a_finding() -> None:
    (_, level, message), *_ = findings("garbage", "--only", "DD001")
    assert level == "error"
    assert message.startswith("The Docker engine's address garbage (from DOCKER_HOST) cannot be used")


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--strict",), 1)])
def test_strict_counts_warnings(tmp_path: Path, options: tuple[str, ...], code: int) -> None:
    proxy = {"https_proxy": "http://127.0.0.1:3128", "NO_PROXY": "*"}
    result = dcos_docker("doctor", "--only", "DD023", *options, env={**at(f"unix://{tmp_path}/none.sock"), **proxy})
    assert (result.code, result.stdout.split()[2:6]) == (code, ["warning", "DD023", "proxies", "The"])
    assert result.stderr.endswith("1 warning. More about each, by its id: docs/doctor.md\n")


@pytest.mark.parametrize(
    ("only", "skip", "wanted"),
    [
        (["DD011"], [], ["DD011"]),
        (["dd011", "disk"], [], ["DD009", "DD011"]),
        (["client"], ["installer"], ["DD021", "DD022", "DD023", "DD033"]),
        (["DD011"], ["host"], []),
    ],
)
def test_choosing(only: list[str], skip: list[str], wanted: list[str]) -> None:
    assert [check.id for check in chosen(only, skip)] == wanted


def test_choosing_all_and_none() -> None:
    assert chosen([], []) == list(CHECKS)
    with pytest.raises(UsageError, match='"nonsense" is no check'):
        chosen([], ["nonsense"])


def test_ids_and_names_mean_one_check_each() -> None:
    words = [*(check.id for check in CHECKS), *(check.name for check in CHECKS)]
    assert len(set(words)) == len(words)
    # A word can mean a category and a check of the same name, as "engine" does: then it means both.
    assert {category.value for category in Category} & set(words) == {"engine"}
