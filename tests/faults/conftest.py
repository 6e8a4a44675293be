"""The engines, installers and ids of the integration tests."""

from tests.integration.conftest import (
    _own_engine,
    client,
    cluster_id,
    engine,
    engine_socket,
    enterprise_installer,
    fresh_installer,
    installer,
    nested,
    new_cluster_id,
    newer_installer,
    node_image,
)

__all__ = [
    "_own_engine",
    "client",
    "cluster_id",
    "engine",
    "engine_socket",
    "enterprise_installer",
    "fresh_installer",
    "installer",
    "nested",
    "new_cluster_id",
    "newer_installer",
    "node_image",
]
