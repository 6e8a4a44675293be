"""Stands in for DC/OS' integration tests: what they are given in the environment, held against the cluster."""

import json
import os
import urllib.request
from typing import Any


def get(path: str) -> Any:
    """Return the JSON that a master answers."""
    request = urllib.request.Request(os.environ["DCOS_DNS_ADDRESS"] + path)  # noqa: S310 - the cluster
    if "DCOS_LOGIN_UNAME" in os.environ:
        request.add_header("Authorization", f"token={token()}")
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.load(answer)


def token() -> str:
    """Log in."""
    login = {"uid": os.environ["DCOS_LOGIN_UNAME"], "password": os.environ["DCOS_LOGIN_PW"]}
    url = os.environ["DCOS_DNS_ADDRESS"] + "/acs/api/v1/auth/login"
    with urllib.request.urlopen(url, data=json.dumps(login).encode(), timeout=10) as answer:  # noqa: S310
        return str(json.load(answer)["token"])


def hosts(*variables: str) -> list[str]:
    """Return the addresses that the environment lists."""
    return sorted(host for name in variables for host in os.environ[name].split(",") if host)


def test_masters_are_listed() -> None:
    """MASTER_HOSTS and DCOS_NUM_MASTERS agree."""
    assert len(hosts("MASTER_HOSTS")) == int(os.environ["DCOS_NUM_MASTERS"])


def test_agents_are_listed() -> None:
    """SLAVE_HOSTS, PUBLIC_SLAVE_HOSTS and DCOS_NUM_AGENTS agree."""
    assert len(hosts("SLAVE_HOSTS", "PUBLIC_SLAVE_HOSTS")) == int(os.environ["DCOS_NUM_AGENTS"])


def test_version_is_served() -> None:
    """The cluster's front door answers."""
    assert get("/dcos-metadata/dcos-version.json")["version"]


def test_agents_registered() -> None:
    """The leading master lists exactly the agents of the environment. Needs a login, or a cluster without."""
    listed = sorted(agent["hostname"] for agent in get("/mesos/master/slaves")["slaves"])
    assert listed == hosts("SLAVE_HOSTS", "PUBLIC_SLAVE_HOSTS")
