"""Where the installers of versions are."""

from __future__ import annotations

import pytest

from dcos_docker_cli.exceptions import UsageError
from dcos_docker_cli.lifecycle.download import check_source, installer_url


@pytest.mark.parametrize(
    ("version", "path"),
    [
        ("stable", "stable"),
        ("stable/2.1.0", "stable/2.1.0"),
        ("2.1.0", "stable/2.1.0"),
        ("1.13.0-beta.1", "stable/1.13.0-beta.1"),
        ("testing/master", "testing/master"),
        ("testing/2.1", "testing/2.1"),
        ("testing/pull/123", "testing/pull/123"),
        ("early-access/1.13.0-rc1", "early-access/1.13.0-rc1"),
    ],
)
def test_version(version: str, path: str) -> None:
    assert installer_url(version) == f"https://downloads.dcos.io/dcos/{path}/dcos_generate_config.sh"
    assert installer_url(version, "http://mirror:81/x//") == f"http://mirror:81/x/{path}/dcos_generate_config.sh"


@pytest.mark.parametrize("url", ["https://host/a/dcos_generate_config.ee.sh", "http://127.0.0.1:8000/x?y=z"])
def test_a_url_is_itself(url: str) -> None:
    assert installer_url(url, "nonsense") == url


@pytest.mark.parametrize(
    "version", ["", "/", "stable/", "/stable", "a//b", "..", "stable/../x", "./x", "a b", "a?b", "a%2fb", "é", "a\n"]
)
def test_what_is_no_version(version: str) -> None:
    with pytest.raises(UsageError, match="is no version of DC/OS") as failure:
        installer_url(version)
    assert "testing/pull/123" in failure.value.hint


@pytest.mark.parametrize(
    "url", ["ftp://x/y", "file:///x", "http://", "https:///x", "http://x:y/", "http://[1/", "http://é/"]
)
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(UsageError, match="is no URL"):
        installer_url(url)
    with pytest.raises(UsageError, match="is no URL"):
        installer_url("stable", url)


@pytest.mark.parametrize("url", ["http://[", "https://[::1", "ftp://x/y", "://", "x://[", "http://x:y/", "file"])
def test_what_no_installer_comes_from(url: str) -> None:
    """As whoever gives a URL for the path of an installer is told."""
    with pytest.raises(UsageError, match="is no URL"):
        check_source(url)


@pytest.mark.parametrize("url", ["http://me:secret@host/x", "https://me@host/x"])
def test_a_password_is_not_repeated(url: str) -> None:
    with pytest.raises(UsageError) as failure:
        installer_url(url)
    assert "me" not in str(failure.value).split()
    assert "secret" not in str(failure.value)
