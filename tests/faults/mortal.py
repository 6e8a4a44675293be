"""An engine that can be killed, in a container that outlives it: what it ran is left to itself, as on a real host."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docker.errors import DockerException
from requests.exceptions import RequestException

from tests.support.engine import execute
from tests.support.nested_engine import MAIN_PROCESS, nested_engine
from tests.support.program import eventually
from tests.support.proxy import EngineProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker import APIClient

    from tests.support.contained import ContainedEngine
    from tests.support.program import Result

AWAY = "/run/engine-is-away"
PIDS = "/var/run/docker.pid"
# The same preparation as for any engine in a container, and then one engine after the other.
KEEP_ONE = f"""
eval "$(sed '/^exec 9/,$d' {MAIN_PROCESS})"
set +e
while :; do
    [ -e {AWAY} ] || {{ rm -f {PIDS}; dockerd --data-root /cache/docker >>/var/log/dockerd.log 2>&1; }}
    sleep 0.1
done
"""
SECONDS = 60


@dataclass(frozen=True)
class MortalEngine:
    """An engine that can be killed, stopped, and brought back."""

    inside: ContainedEngine
    outer: APIClient

    def kill(self, *, away: bool = False) -> None:
        """Kill the engine; unless it stays `away`, another one starts at once."""
        self._end("KILL", away=away)

    def stop(self) -> None:
        """End the engine as an upgrade of its package does; another one starts."""
        self._end("TERM", away=False)

    def come_back(self) -> None:
        """Have an engine, that answers."""
        self.shell(f"rm -f {AWAY}")
        eventually(self.answers, "the engine is back", timeout=SECONDS, pause=0.1)

    def answers(self) -> bool:
        """Whether there is an engine."""
        try:
            return bool(self.inside.client.ping())
        except (DockerException, RequestException, OSError):
            return False

    def shell(self, script: str) -> str:
        """Run a script beside the engine."""
        return execute(self.outer, self.inside.container_id, "sh", "-c", script)

    def befalls(self, pattern: str, action: Callable[[], None], *args: str, nth: int = 1) -> Result:
        """Run the program; before the `nth` piece that matches what it sends goes on, something befalls the engine."""
        from tests.support.program import at, dcos_docker

        with EngineProxy(self.inside.url, tcp=True) as proxy:
            trigger = proxy.when(pattern, action, nth=nth)
            result = dcos_docker(*args, env=at(proxy.url))
        assert trigger.fired.is_set(), (result, proxy.requests)
        return result

    def _end(self, signal: str, *, away: bool) -> None:
        mark = f"touch {AWAY}; " if away else ""
        script = (
            f'{mark}pid=$(cat {PIDS}); kill -{signal} "$pid"; while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done'
        )
        self.shell(script)


@contextmanager
def mortal_engine(client: APIClient, node_image: str) -> Iterator[MortalEngine]:
    """Have such an engine, with the node image, within the block."""
    with nested_engine(client, node_image, main=["sh", "-c", KEEP_ONE]) as engine:
        engine.client.load_image(client.get_image(node_image))  # type: ignore[no-untyped-call]
        yield MortalEngine(engine, client)
