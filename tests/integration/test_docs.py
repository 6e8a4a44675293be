"""The documents of the library: every example in them, run as it stands there, and that they leave nothing out."""

from __future__ import annotations

import inspect
import logging
import re
import shutil
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from dcos_docker_cli import exceptions
from dcos_docker_cli.backends.docker import Docker
from dcos_docker_cli.backends.docker.engine import connect
from dcos_docker_cli.base_classes import ClusterBackend, ClusterManager
from dcos_docker_cli.cluster import Cluster
from dcos_docker_cli.dcos.config import DEFAULT_PASSWORD_HASH
from dcos_docker_cli.node import Node
from tests.support.docs import DOCS, Reader, blocks
from tests.support.library import machines, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

pytestmark = pytest.mark.xdist_group("docs")

DOCUMENTS = ("library", "backends", "migration")
FOR_THE_PACKAGE = {"member", "with_default_user"}
"""Methods of `Node` that its own package needs, and says so."""


@dataclass(frozen=True)
class Desk:
    """A directory with what the examples say is there, and the names that they leave to their reader."""

    directory: Path
    names: dict[str, Any]


@pytest.fixture(scope="module")
def desk(
    client: APIClient,
    installer: Path,
    newer_installer: Path,
    enterprise_installer: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Desk]:
    if not connect().where.is_local:
        pytest.skip("SSH, and paths of this machine as mounts, need an engine on it")
    directory = tmp_path_factory.mktemp("desk")
    shutil.copy(installer, directory / "dcos_generate_config.sh")
    shutil.copy(enterprise_installer, directory / "dcos_generate_config.ee.sh")
    shutil.copy(newer_installer, directory / "dcos_generate_config.2.2.sh")
    (directory / "ca.crt").touch()
    (directory / "ca.key").touch()
    with served(directory) as url, machines(client, tmp_path_factory.mktemp("machines"), 2) as (master, agent):
        names = {
            "INSTALLER_URL": f"{url}/dcos_generate_config.sh",
            "PASSWORD_HASH": DEFAULT_PASSWORD_HASH,
            "MASTER": str(master.public_ip_address),
            "AGENT": str(agent.public_ip_address),
            "KEY": master.ssh_key_path,
        }
        yield Desk(directory, names)


@pytest.fixture
def _same_process() -> Iterator[None]:
    """Put back what an example changes in this process."""
    handler, level = signal.getsignal(signal.SIGTERM), logging.getLogger("dcos_docker_cli").level
    yield
    signal.signal(signal.SIGTERM, handler)
    logging.getLogger("dcos_docker_cli").setLevel(level)


@pytest.mark.usefixtures("_same_process")
@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_examples_work(name: str, client: APIClient, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.directory)
    examples = blocks(DOCS / f"{name}.md")
    assert len(examples) > 1, "the document has no examples any more"
    reader = Reader(client, desk.names)
    try:
        for example in examples:
            reader.run(example)
        assert reader.left() == []
    finally:
        reader.clean_up()


def test_every_block_of_python_is_found() -> None:
    """Also one that is indented, or written in another way."""
    for name in DOCUMENTS:
        document = DOCS / f"{name}.md"
        fences = [
            line for line in document.read_text(encoding="utf-8").splitlines() if line.strip().startswith("```py")
        ]
        assert len(blocks(document)) == len(fences)


def test_a_failing_example_is_named_with_its_line(
    client: APIClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    document = tmp_path / "some.md"
    document.write_text(
        "# A document\n\n```python\nx = 1\n\nassert x == 2\n```\n\n```python\ndef test_it():\n    assert False\n```\n"
    )
    first, second = blocks(document)
    reader = Reader(client, {})
    with pytest.raises(AssertionError, match=r"some\.md:6 failed: AssertionError"):
        reader.run(first)
    with pytest.raises(AssertionError, match=r"some\.md:10 failed:(?s:.)*1 failed"):
        reader.run(second)


def test_what_a_failing_example_leaves_is_removed(client: APIClient, installer: Path, tmp_path: Path) -> None:
    del installer  # the node image is there by it
    document = tmp_path / "some.md"
    document.write_text(
        "```python\n"
        "from dcos_docker_cli.backends import Docker\n"
        "from dcos_docker_cli.cluster import Cluster\n"
        "Cluster(cluster_backend=Docker(), agents=0, public_agents=0)\n"
        "raise ValueError\n"
        "```\n"
    )
    reader = Reader(client, {})
    try:
        with pytest.raises(AssertionError, match=r"some\.md:5 failed: ValueError"):
            reader.run(blocks(document)[0])
        assert any(item.startswith("container dcos-docker-") for item in reader.left())
    finally:
        reader.clean_up()
    assert reader.left() == []


def table(text: str, heading: str) -> set[str]:
    """Return what stands as code in the first column of the tables of a section."""
    section = text.split(f"\n## {heading}\n")[1].split("\n## ", maxsplit=1)[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {word.strip(" `") for row in rows for word in row.split(",")}


def test_every_parameter_of_docker_is_in_its_table() -> None:
    text = (DOCS / "library.md").read_text(encoding="utf-8")
    parameters = inspect.signature(Docker.__init__).parameters
    assert table(text, "Docker: what clusters are made of") == set(parameters) - {"self"}


def test_the_defaults_of_docker_are_those_of_its_table() -> None:
    text = (DOCS / "library.md").read_text(encoding="utf-8")
    for name, parameter in inspect.signature(Docker.__init__).parameters.items():
        default = parameter.default
        if name == "self" or default is None:
            continue
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
        shown = default if isinstance(default, str) else str(default)
        assert f"`{shown}`" in row.split("|")[3], row


@pytest.mark.parametrize("kind", [Cluster, Node])
def test_every_public_method_is_named(kind: type) -> None:
    text = (DOCS / "library.md").read_text(encoding="utf-8")
    methods = {name for name in vars(kind) if not name.startswith("_")} - FOR_THE_PACKAGE
    assert {name for name in methods if f"`{name}" not in text and f".{name}" not in text} == set()


def test_every_exception_is_in_the_table_of_errors() -> None:
    text = (DOCS / "library.md").read_text(encoding="utf-8")
    errors = {
        name
        for name, value in vars(exceptions).items()
        if inspect.isclass(value) and issubclass(value, exceptions.DcosDockerError)
    }
    assert table(text, "Errors") == errors


@pytest.mark.parametrize("kind", [ClusterBackend, ClusterManager])
def test_everything_that_a_backend_must_have_is_named(kind: type) -> None:
    text = (DOCS / "backends.md").read_text(encoding="utf-8")
    required = table(text, "What is required")
    named = {word.partition("(")[0] for word in required}
    assert set(kind.__abstractmethods__) <= named  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    """To files that are there, and to headings of them."""
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        file, _, anchor = target.partition("#")
        document = DOCS / (file or f"{name}.md")
        assert document.is_file(), target
        headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in anchors, target
