"""What the commands for node images share: which image is meant, and what is shown of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from dcos_docker_cli.cli.types import or_nothing

if TYPE_CHECKING:
    from dcos_docker_cli.backends.docker.images.store import NodeImage


class ImageName(click.ParamType[str]):
    """The tag of a node image that is there; its repository may be left out."""

    name = "IMAGE"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer those that there are."""
        from dcos_docker_cli.backends.docker.host import DockerHost

        tags = or_nothing(lambda: [image.tag.partition(":")[2] for image in DockerHost().images()])
        given = ctx.params.get(param.name or "") or ()
        return [CompletionItem(tag) for tag in tags if tag.startswith(incomplete) and tag not in given]


IMAGE_NAME = ImageName()


def image_summary(image: NodeImage) -> dict[str, Any]:
    """Return an image as it is listed. The form is documented in docs/output.md and only grows."""
    return {
        "image": image.tag,
        "distribution": image.distribution,
        "docker_version": image.docker_version,
        "is_current": image.is_current,
        "size": image.size,
        "containers": image.containers,
        "created": image.created.isoformat(),
        "base": image.base or None,
        "tool_version": image.tool_version,
    }
