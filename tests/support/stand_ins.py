"""Stand-ins for root file systems that cannot be had without their vendors' registries.

All are made of Debian 12's packages, so that systemd, the SSH server and the package manager in them are real; their
files say that they are another distribution, in the way of that one. What they cannot stand for is old versions:
systemd is 252 in all of them, OpenSSH is 9.2, and `yum` is dnf, which unlike it fails when one of several packages does
not exist.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.el_files import DISTRIBUTIONS, OPENSSH_7, SSHD, UNITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.support.rpm_mirror import Mirror

SUITE = "bookworm"
MERGED_USR = "/usr/share/mmdebstrap/hooks/merged-usr"
NODE_PACKAGES = (
    "ca-certificates", "curl", "dbus", "dnf", "docker.io", "hostname", "iproute2", "ipset", "iptables", "iputils-ping",
    "kmod", "less", "openssh-server", "procps", "rpm", "sudo", "systemd", "systemd-sysv", "unzip", "vim-tiny",
    "xz-utils",
)  # fmt: skip
DOCKER = ("docker.io", "containerd", "runc", "tini")
DEBIAN = ("apt", "dpkg", "debconf", "init-system-helpers")
EL = ("dnf", "python3-dnf", "rpm", "rpm-common", "rpm2cpio")
DEBIANS_STATE = (
    "etc/apt",
    "etc/dpkg",
    "etc/init.d/",
    "etc/rc[0-9S].d/",
    "etc/systemd/system/timers.target.wants/apt-",
    "etc/systemd/system/timers.target.wants/dpkg-",
    "usr/lib/systemd/systemd-sysv-install",
    "var/cache/apt",
    "var/lib/apt",
    "var/lib/dpkg",
    "var/lib/systemd/deb-",
)
SSH_STATE = (
    "etc/ssh/ssh_host_",
    "etc/systemd/system/multi-user.target.wants/ssh.service",
    "etc/systemd/system/sshd.service",
    f"{UNITS}/ssh.service",
    f"{UNITS}/ssh.socket",
    f"{UNITS}/ssh@.service",
)
"""Debian's unit for the server, and what its package does when it is installed."""
VENDORS = {
    "flatcar": ("Flatcar Container Linux by Kinvolk", "3815.2.0"),
    "coreos": ("Container Linux by CoreOS", "2512.3.0"),
}
SSHD_SOCKET = """\
[Unit]
Description=OpenSSH Server Socket
Conflicts=sshd.service

[Socket]
ListenStream=22
FreeBind=true
Accept=yes

[Install]
WantedBy=sockets.target
"""
SSHD_INSTANCE = """\
[Unit]
Description=OpenSSH per-connection server daemon
Wants=sshd-keygen.service
After=sshd-keygen.service

[Service]
ExecStart=-/usr/sbin/sshd -i -e
StandardInput=socket
StandardError=journal
RuntimeDirectory=sshd
"""
LINKS_TO_USR = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True)
class Change:
    """How one root differs from another. Paths are relative to the root; `without` are patterns of how they begin."""

    without: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    """Debian's packages whose files go."""
    files: Mapping[str, str | bytes | Link] | None = None
    edits: Mapping[str, Callable[[str], str]] | None = None


def node_root(target: Path) -> Path:
    """Write the root that those of CentOS, Rocky Linux, Flatcar and CoreOS are made of (half a minute)."""
    return _mmdebstrap(target, "--dpkgopt=path-exclude=/usr/share/doc/*", f"--include={','.join(NODE_PACKAGES)}")


def minimal_root(target: Path) -> Path:
    """Write a minimal root of Debian, as the images in registries are (10 s): /usr is merged from the start."""
    return _mmdebstrap(target, f"--hook-dir={MERGED_USR}", "--include=usr-is-merged,usrmerge-")


def el_root(distribution: str, node: Path, mirror: Mirror, target: Path) -> Path:
    """Write a root of centos-7, centos-8 or rocky-8, which trusts the packages of a mirror. `node` is a `node_root`.

    As in their images, the SSH server's units come with its package. Its programs are there before.
    """
    el = DISTRIBUTIONS[distribution]
    files: dict[str, str | bytes | Link] = {
        **el.files,
        el.gpg_key: mirror.public_key.read_bytes(),
        "etc/rpm/macros": "%_dbpath /var/lib/rpm\n",  # Debian's is in root's home
        "etc/system-release": Link(next(Path(path).name for path in el.files if path.endswith("-release"))),
        "usr/bin/yum": Link("dnf-3"),
        **_package_database(mirror.release_package(distribution)),
    }
    group = {"etc/group": _with_lines("wheel:x:10:"), "etc/gshadow": _with_lines("wheel:*::")}
    without = (*DEBIANS_STATE, *SSH_STATE, "etc/dnf", "etc/docker", *(() if el.has_dnf else ("usr/bin/dnf$",)))
    return derive(node, target, Change(without, (*DEBIAN, *DOCKER), files, group))


