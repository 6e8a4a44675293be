"""Loop devices of the engine's host, each held by a sidecar container.

The kernel frees a loop device that is marked so when nobody has it open any more. The sidecar's process marks it in the
same call that attaches it, and keeps it open; its file has no name by then. So when that process ends, however it does,
nothing is left of the device and of what was on it.

A sidecar that a user has named stays when the process that made it has ended; the others are that process' own.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker import listing
from dcos_docker_cli.backends.docker.container_removal import remove_container
from dcos_docker_cli.backends.docker.containers import create
from dcos_docker_cli.backends.docker.images.nodes import ensure_node_image
from dcos_docker_cli.concurrency import parallel
from dcos_docker_cli.exceptions import (
    EngineConflictError,
    EngineError,
    EngineNotFoundError,
    OtherVersionError,
    SidecarExistsError,
    SidecarNotFoundError,
)
from dcos_docker_cli.labels import Kind
from dcos_docker_cli.model import NAME_PREFIX
from dcos_docker_cli.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dcos_docker_cli.backends.docker.engine import Engine
    from dcos_docker_cli.progress import Progress

ATTACH_SECONDS = 30
"""How long the sidecar tries: somebody else may take a device that was free just before."""
RELEASE_SECONDS = 5
"""How long the sidecar waits, when it is stopped, for others that have the device open."""
STILL_IN_USE = 75
"""The sidecar's exit code when they still have."""
UNREADABLE = "unknown"
"""Our word for the state of a sidecar that another version of the tool has made."""
HOLDING = ("running", "paused")
"""The engine's words for a container whose process is there, and so its device."""

# Perl, which every Debian has, for losetup cannot attach and mark in one call. Numbers and layouts: linux/loop.h.
# The engine's own /dev, for a container's has only those devices that were there when it started.
SCRIPT = """
use strict;
my ($SET_FD, $SET_STATUS64, $CONFIGURE, $GET_FREE, $AUTOCLEAR) = (0x4C00, 0x4C04, 0x4C0A, 0x4C82, 4);
my ($file, $bytes, $attach_seconds, $release_seconds, $still_in_use) = @ARGV;
my ($disk, $control, $loop, $number);
my $dev = "/engine/dev";

sub attach {
    $number = ioctl $control, $GET_FREE, 0 or return 0;
    $number += 0;  # perl says "0 but true"
    my $node = "$dev/loop$number";
    -b $node or make_node($node);
    open $loop, "+<", $node or return 0;
    my $info = pack "x52 L x176", $AUTOCLEAR;
    ioctl $loop, $CONFIGURE, pack("L L", fileno $disk, 0) . $info . pack "x64" and return 1;
    # Before Linux 5.8 it takes two calls.
    return $!{EINVAL} && ioctl($loop, $SET_FD, fileno $disk) && ioctl($loop, $SET_STATUS64, $info);
}

sub make_node {  # where neither the kernel nor udev does
    open my $numbers, "<", "/sys/block/loop$number/dev" or return;
    system "mknod", "-m", "660", $_[0], "b", split /[:\\n]/, <$numbers>;
}

sub is_free {
    open my $backing, "<", "/sys/block/loop$number/loop/backing_file" or return 1;
    # Another disk can have the number by now, and a name that begins with ours.
    return <$backing> !~ /^\\Q$file\\E(?: \\(deleted\\))?$/;
}

sub nap { select undef, undef, undef, 0.01 }

sub end {
    close $loop if $loop;
    my $until = time + $release_seconds;
    nap() until is_free() or time > $until;
    exit(is_free() ? 0 : $still_in_use);
}

# The first process of a container gets no signals but those that it handles.
$SIG{TERM} = \\&end;
$SIG{ALRM} = sub { die "No loop device could be had: $!\\n" };
$| = 1;
alarm $attach_seconds;
open $disk, "+>", $file or die "$file: $!\\n";
unlink $file or die "$file: $!\\n";
truncate $disk, $bytes or die "A disk of $bytes bytes: $!\\n";
open $control, "+<", "$dev/loop-control" or die "/dev/loop-control: $!\\n";
until (attach()) { $!{EBUSY} or $!{ENXIO} or die "A loop device: $!\\n"; nap() }
alarm 0;
print "/dev/loop$number\\n";
sleep while 1;
"""


@dataclass(frozen=True)
class Sidecar:
    """A sidecar that has a name; `state` is the engine's word for its container, `device` empty when it has ended."""

    name: str
    device: str
    size_megabytes: int | None
    state: str
    created: datetime | None
    container_id: str


def sidecar_name(name: str) -> str:
    """Return the name of a sidecar's container."""
    return f"{NAME_PREFIX}-{Kind.SIDECAR.value}-{name}"


def start_sidecar(engine: Engine, size_megabytes: int, user_labels: Mapping[str, str]) -> tuple[str, str]:
    """Make a device; return the id of the sidecar that holds it, and its path on the engine's host."""
    name = sidecar_name(secrets.token_hex(6))
    image = ensure_node_image(engine, Silent())
    container = create(engine, name, sidecar_config(name, image, size_megabytes, user_labels))
    return container, _start(engine, container)


