"""Which DC/OS it is, as the files of a node of each version tell it."""

from __future__ import annotations

import json

import pytest

from dcos_docker_cli.dcos.build_info import DCOSBuildInfo, parse
from dcos_docker_cli.exceptions import CommandError
from dcos_docker_cli.model import DCOSVariant

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def version_file(version: str, **more: str) -> str:
    return json.dumps({"version": version, "dcos-image-commit": COMMIT, "bootstrap-id": "f" * 40, **more})


@pytest.mark.parametrize(
    ("text", "version", "variant"),
    [
        # From 1.12 on the file tells the variant, and the setting `security` means nothing any more.
        (version_file("2.1.0", **{"dcos-variant": "open"}), "2.1.0", DCOSVariant.OSS),
        (version_file("1.12.0", **{"dcos-variant": "enterprise"}) + "\n", "1.12.0", DCOSVariant.ENTERPRISE),
        (version_file("2.1.0", **{"dcos-variant": "open"}) + '\n"security":\n', "2.1.0", DCOSVariant.OSS),
        # Before that the configuration of Enterprise has `security`.
        (version_file("1.11.6") + "\n", "1.11.6", DCOSVariant.OSS),
        (version_file("1.9.4") + '\n"security":\n', "1.9.4", DCOSVariant.ENTERPRISE),
        ("\n" + version_file("1.10.0") + '\n"security" :\n', "1.10.0", DCOSVariant.ENTERPRISE),
    ],
)
def test_it_is_read(text: str, version: str, variant: DCOSVariant) -> None:
    assert parse(text) == DCOSBuildInfo(version, COMMIT, variant)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '"text"', "{}", '{"version": "1"}', version_file("2.1.0", **{"dcos-variant": "other"})],
)
def test_what_makes_no_sense_is_a_named_error(text: str) -> None:
    with pytest.raises(CommandError, match="makes no sense"):
        parse(text)
