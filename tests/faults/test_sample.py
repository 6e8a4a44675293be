"""A sample of the matrix, of the calls at which most is at stake. `make faults` runs all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.calls import Call
from tests.faults.cells import Cell, recorded, run
from tests.faults.operations import OPERATIONS
from tests.faults.world import Installers, world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

    from tests.faults.world import World

pytestmark = pytest.mark.xdist_group("faults")

BY_NAME = {operation.name: operation for operation in OPERATIONS}
START = "POST /containers/(node)/start"
UP = "POST /exec/(node: is it up)/start"
CELLS = (
    ("provision", "answer lost", "POST /containers/create reservation"),
    ("provision", "answer lost", "POST /networks/create"),
    ("provision", "answer lost", "POST /volumes/create volume"),
    ("provision", "answer lost", "POST /containers/create node"),
    ("provision", "answer lost", "DELETE /containers/(reservation)"),
    ("provision", "reset", UP),
    ("provision", "refused", START),
    ("provision", "engine gone", START),
    ("provision", "SIGINT", UP),
    ("provision", "SIGKILL", "POST /volumes/create volume"),
    ("provision", "delayed", "POST /networks/create"),
    ("install", "answer lost", "POST /containers/create bootstrap"),
    ("install", "stream cut", "POST /exec/(bootstrap: genconf)/start"),
    ("destroy", "answer lost", "DELETE /containers/(node)"),
    ("destroy", "cut", "DELETE /networks/(network)"),
)


@pytest.fixture(scope="module")
def own_world(client: APIClient, node_image: str, installer: Path) -> Iterator[World]:
    with world(client, node_image, Installers(installer)) as made:
        yield made


@pytest.mark.parametrize(("operation", "befalls", "call"), CELLS)
def test_holds(own_world: World, operation: str, befalls: str, call: str) -> None:
    """It is complete, or the engine is as before; `cells` has all that is looked at."""
    record = run(own_world, BY_NAME[operation], Cell(operation, befalls, (Call(call, 1),)))
    assert record.problems == [], record.said
    assert record.outcome != "not reached"
    assert bool(record.failed_calls) == (not befalls.startswith("SIG"))


def test_nothing_befalls_what_is_passed_on(own_world: World) -> None:
    """Else it would be the proxy that fails. Each call has the name that the matrix knows it by."""
    calls = recorded(own_world, BY_NAME["destroy"])
    assert {"DELETE /containers/(node)", "DELETE /networks/(network)", "DELETE /volumes/(volume)"} <= {
        call.name for call in calls
    }
