"""Ctrl-C and SIGTERM leave nothing behind, whenever they come.

The signal is sent while a call to the engine is held back, and the call goes on when the program has begun to stop: so
each of these moments is exactly the one that it says.
"""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.engine import containers, of_cluster, volume_exists
from tests.support.program import Result, Running, at, dcos_docker, eventually
from tests.support.proxy import EngineProxy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from docker import APIClient


CODES = {signal.SIGHUP: 129, signal.SIGINT: 130, signal.SIGTERM: 143}
SMALL = ("--agents", "1", "--public-agents", "0")
CREATE = r"POST \S+/containers/create\?name=\S+"
MOMENTS = {
    "first call": (r"GET /", 1),
    "looking for the id": (r"GET \S+/containers/json", 1),
    "taking the id": (CREATE + "-reservation", 1),
    "looking for the id again": (r"GET \S+/containers/json", 2),
    "making the network": (r"POST \S+/networks/create", 1),
    "making the volume": (r"POST \S+/volumes/create", 1),
    "making the cache": (r"POST \S+/volumes/create", 2),
    "creating the bootstrap node": (CREATE + "-bootstrap", 1),
    "creating a node": (CREATE + "-master-0", 1),
    "starting a container": (r"POST \S+/containers/\w+/start", 1),
    "starting the last container": (r"POST \S+/containers/\w+/start", 3),
    "waiting for a node": (r"\"Cmd\".*is-system-running", 1),
    "running on a node": (r"POST \S+/exec/\w+/start", 1),
    "sending the installer": (r"#EOF#", 1),
    "configuring": (r"\"Cmd\".*--genconf", 1),
}
# The installer has done its work by then, and its cache serves the next create.
INSTALLING = (r"\"Cmd\".*dcos_install\.sh", 2)


def interrupted_create(
    engine_socket: str,
    installer: Path,
    cluster_id: str,
    moment: tuple[str, int],
    *signals: signal.Signals,
    pause: float = 0.0,
    options: tuple[str, ...] = (),
) -> Result:
    """Create, and send the signals at a moment; return how that ended."""
    pattern, nth = moment
    with EngineProxy(engine_socket) as proxy:
        begun: list[Running] = []

        def interrupt() -> None:
            begun[0].send(*signals, pause=pause)
            begun[0].wait_for_stderr("Stopping…")

        trigger = proxy.when(pattern, interrupt, nth=nth)
        with Running("create", installer, "-c", cluster_id, *SMALL, *options, env=at(proxy.url)) as running:
            begun.append(running)
            result = running.end()
    assert trigger.fired.is_set(), proxy.requests
    return result


def assert_stopped(result: Result, code: int) -> None:
    assert (result.code, result.stdout) == (code, ""), result.stderr
    assert result.stderr.count("Stopping…") == 1
    assert "Error" not in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("moment", MOMENTS)
def test_interrupt_leaves_nothing(
    client: APIClient, engine_socket: str, cluster_id: str, fresh_installer: tuple[Path, str], moment: str
) -> None:
    installer, cache = fresh_installer
    result = interrupted_create(engine_socket, installer, cluster_id, MOMENTS[moment], signal.SIGINT)
    assert_stopped(result, 130)
    assert of_cluster(client, cluster_id) == []
    assert not volume_exists(client, cache)


def test_interrupt_while_installing_leaves_the_cache_only(
    client: APIClient, engine_socket: str, cluster_id: str, installer: Path
) -> None:
    result = interrupted_create(engine_socket, installer, cluster_id, INSTALLING, signal.SIGINT)
    assert_stopped(result, 130)
    assert of_cluster(client, cluster_id) == []


@pytest.mark.parametrize("kind", ["bootstrap", "reservation"])
def test_interrupt_while_a_container_is_given_up(
    client: APIClient, engine_socket: str, cluster_id: str, installer: Path, kind: str
) -> None:
    """The last call of all is that which gives the reservation up: then the cluster would be complete."""
    with (
        EngineProxy(engine_socket) as proxy,
        Running("create", installer, "-c", cluster_id, *SMALL, env=at(proxy.url)) as running,
    ):
        eventually(lambda: containers(client, cluster_id, kind) != [], f"there is its {kind}")
        (container,) = containers(client, cluster_id, kind)

        def interrupt() -> None:
            running.send(signal.SIGINT)
            running.wait_for_stderr("Stopping…")

        trigger = proxy.when(rf"DELETE \S+/containers/{container['Id']}", interrupt)
        result = running.end()
    assert trigger.fired.is_set()
    assert_stopped(result, 130)
    assert of_cluster(client, cluster_id) == []


@pytest.mark.parametrize(
    ("sent", "moment"),
    [
        (signal.SIGTERM, "looking for the id"),
        (signal.SIGTERM, "making the network"),
        (signal.SIGTERM, "waiting for a node"),
        (signal.SIGTERM, "configuring"),
        (signal.SIGHUP, "creating a node"),
    ],
)
def test_other_signals_too(
    client: APIClient,
    engine_socket: str,
    cluster_id: str,
    fresh_installer: tuple[Path, str],
    sent: signal.Signals,
    moment: str,
) -> None:
    installer, cache = fresh_installer
    result = interrupted_create(engine_socket, installer, cluster_id, MOMENTS[moment], sent)
    assert_stopped(result, CODES[sent])
    assert of_cluster(client, cluster_id) == []
    assert not volume_exists(client, cache)


