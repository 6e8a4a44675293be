"""A package mirror of CentOS and Rocky Linux: their layout, small real packages, and signatures that count.

The packages are signed with a key of the mirror's own, whose public half stands in the roots of `stand_ins`. So what
is installed from it passes the same check of signatures as what the distributions sign.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.el_files import DISTRIBUTIONS, PACKAGES, El, package_files
from tests.support.servers import in_background

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SIGNER = "Stand-in packages <packages@stand-in.invalid>"
MACHINE = platform.machine()

SPEC = """
Name: stand-in
Version: 1
Release: 1.{tag}
Summary: Small packages that have the names of real ones
License: MIT
BuildArch: noarch
%description
None of it is made: it is there for those below.
{packages}
"""
PACKAGE = """
%package -n {name}
Summary: A stand-in for {name}
AutoReqProv: no
{head}
%description -n {name}
A file that says that the package was installed, and the units that nodes need of it.
%files -n {name}
%defattr(-,root,root)
{files}
"""


@dataclass(frozen=True)
class Mirror:
    """A mirror that was made in a directory, maybe by another process. In `.roots` is what roots have of it."""

    directory: Path

    @property
    def public_key(self) -> Path:
        return self.directory / ".roots" / "key.asc"

    def release_package(self, distribution: str) -> Path:
        """Return the package that tells the package manager what `$releasever` is."""
        return self.directory / ".roots" / f"{distribution}.rpm"


@dataclass(frozen=True)
class Served:
    """A directory that is served, and what was asked for: a line such as `GET /8/BaseOS/x86_64/os/… 200` each."""

    url: str
    requests: list[str]


def rpm_mirror(directory: Path) -> Mirror:
    """Make a mirror in a directory that does not exist. It needs rpmbuild, rpmsign, createrepo_c and gpg."""
    # Not below pytest's directories, whose paths are too long for the socket of gpg's agent.
    with tempfile.TemporaryDirectory(prefix="rpm") as scratch:
        made = {name: _build(el, Path(scratch, name)) for name, el in DISTRIBUTIONS.items()}
        key = _sign([package for packages in made.values() for package in packages], Path(scratch, "gpg"))
        mirror = Mirror(directory)
        repositories = [_fill(mirror, el, made[name]) for name, el in DISTRIBUTIONS.items()]
        mirror.public_key.write_text(key, encoding="ascii")
    with ThreadPoolExecutor() as pool:
        list(pool.map(_index, [repository for group in repositories for repository in group]))
    return mirror


@contextmanager
def served(directory: Path, address: str) -> Iterator[Served]:
    """Serve a directory within the block, on an address of this machine: for containers, their bridge's gateway."""
    requests: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, code: Any = "-", size: Any = "-") -> None:
            requests.append(f"{self.command} {self.path} {int(code)}")

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((address, 0), partial(Handler, directory=str(directory)))
    server.daemon_threads = True
    with in_background(server):
        yield Served(f"http://{address}:{server.server_port}", requests)


def _build(el: El, scratch: Path) -> list[Path]:
    """Build all of a distribution's packages at once; return them."""
    root = scratch / "root"
    sections = []
    for name in (*PACKAGES, *el.more_packages, el.release):
        files = {f"usr/share/stand-in/{name}": f"{name}\n", **package_files(el, name)}
        for path, content in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(content, encoding="utf-8")
            (root / path).chmod(0o755 if content.startswith("#!") else 0o644)
        listed = "\n".join(f"/{path}" for path in files)
        head = el.release_head if name == el.release else ""
        sections.append(PACKAGE.format(name=name, head=head, files=listed))
    spec = scratch / "stand-in.spec"
    spec.write_text(SPEC.format(tag=el.tag, packages="".join(sections)), encoding="utf-8")
    install = f"%install\nmkdir -p %{{buildroot}}\ncp -a {root}/. %{{buildroot}}\n"
    spec.write_text(spec.read_text(encoding="utf-8") + install, encoding="utf-8")
    # Debian's has its database in the user's home.
    places = {"_topdir": scratch, "_rpmdir": scratch / "rpms", "_dbpath": scratch / "database"}
    _run("rpmbuild", "-bb", "--quiet", *_defined(places), spec)
    return sorted(scratch.glob("rpms/noarch/*.rpm"))


def _sign(packages: list[Path], home: Path) -> str:
    """Sign packages with a new key; return its public half."""
    home.mkdir(mode=0o700)
    gpg = ("gpg", "--homedir", str(home), "--batch", "--quiet")
    try:
        _run(*gpg, "--passphrase", "", "--quick-generate-key", SIGNER, "rsa2048", "sign", "never")
        macros = {"_gpg_name": SIGNER, "_gpg_path": home, "__gpg": shutil.which("gpg"), "_dbpath": home / "database"}
        _run("rpmsign", *_defined(macros), "--addsign", *packages)
        return _run(*gpg, "--armor", "--export", SIGNER)
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)


def _defined(macros: Mapping[str, object]) -> list[str]:
    return [word for name, value in macros.items() for word in ("--define", f"{name} {value}")]


def _fill(mirror: Mirror, el: El, packages: list[Path]) -> list[Path]:
    """Copy a distribution's packages to where its mirrors have them; return its repositories."""
    repositories = [mirror.directory / path.format(arch=MACHINE) for path in el.repositories]
    release = mirror.release_package(el.name)
    for directory in (*repositories, release.parent):
        directory.mkdir(parents=True, exist_ok=True)
    for package in packages:
        is_release = package.name.startswith(f"{el.release}-")
        shutil.copy(package, release if is_release else repositories[0])
    return repositories


def _index(repository: Path) -> None:
    _run("createrepo_c", "--quiet", repository)


def _run(*args: str | Path) -> str:
    """Run a program; return its output, or fail with what it said."""
    done = subprocess.run(args, capture_output=True, check=False)
    assert done.returncode == 0, f"{args[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')}"
    return done.stdout.decode()
