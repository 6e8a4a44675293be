"""Parameter types: what the user wrote, checked and turned into values of the core. They complete on the shell too."""

from __future__ import annotations

import os
import re
import threading
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from dcos_docker_cli.exceptions import DcosDockerError, UsageError
from dcos_docker_cli.model import DEFAULT_CLUSTER_ID, DCOSVariant, Transport, check_cluster_id

if TYPE_CHECKING:
    from collections.abc import Callable

COMPLETION_SECONDS = 0.2
"""How long the engine has to answer: who has pressed a key is not to wait for 0.3 s, and the program starts first."""

T = TypeVar("T")
EnumT = TypeVar("EnumT", bound=Enum)


class ClusterId(click.ParamType[str]):
    """The id of a cluster."""

    name = "ID"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check it."""
        try:
            return check_cluster_id(value)
        except UsageError as error:
            self.fail(f"{error.message} {error.hint}", param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the clusters that there are."""
        from dcos_docker_cli.backends.docker.host import DockerHost

        ids = or_nothing(lambda: [cluster.cluster_id for cluster in DockerHost().clusters()])
        return _items(ids, ctx, param, incomplete)


class Node(click.ParamType[str]):
    """A node, by its reference as in `master_0`, its container's name, the beginning of its id, or its address."""

    name = "REF"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check its form; which nodes there are only the engine knows."""
        if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*", value):
            self.fail(f'"{value}" is no node. Write master_0, agent_1 or public_agent_0, for example.', param, ctx)
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the nodes of the cluster."""
        from dcos_docker_cli.backends.docker.host import DockerHost

        cluster_id = ctx.params.get("cluster_id") or DEFAULT_CLUSTER_ID
        refs = or_nothing(lambda: [str(node.ref) for node in DockerHost().cluster(cluster_id).nodes])
        return _items(refs, ctx, param, incomplete)


class FileOrUrl(click.ParamType[str]):
    """The path of a file, or a URL: a text as it is, for which files are offered."""

    name = "text"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Have the shell offer files."""
        return [CompletionItem(incomplete, type="file")]


class Directory(click.Path):
    """A path for which directories alone are offered; whoever reads it says what is wrong with it."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Have the shell offer directories."""
        return [CompletionItem(incomplete, type="dir")]


class Member(click.Choice[EnumT]):
    """A member of an enumeration, by its value."""

    def __init__(self, kind: type[EnumT]) -> None:
        super().__init__(list(kind))

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        """Return how it is written."""
        return str(choice.value if isinstance(choice, Enum) else choice)


class KeyValue(click.ParamType[tuple[str, str]]):
    """`KEY=VALUE`; where a value may be missing it is that of our own variable."""

    name = "KEY=VALUE"

    def __init__(self, *, or_ours: bool = False) -> None:
        self._or_ours = or_ours

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Split it."""
        if isinstance(value, tuple):
            return value
        key, equals, text = value.partition("=")
        if self._or_ours and key and not equals and key in os.environ:
            return key, os.environ[key]
        if not key or not equals:
            unset = ", nor is there a variable of that name" if self._or_ours and key else ""
            shown = f"{key}=…" if equals else key  # the value may be a password
            self.fail(f'"{shown}" is not KEY=VALUE{unset}.', param, ctx)
        return key, text


class LocalRemote(click.ParamType[tuple[Path, str]]):
    """`LOCAL:REMOTE`: a path of this machine, which is there, and an absolute one of nodes."""

    name = "LOCAL:REMOTE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Path, str]:
        """Split it."""
        if isinstance(value, tuple):
            return value
        local, colon, remote = value.rpartition(":")
        if not colon or not remote.startswith("/") or not remote.strip("/"):
            self.fail(f'"{value}" is not LOCAL:REMOTE, as in ca.key:/root/ca.key.', param, ctx)
        if not os.path.lexists(local):
            self.fail(f'There is no "{local}".', param, ctx)
        return Path(local), remote


CLUSTER_ID = ClusterId()
NODE = Node()
VARIANT = Member(DCOSVariant)
TRANSPORT = Member(Transport)
KEY_VALUE = KeyValue()
VARIABLE = KeyValue(or_ours=True)
LOCAL_REMOTE = LocalRemote()
FILE_OR_URL = FileOrUrl()
DIRECTORY = Directory()


def positive_seconds(ctx: click.Context, parameter: click.Parameter, value: float) -> float:
    """Refuse what is no length of time."""
    if not 0 < value <= threading.TIMEOUT_MAX:
        limit = f"{threading.TIMEOUT_MAX:.0f}"
        raise click.BadParameter(f"It must be a number of seconds above 0 and at most {limit}.", ctx, parameter)
    return value


def _items(found: list[str], ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return what begins so, less what stands on the line already."""
    typed = ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
    given = ctx.params.get(param.name or "") if typed else None
    there = given if isinstance(given, tuple) else ()
    return [CompletionItem(value) for value in found if value.startswith(incomplete) and value not in there]


def or_nothing(look_up: Callable[[], list[T]]) -> list[T]:
    """Completion has nothing to offer when the engine cannot be asked or takes its time, and says nothing about it."""
    found: list[T] = []

    def work() -> None:
        with suppress(DcosDockerError):
            found.extend(look_up())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(COMPLETION_SECONDS)
    return found
