"""What is wrong is said clearly, with the right exit code, and nothing is made."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.support.clusters import Cluster
from tests.support.engine import of_cluster, of_run, volume_exists
from tests.support.ids import run_prefix
from tests.support.installers import fresh_copy
from tests.support.program import dcos_docker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker import APIClient

WHERE_TO_GET_ONE = (
    "Next: Give the path of a dcos_generate_config.sh, or make one to try with: dcos-docker sample-installer PATH\n"
)
AGAIN = "Next: Download it again; a whole DC/OS installer has 0.8 to 2 GB.\n"


def create(installer: Path, cluster_id: str, *options: str | Path) -> tuple[int, str, str]:
    result = dcos_docker("create", installer, "-c", cluster_id, *options)
    return result.code, result.stdout, result.stderr


@pytest.fixture(autouse=True)
def _nothing_made(client: APIClient, cluster_id: str) -> Iterator[None]:
    """Each test ends with nothing of its id, before anything is torn down."""
    yield
    assert of_cluster(client, cluster_id) == []
    assert [item for item in of_run(client, run_prefix()) if cluster_id in item] == []


def test_no_such_file(tmp_path: Path, cluster_id: str) -> None:
    path = tmp_path / "none.sh"
    assert create(path, cluster_id) == (2, "", f"Error: There is no file {path}.\n{WHERE_TO_GET_ONE}")


def test_directory(tmp_path: Path, cluster_id: str) -> None:
    wanted = f"Error: {tmp_path} is a directory, not a DC/OS installer.\n{WHERE_TO_GET_ONE}"
    assert create(tmp_path, cluster_id) == (2, "", wanted)


def test_text_file(tmp_path: Path, cluster_id: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("to do: download DC/OS\n")
    wanted = f"Error: {path} is not a DC/OS installer: it is no script.\n{WHERE_TO_GET_ONE}"
    assert create(path, cluster_id) == (2, "", wanted)


def test_script(tmp_path: Path, cluster_id: str) -> None:
    path = tmp_path / "script.sh"
    path.write_text("#!/bin/sh\necho hello\n")
    wanted = f"Error: {path} is not a DC/OS installer, or only its beginning: it has no #EOF# line.\n{WHERE_TO_GET_ONE}"
    assert create(path, cluster_id) == (2, "", wanted)


@pytest.mark.parametrize("part", [0.5, 0.99])
def test_installer_cut_short(tmp_path: Path, installer: Path, cluster_id: str, part: float) -> None:
    whole = installer.read_bytes()
    path = tmp_path / "cut.sh"
    path.write_bytes(whole[: int(len(whole) * part)])
    code, stdout, stderr = create(path, cluster_id)
    assert (code, stdout) == (2, "")
    assert stderr.startswith(f"Error: {path} is cut short: it has {path.stat().st_size} bytes and must have ")
    assert stderr.endswith(f" at least.\n{AGAIN}")


def test_installer_that_may_not_be_read(tmp_path: Path, cluster_id: str) -> None:
    """Root may read everything, so a path through a file stands for it."""
    path = tmp_path / "file"
    path.write_text("")
    assert create(path / "installer.sh", cluster_id)[:2] == (2, "")


@pytest.mark.parametrize("masters", ["0", "-1", "2", "4", "10", "many"])
def test_number_of_masters(installer: Path, cluster_id: str, masters: str) -> None:
    code, stdout, stderr = create(installer, cluster_id, "--masters", masters)
    assert (code, stdout) == (2, "")
    assert "\nError: " in f"\n{stderr}"
    if masters in ("2", "4"):
        assert stderr == f"Error: DC/OS runs with 1, 3, 5, 7 or 9 masters, not with {masters}.\n"


def test_too_many_nodes(installer: Path, cluster_id: str) -> None:
    wanted = "Error: A cluster has at most 250 nodes, not 251.\n"
    assert create(installer, cluster_id, "--agents", "249", "--public-agents", "1") == (2, "", wanted)


@pytest.mark.parametrize("bad", ["", "-x", "a b", "ä", "a/b", "../x", "a\nb", "x" * 40])
def test_cluster_id(client: APIClient, installer: Path, cluster_id: str, bad: str) -> None:
    del cluster_id
    result = dcos_docker("create", installer, f"--cluster-id={bad}")
    assert (result.code, result.stdout) == (2, "")
    assert "Error: Invalid value for '-c' / '--cluster-id': " in result.stderr
    assert of_cluster(client, bad) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2", "is not YAML."),
        ("\tx: 1", "is not YAML."),
        (b"\xff\xfe\xfa", "is not YAML."),
        ("- one\n- two\n", "must be a YAML map of DC/OS settings."),
        ("just text", "must be a YAML map of DC/OS settings."),
        ("1: one", "must be a YAML map of DC/OS settings."),
        ("cluster_name:\n", "cluster_name has no value."),
        ("a: !!python/object/apply:os.system ['true']", "is not YAML."),
    ],
)
def test_extra_config(tmp_path: Path, installer: Path, cluster_id: str, text: str | bytes, message: str) -> None:
    path = tmp_path / "extra.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    code, stdout, stderr = create(installer, cluster_id, "--extra-config", path)
    assert (code, stdout) == (2, "")
    assert stderr.splitlines()[0].startswith(f"Error: {path}")
    assert stderr.splitlines()[0].endswith(message)


def test_extra_config_that_is_not_there(tmp_path: Path, installer: Path, cluster_id: str) -> None:
    path = tmp_path / "extra.yaml"
    wanted = f"Error: {path} cannot be read: No such file or directory.\n"
    assert create(installer, cluster_id, "--extra-config", path) == (2, "", wanted)


def test_configuration_that_the_installer_refuses(
    client: APIClient, tmp_path: Path, installer: Path, cluster_id: str
) -> None:
    """Its own lines are shown, and nothing stays, neither of the cluster nor of the installer's cache."""
    path = tmp_path / "fresh.sh"
    cache = fresh_copy(installer, path, uuid.uuid4().hex)
    extra = tmp_path / "extra.yaml"
    extra.write_text("fault_domain_enabled: false\nexhibitor_storage_backend: floppy\n")
    code, stdout, stderr = create(path, cluster_id, "--extra-config", extra)
    assert (code, stdout) == (1, "")
    assert "\nError: The installer refused, with status 1 to --genconf. It says:\n" in stderr
    assert "\n  exhibitor_storage_backend: " in stderr
    assert "\n  fault_domain_enabled: Must be calculated" in stderr
    assert stderr.endswith(
        "\nNext: If that is about the configuration: correct what you set with --extra-config or dcos_config.\n"
    )
    assert "\x1b" not in stderr
    assert "Traceback" not in stderr
    assert not volume_exists(client, cache)


