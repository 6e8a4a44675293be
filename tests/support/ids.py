"""Cluster ids that tell of which run of the tests they are, so that nothing of it can be overlooked in the end."""

from __future__ import annotations

import os
import uuid

RUN_VARIABLE = "DCOS_DOCKER_TEST_RUN"


def name_run() -> str:
    """Give this run a name, which what it starts inherits, unless it is part of one that has; return it."""
    return os.environ.setdefault(RUN_VARIABLE, uuid.uuid4().hex[:6])


def prefix_of(run: str) -> str:
    """Return what all ids of a run begin with."""
    return f"t{run}-"


def run_prefix() -> str:
    """Return what all ids of this run begin with."""
    return prefix_of(os.environ[RUN_VARIABLE])


def new_id() -> str:
    """Return a cluster id that nobody else has."""
    return run_prefix() + uuid.uuid4().hex[:8]
