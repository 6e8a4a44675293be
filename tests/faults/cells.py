"""A cell of the matrix: one operation, one call, one fault or signal; and whether what came of it holds."""

from __future__ import annotations

import contextlib
import signal
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from tests.faults.calls import Call, Names
from tests.faults.proxy import Fault, FaultProxy, address
from tests.faults.world import ARGUMENTS, CLUSTER_ID
from tests.support.program import Running, at, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.faults.operations import Operation
    from tests.faults.world import World
    from tests.support.program import Result

RUN_SECONDS = 240.0
SIGNALS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM, "SIGKILL": signal.SIGKILL}
KILLED = "SIGKILL"
BEFALLS = (*(fault.value for fault in Fault), *SIGNALS)
"""What can befall a call, by the names that the table has."""
SHARED = (Fault.LOST.value, KILLED)
"""What befalls calls that are tried with all faults in an operation that is a part of this one."""
LAST_TOO = (Fault.LOST.value, Fault.GONE.value, "SIGINT", KILLED)
"""What befalls the last call of a name too, and not the first alone."""
EACH = (Fault.LOST.value, Fault.RESET.value, Fault.GONE.value, KILLED)
"""What befalls each call of a long operation too."""
AT_ONCE = 6
"""Calls that are delayed in one run: nothing is to come of it, so more than one can be."""
LEAVES = (Fault.GONE.value, KILLED)
"""What nobody can undo at once."""
FAILURES = (1, 125)
"""The exit codes of the design for an engine that refuses, and for one that does not answer."""
CHANGES_NODES = ("POST /exec/(node: install)/start", "POST /exec/(node: upgrade)/start")
CACHE = "+volume dcos-docker-cache-"
WAYS_OUT = (f"dcos-docker destroy --cluster-id {CLUSTER_ID}", "dcos-docker clean")


@dataclass(frozen=True)
class Cell:
    """What befalls which calls of which operation."""

    operation: str
    befalls: str
    calls: tuple[Call, ...]

    def __str__(self) -> str:
        return f"{self.operation}: {self.befalls}: {', '.join(map(str, self.calls))}"


