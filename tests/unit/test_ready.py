"""When DC/OS is ready: how the answers of its checks and pages are judged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_docker_cli.dcos.http import Answer
from dcos_docker_cli.dcos.member import Member
from dcos_docker_cli.dcos.ready import _agents, _exhibitor, _judge, _token, _units, failed_checks
from dcos_docker_cli.model import NodeRef, Role

if TYPE_CHECKING:
    from dcos_docker_cli.transports.base import NodeTransport

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["hostname", "description", "isLeader", "slaves", "units", "id", "health", "checks", "status",
                         "output", "token"]) | st.text(max_size=3), inner, max_size=4
    ),
    max_leaves=12,
)  # fmt: skip


def member(role: Role, index: int, address: str) -> Member:
    return Member(str(NodeRef(role, index)), role, address, transport=cast("NodeTransport", None))


MEMBERS = [
    member(Role.MASTER, 0, "10.0.0.2"),
    member(Role.AGENT, 0, "10.0.0.3"),
    member(Role.PUBLIC_AGENT, 0, "10.0.0.4"),
]


def answer(content: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(content))


# The nodes' own checks


def test_checks_that_failed() -> None:
    checks = {
        "fine": {"status": 0, "output": "all well\n"},
        "bad": {"status": 2, "output": "it is bad\n"},
        "odd": {"status": 1, "output": ""},
    }
    assert failed_checks(json.dumps({"status": 2, "checks": checks})) == ["bad: it is bad", "odd: "]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ["failed, and says nothing"]),
        (" \n\n", ["failed, and says nothing"]),
        ("one\ntwo\n", ["two"]),
        ('{"status": 2}', ['{"status": 2}']),
        ('{"checks": {}}', ['{"checks": {}}']),
        ('{"checks": []}', ['{"checks": []}']),
        ('{"checks": {"a": 1}}', ['{"checks": {"a": 1}}']),
        ('{"checks": {"a": {"status": 1}}}', ['{"checks": {"a": {"status": 1}}}']),
        ('{"checks": {"a": {"status": 1, "output": null}}}', ['{"checks": {"a": {"status": 1, "output": null}}}']),
        ("[1, 2]", ["[1, 2]"]),
        ("null", ["null"]),
    ],
)
def test_a_report_that_cannot_be_understood_is_told_as_it_is(text: str, wanted: list[str]) -> None:
    assert failed_checks(text) == wanted


@given(st.text() | JSON.map(json.dumps))
def test_a_failure_is_never_without_words(text: str) -> None:
    found = failed_checks(text)
    assert found
    assert all(isinstance(item, str) for item in found)


# The pages


def test_exhibitor() -> None:
    leader = {"hostname": "10.0.0.2", "description": "serving", "isLeader": True}
    follower = {"hostname": "10.0.0.3", "description": "serving", "isLeader": False}
    down = {"hostname": "10.0.0.4", "description": "down", "isLeader": False}
    assert _judge(answer([leader]), _exhibitor) == ""
    assert _judge(answer([leader, follower]), _exhibitor) == ""
    assert _judge(answer([leader, down]), _exhibitor) == "not serving: 10.0.0.4"
    assert _judge(answer([follower]), _exhibitor) == "0 leaders"
    assert _judge(answer([leader, leader]), _exhibitor) == "2 leaders"
    assert _judge(answer([]), _exhibitor) == "0 leaders"


def judge_agents(content: object) -> str:
    return _agents(content, MEMBERS)


@pytest.mark.parametrize(
    ("registered", "wanted"),
    [
        (["10.0.0.3", "10.0.0.4"], ""),
        (["10.0.0.4", "10.0.0.3", "10.0.0.99"], ""),
        (["10.0.0.4"], "not registered: agent_0"),
        (["10.0.0.2"], "not registered: agent_0, public_agent_0"),
        ([], "not registered: agent_0, public_agent_0"),
    ],
)
def test_agents(registered: list[str], wanted: str) -> None:
    assert _judge(answer({"slaves": [{"hostname": address} for address in registered]}), judge_agents) == wanted


def test_units() -> None:
    good, bad = {"id": "good.service", "health": 0}, {"id": "bad.service", "health": 1}
    assert _judge(answer({"units": [good]}), _units) == ""
    assert _judge(answer({"units": [good, bad, bad]}), _units) == "unhealthy: bad.service, bad.service"


@pytest.mark.parametrize("judge", [_exhibitor, judge_agents, _units])
@pytest.mark.parametrize("content", [None, 1, "text", [1], [None], {"slaves": 1}, {"units": [{}]}, [{}], {"a": 1}])
def test_an_answer_that_cannot_be_understood_is_not_ready(judge: Any, content: object) -> None:
    assert _judge(answer(content), judge).startswith("an answer that cannot be understood: ")


@given(JSON, st.sampled_from([_exhibitor, judge_agents, _units]))
def test_garbage_is_never_an_error(content: object, judge: Any) -> None:
    assert isinstance(_judge(answer(content), judge), str)


@pytest.mark.parametrize("judge", [None, _exhibitor, judge_agents, _units])
def test_statuses_come_first(judge: Any) -> None:
    assert _judge(Answer(0, ""), judge) == "no answer"
    assert _judge(answer([], 503), judge) == "HTTP status 503"


def test_some_pages_need_only_be_there() -> None:
    assert _judge(Answer(200, "<html>"), None) == ""


@pytest.mark.parametrize(
    ("found", "token"),
    [
        (answer({"token": "abc"}), "abc"),
        (answer({"token": "abc"}, 401), ""),
        (answer({}), ""),
        (answer(["token"]), ""),
        (answer(None), ""),
        (Answer(200, "<html>"), ""),
        (Answer(0, ""), ""),
    ],
)
def test_token(found: Answer, token: str) -> None:
    assert _token(found) == token
