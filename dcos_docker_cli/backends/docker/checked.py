"""The engine's listings, less what was not asked for.

Docker lists what carries all labels of a filter. Podman (4.3) lists volumes that carry any one of them, so that those
of all clusters would be taken for one cluster's, and no images where there are several. What is to be removed is found
by these listings, so each answer is looked at again here.
"""

from __future__ import annotations

from typing import Any

import docker

REGISTRIES = ("docker.io/", "localhost/")
"""What Podman puts before names of images that name no registry."""
OUR_IMAGES = "dcos-docker/"


class CheckedListings(docker.APIClient):
    """docker-py's client, whose listings by label are exact on all engines."""

    def containers(self, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """List containers."""
        return _carrying(super().containers(*args, **kwargs), kwargs.get("filters"))

    def networks(self, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """List networks."""
        return _carrying(super().networks(*args, **kwargs), kwargs.get("filters"))

    def volumes(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """List volumes, below the key `Volumes`."""
        found: dict[str, Any] = super().volumes(*args, **kwargs)
        return {**found, "Volumes": _carrying(found["Volumes"] or [], kwargs.get("filters"))}

    def images(self, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        """List images; ours have the names that we gave them."""
        filters = kwargs.get("filters")
        asked = {**(filters or {}), "label": _labels(filters)[:1]} if _labels(filters) else filters
        found = _carrying(super().images(*args, **{**kwargs, "filters": asked}), filters)
        return [{**item, "RepoTags": [_as_given(tag) for tag in item["RepoTags"] or ()]} for item in found]


def _carrying(items: list[dict[str, Any]], filters: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the items that carry all labels of a filter, each of which is `KEY` or `KEY=VALUE`."""
    pairs = [text.partition("=") for text in _labels(filters)]
    return [
        item
        for item in items
        if all(
            key in (carried := item.get("Labels") or {}) and (not equals or carried[key] == value)
            for key, equals, value in pairs
        )
    ]


def _labels(filters: dict[str, Any] | None) -> list[str]:
    wanted = (filters or {}).get("label", [])
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _as_given(tag: str) -> str:
    for registry in REGISTRIES:
        if tag.startswith(registry + OUR_IMAGES):
            return tag.removeprefix(registry)
    return tag
