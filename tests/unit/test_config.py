"""config.yaml, ip-detect, and the file with the user's own settings."""

from __future__ import annotations

import os
import platform
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from dcos_docker_cli.dcos.config import (
    IP_DETECT,
    config,
    read_extra_config,
    to_yaml,
)
from dcos_docker_cli.dcos.defaults import DEFAULT_PASSWORD
from dcos_docker_cli.exceptions import InvalidConfigError
from dcos_docker_cli.model import DCOSVariant, Role

if TYPE_CHECKING:
    from pathlib import Path

ADDRESSES = {Role.MASTER: ["172.28.0.2"], Role.AGENT: ["172.28.0.3", "172.28.0.4"], Role.PUBLIC_AGENT: []}


def test_open() -> None:
    found = config("x", ADDRESSES, DCOSVariant.OSS, {})
    assert found["bootstrap_url"] == "file:///opt/dcos_install_tmp"
    assert found["cluster_name"] == "x"
    assert found["master_list"] == ["172.28.0.2"]
    assert found["agent_list"] == ["172.28.0.3", "172.28.0.4"]
    assert found["public_agent_list"] == []
    assert not {"fault_domain_enabled", "superuser_username", "superuser_password_hash"} & set(found)


def test_roles_without_nodes_have_empty_lists() -> None:
    found = config("x", {Role.MASTER: ["172.28.0.2"]}, DCOSVariant.OSS, {})
    assert (found["agent_list"], found["public_agent_list"]) == ([], [])


def test_enterprise() -> None:
    found = config("x", ADDRESSES, DCOSVariant.ENTERPRISE, {})
    assert found["superuser_username"] == "bootstrapuser"
    assert found["fault_domain_enabled"] is False


def test_the_hash_is_that_of_the_default_password() -> None:
    known = config("x", ADDRESSES, DCOSVariant.ENTERPRISE, {})["superuser_password_hash"]
    _, method, salt, _ = known.split("$")
    done = subprocess.run(
        ["openssl", "passwd", f"-{method}", "-salt", salt, "-stdin"],
        input=DEFAULT_PASSWORD, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert DEFAULT_PASSWORD == "deleteme"
    assert done.stdout.strip() == known


@pytest.mark.parametrize("variant", DCOSVariant)
def test_extra_wins_over_everything(variant: DCOSVariant) -> None:
    extra = {"cluster_name": "mine", "master_list": ["1.2.3.4"], "superuser_username": "me", "new": {"deep": 1}}
    found = config("x", ADDRESSES, variant, extra)
    assert {key: found[key] for key in extra} == extra


def test_yaml_is_read_back_in_its_order() -> None:
    settings = config("x", ADDRESSES, DCOSVariant.ENTERPRISE, {"note": "ä: #"})
    assert list(yaml.safe_load(to_yaml(settings)).items()) == list(settings.items())


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "null\n", "{}\n"])
def test_extra_config_may_be_empty(tmp_path: Path, text: str) -> None:
    path = tmp_path / "extra.yaml"
    path.write_text(text)
    assert read_extra_config(path) == {}


def test_extra_config_is_a_map(tmp_path: Path) -> None:
    path = tmp_path / "extra.yaml"
    path.write_text('resolvers: [1.1.1.1]\ncustom: {a: null}\nempty: ""\n"off": false\nzero: 0\n')
    assert read_extra_config(path) == {
        "resolvers": ["1.1.1.1"], "custom": {"a": None}, "empty": "", "off": False, "zero": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a: [1, 2", "is not YAML"),
        (b"\tx: 1", "is not YAML"),
        (b"\xff\xfe\xfa", "is not YAML"),
        (b"a: 1\n---\nb: 2\n", "is not YAML"),
        (b"a: !!python/object/apply:os.system ['true']", "is not YAML"),
        (b"- one\n", "must be a YAML map"),
        (b"just text", "must be a YAML map"),
        (b"1: one", "must be a YAML map"),
        (b"true: one", "must be a YAML map"),
        (b"cluster_name:\n", "cluster_name has no value"),
    ],
)
def test_extra_config_that_is_refused(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "extra.yaml"
    path.write_bytes(text)
    with pytest.raises(InvalidConfigError, match=message):
        read_extra_config(path)


def test_extra_config_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigError, match="cannot be read: Is a directory"):
        read_extra_config(tmp_path)


# ip-detect, run by a shell, with a `getent` that answers as the real one does


def detect(tmp_path: Path, *lines: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the script where `getent` prints these lines."""
    getent = tmp_path / "getent"
    printed = "".join(f"{line}\n" for line in lines)
    getent.write_text(f"#!/bin/sh\necho \"$@\" >{tmp_path}/args\ncat <<'END'\n{printed}END\nexit {status}\n")
    getent.chmod(0o755)
    return subprocess.run(
        ["sh", IP_DETECT],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


OWN = ["172.28.3.2      STREAM dcos-docker-x-master-0", "172.28.3.2      DGRAM  ", "172.28.3.2      RAW    "]


@pytest.mark.parametrize("lines", [OWN, [*OWN, "10.0.0.9        STREAM "]])
def test_ip_detect_prints_the_address_of_the_own_name(tmp_path: Path, lines: list[str]) -> None:
    done = detect(tmp_path, *lines)
    assert (done.returncode, done.stdout, done.stderr) == (0, "172.28.3.2\n", "")
    assert (tmp_path / "args").read_text() == f"ahostsv4 {platform.node()}\n"


@pytest.mark.parametrize("status", [0, 2])
def test_ip_detect_fails_without_one(tmp_path: Path, status: int) -> None:
    done = detect(tmp_path, status=status)
    assert done.returncode != 0
    assert done.stdout.strip() == ""
