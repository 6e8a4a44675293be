"""Puts packages in place: the stand-in for DC/OS' package manager of this name.

Packages are directories ``/opt/mesosphere/packages/<name>--<id>``. What is in their ``bin``, ``etc`` and ``lib`` is
linked to from the directories of that name above, their units from systemd's, and ``active/<name>`` is the one in use.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from . import node

PACKAGES = node.INSTALL / "packages"
FLAGS = Path("/etc/mesosphere/setup-flags")
SYSTEMD = Path("/etc/systemd/system")
TARGET = "dcos.target"
TARGET_FILE = """[Unit]
Description=DC/OS (a sample, not the real one)

[Install]
WantedBy=multi-user.target
"""


def download(path: str, target: Path) -> None:
    """Fetch a file of ``genconf/serve`` with curl, which knows ``file:`` and ``http:`` alike."""
    repository = (FLAGS / "repository-url").read_text().strip()
    subprocess.run(["/usr/bin/curl", "-fsSL", "--retry", "5", "-o", target, f"{repository}/{path}"], check=True)


def wanted_packages() -> list[str]:
    """Return the ids of the packages that the cluster's list names; those that are not here are fetched."""
    list_id = (FLAGS / "cluster-package-list").read_text().strip()
    listed = node.INSTALL / "package_list.json"
    download(f"package_lists/{list_id}.package_list.json", listed)
    ids: list[str] = json.loads(listed.read_text())
    for package in ids:
        if not (PACKAGES / package).exists():
            fetch(package)
    return ids


def fetch(package: str) -> None:
    """Unpack one package."""
    archive = PACKAGES / f"{package}.tar.xz"
    download(f"packages/{package.partition('--')[0]}/{package}.tar.xz", archive)
    directory = PACKAGES / package
    directory.mkdir()
    subprocess.run(["/usr/bin/tar", "-xf", archive, "-C", directory], check=True)
    archive.unlink()


def link_tree(source: Path, target: Path) -> None:
    """Link every file below ``source``; a package of Python code is one link, its directory."""
    target.mkdir(exist_ok=True)
    for entry in sorted(source.iterdir()):
        link = target / entry.name
        if entry.is_dir() and source.name != "site-packages":
            link_tree(entry, link)
        else:
            link.unlink(missing_ok=True)
            link.symlink_to(entry)


def units_of(package: Path) -> list[Path]:
    """Return the unit files that this node's role has."""
    directories = (package / "dcos.target.wants", package / f"dcos.target.wants_{node.role()}")
    return sorted(unit for directory in directories if directory.is_dir() for unit in directory.iterdir())


def link_units(units: list[Path]) -> None:
    """Have systemd know the units, and start them with ``dcos.target``, which starts at boot."""
    wants = SYSTEMD / f"{TARGET}.wants"
    shutil.rmtree(wants, ignore_errors=True)
    wants.mkdir(parents=True)
    for unit in units:
        for link in (SYSTEMD / unit.name, wants / unit.name):
            link.unlink(missing_ok=True)
            link.symlink_to(unit)
    (SYSTEMD / TARGET).write_text(TARGET_FILE)
    enabled = SYSTEMD / "multi-user.target.wants" / TARGET
    enabled.parent.mkdir(exist_ok=True)
    enabled.unlink(missing_ok=True)
    enabled.symlink_to(SYSTEMD / TARGET)


def systemctl(*arguments: str) -> None:
    """Run systemctl; a failure ends the setup."""
    subprocess.run(["/usr/bin/systemctl", *arguments], check=True)


def activate(ids: list[str]) -> None:
    """Make the packages the ones in use, and start their units."""
    for directory in ("active", "bin", "etc", "lib"):
        shutil.rmtree(node.INSTALL / directory, ignore_errors=True)
        (node.INSTALL / directory).mkdir()
    for package in (PACKAGES / name for name in ids):
        (node.INSTALL / "active" / package.name.partition("--")[0]).symlink_to(package)
        for directory in ("bin", "etc", "lib"):
            if (package / directory).is_dir():
                link_tree(package / directory, node.INSTALL / directory)
    link_units([unit for name in ids for unit in units_of(PACKAGES / name)])
    systemctl("daemon-reload")
    (node.INSTALL / "bootstrap").unlink(missing_ok=True)
    systemctl("start", TARGET)


def upgrade() -> None:
    """Replace what is in use by what the flags name. Nothing below ``/var/lib`` is touched."""
    ids = wanted_packages()
    systemctl("stop", TARGET)
    activate(ids)
    for package in PACKAGES.iterdir():
        if package.name not in ids:
            shutil.rmtree(package)


def main() -> None:
    """Run ``pkgpanda setup``, ``upgrade`` or ``active``."""
    command = sys.argv[1:]
    if command == ["setup"]:
        activate(wanted_packages())
    elif command == ["upgrade"]:
        upgrade()
    elif command == ["active"]:
        active = sorted(path.resolve().name for path in (node.INSTALL / "active").iterdir())
        sys.stdout.write("".join(f"{name}\n" for name in active))
    else:
        sys.exit("usage: pkgpanda setup|upgrade|active")


if __name__ == "__main__":
    main()