@pytest.mark.parametrize("pause", [0.0, 0.02, 0.3])
@pytest.mark.parametrize("moment", ["creating a node", "configuring"])
def test_second_interrupt_does_not_cut_the_undoing_short(
    client: APIClient, engine_socket: str, cluster_id: str, fresh_installer: tuple[Path, str], moment: str, pause: float
) -> None:
    installer, cache = fresh_installer
    twice = (signal.SIGINT, signal.SIGINT)
    result = interrupted_create(engine_socket, installer, cluster_id, MOMENTS[moment], *twice, pause=pause)
    assert_stopped(result, 130)
    assert of_cluster(client, cluster_id) == []
    assert not volume_exists(client, cache)


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        (signal.SIGINT, 0.2),
        (signal.SIGTERM, 0.6),
        (signal.SIGINT, 1.2),
        (signal.SIGTERM, 2.0),
        (signal.SIGINT, 3.0),
        (signal.SIGTERM, 4.5),
    ],
)
def test_interrupt_at_any_time(
    client: APIClient, engine_socket: str, installer: Path, cluster_id: str, sent: signal.Signals, seconds: float
) -> None:
    """The time counts from the first call to the engine: before it Python itself may still be starting."""
    with EngineProxy(engine_socket) as proxy:
        first = proxy.when(r"GET /", lambda: None)
        with Running("create", installer, "-c", cluster_id, *SMALL, env=at(proxy.url)) as running:
            assert first.fired.wait(60)
            time.sleep(seconds)
            running.send(sent)
            result = running.end()
    if result.code == 0:  # on a fast machine it is over by then
        assert result.stdout == f"{cluster_id}\n"
        assert len(containers(client, cluster_id)) == 2
    else:
        assert (result.code, result.stdout) == (CODES[sent], ""), result.stderr
        assert of_cluster(client, cluster_id) == []


@pytest.mark.xdist_group("killed")  # `clean` may take what is left here on purpose
def test_interrupt_with_keep_on_failure_keeps(
    client: APIClient, engine_socket: str, cluster_id: str, installer: Path
) -> None:
    result = interrupted_create(
        engine_socket,
        installer,
        cluster_id,
        MOMENTS["waiting for a node"],
        signal.SIGINT,
        options=("--keep-on-failure",),
    )
    assert_stopped(result, 130)
    assert f"Kept as it is. Remove it with: dcos-docker destroy --cluster-id {cluster_id}\n" in result.stderr
    kept = of_cluster(client, cluster_id)
    assert f"container dcos-docker-{cluster_id}-master-0" in kept
    assert f"network dcos-docker-{cluster_id}" in kept
    assert f"container dcos-docker-{cluster_id}-bootstrap" not in kept
    dcos_docker("clean").succeeded()
    assert of_cluster(client, cluster_id) == kept
    assert dcos_docker("destroy", "-c", cluster_id).succeeded() == f"{cluster_id}\n"
    assert of_cluster(client, cluster_id) == []


@pytest.mark.parametrize("interrupted", ["first", "second"])
def test_interrupt_while_another_create_has_the_cache(
    client: APIClient,
    cluster_id: str,
    new_cluster_id: Callable[[], str],
    fresh_installer: tuple[Path, str],
    interrupted: str,
) -> None:
    """Neither takes the cache from the other: not the one that has it, nor the one that waits for it."""
    installer, cache = fresh_installer
    with Running("create", installer, "-c", cluster_id, *SMALL) as first:
        eventually(lambda: containers(client, cluster_id, "bootstrap") != [], "the first has its bootstrap node")
        other = new_cluster_id()
        with Running("create", installer, "-c", other, *SMALL) as second:
            eventually(lambda: containers(client, other, "bootstrap") != [], "the second has its bootstrap node")
            stops, goes_on = (first, second) if interrupted == "first" else (second, first)
            stops.send(signal.SIGINT)
            assert_stopped(stops.end(), 130)
            assert of_cluster(client, cluster_id if interrupted == "first" else other) == []
            made = goes_on.end().succeeded()
    assert made == f"{other if interrupted == 'first' else cluster_id}\n"
    assert volume_exists(client, cache)
    assert dcos_docker("destroy", "-c", made.strip()).succeeded() == made


@pytest.mark.xdist_group("killed")  # `clean` may take what is left here on purpose
def test_interrupt_of_a_destroy(client: APIClient, engine_socket: str, cluster_id: str, installer: Path) -> None:
    """What is left can be seen, and destroyed again."""
    dcos_docker("create", installer, "-c", cluster_id, *SMALL).succeeded()
    with EngineProxy(engine_socket) as proxy:
        begun: list[Running] = []

        def interrupt() -> None:
            begun[0].send(signal.SIGINT)
            begun[0].wait_for_stderr("Stopping…")

        proxy.when(r"DELETE \S+/containers/", interrupt)
        with Running("destroy", "-c", cluster_id, env=at(proxy.url)) as running:
            begun.append(running)
            assert_stopped(running.end(), 130)
    assert of_cluster(client, cluster_id) != []
    assert dcos_docker("destroy", "-c", cluster_id).succeeded() == f"{cluster_id}\n"
    assert of_cluster(client, cluster_id) == []


def test_interrupt_of_a_sample_installer(client: APIClient, engine_socket: str, tmp_path: Path) -> None:
    path = tmp_path / "installer.sh"
    path.write_text("as before")
    with EngineProxy(engine_socket) as proxy:
        begun: list[Running] = []

        def interrupt() -> None:
            begun[0].send(signal.SIGINT)
            begun[0].wait_for_stderr("Stopping…")

        proxy.when(r"GET \S+/containers/\w+/archive", interrupt)
        with Running("sample-installer", path, env=at(proxy.url)) as running:
            begun.append(running)
            result = running.end()
            made = f"/{running.process.pid}/"
    assert_stopped(result, 130)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("installer.sh", "as before")]
    samples = client.containers(all=True, filters={"label": "dcos_docker.kind=sample"})
    assert [item for item in samples if made in item["Labels"]["dcos_docker.creator"]] == []
