"""Loop devices that have a name: made by one run of the program, listed and destroyed by others."""

from __future__ import annotations

import json
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from dcos_docker_cli.backends.docker.engine import connect
from dcos_docker_cli.backends.docker.images.nodes import ensure_node_image
from dcos_docker_cli.progress import Silent
from tests.support.engine import execute, volume_exists, volumes_of
from tests.support.ids import new_id
from tests.support.program import Result, Running, at, dcos_docker, eventually
from tests.support.proxy import EngineProxy
from tests.support.terminal import OnTerminal, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker import APIClient

# `clean` is run here, and would take what tests of the same group have left on purpose.
pytestmark = pytest.mark.xdist_group("killed")

NOWHERE = at("tcp://127.0.0.1:1")
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def shell(client: APIClient) -> Iterator[Callable[..., str]]:
    """Run shell scripts in a container that is as privileged as a node, and sees the devices of the host itself."""
    image = ensure_node_image(connect(), Silent())
    host: dict[str, Any] = client.create_host_config(privileged=True, binds={"/dev": {"bind": "/engine/dev"}})
    made = client.create_container(image, ["sleep", "infinity"], name=f"like-a-node-{new_id()}", host_config=host)["Id"]
    try:
        client.start(made)
        yield lambda script, *args: execute(client, made, "sh", "-euc", script, "sh", *args).strip()
    finally:
        client.remove_container(made, force=True, v=True)


@pytest.fixture
def new_name(client: APIClient) -> Iterator[Callable[[], str]]:
    """Makes names. The sidecars that have them in the end are removed."""
    made: list[str] = []

    def make() -> str:
        made.append(new_id())
        return made[-1]

    yield make
    for item in client.containers(all=True):
        if item["Names"][0].removeprefix("/dcos-docker-sidecar-") in made:
            client.remove_container(item["Id"], force=True, v=True)


def create(name: str, *options: str, **settings: Any) -> Result:
    return dcos_docker("create-loopback-sidecar", "-q", name, *options, **settings)


def listed(*names: str) -> list[dict[str, Any]]:
    """Return what is listed under these names, without its age."""
    found = json.loads(dcos_docker("list-loopback-sidecars", "-o", "json").succeeded())
    return [{key: one[key] for key in one if key != "created"} for one in found if one["name"] in names]


def destroy(*names: str) -> Result:
    return dcos_docker("destroy-loopback-sidecar", "-q", *names)


def container(name: str) -> str:
    return f"dcos-docker-sidecar-{name}"


def test_from_its_making_to_its_end(client: APIClient, shell: Callable[..., str], new_name: Callable[[], str]) -> None:
    name = new_name()
    made = create(name, "--size", "3")
    path = made.stdout.removesuffix("\n")
    assert (made.code, made.stderr) == (0, "")
    assert re.fullmatch(r"/dev/loop\d+", path)
    (volume,) = volumes_of(client, container(name))
    assert shell('blockdev --getsize64 "/engine$1"', path) == str(3 * MEBIBYTE)
    shell('printf here | dd of="/engine$1" conv=notrunc status=none', path)
    assert listed(name) == [{"name": name, "device": path, "size_megabytes": 3, "state": "running"}]
    again = create(name)
    assert (again.code, again.stdout, again.stderr) == (
        5,
        "",
        f'Error: There is a loopback sidecar "{name}" already.\n'
        f"Next: Choose another name, or remove it: dcos-docker destroy-loopback-sidecar {name}\n",
    )
    with OnTerminal("list-loopback-sidecars", columns=140) as terminal:
        assert terminal.end() == 0
    line = rf"{name} +{path} +3 MiB +running +\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"
    assert re.search(rf"^{line}$", plain(terminal.seen), re.MULTILINE)
    assert container(name) not in dcos_docker("clean").succeeded()
    assert shell('head -c 4 "/engine$1"', path) == "here"
    gone = destroy(name)
    assert (gone.code, gone.stdout, gone.stderr) == (0, f"{name}\n", "")
    assert shell('cat "/sys/block/${1#/dev/}/loop/backing_file" 2>/dev/null || echo free', path) == "free"
    assert not volume_exists(client, volume)
    assert listed(name) == []
    assert destroy(name).stderr == (
        f'Error: There is no loopback sidecar "{name}".\nNext: See what there is: dcos-docker list-loopback-sidecars\n'
    )


def test_several_and_one_that_is_not_there(new_name: Callable[[], str]) -> None:
    """One's name begins with the other's, as often."""
    one = new_name()
    names = [one, f"{one}-2", f"{one}.x"]
    paths = [create(name, "--size", "1").succeeded().strip() for name in names]
    assert len(set(paths)) == 3
    try:
        assert [found["device"] for found in listed(*names)] == paths
        result = destroy(one, "none-1", names[1], one, "none-2")
        assert (result.code, result.stdout) == (4, f"{one}\n{names[1]}\n")
        assert result.stderr == (
            'Error: There is no loopback sidecar "none-1".\n'
            '  There is no loopback sidecar "none-2".\n'
            "Next: See what there is: dcos-docker list-loopback-sidecars\n"
        )
        assert [found["name"] for found in listed(*names)] == [names[2]]
    finally:
        destroy(*names)


