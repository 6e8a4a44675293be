"""What holds for all tests: the environment stays as it was, and no object of a test stays on the engine."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from docker.errors import APIError
from hypothesis import settings

from tests.support import engine, ids
from tests.support.runs import Run, killed_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

WITH_ENGINE = ("integration", "faults")
"""The directories whose tests need an engine."""
ENGINE_USE = pytest.StashKey["EngineUse"]()

# A busy machine must not turn a slow example into a failure.
settings.register_profile("dcos-docker", deadline=None)
settings.load_profile("dcos-docker")


def pytest_configure(config: pytest.Config) -> None:
    """Give this run a name of its own, which the workers inherit, and look out for what uses the engine."""
    is_first = ids.RUN_VARIABLE not in os.environ
    if is_first:
        config.add_cleanup(Run().end)
    config.stash[ENGINE_USE] = EngineUse(sweeps=is_first)
    config.pluginmanager.register(config.stash[ENGINE_USE])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs an engine."""
    here = Path(__file__).parent
    for item in items:
        if any(item.path.is_relative_to(here / directory) for directory in WITH_ENGINE):
            item.add_marker(pytest.mark.engine)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes after their parameter: some hold the time, and all workers must collect the same names."""
    return argname if isinstance(val, bytes) else None


class EngineUse:
    """Whether a test has used the engine. Where there are workers, the process that directs them learns it too."""

    def __init__(self, *, sweeps: bool) -> None:
        self.seen = False
        self._sweeps = sweeps

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Look at a test that begins. The first one that uses the engine does so without what killed runs have left."""
        if self.seen or not any(f"/{directory}/" in nodeid for directory in WITH_ENGINE):
            return
        self.seen = True
        if self._sweeps:
            sweep()


def sweep() -> None:
    """Remove what runs of the tests that were killed have left on the engine."""
    for name in killed_runs():
        try:
            left = remove_what_is_left(ids.prefix_of(name))
        except APIError as error:
            print(f"\nSome of what the killed run {name} of the tests has left stays: {error}")  # noqa: T201
        else:
            print(f"\nLeft by the killed run {name} of the tests, and removed now:", *left, sep="\n  ")  # noqa: T201


def remove_what_is_left(prefix: str) -> list[str]:
    """Remove from the engine what is of a run of the tests; return it."""
    with closing(engine.plain_client()) as client:
        left = engine.of_run(client, prefix)
        engine.remove(client, left)
    return left


@pytest.hookimpl(trylast=True)  # when the workers have ended
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run when something of it is left on the engine, and remove that."""
    is_worker = hasattr(session.config, "workerinput")
    if is_worker or not session.config.stash[ENGINE_USE].seen:
        return
    if left := remove_what_is_left(ids.run_prefix()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print("\nLeft on the engine by this run of the tests, and removed now:", *left, sep="\n  ")  # noqa: T201


@pytest.fixture(autouse=True)
def _same_environment() -> Iterator[None]:
    before = _environment()
    yield
    assert _environment() == before, "the test has changed the environment"


def _environment() -> tuple[dict[str, str], Path]:
    return {key: value for key, value in os.environ.items() if key != "PYTEST_CURRENT_TEST"}, Path.cwd()
