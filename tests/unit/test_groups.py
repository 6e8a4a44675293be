"""Tests that share a cluster are run by one worker, or each worker would make its own."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("guard")
def test_groups_are_kept_together(request: pytest.FixtureRequest) -> None:
    if not hasattr(request.config, "workerinput") or not request.config.getoption("loadgroup", default=False):
        pytest.skip("not run with --dist loadgroup")
    assert request.node.nodeid.endswith("@guard")
