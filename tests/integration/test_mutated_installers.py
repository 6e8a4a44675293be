"""Installers that look whole and are not: create says so, and leaves nothing."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

import pytest

from tests.support.engine import of_cluster, volume_exists
from tests.support.program import dcos_docker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from docker import APIClient

MARKER = b"\n#EOF#\n"


def script_that_fails(data: bytes) -> bytes:
    return data.replace(b"\n", b"\nexit 9\n", 1)


def script_cut(data: bytes) -> bytes:
    head, _, rest = data.partition(MARKER)
    return head[: len(head) // 2] + MARKER + rest


def script_doubled(data: bytes) -> bytes:
    head, _, rest = data.partition(MARKER)
    return head.replace(b"{", b"{{") + MARKER + rest


def windows_lines(data: bytes) -> bytes:
    head, _, rest = data.partition(MARKER)
    return head.replace(b"\n", b"\r\n") + MARKER + rest


def payload(start: float, length: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        begin = data.index(MARKER) + 1024
        place = begin + int((len(data) - begin) * start)
        chance = random.Random(place)
        return data[:place] + chance.randbytes(length) + data[place + length :]

    return change


def payload_of_zeros(data: bytes) -> bytes:
    begin = data.index(MARKER) + 1024
    return data[:begin] + b"\0" * (len(data) - begin)


CHANGES = {
    "script-fails": script_that_fails,
    "script-cut": script_cut,
    "script-doubled": script_doubled,
    "windows-lines": windows_lines,
    "payload-begins-wrong": payload(0, 4096),
    "payload-of-zeros": payload_of_zeros,
}


def refused(client: APIClient, installer: Path, tmp_path: Path, cluster_id: str, change: str) -> None:
    path = tmp_path / "dcos_generate_config.sh"
    data = CHANGES[change](installer.read_bytes())
    path.write_bytes(data)
    result = dcos_docker("create", path, "-c", cluster_id, "--agents", "0", "--public-agents", "0")
    assert result.code in (1, 2), result.stderr
    assert result.stdout == ""
    assert "Error: " in result.stderr
    assert "Next: " in result.stderr
    assert "Traceback" not in result.stderr
    assert of_cluster(client, cluster_id) == []
    assert not volume_exists(client, f"dcos-docker-cache-{hashlib.sha256(data).hexdigest()[:16]}")


def test_an_installer_whose_archive_is_damaged(
    client: APIClient, installer: Path, tmp_path: Path, cluster_id: str
) -> None:
    refused(client, installer, tmp_path, cluster_id, "payload-begins-wrong")


@pytest.mark.faults
@pytest.mark.parametrize("change", CHANGES)
def test_installers_that_look_whole(
    client: APIClient, installer: Path, tmp_path: Path, cluster_id: str, change: str
) -> None:
    refused(client, installer, tmp_path, cluster_id, change)
