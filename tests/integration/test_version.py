"""`version`: the program's part always, the engine's when one answers."""

from __future__ import annotations

import json
import platform
from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli import __version__
from tests.support.program import at, dcos_docker

if TYPE_CHECKING:
    from docker import APIClient

CLIENT = {"version": __version__, "python": platform.python_version(), "platform": platform.platform()}
CLIENT_TEXT = (
    "dcos-docker:\n"
    f" Version:        {__version__}\n"
    f" Python:         {platform.python_version()}\n"
    f" Platform:       {platform.platform()}\n"
)


def test_as_json(client: APIClient) -> None:
    result = dcos_docker("version", "-o", "json")
    info, versions = client.info(), client.version()
    found = json.loads(result.stdout)
    assert (result.code, result.stderr, found["client"]) == (0, "", CLIENT)
    engine = found["engine"]
    assert engine.pop("endpoint").startswith(("unix://", "tcp://", "ssh://", "http"))
    assert engine.pop("used_api_version") <= versions["ApiVersion"]
    assert engine == {
        "version": info["ServerVersion"],
        "api_version": versions["ApiVersion"],
        "oldest_api_version": versions["MinAPIVersion"],
        "operating_system": info["OperatingSystem"],
        "cgroup_version": info.get("CgroupVersion") or "1",
    }


def test_as_text(client: APIClient) -> None:
    engine = json.loads(dcos_docker("version", "-o", "json").stdout)["engine"]
    result = dcos_docker("version")
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout == (
        f"{CLIENT_TEXT}\n"
        "Docker engine:\n"
        f" Version:        {client.info()['ServerVersion']}\n"
        f" API version:    {engine['api_version']} "
        f"(minimum {engine['oldest_api_version']}, in use {engine['used_api_version']})\n"
        f" OS:             {engine['operating_system']}\n"
        f" cgroup version: {engine['cgroup_version']}\n"
        f" Endpoint:       {engine['endpoint']}\n"
    )


@pytest.mark.parametrize("options", [[], ["-q"]])
def test_without_an_engine(options: list[str], tmp_path: object) -> None:
    result = dcos_docker("version", *options, env=at(f"unix://{tmp_path}/none.sock"))
    assert (result.code, result.stdout) == (0, CLIENT_TEXT)
    assert result.stderr.startswith(
        f"Error: No Docker engine answers at unix://{tmp_path}/none.sock (from DOCKER_HOST).\n"
    )
    assert "\nNext: Start it" in result.stderr


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:1", "garbage"])
def test_as_json_without_an_engine(url: str) -> None:
    result = dcos_docker("version", "-o", "json", env=at(url))
    assert (result.code, json.loads(result.stdout)) == (0, {"client": CLIENT, "engine": None})
    assert result.stderr.startswith("Error: ")


def test_another_format() -> None:
    result = dcos_docker("version", "-o", "yaml", env=at("tcp://127.0.0.1:1"))
    assert (result.code, result.stdout) == (2, "")
    assert "'yaml' is not one of 'text', 'json'." in result.stderr
