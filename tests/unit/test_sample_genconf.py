"""What the sample installer refuses, and what it writes for the nodes."""

from __future__ import annotations

import io
import json
import lzma
import subprocess
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from dcos_docker_cli.sample import installer
from dcos_docker_cli.sample.archive import Entry, tar
from dcos_docker_cli.sample.payload.genconf import __main__ as main
from dcos_docker_cli.sample.payload.genconf import config, packages, serve

if TYPE_CHECKING:
    from pathlib import Path

GOOD: dict[str, Any] = {
    "bootstrap_url": "file:///opt/dcos_install_tmp",
    "cluster_name": "name",
    "exhibitor_storage_backend": "static",
    "master_discovery": "static",
    "master_list": ["10.0.0.1"],
}
RELEASE = packages.Release("2.1.0", "", "c" * 40, "b" * 40)


@pytest.fixture
def ip_detect(tmp_path: Path) -> Path:
    path = tmp_path / "ip-detect"
    path.write_text("#!/bin/sh\necho 10.0.0.1\n")
    return path


def errors(ip_detect: Path, changes: dict[str, Any], *, enterprise: bool = False) -> dict[str, str]:
    user = {key: value for key, value in {**GOOD, **changes}.items() if value is not ...}
    return config.errors(config.expand(user, enterprise=enterprise), ip_detect.parent, enterprise=enterprise)


def test_minimal_config_is_good(ip_detect: Path) -> None:
    assert errors(ip_detect, {}) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"agent_list": ["10.0.0.2"], "public_agent_list": ["10.0.0.3"]},
        {"check_time": False, "process_timeout": 10000, "ssh_port": "22", "resolvers": ["8.8.8.8"]},
        {"no_such_key": {"any": ["thing"]}, "security": "strict", "ca_certificate_path": "genconf/none"},
        {"master_discovery": "master_http_loadbalancer", "master_list": ...},
        {"master_list": [f"10.0.0.{n}" for n in range(1, 10)]},
        {"bootstrap_url": "http://bootstrap:8080"},
    ],
)
def test_good(ip_detect: Path, changes: dict[str, Any]) -> None:
    assert errors(ip_detect, changes) == {}


@pytest.mark.parametrize(
    ("changes", "key", "message"),
    [
        ({"bootstrap_url": ...}, "bootstrap_url", "Must set bootstrap_url, no way to calculate value."),
        ({"master_list": ...}, "master_list", "Must set master_list, no way to calculate value."),
        ({"bootstrap_url": "/opt"}, "bootstrap_url", "Should start with http://, https:// or file://. Got '/opt'."),
        ({"bootstrap_url": "http://b/"}, "bootstrap_url", "Must not end in a '/'"),
        (
            {"master_list": ["10.0.0.1", "10.0.0.2"]},
            "num_masters",
            "Must have 1, 3, 5, 7, or 9 masters. Found 2",
        ),
        ({"master_list": []}, "num_masters", "Must have 1, 3, 5, 7, or 9 masters. Found 0"),
        ({"master_list": ["node"]}, "master_list", "Invalid IPv4 addresses in list: node"),
        ({"master_list": ["10.0.0.1"] * 3}, "master_list", "List cannot contain duplicates: 10.0.0.1"),
        ({"agent_list": ["10.0.0.1"]}, "agent_list", "Must have one role for each node: 10.0.0.1"),
        ({"check_time": "no"}, "check_time", "Must be one of 'true', 'false'. Got 'no'."),
        ({"ssh_port": "ssh"}, "ssh_port", "Must be an integer but got a value of 'ssh'."),
        ({"cluster_name": " "}, "cluster_name", "Must not be empty."),
        (
            {"fault_domain_enabled": False},
            "fault_domain_enabled",
            "Must be calculated, but was explicitly set in the configuration.",
        ),
    ],
)
def test_bad(ip_detect: Path, changes: dict[str, Any], key: str, message: str) -> None:
    assert errors(ip_detect, changes) == {key: message}


