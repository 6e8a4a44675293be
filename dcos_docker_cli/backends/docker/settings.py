"""What users choose of nodes: checked, and in the form in which the engine wants it. Nothing here needs an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from dcos_docker_cli.distributions import Distribution
from dcos_docker_cli.docker_storage_drivers import DockerStorageDriver
from dcos_docker_cli.docker_versions import DockerVersion
from dcos_docker_cli.exceptions import UsageError
from dcos_docker_cli.labels import PREFIX
from dcos_docker_cli.model import INSTALL_DIR, NAME_PREFIX, NodeRef, Role, Transport, check_name_prefix

if TYPE_CHECKING:
    from collections.abc import Sequence

    Volumes = Mapping[str, Mapping[str, str]]
    MountsInput = Sequence[Mapping[str, Any]] | Volumes
    """A list of `docker.types.Mount`, or a dictionary in the form of docker-py's `volumes`."""
    PortMap = Mapping[str, Any]
    """In the form of docker-py's `ports`, as in `{"80/tcp": 8080}`."""

T = TypeVar("T")

LOCAL_ADDRESS = "127.0.0.1"
"""Where a published port listens unless an address is given: a cluster for tests is not to be open to the network."""


@dataclass(frozen=True)
class Mounts:
    """Mounts in the engine's two forms: `mounts` as objects, and `binds` as in `source:target:mode`."""

    mounts: tuple[Mapping[str, Any], ...] = ()
    binds: tuple[str, ...] = ()

    def __add__(self, other: Mounts) -> Mounts:
        return Mounts(self.mounts + other.mounts, self.binds + other.binds)

    @property
    def all_targets(self) -> list[str]:
        """The path on the node of each of them."""
        given = [*(str(mount["Target"]) for mount in self.mounts), *map(target_of, self.binds)]
        return [str(PurePosixPath(path)) for path in given]

    @property
    def targets(self) -> set[str]:
        """The paths on the node where something is mounted."""
        return set(self.all_targets)


