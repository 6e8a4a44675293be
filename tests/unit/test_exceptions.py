"""Errors, as programs see them."""

from __future__ import annotations

import pickle

import pytest

from dcos_docker_cli import exceptions
from dcos_docker_cli.exceptions import ClusterNotFoundError, DcosDockerError, EngineError, PathError

CLASSES = [
    found for found in vars(exceptions).values() if isinstance(found, type) and issubclass(found, DcosDockerError)
]


@pytest.mark.parametrize(
    "error",
    [
        DcosDockerError("failed", hint="next", details=["one"]),
        ClusterNotFoundError("x"),
        EngineError("refused", status=409, hint="wait"),
        PathError("not there"),
    ],
)
def test_it_can_be_pickled(error: DcosDockerError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert (str(back), vars(back), back.args) == (str(error), vars(error), error.args)


def test_its_text_has_all_of_it() -> None:
    assert str(DcosDockerError("failed.", hint="do this", details=["a", "b"])) == "failed.\n  a\n  b\nNext: do this"
    assert str(DcosDockerError("failed.")) == "failed."


def test_the_tree_in_the_docstring_has_all_classes() -> None:
    for kind in CLASSES:
        assert kind.__name__ in str(exceptions.__doc__)


def test_paths_are_value_errors() -> None:
    assert issubclass(PathError, ValueError)