def test_ip_detect_must_exist(tmp_path: Path) -> None:
    message = "ip-detect script `genconf/ip-detect` must exist"
    assert errors(tmp_path / "no-directory/ip-detect", {}) == {"ip_detect_contents": message}


def test_enterprise(ip_detect: Path) -> None:
    good = {"fault_domain_enabled": False, "security": "strict", "license_key_contents": "x"}
    assert errors(ip_detect, good, enterprise=True) == {}
    assert set(errors(ip_detect, {"security": "lax"}, enterprise=True)) == {"security"}
    assert set(errors(ip_detect, {"superuser_password_hash": "deleteme"}, enterprise=True)) == {
        "superuser_password_hash"
    }


def test_files_of_enterprise_must_exist(ip_detect: Path) -> None:
    changes = {"ca_certificate_path": "genconf/ca.crt"}
    assert errors(ip_detect, changes, enterprise=True) == {"ca_certificate_path": "File `genconf/ca.crt` must exist"}
    (ip_detect.parent / "ca.crt").touch()
    assert errors(ip_detect, changes, enterprise=True) == {}


@pytest.mark.parametrize("loaded", [None, ["list"]])
def test_what_is_no_map_ends_in_a_traceback(loaded: Any) -> None:
    with pytest.raises(AttributeError):
        config.expand(loaded, enterprise=False)


def test_null_ends_in_a_traceback() -> None:
    with pytest.raises(TypeError):
        config.expand({"resolvers": None}, enterprise=False)


