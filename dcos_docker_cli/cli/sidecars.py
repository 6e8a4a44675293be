"""What the commands for loopback sidecars share: the names, and what is shown of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from dcos_docker_cli.cli.types import or_nothing
from dcos_docker_cli.exceptions import UsageError
from dcos_docker_cli.lifecycle.loopback import check_sidecar_name

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.loopback import Sidecar


class NewSidecarName(click.ParamType[str]):
    """The name of a sidecar that is to be."""

    name = "NAME"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check it."""
        try:
            return check_sidecar_name(value)
        except UsageError as error:
            self.fail(f"{error.message} {error.hint}".strip(), param, ctx)


class SidecarName(NewSidecarName):
    """The name of a sidecar that is there."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer those that there are."""
        from dcos_docker_cli.backends.docker.host import DockerHost

        names = or_nothing(lambda: [sidecar.name for sidecar in DockerHost().sidecars()])
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


NEW_SIDECAR_NAME = NewSidecarName()
SIDECAR_NAME = SidecarName()


def sidecar_summary(sidecar: Sidecar) -> dict[str, Any]:
    """Return a sidecar as it is listed. The form is documented in docs/output.md and only grows."""
    return {
        "name": sidecar.name,
        "device": sidecar.device or None,
        "size_megabytes": sidecar.size_megabytes,
        "state": sidecar.state,
        "created": sidecar.created.isoformat() if sidecar.created else None,
    }
