"""The names of our containers, and by them whether a container is one of ours.

Labels alone do not tell: a container inherits those of its image, and `docker commit` makes an image of a node. The
engine gives a name once only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_docker_cli.labels import Kind
from dcos_docker_cli.model import NAME_PREFIX

if TYPE_CHECKING:
    from dcos_docker_cli.labels import Labels


BUILD_PREFIX = f"{NAME_PREFIX}-{Kind.BUILD.value}-"
"""With what the names of the containers begin that images are built in."""


def container_name(kind: Kind, cluster_id: str) -> str:
    """Return the name of the container that a cluster has one of."""
    return f"{NAME_PREFIX}-{cluster_id}-{kind.value}"


def is_genuine(labels: Labels, name: str) -> bool:
    """Whether a container with these labels and this name was made by us.

    What another version of the tool has labelled is taken at its word: we do not know its names.
    """
    if not labels.is_known:
        return True
    if labels.kind is Kind.NODE:
        return labels.ref is not None and name == labels.ref.host_name(labels.cluster_id, labels.name_prefix)
    if labels.kind in (Kind.RESERVATION, Kind.BOOTSTRAP):
        return name == container_name(labels.kind, labels.cluster_id)
    of_any_name = (Kind.SAMPLE, Kind.SIDECAR, Kind.BUILD, Kind.PROBE)
    return labels.kind in of_any_name and name.startswith(f"{NAME_PREFIX}-{labels.kind.value}-")
