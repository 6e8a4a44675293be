"""What is said has no login of a URL in it, and nothing that a terminal obeys."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_docker_cli.backends.docker.engine import Endpoint
from dcos_docker_cli.cli.ending import ending
from dcos_docker_cli.cli.saying import safe
from dcos_docker_cli.dcos.config import secrets_in, without_secrets
from dcos_docker_cli.dcos.genconf import Genconf
from dcos_docker_cli.exceptions import DcosDockerError, without_passwords
from tests.support.entry import run_here

if TYPE_CHECKING:
    from pathlib import Path

WORD = st.from_regex(r"[A-Za-z0-9_.~%+-]{1,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:Marker@host/x", "https://***@host/x"),
        ("https://Marker@host/x", "https://***@host/x"),
        ("no https://me:Mar@ker@host:8080/x, and ftp://a:b@c", "no https://***@host:8080/x, and ftp://***@c"),
        ("ssh://me@host/run/docker.sock", "ssh://me@host/run/docker.sock"),
        ("ssh://me:Marker@host:22", "ssh://me:***@host:22"),
        ("tcp://me:Marker@host:2375 (from DOCKER_HOST)", "tcp://me:***@host:2375 (from DOCKER_HOST)"),
        ("https://h/x?X-Amz-Signature=Marker&a=b&token=Marker", "https://h/x?X-Amz-Signature=***&a=b&token=***"),
        ("https://h/x?a=b#c", "https://h/x?a=b#c"),
        ("mail me@host: a/b?key=c", "mail me@host: a/b?key=c"),
        ("http://[::1]:80/ user@host", "http://[::1]:80/ user@host"),
    ],
)
def test_urls(text: str, shown: str) -> None:
    assert without_passwords(text) == shown
    error = DcosDockerError(text, text, [text])
    assert (error.message, error.hint, error.details) == (shown, shown, (shown,))
    assert "Marker" not in str(error)
    assert safe(text) == shown


@given(WORD, WORD, WORD)
def test_a_password_is_never_left(user: str, password: str, host: str) -> None:
    marked = f"Marker{password}"
    for scheme in ("http", "https", "tcp", "ssh", "ftp"):
        assert "Marker" not in without_passwords(f"see {scheme}://{user}:{marked}@{host}/x?y={host}.")


@given(st.text())
def test_nothing_of_a_text_is_for_the_terminal(text: str) -> None:
    assert all(char in "\t\n" or not (ord(char) < 32 or 127 <= ord(char) < 160) for char in safe(text))


def test_where_the_engine_is() -> None:
    assert str(Endpoint("tcp://me:Marker@host:1", tls=False, origin="x")) == "tcp://me:***@host:1 (x)"


def test_settings() -> None:
    settings = {
        "superuser_password_hash": "$6$Marker",
        "license_key_contents": "line of Marker\nanother Marker",
        "rexray_config": {"volumes": {"secretKey": "Marker", "size": 5}, "name": "shown"},
        "http_proxy": "http://me:Marker@proxy:1",
        "resolvers": ["8.8.8.8"],
        "registry_token": ["Marker-one", {"a": "Marker-two"}],
        "oauth_enabled": "false",
    }
    shown = {key: without_secrets(key, value) for key, value in settings.items()}
    assert "Marker" not in str(shown)
    assert shown["rexray_config"]["name"] == "shown"
    found = secrets_in(settings)
    assert {"$6$Marker", "line of Marker", "another Marker", "Marker-one", "Marker-two"} <= found
    assert not {"false", "shown", "8.8.8.8"} & found


def test_what_the_installer_repeats() -> None:
    genconf = Genconf(None, None, "/x")  # type: ignore[arg-type]
    genconf._secrets = ["Marker and more", "Marker"]
    assert genconf._without_secrets("Got 'Marker and more' or Marker.") == "Got '(given)' or (given)."


@pytest.mark.parametrize("option", ["--env", "--label"])
def test_a_variable_without_a_name(option: str) -> None:
    result = run_here(["provision", option, "=Marker"])
    assert result.code == 2
    assert "Marker" not in result.stderr


def test_the_report_of_a_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["dcos-docker"])
    with pytest.raises(SystemExit) as ended, ending():
        raise RuntimeError("https://me:Marker@host/ \x1b[2J")
    assert ended.value.code == 3
    (report,) = tmp_path.iterdir()
    assert "Marker" not in report.read_text() + capsys.readouterr().err
    assert report.stat().st_mode & 0o077 == 0
