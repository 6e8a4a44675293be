"""Removing one container, whatever has happened, and saying what is left when that fails."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dcos_docker_cli.exceptions import DcosDockerError, EngineError, EngineSilentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dcos_docker_cli.backends.docker.engine import Engine

ATTEMPTS, PAUSE = 50, 0.2
"""How often, and with how many seconds in between, a container is looked at that the engine is removing."""
REMOVE_LATER = "What is left of this goes with: dcos-docker clean"


def remove_container(engine: Engine, container: str) -> bool:
    """Kill and remove a container with the volumes that are its own; return whether it was there: to go is no error.

    One failure is not the last word, for nothing else may remove what stays here.
    """
    try:
        return _remove(engine, container)
    except EngineSilentError:  # which would only be waited for again
        raise
    except DcosDockerError:
        _remove(engine, container)
        return True  # as far as anybody knows: the first attempt may have removed it


def _remove(engine: Engine, container: str) -> bool:
    try:
        engine.remove_container(container, force=True, v=True)
    except EngineError as error:
        if error.status == 409:  # somebody else is removing it, or we are, in a call that was not answered
            _await_removal(engine, container, error)
        elif error.status != 404:
            raise
        return False
    return True


def _await_removal(engine: Engine, container: str, refusal: EngineError) -> None:
    """Wait until a container is gone; raise the engine's `refusal` to remove it when that takes too long.

    A list is answered also while the engine holds on to a container, which inspecting it is not.
    """
    for _ in range(ATTEMPTS):
        if not engine.containers(all=True, filters={"id": container}):
            return
        engine.cancellation.sleep(PAUSE)
    raise refusal


@contextmanager
def removed_after(engine: Engine, container: str) -> Iterator[None]:
    """Remove a container at the end of the block, however that ends."""
    try:
        yield
    except BaseException as error:
        remove_after_failure(engine, container, error)
        raise
    with telling_what_is_left(engine):
        remove_container(engine, container)


def remove_after_failure(engine: Engine, container: str, failure: BaseException) -> None:
    """Remove a container because of a failure, which is what is told when the engine cannot do that either."""
    try:
        with engine.cancellation.shielded():
            remove_container(engine, container)
    except DcosDockerError:
        say_what_is_left(failure)


@contextmanager
def telling_what_is_left(engine: Engine) -> Iterator[None]:
    """Go on within the block although interrupted; an error of it tells how what is left is removed."""
    try:
        with engine.cancellation.shielded():
            yield
    except DcosDockerError as error:
        say_what_is_left(error)
        raise


def say_what_is_left(failure: BaseException) -> None:
    """Add to a failure how what is left of it is removed."""
    if isinstance(failure, DcosDockerError) and REMOVE_LATER not in failure.hint:
        failure.hint = f"{failure.hint} {REMOVE_LATER}".strip()
