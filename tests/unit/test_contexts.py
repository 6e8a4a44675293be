"""Where the engine is: DOCKER_HOST, docker contexts, SSH."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from dcos_docker_cli.backends.docker import ssh_tunnel
from dcos_docker_cli.backends.docker.contexts import context_in_use
from dcos_docker_cli.backends.docker.engine import endpoint
from dcos_docker_cli.exceptions import UsageError


@pytest.fixture
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a docker configuration directory that is in use, and empty."""
    for variable in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


def make_context(config: Path, name: str, host: str) -> None:
    """Write a context as `docker context create` does."""
    directory = config / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    directory.mkdir(parents=True)
    meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    (directory / "meta.json").write_text(json.dumps(meta))


def test_without_any_configuration_it_is_the_default(docker_config: Path) -> None:
    assert not list(docker_config.iterdir())
    assert context_in_use() is None
    assert str(endpoint()) == "unix:///var/run/docker.sock (the default)"


def test_the_context_in_use_is_read_from_the_configuration(docker_config: Path) -> None:
    make_context(docker_config, "far", "tcp://192.0.2.1:2375")
    (docker_config / "config.json").write_text('{"currentContext": "far"}')
    assert str(endpoint()) == 'tcp://192.0.2.1:2375 (docker context "far")'
    assert not endpoint().is_local


def test_docker_context_works_without_a_configuration_file(
    docker_config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_context(docker_config, "near", "unix:///run/other.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "near")
    assert str(endpoint()) == 'unix:///run/other.sock (docker context "near")'
    assert endpoint().is_local


def test_docker_host_wins_over_a_context(docker_config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_context(docker_config, "near", "unix:///run/other.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "near")
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.7:2375")
    assert endpoint().origin == "from DOCKER_HOST"


def test_the_certificates_of_a_context_are_used(docker_config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_context(docker_config, "far", "tcp://192.0.2.1:2376")
    certificates = docker_config / "contexts" / "tls" / hashlib.sha256(b"far").hexdigest() / "docker"
    certificates.mkdir(parents=True)
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    context = context_in_use()
    assert context is not None
    assert context.certificates == certificates
    assert context.verify


def test_a_context_that_does_not_exist_is_refused(docker_config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert docker_config.is_dir()
    monkeypatch.setenv("DOCKER_CONTEXT", "nowhere")
    with pytest.raises(UsageError, match='no docker context "nowhere"'):
        endpoint()


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_broken_context_is_refused(docker_config: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    make_context(docker_config, "bad", "")
    next(docker_config.rglob("meta.json")).write_text(text)
    monkeypatch.setenv("DOCKER_CONTEXT", "bad")
    with pytest.raises(UsageError, match="cannot be read"):
        endpoint()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ssh://host", ["-L", "/l:/var/run/docker.sock", "--", "host"]),
        ("ssh://me@host:2222", ["-l", "me", "-p", "2222", "-L", "/l:/var/run/docker.sock", "--", "host"]),
        ("ssh://host/run/user/1000/docker.sock", ["-L", "/l:/run/user/1000/docker.sock", "--", "host"]),
    ],
)
def test_an_ssh_url_becomes_a_forwarded_socket(url: str, expected: list[str]) -> None:
    assert ssh_tunnel.command(url, Path("/l"))[-len(expected) :] == expected