@dataclass(frozen=True)
class Settings:
    """What all nodes of a cluster have, and what those of a role have. The key None stands for all roles."""

    name_prefix: str = NAME_PREFIX
    distribution: Distribution = Distribution.DEBIAN_12
    docker_version: DockerVersion = DockerVersion.DISTRIBUTION
    storage_driver: DockerStorageDriver | None = None
    transport: Transport = Transport.DOCKER_EXEC
    network: str = ""
    mount_sys_fs_cgroup: bool = False
    force_cgroup_v1: bool = False
    """Have a systemd boot on cgroup v1 that refuses to unless it is told so."""
    mounts: Mapping[Role | None, Mounts] = field(default_factory=dict)
    labels: Mapping[Role | None, Mapping[str, str]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables of the nodes' containers: of commands on them, and of Docker in them if they are about a proxy."""
    ports: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    """Ports of one master that are published on the engine's host, as `{"80/tcp": [{"HostIp": …, "HostPort": …}]}`."""

    def __post_init__(self) -> None:
        check_name_prefix(self.name_prefix)
        _check_kinds(self)
        if any(INSTALL_DIR in mounts.targets for mounts in self.mounts.values()):
            raise UsageError(f"Nothing can be mounted at {INSTALL_DIR}: from there the nodes are installed.")
        for mounts in map(self.mounts_of, Role):
            twice = next((path for path in mounts.all_targets if mounts.all_targets.count(path) > 1), "")
            if twice:
                raise UsageError(f"Two volumes are to be at {twice}.")

    def mounts_of(self, role: Role) -> Mounts:
        """Return the mounts of a node of a role."""
        return self.mounts.get(None, Mounts()) + self.mounts.get(role, Mounts())

    def ports_of(self, ref: NodeRef) -> Mapping[str, Sequence[Mapping[str, str]]]:
        """Return the ports of a node that are published: those of one master, for only one can have them."""
        return self.ports if ref == NodeRef(Role.MASTER, 0) else {}

    def labels_of(self, role: Role) -> dict[str, str]:
        """Return the user's labels of a node of a role."""
        return {**self.labels.get(None, {}), **self.labels.get(role, {})}


def _check_kinds(settings: Settings) -> None:
    """Raise `UsageError` for what is no member of its enumeration, such as its value."""
    kinds = {
        "linux_distribution": (settings.distribution, Distribution),
        "docker_version": (settings.docker_version, DockerVersion),
        "storage_driver": (settings.storage_driver or DockerStorageDriver.OVERLAY_2, DockerStorageDriver),
        "transport": (settings.transport, Transport),
    }
    for name, (value, kind) in kinds.items():
        if not isinstance(value, kind):
            members = ", ".join(str(member) for member in kind)
            raise UsageError(f"{name} cannot be {value!r}.", hint=f"It is one of: {members}")


def target_of(bind: str) -> str:
    """Return where on the node a bind is; one without a source is a path alone."""
    parts = bind.split(":")
    return parts[0] if len(parts) == 1 or not parts[1].startswith("/") else parts[1]


def read_mounts(given: MountsInput | None) -> Mounts:
    """Read mounts in either of the forms that users know from docker-py."""
    if not given:
        return Mounts()
    if isinstance(given, Mapping):
        return Mounts(binds=tuple(_bind(source, volume) for source, volume in given.items()))
    for mount in given:
        if not isinstance(mount, Mapping) or not mount.get("Target"):
            raise UsageError(f"{mount!r} is no docker.types.Mount.")
    return Mounts(mounts=tuple(dict(mount) for mount in given))


def _bind(source: str, volume: Mapping[str, str]) -> str:
    if not isinstance(volume, Mapping) or not str(volume.get("bind", "")).startswith("/"):
        raise UsageError(
            f"The mount of {source} does not tell where to.",
            hint='Write it as in: {"/on/the/host": {"bind": "/on/the/node", "mode": "ro"}}',
        )
    return f"{source}:{volume['bind']}:{volume.get('mode', 'rw')}"


def read_labels(given: Mapping[str, str] | None) -> dict[str, str]:
    """Return the user's labels; raise `UsageError` for those that only we give."""
    for key in given or {}:
        if not isinstance(key, str):
            raise UsageError(f"{key!r} is no name of a label.")
        if key.startswith(PREFIX):
            raise UsageError(f'The label "{key}" cannot be given: what begins with "{PREFIX}" is the tool\'s own.')
    return {key: str(value) for key, value in (given or {}).items()}


def read_ports(given: PortMap | None) -> dict[str, list[dict[str, str]]]:
    """Return port bindings as the engine wants them."""
    bindings = {}
    for port, places in (given or {}).items():
        number, _, protocol = str(port).partition("/")
        if not number.isdigit():
            raise UsageError(f'"{port}" is no port of a node.', hint='Write it as in: {"80/tcp": 8080}')
        wanted = places if isinstance(places, list) else [places]
        bindings[f"{number}/{protocol or 'tcp'}"] = [_place(port, place) for place in wanted]
    return bindings


def _place(port: str, place: object) -> dict[str, str]:
    """Return where a port is published: a number, (address, number), or None for any free port."""
    address, number = place if isinstance(place, tuple) and len(place) == 2 else (LOCAL_ADDRESS, place)
    if number is None:
        return {"HostIp": str(address), "HostPort": ""}
    if not str(number).isdigit() or not 0 < int(str(number)) < 65536:
        raise UsageError(
            f'The port {port} cannot be published on "{place}".', hint="Ports are numbers from 1 to 65535."
        )
    return {"HostIp": str(address), "HostPort": str(number)}


def network_name(given: object) -> str:
    """Return the name of a network that is given by name or as docker-py's object."""
    return str(getattr(given, "name", given) or "")


def by_role(all_roles: T, masters: T, agents: T, public_agents: T) -> dict[Role | None, T]:
    """Return what is given for all roles and for each, by role."""
    return {None: all_roles, Role.MASTER: masters, Role.AGENT: agents, Role.PUBLIC_AGENT: public_agents}