@pytest.mark.parametrize(
    ("version", "program", "has_variant"),
    [
        ("1.9.0", "3dt", False),
        ("1.10.2", "dcos-diagnostics", False),
        ("1.11-dev", "dcos-diagnostics", False),
        ("1.12.0", "dcos-check-runner", True),
        ("2.1", "dcos-check-runner", True),
    ],
)
def test_what_depends_on_the_version(version: str, program: str, *, has_variant: bool) -> None:
    release = RELEASE._replace(version=version)
    assert release.check_program() == program
    assert ("dcos-variant" in release.version_file()) == has_variant


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Unpack what the image has, with a bundled Python of two small files."""
    runtime = tar([Entry("runtime/architecture", b"amd64"), Entry("runtime/ld.so", b"ELF", 0o755)])
    entries = [*installer.runtime_entries(io.BytesIO(runtime)), *installer.payload_entries()]
    release = {**RELEASE._asdict()}
    for entry in [*entries, Entry(f"{installer.ROOT}/release.json", json.dumps(release).encode())]:
        path = tmp_path / "image" / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(entry.data)
        path.chmod(entry.mode)
    root = tmp_path / "image" / installer.ROOT
    monkeypatch.setattr(packages, "IMAGE", root)
    return root


def genconf(monkeypatch: pytest.MonkeyPatch, directory: Path, yaml: str, *arguments: str) -> int:
    (directory / "config.yaml").write_text(yaml)
    monkeypatch.setattr(main, "GENCONF", directory)
    monkeypatch.setattr("sys.argv", ["dcos_generate_config.sh", *arguments])
    return main.main()


@pytest.mark.usefixtures("image", "ip_detect")
def test_genconf_writes_what_the_contract_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert genconf(monkeypatch, tmp_path, json.dumps(GOOD)) == 0
    target = tmp_path / "serve"
    list_id = (target / "cluster-package-list.latest").read_text()
    ids = json.loads((target / f"package_lists/{list_id}.package_list.json").read_text())
    (config_id,) = [name for name in ids if name.startswith("dcos-config--setup_")]
    assert sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()) == sorted(
        [
            f"bootstrap/{'b' * 40}.active.json",
            f"bootstrap/{'b' * 40}.bootstrap.tar.xz",
            "bootstrap.latest",
            "cluster-package-info.json",
            "cluster-package-list.latest",
            "dcos_install.sh",
            f"package_lists/{list_id}.package_list.json",
            f"packages/dcos-config/{config_id}.tar.xz",
        ]
    )
    assert (target / "dcos_install.sh").stat().st_mode & 0o777 == 0o644


@pytest.mark.usefixtures("image", "ip_detect")
def test_bootstrap_tarball(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    genconf(monkeypatch, tmp_path, json.dumps(GOOD))
    with tarfile.open(tmp_path / f"serve/bootstrap/{'b' * 40}.bootstrap.tar.xz") as archive:
        modes = {member.name.removeprefix("./"): member.mode for member in archive}
    metadata, sample, python = (f"packages/{name}--{'b' * 40}" for name in ("dcos-metadata", "dcos-sample", "python"))
    for executable in (
        "bootstrap",
        f"{sample}/bin/dcos-check-runner",
        f"{python}/bin/python3",
        f"{python}/runtime/ld.so",
    ):
        assert modes[executable] == 0o755
    for file in ("environment", "environment.export", f"{metadata}/etc/dcos-version.json"):
        assert modes[file] == 0o644


@pytest.mark.usefixtures("image", "ip_detect")
def test_secrets_are_for_root_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    genconf(monkeypatch, tmp_path, json.dumps(GOOD))
    (package,) = (tmp_path / "serve/packages/dcos-config").iterdir()
    with lzma.open(package) as stream, tarfile.open(fileobj=stream) as archive:
        modes = {member.name: member.mode for member in archive}
    assert modes == {
        "bin/detect_ip": 0o755,
        "etc/bootstrap-config.json": 0o644,
        "etc/expanded.config.full.json": 0o600,
        "etc/user.config.full.yaml": 0o600,
    }


@pytest.mark.usefixtures("image", "ip_detect")
def test_scripts_are_filled_in_and_parse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert genconf(monkeypatch, tmp_path, json.dumps(GOOD), "--generate-node-upgrade-script", "2.0.0") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    (upgrade,) = (tmp_path / "serve/upgrade").glob("*/dcos_node_upgrade.sh")
    assert last.endswith(f" file:///opt/dcos_install_tmp/upgrade/{upgrade.parent.name}/dcos_node_upgrade.sh")
    for script in (upgrade, tmp_path / "serve/dcos_install.sh"):
        assert "{{" not in script.read_text()
        subprocess.run(["bash", "-n", script], check=True)


@pytest.mark.usefixtures("image", "ip_detect")
def test_mistakes_are_red_lines_on_stderr(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert genconf(monkeypatch, tmp_path, json.dumps({**GOOD, "master_list": ["10.0.0.1", "10.0.0.2"]})) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "\033[91mnum_masters: Must have 1, 3, 5, 7, or 9 masters. Found 2\033[0m\n" in err
    assert not (tmp_path / "serve").exists()


@pytest.mark.usefixtures("image", "ip_detect")
def test_invalid_yaml_is_told_on_stdout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert genconf(monkeypatch, tmp_path, "a: [") == 1
    assert capsys.readouterr().out.startswith("Unable to parse `genconf/config.yaml`: ")


@pytest.mark.usefixtures("image", "ip_detect")
def test_empty_file_is_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert genconf(monkeypatch, tmp_path, "") == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


@pytest.mark.usefixtures("image")
def test_version_is_json_on_stdout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert genconf(monkeypatch, tmp_path, "", "--version") == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"variant": "", "version": "2.1.0"}
    assert "It is not DC/OS." in err


def test_unknown_option_ends_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit) as ended:
        genconf(monkeypatch, tmp_path, "", "--no-such-option")
    assert ended.value.code == 2


@pytest.mark.usefixtures("image", "ip_detect")
def test_second_run_keeps_the_bootstrap_tarball(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    genconf(monkeypatch, tmp_path, json.dumps(GOOD))
    tarball = tmp_path / f"serve/bootstrap/{'b' * 40}.bootstrap.tar.xz"
    tarball.write_bytes(b"kept")
    serve.write_bootstrap(tmp_path / "serve", RELEASE)
    assert tarball.read_bytes() == b"kept"
