"""Tarballs in the form of Docker's static builds, made of Debian's packages.

Docker's own builds come from its download site, which tests must not depend on. Debian's programs are linked against
the C library of their suite. So each tarball carries the loader and the libraries that they need, and the programs are
changed to look for these in /usr/bin alone, where a node gets all members of the tarball: like static ones, they then
run on any distribution. (With `$ORIGIN` in place of the path, runc would not: it runs a copy of itself in memory.)
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAMS = (
    "containerd",
    "containerd-shim-runc-v2",
    "ctr",
    "docker",
    "docker-init",
    "docker-proxy",
    "dockerd",
    "runc",
)
"""The members of Docker's own tarballs since 18.09."""
STATIC = ("docker-init",)
"""Those that Debian links statically."""
UNCHANGED = {"bullseye": ("containerd-shim-runc-v2", "docker-proxy")}
"""Those that patchelf breaks. They need a C library only, of any age, and use that of the node."""
PACKAGES = ("docker.io", "containerd", "runc", "tini")
CLIENT = "docker-cli"
"""The package that has the client, where docker.io does not."""
WITH_CLIENT = ("bullseye", "bookworm")
DIRECTORIES = ("bin", "sbin", "lib", "lib64")
PLACE = "/usr/bin"
"""Where a node has them."""
SECONDS = 300
READABLE = 0o755


def static_docker(suite: str, target: Path) -> str:
    """Write the Docker of a suite of Debian to `target`, as a tarball; return its version as in `26.1.5`.

    The suites that are known to work are bullseye (20.10.5), bookworm (20.10.24) and trixie (26.1.5).
    """
    with TemporaryDirectory() as name:
        root, docker = Path(name) / "root", Path(name) / "docker"
        docker.mkdir()
        _fetch(suite, root)
        for program in PROGRAMS:
            shutil.copyfile(_find(root, program), docker / program)
        _carry_libraries(root, docker, (*STATIC, *UNCHANGED.get(suite, ())))
        _pack(docker, target)
        return _version(docker)


def _fetch(suite: str, root: Path) -> None:
    """Unpack what the packages and those they depend on have in the directories of programs and libraries.

    As a tar stream it needs no root, and leaves nothing that only root can remove.
    """
    packages = PACKAGES if suite in WITH_CLIENT else (*PACKAGES, CLIENT)
    command = ["mmdebstrap", "--quiet", "--variant=extract", f"--include={','.join(packages)}", suite, "-"]
    with ExitStack() as stack:
        log = stack.enter_context((root.parent / "log").open("w+"))
        # When it is stopped it signals its whole process group, which must not be that of the tests.
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        assert process.stdout
        stack.callback(process.wait, SECONDS)
        stack.enter_context(process.stdout)  # it would wait for a reader before it ends
        stack.callback(process.terminate)  # then it removes what it has made; no harm when it has ended
        _unpack(process, root)
        code = process.wait(SECONDS)
        log.seek(0)
        assert code == 0, f"{command} ended with {code}: {log.read()}"


def _unpack(process: subprocess.Popen[bytes], root: Path) -> None:
    try:
        with tarfile.open(fileobj=process.stdout, mode="r|") as tar:
            for member in tar:
                path = member.name.removeprefix("./").removeprefix("usr/")
                if path.startswith(tuple(f"{directory}/" for directory in DIRECTORIES)):
                    _extract(tar, member, root / path)
    except tarfile.ReadError:
        pass  # it has failed, and its status and its log say why


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    """Write a file or a link, with /usr taken for the root, as it is on any system of today."""
    if not member.isfile() and not member.issym():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if member.issym():
        path.symlink_to(member.linkname)
        return
    with path.open("wb") as written:
        shutil.copyfileobj(tar.extractfile(member) or written, written)


def _find(root: Path, name: str) -> Path:
    """Return the file of a program or a library."""
    for path in (root / "bin" / name, root / "sbin" / name, *sorted((root / "lib").glob(f"*-linux-gnu*/{name}"))):
        if path.exists():
            return path
    raise AssertionError(f"none of the packages has {name}")


def _carry_libraries(root: Path, docker: Path, unchanged: Sequence[str]) -> None:
    """Have the loader and all libraries beside the programs, and make the programs use them."""
    for path in (docker / program for program in PROGRAMS if program not in unchanged):
        loader = Path(_patchelf("--print-interpreter", path).strip()).name
        for library in (loader, *_needed(path)):
            _carry(root, docker, library)
        # RPATH, for unlike RUNPATH it also counts for what the libraries need.
        _patchelf("--force-rpath", "--set-rpath", PLACE, "--set-interpreter", f"{PLACE}/{loader}", path)


def _carry(root: Path, docker: Path, library: str) -> None:
    """Copy a library and what it needs."""
    path = docker / library
    if path.exists():
        return
    shutil.copyfile(_find(root, library), path)
    for needed in _needed(path):
        _carry(root, docker, needed)


def _needed(path: Path) -> list[str]:
    return _patchelf("--print-needed", path).split()


def _patchelf(*args: str | Path) -> str:
    return _output("patchelf", *args)


def _output(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == 0, f"{command} ended with {done.returncode}: {done.stderr}"
    return done.stdout


def _pack(docker: Path, target: Path) -> None:
    with tarfile.open(target, "w:gz", compresslevel=1) as tar:
        tar.add(docker, docker.name, recursive=False)
        for path in sorted(docker.iterdir()):
            path.chmod(READABLE)
            tar.add(path, f"{docker.name}/{path.name}", filter=_of_root)


def _of_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid, member.gid, member.uname, member.gname = 0, 0, "root", "root"
    return member


def _version(docker: Path) -> str:
    """Ask the daemon, with its own loader: its libraries are not where it looks for them."""
    (loader,) = docker.glob("ld-linux*")
    said = _output(loader, "--library-path", docker, docker / "dockerd", "--version")
    return said.removeprefix("Docker version ").partition(",")[0].partition("+")[0]
