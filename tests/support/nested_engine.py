"""An engine in a container of the node image, on which nodes really run.

For what must be under the real names of images, which are a developer's on the shared engine, and for an engine that
reaches nothing.
"""

from __future__ import annotations

import ctypes
import io
import ipaddress
import json
import tarfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.contained import PORT, ContainedEngine, started
from tests.support.engine import execute
from tests.support.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from docker import APIClient

MAIN_PROCESS = "/usr/local/sbin/dcos-docker-bootstrap"
"""That of a bootstrap node, which is an engine too, on a volume at `/cache`."""
BRIDGES = ("172.26.0.1/24", "172.25.0.1/24")
"""Its own bridge has the first that does not clash with the network that it is in. Clusters never have these."""
TEMPLATE = Path(__file__).parents[2] / "scripts" / "runtime-wrapper.sh"
WRAPPER = "/usr/local/sbin/dcos-docker-runc"
RUNC = "/usr/sbin/runc"


@contextmanager
def nested_engine(
    client: APIClient,
    node_image: str,
    network: str = "bridge",
    store: Path | None = None,
    main: Sequence[str] = (MAIN_PROCESS,),
) -> Iterator[ContainedEngine]:
    """Have an engine within the block, in a container on the shared one, which is in a network of that one.

    `main` is its first process. What it stores is in a volume, or in the directory `store` of the shared engine's host.

    Where that network is internal, neither the engine nor its containers reach anything but this machine. It is told
    so at once when it asks for a name, as it otherwise would after 20 s.
    """
    binds = [f"{store}:/cache"] if store else []
    host: dict[str, Any] = client.create_host_config(
        privileged=True,
        init=False,
        network_mode=network,
        binds=binds,
    )
    container = client.create_container(
        node_image,
        list(main),
        name=f"nested-engine-{new_id()}",
        host_config=host,
        volumes=["/cache"],
    )["Id"]
    runtime, files = runtime_settings()
    settings = {
        "hosts": [f"tcp://0.0.0.0:{PORT}"],
        "tls": False,
        "bip": bridge_beside(client, network),
        "insecure-registries": [str(_subnet(client, network))],
        **runtime,
    }
    client.put_archive(container, "/", archive({"etc/docker/daemon.json": json.dumps(settings).encode(), **files}))
    with started(client, container) as made:
        if client.inspect_network(network)["Internal"]:
            execute(client, container, "sh", "-c", "echo nameserver 127.0.0.1 >/etc/resolv.conf")
        yield made


def _subnet(client: APIClient, network: str) -> ipaddress.IPv4Network:
    configs = client.inspect_network(network)["IPAM"]["Config"]
    return next(found for config in configs if (found := ipaddress.ip_network(config["Subnet"])).version == 4)


def bridge_beside(client: APIClient, network: str) -> str:
    """Return an address for the own bridge of an engine that is in a network; registries of tests are in that one."""
    subnet = _subnet(client, network)
    return next(one for one in BRIDGES if not ipaddress.ip_interface(one).network.overlaps(subnet))


def runtime_settings() -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return what daemon.json says of the runtime, and the files that it needs, on this machine."""
    missing = _missing_capabilities()
    if not missing:
        return {}, {}
    return {"default-runtime": "wrapped", "runtimes": {"wrapped": {"path": WRAPPER}}}, {WRAPPER[1:]: _wrapper(missing)}


def _wrapper(missing: list[str]) -> bytes:
    """Fill in the script that stands before runc where privileged containers cannot have all capabilities."""
    template = TEMPLATE.read_text(encoding="utf-8")
    script = template.replace('missing="@MISSING@"', f'missing="{" ".join(missing)}"')
    return script.replace("exec @RUNC@", f"exec {RUNC}").encode()


def _missing_capabilities() -> list[str]:
    """Return the names of the capabilities that the kernel knows and this machine's bounding set lacks."""
    highest = int(Path("/proc/sys/kernel/cap_last_cap").read_text(encoding="ascii"))
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    bounding = int(status["CapBnd"], 16)
    return [_capability(bit) for bit in range(highest + 1) if not bounding >> bit & 1]


def _capability(bit: int) -> str:
    library = ctypes.CDLL("libcap.so.2")
    library.cap_to_name.restype = ctypes.c_char_p
    return bytes(library.cap_to_name(bit)).decode().upper()


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return a tar of files by their paths; scripts can be executed."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755 if content.startswith(b"#!") else 0o644
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