def start_named_sidecar(engine: Engine, name: str, size_megabytes: int, progress: Progress) -> str:
    """Make a device that stays; return its path. Raises `SidecarExistsError` when the name is taken."""
    image = ensure_node_image(engine, progress)
    config = sidecar_config(sidecar_name(name), image, size_megabytes, {}, name)
    with progress.step(f'Making the loopback sidecar "{name}" of {size_megabytes} MiB'):
        try:
            container = create(engine, sidecar_name(name), config)
        except EngineConflictError as error:
            holders = listing.with_name(engine, sidecar_name(name))
            if any(labels.decode(holder["Labels"]).name != name for holder in holders):
                raise  # it is somebody else's container, and the engine says which
            raise SidecarExistsError(name) from error
        return _start(engine, container)


def _start(engine: Engine, container: str) -> str:
    """Start a sidecar; return its device. When that fails or is interrupted nothing of it is left."""
    try:
        engine.start(container)
        device = _device(engine, container)
        engine.cancellation.check()  # who interrupts during the last call has nothing, as before it
    except BaseException:
        with engine.cancellation.shielded():
            remove_container(engine, container)
        raise
    return device


def sidecar_config(
    container: str, image: str, size_megabytes: int, user_labels: Mapping[str, str], name: str = ""
) -> dict[str, Any]:
    """Return the configuration of a sidecar's container, as the engine's API wants it."""
    named = {labels.NAME_KEY: name} if name else {}
    own = {**labels.common(Kind.SIDECAR), **named, labels.SIZE_KEY: str(size_megabytes)}
    arguments = [f"/disk/{container}", size_megabytes << 20, ATTACH_SECONDS, RELEASE_SECONDS, STILL_IN_USE]
    return {
        "Image": image,
        "Cmd": ["perl", "-e", SCRIPT, *map(str, arguments)],
        "StopSignal": "SIGTERM",  # the image's is systemd's
        "Tty": True,
        "Labels": {**user_labels, **own},
        "HostConfig": {
            "Privileged": True,
            "NetworkMode": "none",
            "LogConfig": {"Type": "json-file"},  # the engine may default to one that cannot be read
            "Mounts": [
                {"Type": "volume", "Target": "/disk", "VolumeOptions": {"Labels": own}},
                {"Type": "bind", "Source": "/dev", "Target": "/engine/dev"},
            ],
        },
    }


def sidecars(engine: Engine) -> list[Sidecar]:
    """Return the sidecars that have a name, by name."""
    found = [(labels.decode(item["Labels"]), item) for item in listing.containers(engine, kind=Kind.SIDECAR)]
    named = [
        (decoded, item)
        for decoded, item in found
        # A container inherits the labels of its image.
        if decoded.name and (listing.name(item) == sidecar_name(decoded.name) or not decoded.is_known)
    ]
    devices = parallel(lambda pair: _device_now(engine, pair[1]), named, engine.cancellation)
    made = [
        Sidecar(
            name=decoded.name,
            device=device,
            size_megabytes=decoded.size_megabytes,
            state=item["State"] if decoded.is_known else UNREADABLE,
            created=decoded.created,
            container_id=item["Id"],
        )
        for (decoded, item), device in zip(named, devices, strict=True)
    ]
    return sorted(made, key=lambda sidecar: sidecar.name)


def remove_sidecar(engine: Engine, name: str) -> None:
    """Remove a sidecar by its name; raise `SidecarNotFoundError`, or `EngineError` when its device is in use."""
    found = [sidecar for sidecar in sidecars(engine) if sidecar.name == name]
    if not found:
        raise SidecarNotFoundError(name)
    for sidecar in found:
        if sidecar.state == UNREADABLE:
            raise OtherVersionError(f'The loopback sidecar "{name}"')
        if sidecar.device:
            stop_sidecar(engine, sidecar.container_id, sidecar.device)
        else:
            remove_container(engine, sidecar.container_id)


def stop_sidecar(engine: Engine, container: str, device: str) -> None:
    """Remove a sidecar, or what is left of it; raise `EngineError` when others still use its device."""
    code = 0
    with suppress(EngineError):  # whatever state it is in, it can be removed
        engine.stop(container, timeout=RELEASE_SECONDS + 5)
        code = engine.inspect_container(container)["State"]["ExitCode"]
    remove_container(engine, container)
    if code == STILL_IN_USE:
        raise EngineError(
            f"{device} is still in use.",
            status=409,
            hint="Unmount it, or destroy the cluster that uses it: the kernel frees it when nobody has it open.",
            details=["The sidecar that held it has gone."],
        )


def _device(engine: Engine, container: str) -> str:
    """Wait until the sidecar tells its device."""
    output = []
    for line in engine.lines(container):
        if line.startswith("/dev/"):
            return line
        output.append(line)
    raise EngineError(
        f"The engine's host gave no loop device: {' '.join(output) or 'the sidecar says nothing'}",
        status=500,
        hint="Its kernel needs the module loop (modprobe loop), and its file system must take files of that size.",
    )


def _device_now(engine: Engine, container: dict[str, Any]) -> str:
    """Return the device that a sidecar of a listing holds; empty when it holds none, or has just gone."""
    if container["State"] not in HOLDING:
        return ""
    try:
        told = [line for line in engine.lines(container["Id"], follow=False) if line.startswith("/dev/")]
    except EngineNotFoundError:
        return ""
    return told[-1] if told else ""  # the last: one that somebody has started again has made another