def vendor_root(distribution: str, node: Path, target: Path, *, has_docker: bool = True) -> Path:
    """Write a root of flatcar or coreos: all that a node needs, and no package manager. `node` is a `node_root`.

    Both have come with a Docker that is apart, and is put into the root when it boots: it may be missing in a tar.
    """
    name, version = VENDORS[distribution]
    files: dict[str, str | bytes | Link] = {
        "usr/lib/os-release": _os_release(name, distribution, version),
        **OPENSSH_7,
        f"{UNITS}/sshd.service": SSHD.format(keygen="sshd-keygen.service"),
        f"{UNITS}/sshd.socket": SSHD_SOCKET,
        f"{UNITS}/sshd@.service": SSHD_INSTANCE,
        "etc/systemd/system/sockets.target.wants/sshd.socket": Link(f"/{UNITS}/sshd.socket"),
        "etc/sudoers.d/core": "core ALL=(ALL) NOPASSWD: ALL\n",
    }
    users = {
        "etc/passwd": _with_lines("core:x:500:500:CoreOS Admin:/home/core:/bin/bash"),
        "etc/shadow": _with_lines("core:*:15887:0:::::"),
        "etc/group": _with_lines("wheel:x:10:core", "core:x:500:"),
        "etc/gshadow": _with_lines("wheel:*::core", "core:*::"),
    }
    packages = (*DEBIAN, *EL, *(() if has_docker else DOCKER))
    return derive(node, target, Change((*DEBIANS_STATE, *SSH_STATE, "etc/dnf"), packages, files, users))


def ubuntu_root(version: str, minimal: Path, target: Path) -> Path:
    """Write a root of Ubuntu, 16.04 or 22.04, whose packages are Debian's. `minimal` is a `minimal_root`."""
    return derive(minimal, target, Change(files={"usr/lib/os-release": _os_release("Ubuntu", "ubuntu", version)}))


def derive(source: Path, target: Path, change: Change) -> Path:
    """Write a tar of a root that differs from another one."""
    files, edits = dict(change.files or {}), dict(change.edits or {})
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        goes = re.compile("|".join(change.without) or "$^").match
        gone = _files_of(old, change.packages)
        for member in old:
            path = member.name.removeprefix("./")
            if path in files or goes(path) or (path in gone and not member.isdir()):
                continue
            content = old.extractfile(member) if member.isreg() else None
            if path in edits and content:
                data = edits[path](content.read().decode()).encode()
                member.size, content = len(data), io.BytesIO(data)
            # Access lists are the one thing that tar warns about, and only the journal's directory has them.
            member.pax_headers = {key: text for key, text in member.pax_headers.items() if "posix_acl" not in key}
            new.addfile(member, content)
        present = {name.removeprefix("./") for name in old.getnames()}
        _add(new, files, present)
    return target


def _add(tar: tarfile.TarFile, files: Mapping[str, str | bytes | Link], present: set[str]) -> None:
    for path, content in files.items():
        for parent in reversed(Path(path).parents):
            if str(parent) not in present and str(parent) != ".":
                present.add(str(parent))
                made = tarfile.TarInfo(f"./{parent}")
                made.type, made.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(made)
        member = tarfile.TarInfo(f"./{path}")
        if isinstance(content, Link):
            member.type, member.linkname = tarfile.SYMTYPE, content.target
            tar.addfile(member)
            continue
        data = content.encode() if isinstance(content, str) else content
        member.size, member.mode = len(data), 0o755 if data.startswith(b"#!") else 0o644
        tar.addfile(member, io.BytesIO(data))


def _files_of(tar: tarfile.TarFile, packages: Iterable[str]) -> set[str]:
    """Return the paths that packages have brought, and the links to them that they have made of them in /usr."""
    found: set[str] = set()
    names = {f"./var/lib/dpkg/info/{package}.list" for package in packages}
    for member in tar.getmembers():
        listed = tar.extractfile(member) if member.name in names else None
        for line in listed.read().decode().splitlines() if listed else ():
            path = line.removeprefix("/")
            found.add(f"usr/{path}" if path.partition("/")[0] in LINKS_TO_USR else path)
    return found


def _package_database(release: Path) -> dict[str, bytes]:
    """Return the files of a database of packages in which a release's package is installed, without its files."""
    with tempfile.TemporaryDirectory() as name:
        database = Path(name)
        command = ("rpm", "--dbpath", name, "--install", "--justdb", "--nodeps", "--nosignature", release)
        subprocess.run(command, check=True, capture_output=True)
        return {f"var/lib/rpm/{path.name}": path.read_bytes() for path in database.iterdir() if path.is_file()}


def _os_release(name: str, identity: str, version: str) -> str:
    return f'NAME="{name}"\nID={identity}\nVERSION_ID="{version}"\nPRETTY_NAME="{name} {version}"\n'


def _with_lines(*lines: str) -> Callable[[str], str]:
    """Return what adds entries to a file such as /etc/passwd. Group 10 is another one in Debian, and goes."""

    def edit(text: str) -> str:
        kept = (line for line in text.splitlines() if not line.startswith("uucp:"))
        return "".join(f"{line}\n" for line in (*kept, *lines))

    return edit


def _mmdebstrap(target: Path, *options: str) -> Path:
    """Write a root. On a tmpfs, where there is one, for it is written thousands of files at a time."""
    scratch = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, made := tempfile.mkdtemp(dir=scratch), ignore_errors=True)
        Path(made).chmod(0o755)
        command = ["mmdebstrap", "--quiet", "--variant=minbase", "--format=tar", *options, SUITE, str(target)]
        done = subprocess.run(command, env={**os.environ, "TMPDIR": made}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"mmdebstrap ended with {done.returncode}: {done.stderr}"
    return target
