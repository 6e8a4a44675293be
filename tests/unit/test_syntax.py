"""Volumes and ports as users write them for `docker run`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_docker_cli.backends.docker.settings import LOCAL_ADDRESS, Settings
from dcos_docker_cli.backends.docker.syntax import ports, volumes
from dcos_docker_cli.exceptions import UsageError
from dcos_docker_cli.model import Role

HOME = str(Path.home())
HERE = str(Path.cwd())


@pytest.mark.parametrize(
    ("text", "bind", "target"),
    [
        ("/a:/b", "/a:/b", "/b"),
        ("/a:/b:ro", "/a:/b:ro", "/b"),
        ("/a:/b:rw,z", "/a:/b:rw,z", "/b"),
        ("data:/b:ro", "data:/b:ro", "/b"),
        ("/b", "/b", "/b"),
        ("/b:ro", "/b:ro", "/b"),
        ("~/a:/b", f"{HOME}/a:/b", "/b"),
        ("./a:/b", f"{HERE}/a:/b", "/b"),
        (".:/b", f"{HERE}:/b", "/b"),
        ("/with space:/b c", "/with space:/b c", "/b c"),
    ],
)
def test_volume(text: str, bind: str, target: str) -> None:
    found = volumes([text])
    assert (found.binds, found.targets) == ((bind,), {target})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is not SOURCE:TARGET"),
        (":", "it is not SOURCE:TARGET"),
        ("/a:", "it is not SOURCE:TARGET"),
        (":/b", "it is not SOURCE:TARGET"),
        ("/a:/b:ro:x", "it is not SOURCE:TARGET"),
        ("/a:/b:rx", '"rx" is no option of a volume'),
        ("/a:/b:ro,rx", '"rx" is no option of a volume'),
        ("a:b", "must be an absolute path"),
        ("b", "must be an absolute path"),
        ("/a:b", "no option of a volume"),
        ("/a:/", "in place of the whole node"),
        ("a/b:/c", "neither an absolute path nor the name of a volume"),
        ("-x:/c", "neither an absolute path nor the name of a volume"),
    ],
)
def test_no_volume(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        volumes([text])


def test_two_volumes_at_one_place() -> None:
    for of_masters in ("/c:/b:ro", "name:/b/", "/b"):
        with pytest.raises(UsageError, match="Two volumes are to be at /b"):
            Settings(mounts={None: volumes(["/a:/b"]), Role.MASTER: volumes([of_masters])})
    Settings(mounts={Role.AGENT: volumes(["/a:/b"]), Role.MASTER: volumes(["/c:/b"])})


def place(host: str, address: str = LOCAL_ADDRESS) -> dict[str, str]:
    return {"HostIp": address, "HostPort": host}


@pytest.mark.parametrize(
    ("texts", "bindings"),
    [
        (["8080:80"], {"80/tcp": [place("8080")]}),
        (["80"], {"80/tcp": [place("")]}),
        ([":80"], {"80/tcp": [place("")]}),
        (["53:53/udp"], {"53/udp": [place("53")]}),
        (["0.0.0.0:8443:443/tcp"], {"443/tcp": [place("8443", "0.0.0.0")]}),
        (["127.0.0.1::80"], {"80/tcp": [place("", "127.0.0.1")]}),
        (["[::1]:8080:80"], {"80/tcp": [place("8080", "::1")]}),
        (["8000-8001:80-81"], {"80/tcp": [place("8000")], "81/tcp": [place("8001")]}),
        (["8000-8010:80"], {"80/tcp": [place("8000-8010")]}),
        (["80-81"], {"80/tcp": [place("")], "81/tcp": [place("")]}),
        (["8080:80", "8081:80"], {"80/tcp": [place("8080"), place("8081")]}),
        (["53:53/udp", "53:53/tcp"], {"53/udp": [place("53")], "53/tcp": [place("53")]}),
    ],
)
def test_ports(texts: list[str], bindings: dict[str, list[dict[str, str]]]) -> None:
    assert ports(texts) == bindings


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is not HOST:CONTAINER"),
        ("x:80", "it is not HOST:CONTAINER"),
        ("80:", "it is not HOST:CONTAINER"),
        ("80:80/icmp", "it is not HOST:CONTAINER"),
        ("localhost:80:80", "it is not HOST:CONTAINER"),
        ("0:80", "0 is not within 1 and 65535"),
        ("80:0", "0 is not within 1 and 65535"),
        ("80:65536", "65536 is not within"),
        ("81-80:80-81", "81-80 is not within"),
        ("8000-8002:80-81", "3 ports of the host are not 2 of the node"),
        ("999.0.0.1:80:80", "999.0.0.1 is no address"),
    ],
)
def test_no_ports(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        ports([text])


def test_a_port_of_the_host_twice() -> None:
    with pytest.raises(UsageError, match="8080 of the host is to be published twice"):
        ports(["8080:80", "8080:81"])


@given(st.text(alphabet="/:.,-abro0189[]~ \n", max_size=30))
def test_whatever_is_written_is_taken_or_refused_with_words(text: str) -> None:
    for read in (volumes, ports):
        refused: list[UsageError] = []
        try:
            read([text])
        except UsageError as error:
            refused.append(error)
        assert all(text in error.message and error.hint for error in refused)
