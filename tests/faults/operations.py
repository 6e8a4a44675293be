"""What is done while a fault befalls it: how the engine is made ready for it, and what must hold afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.faults.calls import Call, Names
from tests.faults.proxy import FaultProxy, address
from tests.faults.world import ARGUMENTS, SMALL
from tests.support.program import Running, at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.world import World

HALF_MADE_AT = Call("POST /containers/(bootstrap)/exec is its Docker up", 1)
OLD, NEW = "2.1.0", "2.2.0"


@dataclass(frozen=True)
class Operation:
    """A command, and what there is before it and after it."""

    name: str
    arguments: Callable[[World], tuple[str | Path, ...]]
    prepare: Callable[[World], None]
    is_complete: Callable[[World], str]
    """Tells what is missing when the command has said that all is done; empty when nothing is."""
    keeps_cluster: bool = False
    """Whether there is a cluster before, which stays when the command fails."""
    removes: bool = False
    """Whether it takes away, so that one that has failed has done a part of it."""
    is_cold: bool = False
    """Whether the engine does not know the installer, so that its cache may stay when that is whole."""
    is_short: bool = False
    like: str = ""
    """The operation that is a part of this one: calls that this shares with it are tried there with all faults."""


def _given(installer: Path | None) -> Path:
    assert installer
    return installer


def _nothing(world: World) -> None:
    """Have nothing there but what always is."""
    assert world.changes(world.base) == [], "something is left of another cell"


def _provisioned(world: World) -> None:
    if not world.has_cluster():
        world.dcos_docker("provision", *ARGUMENTS, *SMALL).succeeded()


def _created(world: World) -> None:
    if not world.has_cluster():
        world.dcos_docker("create", world.installers.usual, *ARGUMENTS, *SMALL).succeeded()


def _half_made(world: World) -> None:
    """Have what a create leaves that was killed, and what nothing uses."""
    names = Names()
    with (
        FaultProxy(address(world.engine.url), names, at=frozenset({HALF_MADE_AT})) as proxy,
        Running("create", world.installers.usual, *ARGUMENTS, *SMALL, env=at(proxy.url)) as running,
    ):
        proxy.action = running.process.kill
        running.end()
    assert proxy.fired.is_set()
    world.add_spares()


def _runs(world: World) -> str:
    state = world.state()
    return "" if state == "running" else f"the cluster is {state}"


def _is_ready(world: World) -> str:
    if missing := _runs(world):
        return missing
    waited = world.dcos_docker("wait", *ARGUMENTS, "--timeout", "120")
    return "" if waited.code == 0 else f"DC/OS does not get ready: {waited.stderr}"


def _has(version: str) -> Callable[[World], str]:
    def check(world: World) -> str:
        found = world.versions()
        return _is_ready(world) if set(found) == {version} else f"the versions on the nodes are {found}"

    return check


def _all_gone(world: World) -> str:
    left = world.changes(world.base)
    return f"left: {left}" if left else ""


OPERATIONS = (
    Operation("provision", lambda _: ("provision", *ARGUMENTS, *SMALL), _nothing, _runs, is_short=True),
    Operation(
        "create",
        lambda world: ("create", world.installers.usual, *ARGUMENTS, *SMALL),
        _nothing,
        _is_ready,
        like="provision",
    ),
    Operation(
        "first create",
        lambda world: ("create", _given(world.installers.unknown), *ARGUMENTS, *SMALL),
        _nothing,
        _is_ready,
        is_cold=True,
        like="create",
    ),
    Operation(
        "install",
        lambda world: ("install", world.installers.usual, *ARGUMENTS),
        _provisioned,
        _has(OLD),
        keeps_cluster=True,
    ),
    Operation(
        "upgrade",
        lambda world: ("upgrade", _given(world.installers.newer), *ARGUMENTS),
        _created,
        _has(NEW),
        keeps_cluster=True,
        like="install",
    ),
    Operation("destroy", lambda _: ("destroy", *ARGUMENTS), _provisioned, _all_gone, removes=True, is_short=True),
    Operation("clean", lambda _: ("clean", "--cache", "--images"), _half_made, _all_gone, removes=True, is_short=True),
)
