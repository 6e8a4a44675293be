"""What of a checkout goes to masters, and where."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from dcos_docker_cli.dcos.sync import WHOLE, pack, read_checkout, which
from dcos_docker_cli.exceptions import UsageError
from dcos_docker_cli.model import DCOSVariant
from tests.support.checkouts import make_checkout

if TYPE_CHECKING:
    from pathlib import Path

OSS, ENTERPRISE = DCOSVariant.OSS, DCOSVariant.ENTERPRISE
BOOTSTRAP = ["bootstrap", "bootstrap/dcos_internal_utils", "bootstrap/dcos_internal_utils/__init__.py"]


def members(archive: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {member.name: member for member in tar.getmembers()}


@pytest.mark.parametrize("enterprise", [False, True])
def test_to_a_cluster_of_its_own_variant(tmp_path: Path, enterprise: bool) -> None:
    checkout = read_checkout(make_checkout(tmp_path, enterprise=enterprise))
    assert checkout.variant is (ENTERPRISE if enterprise else OSS)
    found = members(pack(checkout, checkout.variant))
    assert sorted(found) == [
        *BOOTSTRAP[1:], "tests", "tests/conftest.py", "tests/test_new.py", "tests/util", "tests/util/__init__.py",
        WHOLE,
    ]  # fmt: skip
    assert list(found)[-1] == WHOLE
    assert which(checkout, checkout.variant) == (["all", "open_source_tests", "util"] if enterprise else ["all"])


def test_open_code_to_an_enterprise_cluster(tmp_path: Path) -> None:
    checkout = read_checkout(make_checkout(tmp_path))
    assert sorted(members(pack(checkout, ENTERPRISE))) == [
        *BOOTSTRAP[1:], "tests/open_source_tests/test_new.py", "tests/util", "tests/util/__init__.py", WHOLE,
    ]  # fmt: skip
    assert which(checkout, ENTERPRISE) == ["named"]


def test_what_running_it_has_made_stays_here_and_all_may_read_the_rest(tmp_path: Path) -> None:
    checkout = read_checkout(make_checkout(tmp_path))
    tests = checkout.tests
    for name in ("__pycache__/test_new.cpython-311.pyc", "util/__pycache__/x.pyc", ".pytest_cache/x", "old.pyc"):
        (tests / name).parent.mkdir(exist_ok=True)
        (tests / name).touch()
    (tests / "test_new.py").chmod(0o600)
    (tests / "util").chmod(0o700)
    (tests / "run.sh").touch(mode=0o700)
    (tests / "link").symlink_to("run.sh")
    found = members(pack(checkout, OSS))
    assert not [name for name in found if "cache" in name or name.endswith(".pyc")]
    modes = {name: found[f"tests/{name}"].mode for name in ("test_new.py", "util", "run.sh")}
    assert modes == {"test_new.py": 0o644, "util": 0o755, "run.sh": 0o755}
    assert found["tests/link"].linkname == "run.sh"
    assert {(member.uid, member.gid) for member in found.values()} == {(0, 0)}


def test_without_bootstrap_code(tmp_path: Path) -> None:
    checkout = read_checkout(make_checkout(tmp_path, bootstrap=None))
    assert not [name for name in members(pack(checkout, OSS)) if name.startswith("bootstrap")]


def test_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a DC/OS checkout"):
        read_checkout(tmp_path)
