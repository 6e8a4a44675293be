"""The label schema: all that the tool knows of its clusters is in these labels of the engine's objects."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dcos_docker_cli import __version__
from dcos_docker_cli.model import CLUSTER_ID_PATTERN, NAME_PREFIX, DCOSVariant, NodeRef, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

EnumT = TypeVar("EnumT", bound=Enum)

PREFIX = "dcos_docker."
"""All our keys begin with it, and no user's label may."""
SCHEMA = "1"

SCHEMA_KEY = PREFIX + "schema"
KIND_KEY = PREFIX + "kind"
CLUSTER_ID_KEY = PREFIX + "cluster_id"
ROLE_KEY = PREFIX + "role"
INDEX_KEY = PREFIX + "index"
ADDRESS_KEY = PREFIX + "address"
CREATED_KEY = PREFIX + "created"
TOOL_VERSION_KEY = PREFIX + "tool_version"
DISTRIBUTION_KEY = PREFIX + "distribution"
DOCKER_VERSION_KEY = PREFIX + "docker_version"
VARIANT_KEY = PREFIX + "variant"
TRANSPORT_KEY = PREFIX + "transport"
NAME_PREFIX_KEY = PREFIX + "name_prefix"
"""With what the name of a node's container begins."""
CREATOR_KEY = PREFIX + "creator"
CONTENT_KEY = PREFIX + "content"
"""What a cache or an image was made from, as a digest."""
BASE_KEY = PREFIX + "base"
"""What an image was built on, in words."""
NAME_KEY = PREFIX + "name"
"""What the user calls it: a sidecar that has one outlives the process that made it."""
SIZE_KEY = PREFIX + "size_megabytes"


class Kind(Enum):
    """What an object of ours is for."""

    NODE = "node"
    BOOTSTRAP = "bootstrap"
    RESERVATION = "reservation"
    NETWORK = "network"
    VOLUME = "volume"
    CACHE = "cache"
    IMAGE = "image"
    SAMPLE = "sample"
    SIDECAR = "sidecar"
    BUILD = "build"
    PROBE = "probe"


def selector(kind: Kind | None = None, cluster_id: str | None = None) -> list[str]:
    """Return the label filter that finds our objects, of any schema, and no one else's."""
    return [
        SCHEMA_KEY,
        *([f"{KIND_KEY}={kind.value}"] if kind else []),
        *([f"{CLUSTER_ID_KEY}={cluster_id}"] if cluster_id else []),
    ]


def common(kind: Kind, cluster_id: str | None = None) -> dict[str, str]:
    """Return the labels that every object of ours carries."""
    labels = {
        SCHEMA_KEY: SCHEMA,
        KIND_KEY: kind.value,
        CREATED_KEY: datetime.now(timezone.utc).isoformat(timespec="seconds"),
        TOOL_VERSION_KEY: __version__,
        CREATOR_KEY: str(Creator.this_process()),
    }
    return labels if cluster_id is None else {**labels, CLUSTER_ID_KEY: cluster_id}


def instructions(kind: Kind) -> list[str]:
    """Return the labels that every object of ours carries as instructions of a Dockerfile."""
    return [instruction(key, value) for key, value in common(kind).items()]


def instruction(key: str, value: str) -> str:
    """Return a label as an instruction of a Dockerfile."""
    return f"LABEL {json.dumps(key)}={json.dumps(value)}"


@dataclass(frozen=True)
class Labels:
    """The labels of one object, read back. What is missing or makes no sense is None or empty, never an error."""

    schema: str
    kind: Kind | None
    cluster_id: str
    ref: NodeRef | None
    address: str
    created: datetime | None
    tool_version: str
    distribution: str
    docker_version: str
    base: str
    variant: DCOSVariant | None
    transport: str
    name_prefix: str
    name: str
    size_megabytes: int | None
    creator: Creator | None

    @property
    def is_known(self) -> bool:
        """Whether this version of the tool can read them."""
        return self.schema == SCHEMA