@dataclass
class Record:
    """What came of a cell."""

    operation: str
    befalls: str
    calls: list[str]
    outcome: str = ""
    code: int = -1
    failed_calls: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    said: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it for a line of JSON."""
        return asdict(self)


def recorded(world: World, operation: Operation) -> list[Call]:
    """Return the calls of a run that nothing befalls."""
    operation.prepare(world)
    with _proxy(world) as proxy, Running(*operation.arguments(world), env=at(proxy.url)) as running:
        running.end(RUN_SECONDS).succeeded()
        calls = list(proxy.calls)
    tidy_up(world)
    return calls


def cells(operation: Operation, calls: list[Call], shared: Iterable[str] = ()) -> list[Cell]:
    """Return what is tried: of calls with one name the first, and the last with what most depends on the moment."""
    counts = Counter(call.name for call in calls)
    chosen = [Call(name, ordinal) for name, count in counts.items() for ordinal in sorted({1, count})]
    own = [call for call in chosen if call.name not in set(shared)]
    found = [
        Cell(operation.name, befalls, (call,))
        for number, call in enumerate(chosen)
        for befalls in (_all(call, number, operation) if call in own else SHARED)
    ]
    streams = [call for call in own if call.name.startswith("POST /exec/") and call.ordinal == 1]
    found += [Cell(operation.name, Fault.STREAM.value, (call,)) for call in streams]
    groups = [
        tuple(chosen[number :: max(len(chosen) // AT_ONCE, 1)]) for number in range(max(len(chosen) // AT_ONCE, 1))
    ]
    return [*found, *(Cell(operation.name, Fault.DELAYED.value, group) for group in groups)]


def _all(call: Call, number: int, operation: Operation) -> list[str]:
    """Return what befalls a call.

    For what the program does, a refusal is much like a connection that is cut before the engine has seen the call, and
    one signal like the other. In a long operation calls take turns in having one or the other.
    """
    turns = (Fault.REFUSED.value, "SIGINT") if number % 2 else (Fault.CUT.value, "SIGTERM")
    return [
        befalls
        for befalls in BEFALLS
        if befalls not in (Fault.DELAYED.value, Fault.STREAM.value)
        and (call.ordinal == 1 or befalls in LAST_TOO)
        and (operation.is_short or befalls in turns or befalls in EACH)
    ]


def run(world: World, operation: Operation, cell: Cell) -> Record:
    """Let it befall, look at what came of it, and have the engine as it always is in the end."""
    record = Record(cell.operation, cell.befalls, [str(call) for call in cell.calls])
    begun = time.monotonic()
    try:
        operation.prepare(world)
        before = world.snapshot()
        with _proxy(world) as proxy:
            result = _run(world, operation, cell, proxy)
        record.code, record.failed_calls = result.code, proxy.failed
        if not proxy.fired.is_set():
            record.outcome = "not reached"
        _Judge(world, operation, cell, record, before, result).judge()
        if record.problems:
            record.said = result.stderr[-3000:]
        if not (operation.keeps_cluster and _is_as_before(world, proxy, record, before)):
            tidy_up(world)
    except Exception as failure:  # one cell that goes wrong is not to end the run
        record.problems.append(f"the test itself: {failure!r}"[:2000])
    if record.problems:
        record.outcome = "does not hold"
        world.reset()
    record.seconds = round(time.monotonic() - begun, 1)
    return record


def _is_as_before(world: World, proxy: FaultProxy, record: Record, before: frozenset[str]) -> bool:
    """Whether the cluster serves the next cell, for nothing has been begun on its nodes."""
    is_touched = any(call.name.startswith(CHANGES_NODES) for call in proxy.calls)
    return record.code != 0 and not record.problems and not is_touched and not world.changes(before)


def _proxy(world: World) -> FaultProxy:
    names = Names()
    names.learn_all(world.engine.client)
    return FaultProxy(address(world.engine.url), names)


def _run(world: World, operation: Operation, cell: Cell, proxy: FaultProxy) -> Result:
    proxy.at = frozenset(cell.calls)
    begun: list[Running] = []
    if cell.befalls in SIGNALS:
        proxy.action = _sender(begun, SIGNALS[cell.befalls])
    else:
        proxy.fault = Fault(cell.befalls)
    with Running(*operation.arguments(world), env=at(proxy.url)) as running:
        begun.append(running)
        result = running.end(RUN_SECONDS)
    if cell.befalls in LEAVES:  # what was on its way when nobody waited for it any more
        proxy.passed_on.wait(RUN_SECONDS if cell.befalls == KILLED and proxy.fired.is_set() else 0)
        world.come_to_rest()
    return result


def _sender(begun: list[Running], number: signal.Signals) -> Callable[[], None]:
    """Return what sends a signal, and holds the call until the program has taken it."""

    def send() -> None:
        eventually(lambda: bool(begun), "the program has begun")
        begun[0].send(number)
        with contextlib.suppress(AssertionError):  # one that has just ended says nothing
            if number == signal.SIGKILL:
                begun[0].process.wait(30)
            else:
                begun[0].wait_for_stderr("Stopping…", 10)

    return send


class _Judge:
    """Compares what came of a cell with what must hold."""

    def __init__(
        self,
        world: World,
        operation: Operation,
        cell: Cell,
        record: Record,
        before: frozenset[str],
        result: Result,
    ) -> None:
        self.world, self.operation, self.cell = world, operation, cell
        self.record, self.before, self.result = record, before, result

    def judge(self) -> None:
        self._words()
        if self.result.code == 0:
            self._succeeded()
        elif self.operation.removes:
            self._removed_in_part()
        else:
            self._failed()
        self.record.outcome = self.record.outcome or "?"

    def _problem(self, text: str) -> None:
        self.record.problems.append(text)

    def _outcome(self, text: str) -> None:
        self.record.outcome = self.record.outcome or text

    def _words(self) -> None:
        """What it says, and the exit code."""
        code, said, befalls = self.result.code, self.result.stderr, self.cell.befalls
        expected: tuple[int, ...] = (0, 128 + SIGNALS[befalls]) if befalls in SIGNALS else (0, *FAILURES)
        if befalls == Fault.DELAYED.value or self.record.outcome:
            expected = (0,)
        if code not in expected:
            self._problem(f"exit code {code}")
        if "Traceback" in said or "bug of dcos-docker" in said:
            self._problem("a bug of ours")
        if code in FAILURES and not ("Error: " in said and "\nNext: " in said):
            self._problem("no error with a next step")
        if befalls in SIGNALS and "Error" in said:
            self._problem("an error for a signal")
        if code != 0 and self.result.stdout and not self.operation.removes:
            self._problem(f"it prints {self.result.stdout!r}")

    def _succeeded(self) -> None:
        if missing := self.operation.is_complete(self.world):
            self._problem(f"it ends 0, but {missing}")
        self._outcome("complete")

    def _failed(self) -> None:
        changes = self._changes(self.before)
        if not changes:
            self._outcome("cluster as before" if self.operation.keeps_cluster else "undone")
        elif self.cell.befalls not in LEAVES:
            self._problem(f"left: {changes}")
        elif self.cell.befalls == KILLED and self.world.state() == "running" and not self.operation.keeps_cluster:
            self._outcome("complete")  # the call that was held was the last that matters
            self.record.problems += filter(None, [self.operation.is_complete(self.world)])
        else:
            self._left(changes)
        if self.operation.keeps_cluster and self.world.state() != "running":
            self._problem(f"the cluster is {self.world.state() or 'not listed'}")

    def _left(self, changes: list[str]) -> None:
        """Something could not be undone: it is said how it goes, and so it does."""
        if self.cell.befalls != KILLED and not any(way in self.result.stderr for way in WAYS_OUT):
            self._problem(f"it does not say how to remove {changes}")
        by_destroy = not self.operation.keeps_cluster and sum(map(ord, str(self.cell))) % 2 and self.world.is_listed()
        self._then("destroy" if by_destroy else "clean")
        if self.operation.is_cold:
            self._then("clean", "--cache")
        if left := self._changes(self.before):
            self._problem(f"left after all: {left}")
        self._outcome(f"gone with {'destroy' if by_destroy else 'clean'}")

    def _removed_in_part(self) -> None:
        command = self.operation.name
        if command == "clean":
            done = self.world.dcos_docker("clean", "--cache", "--images")
        else:
            done = self.world.dcos_docker("destroy", *ARGUMENTS)
            if done.code == 4 and self.before != self.world.base and self.world.changes(self.world.base) == []:
                self._outcome("all gone")
                return
        if done.code != 0:
            self._problem(f"{command} again ends {done.code}: {done.stderr[-500:]}")
        if left := self.world.changes(self.world.base):
            self._problem(f"left after all: {left}")
        self._outcome("gone when repeated")

    def _then(self, command: str, *options: str) -> None:
        done = self.world.dcos_docker(command, *(ARGUMENTS if command == "destroy" else options))
        if done.code != 0:
            self._problem(f"{command} ends {done.code}: {done.stderr[-500:]}")

    def _changes(self, before: frozenset[str]) -> list[str]:
        """Return what has changed, less what may: the cache of an installer when it is whole."""
        changes = self.world.changes(before)
        if not self.operation.is_cold:
            return changes
        return [item for item in changes if not (item.startswith(CACHE) and self.world.is_whole(item.split()[1]))]


def tidy_up(world: World) -> None:
    """Have nothing of ours there, as any user would."""
    if world.changes(world.base) == []:
        return
    if world.is_listed():
        world.dcos_docker("destroy", *ARGUMENTS).succeeded()
    world.dcos_docker("clean", "--cache").succeeded()
    assert world.changes(world.base) == []
