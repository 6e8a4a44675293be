"""Disks for tests, as far as no engine is needed."""

from __future__ import annotations

from typing import Any

import pytest

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker.loopback import sidecar_config
from dcos_docker_cli.docker_utils import DockerLoopbackVolume
from dcos_docker_cli.exceptions import EngineUnreachableError, UsageError
from dcos_docker_cli.labels import Kind
from tests.unit.test_layers import reached


def test_importing_it_imports_no_client_of_an_engine() -> None:
    found = {name.split(".")[0] for name in reached("dcos_docker_cli.docker_utils")}
    assert not found & {"docker", "requests", "urllib3", "yaml"}


@pytest.mark.parametrize(
    ("given", "failure"),
    [
        ({"size_megabytes": 0}, UsageError),
        ({"size_megabytes": -256}, UsageError),
        ({"labels": {"dcos_docker.schema": "1"}}, UsageError),
        ({"labels": {"team": "storage"}}, EngineUnreachableError),
    ],
)
def test_what_is_wrong_is_found_before_the_engine_is_contacted(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], failure: type[Exception]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(failure):
        DockerLoopbackVolume(**given)


def test_a_sidecar_is_ours() -> None:
    config = sidecar_config("name", "image", 3, {"team": "storage"})
    found = labels.decode(config["Labels"])
    assert (found.kind, found.cluster_id, config["Labels"]["team"]) == (Kind.SIDECAR, "", "storage")
    assert found.creator is not None


def test_a_sidecar_with_a_name() -> None:
    config = sidecar_config("dcos-docker-sidecar-disk-1", "image", 3, {}, "disk-1")
    found = labels.decode(config["Labels"])
    assert (found.kind, found.name, found.size_megabytes) == (Kind.SIDECAR, "disk-1", 3)
    (volume,) = (mount for mount in config["HostConfig"]["Mounts"] if mount["Type"] == "volume")
    assert labels.decode(volume["VolumeOptions"]["Labels"]).name == "disk-1"


def test_size_in_bytes() -> None:
    assert sidecar_config("name", "image", 256, {})["Cmd"][3:5] == ["/disk/name", "268435456"]
