"""The labels: what is written is read back, and what makes no sense is never an error."""

from __future__ import annotations

import dataclasses
import os
import socket
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_docker_cli import __version__, labels
from dcos_docker_cli.labels import Creator, Kind, decode
from dcos_docker_cli.model import DCOSVariant, NodeRef, Role

KEYS = st.sampled_from(
    [value for name, value in vars(labels).items() if name.endswith("_KEY")] + ["dcos_docker.later", "maintainer"]
)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("cluster_id", [None, "ci-job_42"])
def test_what_every_object_carries_is_read_back(kind: Kind, cluster_id: str | None) -> None:
    before = datetime.now(timezone.utc).replace(microsecond=0)
    found = decode(labels.common(kind, cluster_id))
    assert found.is_known
    assert (found.kind, found.cluster_id, found.tool_version) == (kind, cluster_id or "", __version__)
    assert found.created is not None
    assert before <= found.created <= datetime.now(timezone.utc)
    assert found.created.utcoffset() == timedelta(0)
    assert found.creator == Creator.this_process()


def test_every_key_is_ours_and_every_value_a_text() -> None:
    written = labels.common(Kind.NODE, "x")
    assert all(key.startswith(labels.PREFIX) and isinstance(value, str) for key, value in written.items())


@given(st.sampled_from(Role), st.integers(0, 249), st.sampled_from(DCOSVariant))
def test_a_node_is_read_back(role: Role, index: int, variant: DCOSVariant) -> None:
    found = decode(
        {
            labels.SCHEMA_KEY: "1",
            labels.ROLE_KEY: role.word,
            labels.INDEX_KEY: str(index),
            labels.VARIANT_KEY: variant.value,
        }
    )
    assert (found.ref, found.variant) == (NodeRef(role, index), variant)


@pytest.mark.parametrize("schema", ["2", "", "one", "1 "])
def test_unknown_schema(schema: str) -> None:
    found = decode({**labels.common(Kind.NODE, "x"), labels.SCHEMA_KEY: schema})
    assert not found.is_known
    assert (found.schema, found.cluster_id) == (schema, "x")


@pytest.mark.parametrize("index", ["", "-1", "1.0", "²", "one", "9" * 5000])
def test_an_index_that_is_none(index: str) -> None:
    assert decode({labels.ROLE_KEY: "master", labels.INDEX_KEY: index}).ref is None


def test_dc_os_words_are_not_our_words() -> None:
    assert decode({labels.ROLE_KEY: "slave", labels.INDEX_KEY: "0"}).ref is None


@given(st.dictionaries(KEYS, st.text() | st.from_regex(r"[\w+.:-]*/\w*/[0-9]*/[-\w]*")))
def test_garbage_is_read_without_an_error(found: dict[str, str]) -> None:
    decoded = decode(found)
    assert decoded.is_known == (found.get(labels.SCHEMA_KEY) == "1")
    if decoded.created:
        assert decoded.created.tzinfo is not None
    if decoded.creator:
        decoded.creator.is_dead()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-11-22T10:00:00+00:00", datetime(2026, 11, 22, 10, tzinfo=timezone.utc)),
        ("2026-11-22T10:00:00Z", datetime(2026, 11, 22, 10, tzinfo=timezone.utc)),
        ("2026-11-22T10:00:00", datetime(2026, 11, 22, 10, tzinfo=timezone.utc)),
        ("yesterday", None),
        ("", None),
    ],
)
def test_time(text: str, wanted: datetime | None) -> None:
    assert decode({labels.CREATED_KEY: text}).created == wanted


def test_selectors_ask_for_our_objects_only() -> None:
    assert labels.selector() == ["dcos_docker.schema"]
    assert labels.selector(Kind.NODE, "x") == [
        "dcos_docker.schema",
        "dcos_docker.kind=node",
        "dcos_docker.cluster_id=x",
    ]


@pytest.mark.parametrize(
    ("text", "wanted"), [("256", 256), ("8796093022207", 8796093022207), ("", None), ("-1", None), ("9" * 5000, None)]
)
def test_a_named_disk(text: str, wanted: int | None) -> None:
    found = decode({**labels.common(Kind.SIDECAR), labels.NAME_KEY: "disk-1", labels.SIZE_KEY: text})
    assert (found.name, found.size_megabytes) == ("disk-1", wanted)


# The process that made an object


def test_this_process_is_alive() -> None:
    here = Creator.this_process()
    assert here.pid == os.getpid()
    assert Creator.parse(str(here)) == here
    assert not here.is_dead()
    assert here.is_alive()


def creator_of_a_child(*, kill: bool) -> Creator:
    """Return what a child says of itself, that has ended when this returns."""
    script = "from dcos_docker_cli.labels import Creator; print(Creator.this_process(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        found = Creator.parse(child.stdout.readline().strip())
        assert found is not None
        assert found.pid == child.pid
        assert not found.is_dead()
        if kill:
            child.kill()
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            assert found.is_dead(), "a zombie is dead"
    return found


@pytest.mark.parametrize("kill", [False, True])
def test_a_process_that_has_ended_is_dead(kill: bool) -> None:
    found = creator_of_a_child(kill=kill)
    assert found.is_dead()
    assert not found.is_alive()


def test_another_process_of_the_same_id_is_not_it() -> None:
    assert dataclasses.replace(Creator.this_process(), started="00000000-1").is_dead()


def test_where_there_are_no_starting_times_the_id_must_do() -> None:
    here = dataclasses.replace(Creator.this_process(), started="-")
    assert not here.is_dead()
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert dataclasses.replace(here, pid=ended.pid).is_dead()


@pytest.mark.parametrize("change", [{"host": "elsewhere+123"}, {"namespace": "4026530000"}])
def test_of_another_host_or_namespace_nobody_can_know(change: dict[str, str]) -> None:
    here = Creator.this_process()
    for started in (here.started, "00000000-1"):
        found = dataclasses.replace(here, started=started, **change)  # type: ignore[arg-type]
        assert not found.is_dead()
        assert not found.is_alive()


@pytest.mark.parametrize(
    "text", ["", "x", "a/b/c/d", "a/b/-1/d", "a/b/1", "a/b/1/c/d", f"a/b/{'9' * 5000}/d", "a/b/²/d", "a/b//d"]
)
def test_what_is_no_creator(text: str) -> None:
    assert Creator.parse(text) is None


def test_a_creator_has_no_slash_of_the_host_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "a/b")
    here = Creator.this_process()
    assert Creator.parse(str(here)) == here


def test_a_process_is_itself_though_its_host_has_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """By that an undoing finds what it has made."""
    before = Creator.this_process()
    monkeypatch.setattr(socket, "gethostname", lambda: "renamed")
    assert before.is_this_process()
    assert not dataclasses.replace(before, pid=before.pid + 1).is_this_process()
    assert not dataclasses.replace(before, started="00000000-1").is_this_process()
    assert not dataclasses.replace(before, started="-").is_this_process()
