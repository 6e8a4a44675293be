"""A client that is in a container itself, as a job of a CI service is, with the program as it is on this machine.

It sees this machine's files, read-only, and neither its engine's socket nor its network.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_docker_cli.backends.docker.engine import connect
from dcos_docker_cli.transports.base import run
from dcos_docker_cli.transports.docker_exec import DockerExec
from tests.support.engine import execute
from tests.support.ids import new_id
from tests.support.program import PROGRAM, Result, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from docker import APIClient

ROOT = "/machine"
CHECKOUT = Path(__file__).parents[2]
CERTIFICATES = "/tmp/certs/client"
# Names are as the engine has written them for this container; directories that tell too much of the machine are empty.
MAIN = f"""
set -e
mkdir /checkout
mount --bind {ROOT}{CHECKOUT} /checkout
mount -t tmpfs tmpfs {ROOT}/tmp
mount -t tmpfs tmpfs {ROOT}/run
[ -d {ROOT}{CHECKOUT} ] || mkdir -p {ROOT}{CHECKOUT}  # where the checkout is below /tmp
mount --bind /checkout {ROOT}{CHECKOUT}
mount --bind /etc/resolv.conf {ROOT}/etc/resolv.conf
mount --bind /etc/hosts {ROOT}/etc/hosts
mount --rbind /dev {ROOT}/dev
mount --rbind /proc {ROOT}/proc
mkdir -p {ROOT}{CERTIFICATES} {ROOT}/tmp/home {ROOT}/tmp/work
mount -o remount,exec,dev {ROOT}/dev/shm
touch /ready
exec sleep 86400
"""


class ClientContainer:
    """The container. `directory` has ca.pem, cert.pem and key.pem."""

    def __init__(self, client: APIClient, container: str, env: Mapping[str, str]) -> None:
        self.client = client
        self.container = container
        self.env = {
            "HOME": "/tmp/home",
            "PATH": f"{PROGRAM.parent}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": "C.UTF-8",
            **env,
        }

    def run(self, *command: str, env: Mapping[str, str] | None = None) -> Result:
        """Run a command in it, in an empty directory."""
        done = run(DockerExec(connect(), self.container), self._words(command, env or {}, "/tmp/work"))
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def stream(self, *command: str, write: Callable[[bytes], object]) -> int:
        """Run a command in the checkout, and pass on what it says as it comes; return its exit code."""

        def pass_on(data: bytes) -> None:
            write(data)

        words = self._words(command, {}, str(CHECKOUT))
        return DockerExec(connect(), self.container).stream(words, stdout=pass_on, stderr=pass_on)

    def _words(self, command: Sequence[str], env: Mapping[str, str], directory: str) -> list[str]:
        variables = [f"{name}={value}" for name, value in {**self.env, **env}.items()]
        return ["chroot", ROOT, "/usr/bin/env", "-i", "-C", directory, *variables, *command]

    def dcos_docker(self, *args: str, env: Mapping[str, str] | None = None) -> Result:
        """Run the program in it."""
        return self.run("dcos-docker", *args, env=env)

    def give(self, path: str, content: bytes) -> None:
        """Write a file below /tmp."""
        # Not by the archive API, which does not see what is mounted in the container.
        done = run(DockerExec(connect(), self.container), ["sh", "-c", f'cat >"{ROOT}$0"', path], stdin=content)
        assert done.returncode == 0, done.stderr


@contextmanager
def client_container(
    client: APIClient, node_image: str, network: str, certificates: Path, env: Mapping[str, str]
) -> Iterator[ClientContainer]:
    """Have such a client within the block."""
    host = client.create_host_config(
        privileged=True,
        init=True,
        network_mode=network,
        shm_size="4g",  # tests write root file systems there
        binds={"/": {"bind": ROOT, "mode": "ro"}},
    )
    container = client.create_container(node_image, ["sh", "-c", MAIN], name=f"client-{new_id()}", host_config=host)[
        "Id"
    ]
    try:
        client.start(container)
        eventually(lambda: _is_ready(client, container), "the client's container is ready")
        made = ClientContainer(client, container, env)
        for name in ("ca.pem", "cert.pem", "key.pem"):
            made.give(f"{CERTIFICATES}/{name}", (certificates / name).read_bytes())
        yield made
    finally:
        client.remove_container(container, force=True, v=True)


def _is_ready(client: APIClient, container: str) -> bool:
    return execute(client, container, "sh", "-c", "test -e /ready && echo yes || echo no").strip() == "yes"
