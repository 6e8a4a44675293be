"""The words of the project as values."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dcos_docker_cli.exceptions import NodeNotFoundError, UsageError
from dcos_docker_cli.model import (
    CLUSTER_ID_LIMIT,
    HOST_NAME_LIMIT,
    ClusterInfo,
    ClusterPlan,
    NodeInfo,
    NodeRef,
    Role,
    check_cluster_id,
)

GOOD_IDS = st.from_regex(r"\A[a-zA-Z0-9][a-zA-Z0-9_.-]{0,34}\Z")
SUFFIXES = (
    "", "-0", "-public", "-agent", "-master", "-publicagent", "-public-agent", "-agent-0", "-public-agent-0",
)  # fmt: skip
REFS = st.builds(NodeRef, st.sampled_from(Role), st.integers(0, 249))


def info(*states: str, **changes: Any) -> ClusterInfo:
    """Return a cluster of one master and agents, with these states."""
    refs = [NodeRef(Role.MASTER, 0), *(NodeRef(Role.AGENT, index) for index in range(len(states) - 1))]
    nodes = tuple(
        NodeInfo(ref, f"id{position}", ref.host_name("x"), f"10.0.0.{position + 2}", state)
        for position, (ref, state) in enumerate(zip(refs, states, strict=False))
    )
    settings = {"created": None, "variant": None, "distribution": "", "transport": "", "tool_version": ""}
    return ClusterInfo(**{"cluster_id": "x", "nodes": nodes, **settings, **changes})


@given(GOOD_IDS)
def test_good_ids(cluster_id: str) -> None:
    assert check_cluster_id(cluster_id) == cluster_id
    for ref in (NodeRef(Role.MASTER, 249), NodeRef(Role.PUBLIC_AGENT, 249)):
        assert len(ref.host_name(cluster_id)) <= HOST_NAME_LIMIT


@given(st.text())
def test_any_text_is_an_id_or_refused(text: str) -> None:
    is_good = bool(re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*", text)) and len(text) <= CLUSTER_ID_LIMIT
    if is_good:
        assert check_cluster_id(text) == text
    else:
        with pytest.raises(UsageError):
            check_cluster_id(text)


def test_the_longest_id() -> None:
    assert CLUSTER_ID_LIMIT == 35
    assert check_cluster_id("x" * 35)
    with pytest.raises(UsageError, match="at most 35 characters, this one has 36"):
        check_cluster_id("x" * 36)


@pytest.mark.parametrize("bad", ["", "x\n", "\nx", "x y", ".x", "_x", "-x", "ä", "x/y", "\u0661"])
def test_bad_ids(bad: str) -> None:
    with pytest.raises(UsageError, match="cannot be a cluster id"):
        check_cluster_id(bad)


def test_no_two_nodes_of_ids_that_are_alike_have_one_name() -> None:
    refs = [NodeRef(role, index) for role in Role for index in (0, 1, 10)]
    names = [ref.host_name(f"x{suffix}") for suffix in SUFFIXES for ref in refs]
    assert len(set(names)) == len(SUFFIXES) * len(refs)


@given(st.from_regex(r"\A[a-z][a-z-]{0,8}\Z"), st.sampled_from(SUFFIXES), st.sampled_from(SUFFIXES), REFS, REFS)
def test_no_two_nodes_have_one_name(base: str, one: str, other: str, first: NodeRef, second: NodeRef) -> None:
    assume((base + one, first) != (base + other, second))
    assert first.host_name(base + one) != second.host_name(base + other)


def test_a_plan_has_its_nodes_in_order() -> None:
    plan = ClusterPlan("x", masters=3, agents=1, public_agents=2)
    assert [str(ref) for ref in plan.refs] == [
        "master_0", "master_1", "master_2", "agent_0", "public_agent_0", "public_agent_1",
    ]  # fmt: skip
    assert sorted(plan.refs, key=lambda ref: ref.sort_key) == list(plan.refs)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cluster_id": "a b"}, "cannot be a cluster id"),
        ({"masters": 0}, "at least one master"),
        ({"masters": -1}, "at least one master"),
        ({"agents": -1}, "no number of nodes can be negative"),
        ({"public_agents": -1}, "no number of nodes can be negative"),
        ({"agents": 249}, "at most 250 nodes, not 251"),
    ],
)
def test_plans_that_cannot_be(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ClusterPlan(**settings)


@pytest.mark.parametrize("masters", range(1, 12))
def test_dc_os_wants_a_majority(masters: int) -> None:
    plan = ClusterPlan(masters=masters)
    if masters in (1, 3, 5, 7, 9):
        plan.check_for_dcos()
    else:
        with pytest.raises(UsageError, match=f"not with {masters}"):
            plan.check_for_dcos()


@pytest.mark.parametrize(
    ("cluster", "state"),
    [
        (info("running", "running"), "running"),
        (info("exited", "created"), "stopped"),
        (info("running", "exited"), "degraded"),
        (info("running", "paused"), "degraded"),
        (info("running", "running", reserved=True), "incomplete"),
        (info(), "incomplete"),
        (info(reserved=True), "incomplete"),
        (info("running", unknown_schema="2"), "unknown"),
        (info(reserved=True, unknown_schema="2"), "unknown"),
    ],
)
def test_state(cluster: ClusterInfo, state: str) -> None:
    assert cluster.state == state


def test_web_address_is_that_of_a_master_that_runs() -> None:
    assert info("running", "exited").web_address == "http://10.0.0.2/"
    assert info("exited", "running").web_address == ""
    assert info().web_address == ""


def test_a_node_is_found_by_its_reference() -> None:
    assert info("running", "running", "running").node("agent_1").ref == NodeRef(Role.AGENT, 1)


@pytest.mark.parametrize(
    ("cluster", "hint"),
    [(info("running", "running"), "Its nodes: master_0, agent_0"), (info(), "Its nodes: none")],
)
def test_a_node_that_is_not_there(cluster: ClusterInfo, hint: str) -> None:
    with pytest.raises(NodeNotFoundError) as caught:
        cluster.node("agent_7")
    assert caught.value.message == 'The cluster "x" has no node "agent_7".'
    assert caught.value.hint == hint
