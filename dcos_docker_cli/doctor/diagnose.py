"""Run the checks: all at once, each with a limit of time, and none hides what another finds."""

from __future__ import annotations

import queue
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker.host import DockerHost
from dcos_docker_cli.concurrency import WAKE_SECONDS
from dcos_docker_cli.doctor.checks.registry import CHECKS
from dcos_docker_cli.doctor.finding import Check, Finding, Level, Result, skipped
from dcos_docker_cli.doctor.subject import Subject
from dcos_docker_cli.exceptions import Cancelled, DcosDockerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

    from dcos_docker_cli.doctor.subject import Wanted

LIMIT = 4
"""Seconds that a check has."""
MORE = 5
"""How many times that is worth a try for a check that is late."""
FIRST = CHECKS[0]
SETTLE = 5.0
"""Seconds after which a container that looks at the host must have gone, when the checks are over."""
NO_ENGINE = "There is no engine to ask."
NOT_ASKED = skipped(NO_ENGINE)


def chosen(only: Collection[str], skip: Collection[str]) -> list[Check]:
    """Return the checks of these ids, names or categories, less those to skip; raise `UsageError` for what is none."""
    for word in (*only, *skip):
        if not any(check.is_called(word) for check in CHECKS):
            raise UsageError(f'"{word}" is no check, and no category of checks.', hint=f"Checks are: {_names()}")
    return [
        check
        for check in CHECKS
        if (not only or any(check.is_called(word) for word in only)) and not any(check.is_called(word) for word in skip)
    ]


def _names() -> str:
    return ", ".join(f"{check.id} {check.name}" for check in CHECKS)


def diagnose(
    host: DockerHost, wanted: Wanted, checks: Collection[Check] = CHECKS, limit: float = LIMIT
) -> list[Result]:
    """Return what the checks find, in their order; if there is no engine to ask, that is first, chosen or not.

    Checks that are late go on in their threads; what they make on the engine is stopped and undone.
    """
    own = DockerHost(host.settings, connection=host.connection)
    subject = Subject(own, wanted)
    try:
        found = _found(host, subject, checks, limit)
        results = [Result(check, found.get(check.id) or _late(check, subject, limit)) for check in checks]
        if FIRST in checks or all(result.finding != NOT_ASKED for result in results):
            return results
        first = _finding(FIRST, subject) if NOT_ASKED in found.values() else _late(FIRST, subject, limit)
        return [Result(FIRST, first), *results]
    finally:
        own.cancellation.cancel()
        subject.settle(SETTLE)


def _found(host: DockerHost, subject: Subject, checks: Collection[Check], limit: float) -> dict[str, Finding]:
    """Return what those checks find, by id, that end in time."""
    findings: queue.SimpleQueue[tuple[Check, Finding]] = queue.SimpleQueue()

    def run(check: Check) -> None:
        with suppress(Cancelled):  # too late: nobody waits for it
            findings.put((check, _finding(check, subject)))

    for check in checks:
        threading.Thread(target=run, args=(check,), daemon=True, name=check.id).start()
    found: dict[str, Finding] = {}
    deadline = time.monotonic() + limit
    while len(found) < len(checks) and (left := deadline - time.monotonic()) > 0:
        host.cancellation.check()
        with suppress(queue.Empty):
            check, finding = findings.get(timeout=min(left, WAKE_SECONDS))
            found[check.id] = finding
    return found


def _finding(check: Check, subject: Subject) -> Finding:
    try:
        return check.look(subject)
    except DcosDockerError as error:
        if check is FIRST:
            return Finding(Level.ERROR, error.message, error.hint)
        return NOT_ASKED if subject.refuses() else skipped(error.message)
    except Exception as error:  # one check's crash must not hide what the others find
        return Finding(Level.WARNING, f"The check itself failed: {error!r}", "Report this as a bug.")


def _late(check: Check, subject: Subject, limit: float) -> Finding:
    """Return the finding of a check that has not ended in time."""
    if check is FIRST:
        remedy = "Is it overloaded or stuck? Try: docker version"
        return Finding(Level.ERROR, f"The engine does not answer within {limit:g} s.", remedy)
    if subject.is_kept_waiting():
        return NOT_ASKED
    remedy = f"Give it more time: dcos-docker doctor --only {check.id} --timeout {MORE * limit:g}"
    return Finding(Level.WARNING, f"The check did not end within {limit:g} s.", remedy)
