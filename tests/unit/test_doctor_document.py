"""Every check has its section in the document, and every section its check."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dcos_docker_cli.doctor.checks.of_cluster import CLUSTER_CHECKS
from dcos_docker_cli.doctor.checks.registry import CHECKS
from dcos_docker_cli.doctor.finding import DOCUMENT, Named

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / DOCUMENT).read_text(encoding="utf-8")
ALL: tuple[Named, ...] = (*CHECKS, *CLUSTER_CHECKS)


def test_sections_are_the_checks() -> None:
    assert re.findall(r"^## (DD\d+ .*)$", TEXT, re.MULTILINE) == [f"{check.id} {check.name}" for check in ALL]


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.id)
def test_a_section_tells_symptom_cause_and_cure(check: Named) -> None:
    _, _, rest = TEXT.partition(f"\n## {check.id} {check.name}\n")
    section = rest.partition("\n## ")[0]
    parts = re.findall(r"^\*\*(\w+)\*\*: \S", section, re.MULTILINE)
    assert parts == ["Symptom", "Cause", "Cure"]


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.id)
def test_links_lead_to_sections(check: Named) -> None:
    """As a heading's anchor is made: in small letters, with hyphens for spaces."""
    assert check.section == f"{DOCUMENT}#" + f"{check.id} {check.name}".lower().replace(" ", "-")


def test_links_within_the_document() -> None:
    anchors = {check.section.partition("#")[2] for check in ALL}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= anchors


def test_links_to_other_documents() -> None:
    for name in re.findall(r"\]\(([a-z]+\.md)", TEXT):
        assert (ROOT / "docs" / name).is_file()
