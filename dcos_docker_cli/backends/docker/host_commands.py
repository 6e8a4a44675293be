"""A script on the engine's host: in one container with the host's namespaces, of an image that is there.

The engine removes it when it ends, so not even a process that is killed leaves one that has run.
"""

from __future__ import annotations

import secrets
from contextlib import closing
from typing import TYPE_CHECKING, Any

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker.container_removal import removed_after
from dcos_docker_cli.backends.docker.containers import create
from dcos_docker_cli.backends.docker.images.recipe import REPOSITORY
from dcos_docker_cli.exceptions import DcosDockerError, EngineError
from dcos_docker_cli.labels import Kind
from dcos_docker_cli.model import NAME_PREFIX
from dcos_docker_cli.transports.stream import StreamBrokenError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dcos_docker_cli.backends.docker.engine import Engine

SECONDS = 3
"""After which the container ends, whatever keeps it."""
PUBLIC_IMAGES = ("debian", "ubuntu", "alpine", "busybox", "centos", "rockylinux", "almalinux", "fedora")
"""What may look where there is no image of ours yet: images with a shell that Docker itself publishes."""


class NoProbeError(DcosDockerError):
    """The engine's host cannot be looked at; the message says why."""


def on_host(engine: Engine, script: str, variables: Mapping[str, str], *, is_whole: bool = True) -> dict[str, str]:
    """Run a script of `sh` as root on the engine's host; return its lines of the form NAME=VALUE.

    It has all of the host's processes and its network, and its files under `/host`, to read. When its time is over
    before its end, `NoProbeError` is raised, or what it has said so far is returned if it need not be whole.
    """
    name = f"{NAME_PREFIX}-{Kind.PROBE.value}-{secrets.token_hex(6)}"
    try:
        container = create(engine, name, _config(_image(engine), f"{script}\necho end=", variables))
    except EngineError as error:
        raise NoProbeError(f"No container could be made to look at the engine's host: {error.message}") from error
    with removed_after(engine, container):
        try:
            said = _lines(_printed(engine, container))
        except EngineError as error:
            raise NoProbeError(f"A privileged container does not start: {error.message}", hint=error.hint) from error
        except StreamBrokenError as error:
            raise NoProbeError(f"The container that looks at the engine's host was lost: {error}") from error
    if "end" not in said and (is_whole or not said):
        raise NoProbeError(f"The container that looks at the engine's host did not end within {SECONDS} s.")
    return said


def _printed(engine: Engine, container: str) -> str:
    """Start a container and return what it prints until it ends: by then it may be gone, and its log with it."""
    response = engine.post(
        f"{engine.base_url}/v{engine.api_version}/containers/{container}/attach",
        params={"stream": 1, "stdout": 1},
        headers={"Connection": "Upgrade", "Upgrade": "tcp"},
        stream=True,
        timeout=engine.timeout,
    )
    stream = engine.hijacked(response, "It was asked while a container looked at its host.")
    with engine.cancellation.closing(stream.abort), closing(stream):
        engine.start(container)
        return b"".join(stream.raw()).decode(errors="replace")


def _lines(text: str) -> dict[str, str]:
    """Read lines of the form NAME=VALUE; one that does not end was cut short."""
    whole = text[: text.rfind("\n") + 1].splitlines()
    return dict(line.split("=", 1) for line in whole if "=" in line)


def _image(engine: Engine) -> str:
    """Return an image that has what the script calls; it is not pulled."""
    ours = _tags(engine.images(filters={"label": labels.selector(Kind.IMAGE)}))
    for tag in ours:
        if tag.startswith(f"{REPOSITORY}:"):
            return tag
    for tag in _tags(engine.images()):
        if tag.rpartition(":")[0] in PUBLIC_IMAGES:
            return tag
    raise NoProbeError(
        "The engine has no image yet of which a container could look at its host. To have one: dcos-docker image build"
    )


def _tags(images: Iterable[Mapping[str, Any]]) -> list[str]:
    return [str(tag) for image in images for tag in image["RepoTags"] or ()]


def _config(image: str, script: str, variables: Mapping[str, str]) -> dict[str, object]:
    return {
        "Image": image,
        "Entrypoint": [""],
        "Cmd": ["timeout", str(SECONDS), "sh", "-c", script],
        "User": "0",
        "Env": [f"{key}={value}" for key, value in variables.items()],
        "Tty": True,  # one stream, as it is
        "AttachStdout": True,
        "StopSignal": "SIGKILL",
        "Labels": labels.common(Kind.PROBE),
        "HostConfig": {
            "AutoRemove": True,
            "Privileged": True,
            "NetworkMode": "host",
            "PidMode": "host",
            "Init": False,
            "LogConfig": {"Type": "none"},
            "Mounts": [{"Type": "bind", "Source": "/", "Target": "/host", "ReadOnly": True}],
        },
    }
