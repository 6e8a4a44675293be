"""The version is told in one place, and the changelog knows it."""

from __future__ import annotations

import configparser
import importlib.metadata
import re
from datetime import date
from pathlib import Path

from dcos_docker_cli import __version__

ROOT = Path(__file__).parents[2]


def test_the_changelog_begins_with_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    entries = re.findall(r"^## \[(\S+)\] - (\S+)$", text, re.MULTILINE)
    version, day = entries[0]
    assert version == __version__
    assert date.fromisoformat(day)
    assert len({version for version, _ in entries}) == len(entries)
    assert len(re.findall(r"^## ", text, re.MULTILINE)) == len(entries)


def test_the_package_takes_its_version_from_the_module() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    assert config["metadata"]["version"] == "attr: dcos_docker_cli.__version__"
    assert importlib.metadata.version(config["metadata"]["name"]) == __version__