def test_installation_that_fails(tmp_path: Path, installer: Path, cluster_id: str) -> None:
    extra = tmp_path / "extra.yaml"
    extra.write_text("bootstrap_url: file:///nowhere\n")
    one = ("--agents", "0", "--public-agents", "0")
    code, stdout, stderr = create(installer, cluster_id, *one, "--extra-config", extra)
    assert (code, stdout) == (1, "")
    assert "\nError: DC/OS could not be installed on master_0: " in stderr
    assert "`create --keep-on-failure` leaves it there for that.\n" in stderr
    assert "\n  " in stderr
    assert "Traceback" not in stderr


def test_installation_that_fails_and_is_kept(
    client: APIClient, tmp_path: Path, installer: Path, cluster_id: str
) -> None:
    """To look at it: it is a cluster like any other, and `destroy` removes it."""
    extra = tmp_path / "extra.yaml"
    extra.write_text("bootstrap_url: file:///nowhere\n")
    one = ("--agents", "0", "--public-agents", "0", "--keep-on-failure")
    code, _, stderr = create(installer, cluster_id, *one, "--extra-config", extra)
    assert code == 1
    assert f"Kept as it is. Remove it with: dcos-docker destroy --cluster-id {cluster_id}\n" in stderr
    cluster = Cluster(cluster_id)
    assert cluster.inspect()["state"] == "running"
    assert "dcos" in cluster.output("ls", "/opt/dcos_install_tmp")
    assert cluster.dcos_docker("destroy").succeeded() == f"{cluster_id}\n"


def test_dcos_that_is_not_ready_in_time(installer: Path, cluster_id: str) -> None:
    one = ("--agents", "0", "--public-agents", "0")
    code, stdout, stderr = create(installer, cluster_id, *one, "--wait-for-dcos", "--timeout", "0.01")
    assert (code, stdout) == (124, "")
    assert f'\nError: DC/OS on the cluster "{cluster_id}" was not ready within 0.01 s. Not ready:\n  ' in stderr


def test_installer_that_fails_to_load(client: APIClient, tmp_path: Path, installer: Path, cluster_id: str) -> None:
    """Its form is right, and what it holds is not an image."""
    whole = bytearray(installer.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 4096] = b"\0" * 4096
    path = tmp_path / "damaged.sh"
    path.write_bytes(whole)
    cache = fresh_copy(path, path, uuid.uuid4().hex)
    code, stdout, stderr = create(path, cluster_id)
    assert (code, stdout) == (1, "")
    assert "\nError: The installer " in stderr
    assert not volume_exists(client, cache)


@pytest.mark.xdist_group("shared")
def test_id_in_use(client: APIClient, installer: Path, shared: Cluster, cluster_id: str) -> None:
    del cluster_id
    before = of_cluster(client, shared.cluster_id)
    assert create(installer, shared.cluster_id) == (
        5,
        "",
        f'Error: The cluster id "{shared.cluster_id}" is in use.\n'
        f"Next: Choose another with --cluster-id, or remove it: "
        f"dcos-docker destroy --cluster-id {shared.cluster_id}\n",
    )
    assert of_cluster(client, shared.cluster_id) == before
    shared.dcos_docker("wait", "--timeout", "120").succeeded()


@pytest.mark.parametrize("command", ["inspect", "destroy", "wait", "web"])
def test_no_such_cluster(cluster_id: str, command: str) -> None:
    result = dcos_docker(command, "-c", cluster_id)
    assert (result.code, result.stdout) == (4, "")
    wanted = f'Error: There is no cluster "{cluster_id}".\nNext: See what there is: dcos-docker list\n'
    assert result.stderr.endswith(wanted)


def test_run_on_no_such_cluster(cluster_id: str) -> None:
    result = dcos_docker("run", "-c", cluster_id, "--", "true")
    wanted = f'Error: There is no cluster "{cluster_id}".\nNext: See what there is: dcos-docker list\n'
    assert (result.code, result.stdout, result.stderr) == (125, "", wanted)
