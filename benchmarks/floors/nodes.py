"""The floor of `provision`, `create` and `destroy`: the same containers, made with docker-py and nothing else.

`nodes.py provision|create|destroy COUNT SPEC`; the specification is JSON. Nothing is checked, nothing can be undone.
"""

from __future__ import annotations

import functools
import io
import json
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import docker

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG = """
bootstrap_url: file:///opt/dcos_install_tmp
cluster_name: floor
exhibitor_storage_backend: static
master_discovery: static
master_list: ["{master}"]
agent_list: {agents}
public_agent_list: []
resolvers: [8.8.8.8]
check_time: 'false'
"""
IP_DETECT = "#!/bin/sh\nhostname -I | tr ' ' '\\n' | grep {network}\n"
GENCONF = "until docker version >/dev/null 2>&1; do sleep 0.1; done; cd /cache/work && bash installer.sh --genconf"


class Floor:
    """The containers of one cluster."""

    def __init__(self, count: int, spec: dict[str, Any]) -> None:
        self.spec = spec
        self.client = docker.APIClient(version=spec["version"], timeout=300, max_pool_size=64)
        self.names = [f"{spec['prefix']}-{number}" for number in range(count)]
        self.network = spec["subnet"].rpartition(".")[0]
        self.addresses = [f"{self.network}.{number + 2}" for number in range(count)]
        self.serve = f"{spec['prefix']}-serve"

    def together(self, calls: list[Callable[[], object]]) -> None:
        """Make calls at the same time."""
        with ThreadPoolExecutor(len(calls)) as pool:
            for future in [pool.submit(call) for call in calls]:
                future.result()

    def run(self, container: str, *command: str) -> bytes:
        """Run a command in a container, which must succeed."""
        made = self.client.exec_create(container, list(command))["Id"]
        said: bytes = self.client.exec_start(made)
        if self.client.exec_inspect(made)["ExitCode"] != 0:
            sys.exit(f"{command} on {container}: {said.decode(errors='replace')}")
        return said

    def lay_out(self) -> None:
        """Make what the nodes share."""
        pool = docker.types.IPAMPool(subnet=self.spec["subnet"])
        name = self.spec["prefix"]
        self.client.create_network(name, driver="bridge", ipam=docker.types.IPAMConfig(pool_configs=[pool]))
        self.client.create_volume(self.serve)

    def container(self, name: str, address: str, mounts: list[dict[str, Any]], **more: Any) -> None:
        """Create and start a container."""
        network = self.spec["prefix"]
        nofile = {"Name": "nofile", "Soft": self.spec["nofile"], "Hard": self.spec["nofile"]}
        config = {
            "Image": self.spec["image"],
            "Hostname": name,
            "HostConfig": {
                "Privileged": True,
                "SecurityOpt": ["seccomp=unconfined", "apparmor=unconfined"],
                "CgroupnsMode": "private",
                "Init": False,
                "Tmpfs": {"/run": "exec", "/tmp": "exec"},
                "Ulimits": [nofile],
                "Mounts": mounts,
                "NetworkMode": network,
            },
            "NetworkingConfig": {"EndpointsConfig": {network: {"IPAMConfig": {"IPv4Address": address}}}},
            **more,
        }
        made = self.client.create_container_from_config(config, name=name)["Id"]  # type: ignore[no-untyped-call]
        self.client.start(made)

    def node(self, number: int) -> None:
        """Start a node, and wait until its systemd is up."""
        mounts = [{"Type": "volume", "Target": path} for path in self.spec["volumes"]]
        mounts.append({"Type": "volume", "Source": self.serve, "Target": "/opt/dcos_install_tmp", "ReadOnly": True})
        self.container(self.names[number], self.addresses[number], mounts, Tty=True)
        said = self.run(self.names[number], "sh", "-c", self.spec["wait"])
        if said.strip() != b"running":
            sys.exit(f"{self.names[number]} is {said!r}")

    def genconf(self) -> None:
        """Run the installer on one more container, whose Docker has it loaded but for the first time."""
        name = f"{self.spec['prefix']}-bootstrap"
        mounts = [
            {"Type": "volume", "Source": f"{self.spec['prefix']}-cache", "Target": "/cache"},
            {"Type": "volume", "Source": self.serve, "Target": "/cache/work/genconf/serve"},
        ]
        self.container(name, f"{self.network}.254", mounts, Cmd=["/usr/local/sbin/dcos-docker-bootstrap"])
        files = {
            "config.yaml": CONFIG.format(master=self.addresses[0], agents=json.dumps(self.addresses[1:])),
            "ip-detect": IP_DETECT.format(network=self.network),
        }
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for path, text in files.items():
                member = tarfile.TarInfo(path)
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))
        self.client.put_archive(name, "/cache/work/genconf", archive.getvalue())
        if b"no" in self.run(name, "sh", "-c", "test -e /cache/work/installer.sh || echo no"):
            self.send_installer(name)
        self.run(name, "sh", "-c", GENCONF)
        self.client.remove_container(name, force=True, v=True)

    def send_installer(self, name: str) -> None:
        """Put the installer in the cache."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(self.spec["installer"], "installer.sh")
        self.client.put_archive(name, "/cache/work", archive.getvalue())

    def provision(self) -> None:
        """Do what `provision` does."""
        self.lay_out()
        self.together([functools.partial(self.node, number) for number in range(len(self.names))])

    def create(self) -> None:
        """Do what `create` does."""
        self.lay_out()
        nodes = [functools.partial(self.node, number) for number in range(len(self.names))]
        self.together([*nodes, self.genconf])
        install = "/opt/dcos_install_tmp/dcos_install.sh"
        roles = ["master", *("slave" for _ in self.names[1:])]
        pairs = zip(self.names, roles, strict=True)
        self.together([functools.partial(self.run, name, "bash", install, role) for name, role in pairs])

    def destroy(self) -> None:
        """Do what `destroy` does."""
        remove = functools.partial(self.client.remove_container, force=True, v=True)
        self.together([functools.partial(remove, name) for name in self.names])
        self.client.remove_network(self.spec["prefix"])
        self.client.remove_volume(self.serve)


if __name__ == "__main__":
    getattr(Floor(int(sys.argv[2]), json.loads(sys.argv[3])), sys.argv[1])()
