"""Parameter types: what the user wrote, checked and turned into values of the core. They complete on the shell too."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, TypeVar

import click
from click.shell_completion import CompletionItem

from dcos_docker_cli.exceptions import DcosDockerError, UsageError
from dcos_docker_cli.model import DEFAULT_CLUSTER_ID, DCOSVariant, Role, check_cluster_id

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


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

        ids = _or_nothing(lambda: [cluster.cluster_id for cluster in DockerHost().clusters()])
        return [CompletionItem(found) for found in ids if found.startswith(incomplete)]


class Node(click.ParamType[str]):
    """A reference to a node, as in `master_0`."""

    name = "REF"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check its form."""
        words = "|".join(role.word for role in Role)
        if not re.fullmatch(rf"({words})_(0|[1-9][0-9]*)", value):
            self.fail(f'"{value}" is no node. Write master_0, agent_1 or public_agent_0, for example.', param, ctx)
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the nodes of the cluster."""
        from dcos_docker_cli.backends.docker.host import DockerHost

        cluster_id = ctx.params.get("cluster_id") or DEFAULT_CLUSTER_ID
        refs = _or_nothing(lambda: [str(node.ref) for node in DockerHost().cluster(cluster_id).nodes])
        return [CompletionItem(ref) for ref in refs if ref.startswith(incomplete)]


class Variant(click.Choice[DCOSVariant]):
    """A variant of DC/OS, by its value."""

    def __init__(self) -> None:
        super().__init__(list(DCOSVariant))

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        """Return how it is written."""
        return choice.value if isinstance(choice, DCOSVariant) else str(choice)


CLUSTER_ID = ClusterId()
NODE = Node()
VARIANT = Variant()


def positive_seconds(ctx: click.Context, parameter: click.Parameter, value: float) -> float:
    """Refuse what is no length of time."""
    if not 0 < value <= threading.TIMEOUT_MAX:
        raise click.BadParameter("It must be a number of seconds above 0.", ctx, parameter)
    return value


def key_value(text: str) -> tuple[str, str]:
    """Split `KEY=VALUE`."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise click.BadParameter(f'"{text}" is not KEY=VALUE.', param_hint="'--env'")
    return key, value


def _or_nothing(look_up: Callable[[], list[T]]) -> list[T]:
    """Completion has nothing to offer when the engine cannot be asked, and says nothing about it."""
    try:
        return look_up()
    except DcosDockerError:
        return []
