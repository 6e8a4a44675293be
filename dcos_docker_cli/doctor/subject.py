"""What checks look at: the cluster that is wanted, and what the engine and its host tell, each asked for once."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from dcos_docker_cli.backends.docker.settings import Settings
from dcos_docker_cli.model import ClusterPlan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dcos_docker_cli.backends.docker.facts import EngineFacts
    from dcos_docker_cli.backends.docker.host import DockerHost
    from dcos_docker_cli.backends.docker.probe import HostFacts

T = TypeVar("T")
ADDING_SECONDS = 3
"""The engine reads all files of its volumes for it, and before API 1.42 those of images too."""


@dataclass(frozen=True)
class Wanted:
    """The cluster that is to come up."""

    plan: ClusterPlan = field(default_factory=lambda: ClusterPlan("default", 1, 1, 1))
    settings: Settings = field(default_factory=Settings)
    installer: Path | None = None

    @property
    def nodes(self) -> int:
        """How many nodes it has."""
        return len(self.plan.refs)

    @property
    def size(self) -> str:
        """The same in words."""
        return f"{self.nodes} node{'s' if self.nodes > 1 else ''}"


class Subject:
    """What there is to look at. A question is asked by the first check that has it, and the others wait for its answer.

    When asking fails, it fails for each of them.
    """

    def __init__(self, host: DockerHost, wanted: Wanted) -> None:
        self._host = host
        self.wanted = wanted
        self._answers: dict[str, Future[Any]] = {}
        self._lock = threading.Lock()

    @property
    def info(self) -> dict[str, Any]:
        """The engine's answer to `/info`."""
        return self._once("info", lambda: self._host.info)

    @property
    def facts(self) -> EngineFacts:
        """What that and `/version` say, with the clocks of both sides."""
        return self._once("facts", self._host.facts)

    @property
    def host(self) -> HostFacts:
        """What a container on the engine's host sees of it; raises `NoProbeError` when there can be none."""
        return self._once("host", self._host.probe)

    @property
    def networks(self) -> list[dict[str, Any]]:
        """The engine's networks, of anybody."""
        return self._once("networks", lambda: list(self._host.engine.networks()))

    @property
    def containers(self) -> list[dict[str, Any]]:
        """The engine's containers, of anybody."""
        return self._once("containers", lambda: list(self._host.engine.containers(all=True)))

    def check_users_network(self, name: str) -> None:
        """Raise `NotFoundError` or `UsageError` when the nodes cannot have addresses in a network of the user's."""
        from dcos_docker_cli.backends.docker import networks

        networks.free_addresses(networks.find_network(self._host.engine, name), self.containers, self.wanted.nodes)

    @property
    def disk_use(self) -> dict[str, Any]:
        """What the engine adds up of its disk's use, where that takes it no longer than `ADDING_SECONDS`."""
        engine = self._host.engine
        url = f"{engine.base_url}/v{engine.api_version}/system/df"
        ask = lambda: dict(engine.get(url, params={"type": "volume"}, timeout=ADDING_SECONDS).json())  # noqa: E731
        return self._once("disk_use", ask)

    def has_image(self, tag: str) -> bool:
        """Whether the engine has an image."""
        return self._once(f"image {tag}", lambda: bool(self._host.engine.images(tag)))

    @property
    def leftovers(self) -> list[str]:
        """What creates have left that were killed, in words."""

        def ask() -> list[str]:
            with self._host.apart() as host:  # several calls, of which one that fails stops the others
                return host.leftovers()

        return self._once("leftovers", ask)

    def answers(self) -> bool:
        """Whether the engine has answered a question so far."""
        return any(answer.done() and answer.exception() is None for answer in self._asked())

    def is_kept_waiting(self) -> bool:
        """Whether the engine was asked, and has said nothing yet."""
        return bool(self._asked()) and not self.answers()

    def refuses(self) -> bool:
        """Whether there is no engine, or none that takes us: nothing can be learned of it."""
        try:
            return not self.info
        except Exception:  # for which the first check answers
            return True

    def settle(self, seconds: float) -> None:
        """Wait until no container of ours looks at the host any more; there is none where the engine says nothing."""
        with self._lock:
            looking = self._answers.get("host")
        if looking and self.answers():
            wait([looking], timeout=seconds)

    def _asked(self) -> list[Future[Any]]:
        with self._lock:
            return list(self._answers.values())

    def _once(self, name: str, ask: Callable[[], T]) -> T:
        with self._lock:
            answer = self._answers.get(name)
            is_first = answer is None
            if answer is None:
                answer = self._answers[name] = Future()
        if is_first:
            try:
                answer.set_result(ask())
            except BaseException as error:  # whoever waits must learn of it, whatever it is
                answer.set_exception(error)
        return cast("T", answer.result())
