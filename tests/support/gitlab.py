"""The job of `examples/gitlab-ci.yml`, as GitLab reads it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parents[2] / "examples" / "gitlab-ci.yml"
SCRIPTS = ("before_script", "script", "after_script")


def job() -> dict[str, Any]:
    """Return the only job of the file."""
    (found,) = yaml.safe_load(FILE.read_text(encoding="utf-8")).values()
    return dict(found)


def lines(*scripts: str) -> list[str]:
    """Return the lines of these scripts, in their order."""
    return [str(line) for script in scripts for line in job()[script]]


def variables(job_id: str) -> dict[str, str]:
    """Return the variables of a job, with GitLab's own filled in."""
    known = {"CI_JOB_ID": job_id}
    return {
        name: re.sub(r"\$(\w+)", lambda match: known[match[1]], str(value))
        for name, value in job()["variables"].items()
    }
