"""What is left over, and which containers are ours: pure functions of labels and names."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta, timezone

import pytest

from dcos_docker_cli import labels
from dcos_docker_cli.backends.docker.leftovers import idle_clusters, leftovers
from dcos_docker_cli.backends.docker.naming import container_name, is_genuine
from dcos_docker_cli.backends.docker.removal import Owned
from dcos_docker_cli.labels import Creator, Kind
from dcos_docker_cli.model import NodeRef, Role

# By names, for the processes differ from one worker of the tests to the next.
CREATORS = {
    "alive": str(Creator.this_process()),
    "dead": str(dataclasses.replace(Creator.this_process(), started="00000000-1")),
    "elsewhere": str(dataclasses.replace(Creator.this_process(), host="elsewhere+1", started="00000000-1")),
    "none": "",
    "garbage": "garbage",
}


def never() -> None:
    pytest.fail("it was removed")


NOW = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
WEEK_AGO = NOW - timedelta(days=7)
HOURS = {"old": 24 * 8, "young": 1}
"""How long ago, of what is older than a week and of what is not."""


def owned(
    kind: Kind,
    cluster_id: str | None = None,
    *,
    creator: str = "alive",
    schema: str = "1",
    age: str = "old",
    name: str = "",
    what: str = "",
) -> Owned:
    what = what or {Kind.NETWORK: "network", Kind.VOLUME: "volume", Kind.CACHE: "volume"}.get(kind, "container")
    written = {
        **labels.common(kind, cluster_id),
        labels.CREATOR_KEY: CREATORS[creator],
        labels.SCHEMA_KEY: schema,
        labels.CREATED_KEY: (NOW - timedelta(hours=HOURS[age])).isoformat() if age in HOURS else age,
        labels.NAME_KEY: name,
    }
    key = f"{kind.value} of {cluster_id or name or None}"
    return Owned(what, f"{what} {key}", key, labels.decode(written), never)


def names(*everything: Owned, before: datetime | None = None) -> list[str]:
    return [item.name for item in leftovers(list(everything), before)]


def test_nothing() -> None:
    assert names() == []


@pytest.mark.parametrize("creator", CREATORS)
def test_a_finished_cluster_is_never_left_over(creator: str) -> None:
    kinds = (Kind.NODE, Kind.NETWORK, Kind.VOLUME)
    assert names(*(owned(kind, "x", creator=creator) for kind in kinds)) == []


@pytest.mark.parametrize("creator", ["alive", "elsewhere", "none", "garbage"])
def test_a_create_that_may_live_keeps_all_of_its_id(creator: str) -> None:
    kinds = (Kind.RESERVATION, Kind.BOOTSTRAP, Kind.NODE, Kind.NETWORK, Kind.VOLUME)
    assert names(*(owned(kind, "x", creator=creator) for kind in kinds)) == []


def test_a_dead_create_leaves_all_of_its_id() -> None:
    kinds = (Kind.RESERVATION, Kind.BOOTSTRAP, Kind.NODE, Kind.NETWORK, Kind.VOLUME)
    found = [owned(kind, "x", creator="dead") for kind in kinds]
    living = [owned(Kind.NODE, "x-public"), owned(Kind.NETWORK, "x-public")]
    assert names(*found, *living) == [item.name for item in found]


@pytest.mark.parametrize("kind", [Kind.BOOTSTRAP, Kind.SAMPLE, Kind.SIDECAR])
def test_what_is_transient_goes_with_its_process_alone(kind: Kind) -> None:
    cluster_id = "x" if kind is Kind.BOOTSTRAP else None
    node = owned(Kind.NODE, "x", creator="dead")
    assert names(owned(kind, cluster_id, creator="dead"), node) == [f"{kind.value} of {cluster_id}"]
    assert names(owned(kind, cluster_id), node) == []


def test_an_id_without_any_container_is_left_by_a_destroy() -> None:
    network, volume = owned(Kind.NETWORK, "x"), owned(Kind.VOLUME, "x")
    assert names(network, volume) == [network.name, volume.name]


@pytest.mark.parametrize("creator", ["alive", "dead"])
def test_a_cache_is_never_left_over(creator: str) -> None:
    assert names(owned(Kind.CACHE, creator=creator)) == []


def test_what_another_version_has_made_is_left_alone() -> None:
    kinds = (Kind.RESERVATION, Kind.NETWORK, Kind.VOLUME)
    assert names(*(owned(kind, "x", creator="dead", schema="2") for kind in kinds)) == []


def test_a_container_of_another_version_keeps_its_id_alive() -> None:
    assert names(owned(Kind.NODE, "x", schema="2"), owned(Kind.NETWORK, "x")) == []


@pytest.mark.parametrize("before", [None, WEEK_AGO])
def test_a_sidecar_with_a_name_stays(before: datetime | None) -> None:
    named = owned(Kind.SIDECAR, creator="dead", name="disk")
    volume = owned(Kind.SIDECAR, creator="dead", name="disk", what="volume")
    assert names(named, volume, before=before) == []
    assert names(volume, before=before) == [volume.name]


def test_a_reservation_of_no_cluster_takes_nothing_with_it() -> None:
    assert names(owned(Kind.RESERVATION, "", creator="dead"), owned(Kind.CACHE, creator="dead")) == []


def test_what_only_a_dead_bootstrap_node_holds() -> None:
    found = [owned(Kind.BOOTSTRAP, "x", creator="dead"), owned(Kind.NETWORK, "x", creator="dead")]
    assert names(*found) == [item.name for item in found]


# By age

ALL_KINDS = (Kind.RESERVATION, Kind.BOOTSTRAP, Kind.NODE, Kind.NETWORK, Kind.VOLUME)


@pytest.mark.parametrize("creator", ["dead", "elsewhere", "none", "garbage"])
def test_an_old_create_that_nobody_can_see_is_left_over(creator: str) -> None:
    found = [owned(kind, "x", creator=creator) for kind in ALL_KINDS]
    assert names(*found, before=WEEK_AGO) == [item.name for item in found]


@pytest.mark.parametrize("creator", CREATORS)
@pytest.mark.parametrize("young", [*ALL_KINDS, None])
def test_what_belongs_together_is_as_young_as_the_youngest(creator: str, young: Kind | None) -> None:
    found = [owned(kind, "x", creator=creator, age="young" if kind is young else "old") for kind in ALL_KINDS]
    left = names(*found, before=WEEK_AGO)
    if creator == "alive":
        assert left == []
    elif young is None:
        assert left == [item.name for item in found]
    else:  # a bootstrap node is its process' own
        assert left == [item.name for item in found if item.labels.kind is Kind.BOOTSTRAP is not young]


@pytest.mark.parametrize("age", ["", "yesterday", "young"])
@pytest.mark.parametrize("kind", [Kind.SAMPLE, Kind.SIDECAR, Kind.NETWORK])
def test_what_is_not_known_to_be_old_stays(kind: Kind, age: str) -> None:
    cluster_id = "x" if kind is Kind.NETWORK else None
    item = owned(kind, cluster_id, creator="dead", age=age)
    assert names(item) == [item.name]
    assert names(item, before=WEEK_AGO) == []


@pytest.mark.parametrize("creator", CREATORS)
@pytest.mark.parametrize("kind", [Kind.BOOTSTRAP, Kind.SAMPLE, Kind.SIDECAR])
def test_old_transient_containers(kind: Kind, creator: str) -> None:
    item = owned(kind, "x" if kind is Kind.BOOTSTRAP else None, creator=creator)
    node = owned(Kind.NODE, "x", creator="elsewhere")
    assert names(item, node, before=WEEK_AGO) == ([] if creator == "alive" else [item.name])


@pytest.mark.parametrize("creator", CREATORS)
def test_a_complete_cluster_is_not_left_over_at_any_age(creator: str) -> None:
    kinds = (Kind.NODE, Kind.NETWORK, Kind.VOLUME)
    assert names(*(owned(kind, "x", creator=creator) for kind in kinds), before=WEEK_AGO) == []


def test_old_and_of_another_version() -> None:
    kinds = (Kind.RESERVATION, Kind.NETWORK, Kind.VOLUME)
    assert names(*(owned(kind, "x", creator="none", schema="2") for kind in kinds), before=WEEK_AGO) == []


# Clusters that nobody is at work on


@pytest.mark.parametrize("creator", CREATORS)
def test_a_complete_cluster_is_idle(creator: str) -> None:
    """Also while the program runs that has made it, as one with the library does."""
    found = [owned(kind, "x", creator=creator) for kind in (Kind.NODE, Kind.NETWORK, Kind.VOLUME)]
    assert idle_clusters(found) == {"x"}
    assert idle_clusters(found, WEEK_AGO) == {"x"}
    assert idle_clusters([*found, owned(Kind.NODE, "x", age="young")], WEEK_AGO) == set()


@pytest.mark.parametrize("creator", CREATORS)
def test_a_cluster_that_is_being_made_is_not_idle(creator: str) -> None:
    found = [owned(Kind.NODE, "x"), owned(Kind.RESERVATION, "x", creator=creator)]
    assert idle_clusters(found) == set()
    assert idle_clusters(found, WEEK_AGO) == set()


@pytest.mark.parametrize("creator", CREATORS)
def test_a_cluster_that_is_being_changed_is_not_idle(creator: str) -> None:
    found = [owned(Kind.NODE, "x"), owned(Kind.BOOTSTRAP, "x", creator=creator)]
    assert idle_clusters(found) == ({"x"} if creator == "dead" else set())
    assert idle_clusters(found, WEEK_AGO) == (set() if creator == "alive" else {"x"})


def test_no_cluster() -> None:
    assert idle_clusters([owned(Kind.NETWORK, "x"), owned(Kind.CACHE), owned(Kind.SIDECAR, name="x")]) == set()


def test_a_cluster_of_another_version_is_left_alone() -> None:
    assert idle_clusters([owned(Kind.NODE, "x"), owned(Kind.NETWORK, "x", schema="2")]) == set()
    assert idle_clusters([owned(Kind.NODE, "x", schema="2")]) == set()


# Names


def of_node(**changes: str) -> labels.Labels:
    written = {
        **labels.common(Kind.NODE, "x"),
        labels.ROLE_KEY: "public_agent",
        labels.INDEX_KEY: "1",
        **changes,
    }
    return labels.decode(written)


def test_a_node_is_one_by_its_name() -> None:
    assert is_genuine(of_node(), NodeRef(Role.PUBLIC_AGENT, 1).host_name("x"))
    assert is_genuine(of_node(), "dcos-docker-x-publicagent-1")


@pytest.mark.parametrize(
    "name", ["", "mine", "dcos-docker-x-publicagent-0", "dcos-docker-y-publicagent-1", "dcos-docker-x-publicagent-1-2"]
)
def test_a_container_that_has_inherited_the_labels_of_a_node_is_none(name: str) -> None:
    assert not is_genuine(of_node(), name)


def test_a_node_without_a_place_is_none() -> None:
    assert not is_genuine(of_node(**{labels.INDEX_KEY: "many"}), "dcos-docker-x-publicagent-1")


@pytest.mark.parametrize("kind", [Kind.RESERVATION, Kind.BOOTSTRAP])
def test_what_a_cluster_has_one_of(kind: Kind) -> None:
    found = labels.decode(labels.common(kind, "x"))
    assert is_genuine(found, container_name(kind, "x"))
    assert not is_genuine(found, container_name(kind, "y"))
    assert not is_genuine(found, "mine")


@pytest.mark.parametrize("kind", [Kind.SAMPLE, Kind.SIDECAR])
def test_what_belongs_to_no_cluster(kind: Kind) -> None:
    found = labels.decode(labels.common(kind))
    assert is_genuine(found, f"dcos-docker-{kind.value}-0123456789ab")
    assert not is_genuine(found, "mine")
    assert not is_genuine(found, "dcos-docker-volume-0123456789ab")


@pytest.mark.parametrize("kind", [Kind.IMAGE, Kind.CACHE, Kind.NETWORK, Kind.VOLUME])
def test_a_container_of_an_image_of_ours_is_none(kind: Kind) -> None:
    assert not is_genuine(labels.decode(labels.common(kind)), "dcos-docker-x-master-0")


def test_another_version_is_taken_at_its_word() -> None:
    assert is_genuine(of_node(**{labels.SCHEMA_KEY: "2"}), "whatever")
