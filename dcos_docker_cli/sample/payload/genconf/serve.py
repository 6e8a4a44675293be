"""Writes ``genconf/serve``, from which the nodes install and upgrade. What is there from an earlier run stays."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import TYPE_CHECKING

from . import packages

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, data: str | bytes) -> None:
    """Write a file that is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.write_bytes(data.encode() if isinstance(data, str) else data)
    temporary.replace(path)


def write_json(path: Path, value: object) -> None:
    """Write a file of JSON."""
    write(path, json.dumps(value, indent=2) + "\n")


def write_bootstrap(serve: Path, release: packages.Release) -> None:
    """Return the bootstrap tarball; its id is that of its content, so one that is there is the right one."""
    directory = serve / "bootstrap"
    tarball = directory / f"{release.bootstrap_id}.bootstrap.tar.xz"
    if not tarball.exists():
        write(tarball, packages.tarball(packages.bootstrap_files(release)))
    write_json(directory / f"{release.bootstrap_id}.active.json", release.package_ids())
    write(serve / "bootstrap.latest", release.bootstrap_id)


def write_all(serve: Path, release: packages.Release, config: dict[str, str], files: list[packages.File]) -> None:
    """Everything that a node fetches."""
    write_bootstrap(serve, release)
    config_id = packages.config_id(files)
    filename = f"packages/dcos-config/{config_id}.tar.xz"
    write(serve / filename, packages.tarball(files))
    ids = [*release.package_ids(), config_id]
    list_id = hashlib.sha256(json.dumps(ids).encode()).hexdigest()[:40]
    write_json(serve / f"package_lists/{list_id}.package_list.json", ids)
    write(serve / "cluster-package-list.latest", list_id)
    write_json(serve / "cluster-package-info.json", {"dcos-config": {"id": config_id, "filename": filename}})
    write(serve / "dcos_install.sh", script("dcos_install.sh", release, config, list_id))


def script(name: str, release: packages.Release, config: dict[str, str], list_id: str, installed: str = "") -> str:
    """Return a script for the nodes, filled in."""
    return packages.fill(
        (packages.IMAGE / "templates" / name).read_text(),
        bootstrap_url=config["bootstrap_url"],
        bootstrap_id=release.bootstrap_id,
        installed_version=installed,
        package_list=list_id,
        version=release.version,
    )


def write_upgrade(serve: Path, release: packages.Release, config: dict[str, str], installed: str) -> str:
    """Return the script that upgrades a node from ``installed``; returns its URL."""
    list_id = (serve / "cluster-package-list.latest").read_text()
    path = f"upgrade/{uuid.uuid4().hex}/dcos_node_upgrade.sh"
    write(serve / path, script("dcos_node_upgrade.sh", release, config, list_id, installed))
    return f"{config['bootstrap_url']}/{path}"
