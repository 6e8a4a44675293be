"""What users choose of DC/OS, and what the installer gets of it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from dcos_docker_cli.dcos.choices import Choices, read_choices
from dcos_docker_cli.dcos.config import IP_DETECT
from dcos_docker_cli.exceptions import UsageError
from dcos_docker_cli.model import DCOSVariant, Role

ADDRESSES = {Role.MASTER: ["172.28.0.2"]}
KEY = "abc-DEF"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "licence.txt"
    path.write_text(f"{KEY}\n")
    return path


def test_nothing_chosen() -> None:
    assert read_choices() == Choices()
    assert Choices().ip_detect == IP_DETECT


def test_enterprise_gets_mode_and_key(key: Path) -> None:
    choices = read_choices(security_mode="strict", license_key=key)
    settings = choices.configuration("x", ADDRESSES, DCOSVariant.ENTERPRISE).settings
    assert (settings["security"], settings["license_key_contents"]) == ("strict", KEY)


def test_open_gets_no_key(key: Path) -> None:
    settings = read_choices(license_key=key).configuration("x", ADDRESSES, DCOSVariant.OSS).settings
    assert KEY not in str(settings)


def test_open_has_no_security_mode() -> None:
    choices = read_choices(security_mode="strict")
    choices.check(None)
    choices.check(DCOSVariant.ENTERPRISE)
    with pytest.raises(UsageError, match="Only DC/OS Enterprise has security modes"):
        choices.check(DCOSVariant.OSS)


def test_extra_config_wins(tmp_path: Path) -> None:
    extra = tmp_path / "extra.yaml"
    extra.write_text("security: disabled\ncluster_name: mine\n")
    choices = read_choices(extra_config=extra, security_mode="strict")
    settings = choices.configuration("x", ADDRESSES, DCOSVariant.ENTERPRISE).settings
    assert (settings["security"], settings["cluster_name"]) == ("disabled", "mine")


def test_the_key_is_not_shown(key: Path) -> None:
    assert KEY not in repr(read_choices(license_key=key))


def test_genconf_dir(tmp_path: Path) -> None:
    for name in ("ip-detect", "license.txt", ".hidden"):
        (tmp_path / name).write_text(name)
    for name in ("certificates", "serve", "state"):
        (tmp_path / name).mkdir()
    choices = read_choices(genconf_dir=tmp_path)
    assert choices.ip_detect == tmp_path / "ip-detect"
    assert choices.files == {
        PurePosixPath(name): tmp_path / name for name in (".hidden", "certificates", "license.txt")
    }


def test_genconf_dir_with_a_config(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("x: 1")
    with pytest.raises(UsageError) as caught:
        read_choices(genconf_dir=tmp_path)
    assert f"--extra-config {tmp_path}/config.yaml" in caught.value.hint


@pytest.mark.parametrize("name", ["none", "file"])
def test_genconf_dir_that_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be read"):
        read_choices(genconf_dir=tmp_path / name)


@pytest.mark.parametrize(("content", "why"), [(None, "No such file"), (b"", "nothing in"), (b"\xff\xfe", "is no text")])
def test_licence_key_that_is_none(tmp_path: Path, content: bytes | None, why: str) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    choices = read_choices(license_key=path)
    choices.check(DCOSVariant.OSS)  # it is not for that, and may be named in the environment of all commands
    for variant in (None, DCOSVariant.ENTERPRISE):
        with pytest.raises(UsageError, match=why):
            choices.check(variant)
