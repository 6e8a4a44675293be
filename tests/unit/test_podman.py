"""What Podman says otherwise than Docker. The answers are those of Podman 4.3.1, as it gave them."""

from __future__ import annotations

import http.server
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker.engine import connect
from dcos_docker_cli.backends.docker.facts import is_podman
from dcos_docker_cli.backends.docker.storage import Ground
from dcos_docker_cli.doctor.checks.registry import CHECKS
from dcos_docker_cli.doctor.finding import Level
from dcos_docker_cli.labels import Kind
from tests.support.program import at
from tests.support.recorded import subject
from tests.support.servers import in_background

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = {
    "Components": [
        {"Name": "Podman Engine", "Version": "4.3.1", "Details": {"APIVersion": "4.3.1", "MinAPIVersion": "4.0.0"}},
        {"Name": "Conmon", "Version": "conmon version 2.1.6, commit: unknown"},
        {"Name": "OCI Runtime (crun)", "Version": "crun version 1.8.1"},
    ],
    "Version": "4.3.1",
    "ApiVersion": "1.41",
    "MinAPIVersion": "1.24",
}
DOCKER = {"Components": [{"Name": "Engine", "Version": "20.10.24+dfsg1"}, {"Name": "containerd"}]}
OURS = {"dcos_docker.schema": "1", "dcos_docker.kind": "volume", "dcos_docker.cluster_id": "one"}


@contextmanager
def answering(answers: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Have an engine that heeds no filter; yields its address, and what it is asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            path = urlsplit(self.path).path
            found: Any = next((answer for end, answer in answers.items() if path.endswith(end)), {})
            body = json.dumps(found).encode()
            self.send_response(200)
            for name, value in (("Api-Version", "1.41"), ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with in_background(server):
        yield f"tcp://127.0.0.1:{server.server_port}", asked


@contextmanager
def engine(monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any]) -> Iterator[tuple[Any, list[str]]]:
    with answering(answers) as (url, asked), monkeypatch.context() as patch:
        for name, value in at(url).items():
            if value is None:
                patch.delenv(name, raising=False)
            else:
                patch.setenv(name, value)
        made = connect()
        try:
            yield made, asked
        finally:
            made.close()


def test_volumes_of_another_cluster_are_not_taken_for_this_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Podman lists what carries any label of the filter, and by this list a cluster is destroyed."""
    listed = [
        {"Name": "mine", "Labels": OURS},
        {"Name": "another's", "Labels": {**OURS, "dcos_docker.cluster_id": "two"}},
        {"Name": "a stranger's", "Labels": {}},
        {"Name": "nobody's", "Labels": None},
    ]
    with engine(monkeypatch, {"/volumes": {"Volumes": listed}}) as (client, _):
        found = client.volumes(filters={"label": labels.selector(cluster_id="one")})["Volumes"]
        assert [item["Name"] for item in found] == ["mine"]
        assert len(client.volumes()["Volumes"]) == 4


@pytest.mark.parametrize("path", ["/networks", "/containers/json"])
def test_other_listings(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    listed = [{"Id": "1", "Labels": OURS}, {"Id": "2", "Labels": {**OURS, "dcos_docker.cluster_id": "onetwo"}}]
    with engine(monkeypatch, {path: listed}) as (client, _):
        ask = client.networks if path == "/networks" else client.containers
        assert [item["Id"] for item in ask(filters={"label": labels.selector(cluster_id="one")})] == ["1"]
        assert len(ask()) == 2


def test_images_have_the_names_that_we_gave_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """It puts registries before them; asked for two labels at once it lists none, so it is asked for one."""
    image = {**OURS, "dcos_docker.kind": "image"}
    listed = [
        {"Id": "1", "Labels": image, "RepoTags": ["localhost/dcos-docker/node:debian-12-0", "docker.io/library/a:b"]},
        {"Id": "2", "Labels": OURS, "RepoTags": ["docker.io/dcos-docker/base:empty"]},
        {"Id": "3", "Labels": image, "RepoTags": None},
    ]
    with engine(monkeypatch, {"/images/json": listed}) as (client, asked):
        found = client.images(filters={"label": labels.selector(Kind.IMAGE)})
    assert [item["RepoTags"] for item in found] == [["dcos-docker/node:debian-12-0", "docker.io/library/a:b"], []]
    (query,) = (parse_qs(urlsplit(path).query) for path in asked if "/images/json" in path)
    assert len(json.loads(query["filters"][0])["label"]) == 1


def test_its_overlay_is_overlay2() -> None:
    status = [["Backing Filesystem", "extfs"], ["Native Overlay Diff", "true"], ["Supports d_type", "true"]]
    assert Ground.of({"Driver": "overlay", "DriverStatus": status}).driver == "overlay2"
    old = [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]]
    assert Ground.of({"Driver": "overlay", "DriverStatus": old}).driver == "overlay"


def test_it_is_recognised() -> None:
    assert is_podman(VERSION)
    assert not is_podman(DOCKER)
    assert not is_podman({})


@pytest.mark.parametrize(
    ("facts", "level", "words"),
    [
        ({"product": "Podman", "version": "4.3.1"}, Level.NOTE, "Podman 4.3.1, with which clusters were tried"),
        ({"product": "Podman", "version": "3.0.1"}, Level.WARNING, "Podman 3.0.1, which was not tried"),
        ({}, Level.OK, "Docker's own"),
    ],
)
def test_doctor_tells(facts: dict[str, object], level: Level, words: str) -> None:
    (check,) = (check for check in CHECKS if check.name == "product")
    finding = check.look(subject(facts=facts))
    assert (finding.level, words in finding.message) == (level, True)
    assert bool(finding.remedy) is (level is not Level.OK)