def decode(labels: Mapping[str, str]) -> Labels:
    """Read the labels of an object."""
    return Labels(
        schema=labels.get(SCHEMA_KEY, ""),
        kind=_member(Kind, labels.get(KIND_KEY)),
        cluster_id=_cluster_id(labels),
        ref=_ref(labels),
        address=_text(labels, ADDRESS_KEY),
        created=_time(labels.get(CREATED_KEY, "")),
        tool_version=_text(labels, TOOL_VERSION_KEY),
        distribution=_text(labels, DISTRIBUTION_KEY),
        docker_version=_text(labels, DOCKER_VERSION_KEY),
        base=_text(labels, BASE_KEY),
        variant=_member(DCOSVariant, labels.get(VARIANT_KEY)),
        transport=_text(labels, TRANSPORT_KEY),
        name_prefix=_text(labels, NAME_PREFIX_KEY, NAME_PREFIX),
        name=_text(labels, NAME_KEY),
        size_megabytes=_size(labels.get(SIZE_KEY, "")),
        creator=Creator.parse(labels.get(CREATOR_KEY, "")),
    )


def _text(labels: Mapping[str, str], key: str, default: str = "") -> str:
    """Return a text that can be shown: others can label what they like, also for the terminal of who reads it."""
    text = labels.get(key, default)
    return text if text.isprintable() else ""


def _cluster_id(labels: Mapping[str, str]) -> str:
    """Return the id if it can be one, of whatever length: they are printed for commands that remove clusters."""
    cluster_id = labels.get(CLUSTER_ID_KEY, "")
    return cluster_id if CLUSTER_ID_PATTERN.fullmatch(cluster_id) else ""


def _member(enum: type[EnumT], value: str | None) -> EnumT | None:
    return next((member for member in enum if member.value == value), None)


def _ref(labels: Mapping[str, str]) -> NodeRef | None:
    role = next((role for role in Role if role.word == labels.get(ROLE_KEY)), None)
    index = labels.get(INDEX_KEY, "")
    return NodeRef(role, int(index)) if role and _is_number(index) else None


def _is_number(text: str, digits: int = 9) -> bool:
    """Whether this can be an index or a process id; Python refuses to read numbers of thousands of digits."""
    return text.isascii() and text.isdigit() and len(text) <= digits


def _size(text: str) -> int | None:
    return int(text) if _is_number(text, digits=13) else None  # 8 EiB, the largest file, in MiB


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Creator:
    """The process that made an object: enough to tell on its own host whether it still lives.

    A process id means something only in its host's and its process namespace, and only together with the time at which
    the process started, for ids are used again.
    """

    host: str
    namespace: str
    pid: int
    started: str

    def __str__(self) -> str:
        return f"{self.host}/{self.namespace}/{self.pid}/{self.started}"

    @classmethod
    def this_process(cls) -> Creator:
        """Return the process that we are."""
        pid = os.getpid()
        return cls(_host(), _pid_namespace(), pid, _start_time(pid) or "-")

    @classmethod
    def parse(cls, text: str) -> Creator | None:
        """Read one back; None if it is none."""
        parts = text.split("/")
        if len(parts) != 4 or not _is_number(parts[2]):
            return None
        return cls(parts[0], parts[1], int(parts[2]), parts[3])

    def is_dead(self) -> bool:
        """Whether the process has surely ended. On another host nobody can know, so the answer is no."""
        return self._can_be_seen() and not self._runs()

    def is_alive(self) -> bool:
        """Whether the process surely runs. On another host nobody can know, so the answer is no."""
        return self._can_be_seen() and self._runs()

    def is_this_process(self) -> bool:
        """Whether it is the process that asks. A host can change its name meanwhile; what else it is, is enough."""
        here = Creator.this_process()
        is_same = (self.namespace, self.pid, self.started) == (here.namespace, here.pid, here.started)
        return is_same and (self.started != "-" or self.host == here.host)

    def _can_be_seen(self) -> bool:
        here = Creator.this_process()
        return (self.host, self.namespace) == (here.host, here.namespace)

    def _runs(self) -> bool:
        return _start_time(self.pid) == self.started if self.started != "-" else _exists(self.pid)


def _host() -> str:
    """Return this host's name and, for names are given twice, a digest of its machine id."""
    try:
        machine = hashlib.sha256(Path("/etc/machine-id").read_bytes()).hexdigest()[:12]
    except OSError:
        machine = "-"
    return f"{socket.gethostname().replace('/', '_')}+{machine}"


def _pid_namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid").strip("pid:[]")  # noqa: PTH115 - not a path
    except OSError:
        return "-"


def _start_time(pid: int) -> str | None:
    """Return the boot and the kernel's clock ticks at which a process started; None without such a process.

    A zombie is none: in a container whose first process takes no orphans in, a killed process stays one for ever.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # from the third on, see proc(5)
    return None if fields[0] in "ZX" else f"{boot}-{fields[19]}"


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