def test_of_two_at_once_one_wins(new_name: Callable[[], str]) -> None:
    name = new_name()
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda size: create(name, "--size", size), ["1", "2", "3"]))
    assert sorted(result.code for result in results) == [0, 5, 5]
    (path,) = (result.stdout.strip() for result in results if result.code == 0)
    assert [found["device"] for found in listed(name)] == [path]
    destroy(name).succeeded()


@pytest.mark.parametrize("end", ["stop", "pause", "restart"])
def test_whatever_has_become_of_it(
    client: APIClient, shell: Callable[..., str], new_name: Callable[[], str], end: str
) -> None:
    """An engine that is restarted stops its containers, or kills them."""
    name = new_name()
    create(name, "--size", "1").succeeded()
    if end == "restart":
        client.restart(container(name))
        eventually(lambda: bool(listed(name)[0]["device"]), "it has told the device of its second life")
    else:
        getattr(client, end)(container(name))
    (found,) = listed(name)
    assert found["state"] == {"pause": "paused", "restart": "running"}.get(end, "exited")
    assert bool(found["device"]) is (end in ("pause", "restart"))
    if found["device"]:
        script = 'cat "/sys/block/${1#/dev/}/loop/backing_file"'
        assert shell(script, found["device"]).startswith(f"/disk/{container(name)}")
    assert create(name).code == 5
    assert destroy(name).succeeded() == f"{name}\n"
    assert listed(name) == []


def test_a_device_in_use(shell: Callable[..., str], new_name: Callable[[], str]) -> None:
    name = new_name()
    path = create(name, "--size", "8").succeeded().strip()
    shell('mkfs.ext4 -q "/engine$1"; mount "/engine$1" /mnt', path)
    try:
        result = destroy(name)
        assert (result.code, result.stdout) == (1, "")
        assert result.stderr == (
            f"Error: {path} is still in use.\n"
            "  The sidecar that held it has gone.\n"
            "Next: Unmount it, or destroy the cluster that uses it: the kernel frees it when nobody has it open.\n"
        )
        assert listed(name) == []
        shell("echo still there >/mnt/file")
    finally:
        shell("umount /mnt")
    assert shell('cat "/sys/block/${1#/dev/}/loop/backing_file" 2>/dev/null || echo free', path) == "free"


def test_a_disk_that_is_too_large(new_name: Callable[[], str]) -> None:
    name = new_name()
    result = create(name, "--size", str(10**9))
    assert (result.code, result.stdout) == (1, "")
    assert "File too large" in result.stderr
    assert listed(name) == []


@pytest.mark.parametrize("moment", [r"POST \S+/containers/create\?name=\S+", r"GET \S+/logs"])
def test_interrupted(client: APIClient, engine_socket: str, new_name: Callable[[], str], moment: str) -> None:
    name = new_name()
    with EngineProxy(engine_socket) as proxy:
        begun: list[Running] = []

        def interrupt() -> None:
            begun[0].send(signal.SIGINT)
            time.sleep(0.5)  # the call goes on when the program knows of it

        proxy.when(moment, interrupt)
        with Running("create-loopback-sidecar", name, "--size", "1", env=at(proxy.url)) as running:
            begun.append(running)
            ended = running.end()
    assert (ended.code, ended.stdout) == (130, "")
    assert not client.containers(all=True, filters={"name": container(name)})


def test_killed_before_it_has_started(client: APIClient, engine_socket: str, new_name: Callable[[], str]) -> None:
    """The name is taken then, which the list shows; and it can be destroyed."""
    name = new_name()
    with EngineProxy(engine_socket) as proxy:
        begun: list[Running] = []
        proxy.when(r"POST \S+/containers/\w+/start", lambda: begun[0].send(signal.SIGKILL))
        with Running("create-loopback-sidecar", name, "--size", "1", env=at(proxy.url)) as running:
            begun.append(running)
            assert running.end().code == 137
    (found,) = listed(name)
    assert found["state"] in ("created", "running")
    assert destroy(name).succeeded() == f"{name}\n"


# What cannot be


@pytest.mark.parametrize("name", ["", "-x", "a b", "ä", "a/b", "../x", "a\nb", "_x", "x" * 101])
@pytest.mark.parametrize("command", ["create-loopback-sidecar", "destroy-loopback-sidecar"])
def test_what_is_no_name(command: str, name: str) -> None:
    result = dcos_docker(command, "--", name, env=NOWHERE)
    assert (result.code, result.stdout) == (2, "")
    assert "Error: Invalid value for " in result.stderr
    assert f'"{name}" cannot be the name of a sidecar. Use letters, ' in result.stderr or len(name) > 100
    assert f"Example: dcos-docker {command} disk-1" in result.stderr


@pytest.mark.parametrize("size", ["0", "-1", "1.5", "big", str(1 << 43)])
def test_what_is_no_size(size: str) -> None:
    result = dcos_docker("create-loopback-sidecar", "x", f"--size={size}", env=NOWHERE)
    assert (result.code, result.stdout) == (2, "")
    too_large = f"Error: There is no disk of {size} MiB.\nNext: Its size is a number from 1 to 8796093022207.\n"
    assert "Invalid value for '--size': " in result.stderr or result.stderr == too_large


def test_there_must_be_a_name() -> None:
    for command in ("create-loopback-sidecar", "destroy-loopback-sidecar"):
        result = dcos_docker(command, env=NOWHERE)
        assert (result.code, result.stdout) == (2, "")
        assert "Error: Missing argument 'NAME" in result.stderr
