"""Gather a Python that runs on any distribution: interpreter, loader, shared libraries, the needed stdlib.

``python3 collect.py DIRECTORY`` makes::

    DIRECTORY/ld.so, glibc/*.so        the loader and the libraries; apart, so that nothing else picks them up
    DIRECTORY/bin/python
    DIRECTORY/lib/python3.*/**.pyc     without sources: small, and nothing is compiled when a service starts
    DIRECTORY/architecture             as Docker names it

It runs on the distribution's Python, in the build of the image beside it.
"""

import importlib
import py_compile
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

# Left out although the modules below would use them: 4 MB that nothing here needs.
UNWANTED = ("ssl", "_ssl", "_hashlib", "bz2", "_bz2")
WANTED = """
    __future__ argparse base64 bisect codecs collections.abc concurrent.futures concurrent.futures.thread
    contextlib datetime email.message email.parser encodings.ascii encodings.idna encodings.latin_1
    encodings.utf_8 fnmatch functools glob grp hashlib hmac html http.client http.server importlib.util
    inspect io ipaddress json logging lzma operator os pathlib platform pwd random re runpy secrets
    selectors shlex shutil signal site socket socketserver stat string struct subprocess sys tarfile
    tempfile textwrap threading time traceback types typing unicodedata urllib.error urllib.parse
    urllib.request uuid warnings
""".split()  # noqa: SIM905 - a line for each would fill two screens
NAME = f"python{sys.version_info.major}.{sys.version_info.minor}"
STDLIB = Path(sysconfig.get_paths()["stdlib"])


def module_files() -> list[Path]:
    """Return the files of the wanted modules and of everything that they import."""
    for name in UNWANTED:
        sys.modules[name] = None  # type: ignore[assignment]
    for name in WANTED:
        importlib.import_module(name)
    origins = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    files = {Path(origin) for origin in origins if origin}
    # The distribution's own hook is none of ours; it is linked to from /etc.
    return sorted(f for f in files if f.is_relative_to(STDLIB) and f.name != "sitecustomize.py")


def libraries(binaries: list[Path]) -> tuple[Path, set[Path]]:
    """Return the dynamic loader, and the shared libraries of ``binaries``, as ldd names them."""
    words = subprocess.run(["ldd", *map(str, binaries)], check=True, capture_output=True, text=True).stdout.split()
    paths = {Path(word) for word in words if word.startswith("/") and not word.endswith(":")}
    (loader,) = {path for path in paths if path.name.startswith("ld-linux")}
    return loader, paths - {loader}


def collect(target: Path) -> None:
    """Fill ``target``; every path is a regular file, symbolic links are followed."""
    binaries = [Path(sys.executable).resolve()]
    for source in module_files():
        copy = target / "lib" / NAME / source.relative_to(STDLIB)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".py":
            compiled = str(copy.with_suffix(".pyc"))
            mode = py_compile.PycInvalidationMode.UNCHECKED_HASH  # no time stamp: the same bytes each time
            shown = str(copy.relative_to(target))
            py_compile.compile(str(source), compiled, shown, doraise=True, optimize=2, invalidation_mode=mode)
        else:
            binaries.append(source)
            shutil.copyfile(source, copy)
    # Python takes its own place from these two directories, and complains when one is missing.
    (target / "lib" / NAME / "lib-dynload").mkdir(exist_ok=True)
    loader, shared = libraries(binaries)
    for directory in ("bin", "glibc"):
        (target / directory).mkdir()
    shutil.copy(loader, target / "ld.so")
    shutil.copy(binaries[0], target / "bin/python")
    for library in shared:
        shutil.copy(library, target / "glibc" / library.name)
    architecture = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout
    (target / "architecture").write_text(architecture)


if __name__ == "__main__":
    collect(Path(sys.argv[1]))
