"""Replacing the integration tests and the bootstrap code on masters by those of a DC/OS checkout."""

from __future__ import annotations

import io
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dcos_docker_cli.concurrency import parallel
from dcos_docker_cli.dcos.testing import TESTS
from dcos_docker_cli.exceptions import PathError, UsageError
from dcos_docker_cli.model import DCOSVariant
from dcos_docker_cli.transports.base import check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dcos_docker_cli.concurrency import Cancellation
    from dcos_docker_cli.dcos.member import Member
    from dcos_docker_cli.progress import Progress

TESTS_EXTRA = "packages/dcos-integration-test/extra"
BOOTSTRAP_EXTRA = "packages/bootstrap/extra/dcos_internal_utils"
UPSTREAM = "packages/upstream.json"
"""An Enterprise checkout has it: it says which open DC/OS that is built on."""
OPEN_TESTS = "open_source_tests"
UTIL = "util"
WHAT_TO_GIVE = "Give the directory of one, as in: dcos-docker sync ~/dcos"
LEFT_OUT = ("__pycache__", ".pytest_cache")
WHOLE = "whole"
"""The last member of what is sent: GNU tar takes an archive without an end for a whole one."""
# What is new is unpacked beside what is there. Then renames alone put it in place, and undo that if one of them fails;
# no signal ends it in between. A lock keeps a second sync from the same directories until this one is over.
SCRIPT = f"""
set -eu
umask 022
shopt -s dotglob nullglob
install=/opt/mesosphere tests={TESTS}
stage=$install/.dcos-docker-sync
moved=()

finish() {{
    status=$?
    if [ $status != 0 ]; then
        for ((number = ${{#moved[@]}} - 2; number >= 0; number -= 2)); do
            mv -T -- "${{moved[number + 1]}}" "${{moved[number]}}"
        done
    fi
    rm -rf "$stage"
    exit $status
}}
put() {{  # FROM TO
    mv -T -- "$1" "$2"
    moved+=("$1" "$2")
}}
away() {{  # PATH, if there is anything
    if [ -e "$1" ] || [ -L "$1" ]; then put "$1" "$(mktemp -u "$stage/old/XXXXXXXXXX")"; fi
}}
replace_by() {{  # FROM DIRECTORY: each thing in FROM takes its place in DIRECTORY
    for path in "$1"/*; do
        away "$2/${{path##*/}}"
        put "$path" "$2/${{path##*/}}"
    done
}}
is_code() {{  # PATH: of tests, not of the package manager, nor results of a run
    case ${{1##*/}} in
        bin | bin_* | etc | etc_* | include | include_* | lib | lib_* | lib64 | share) return 1 ;;
        *.py | __pycache__ | .pytest_cache) return 0 ;;
    esac
    code=("$1"/*.py)
    [ ${{#code[@]}} -gt 0 ]
}}

exec 9<"$install"
flock -w 600 9 || {{ echo "Another sync of this node has not ended within 600 s."; exit 1; }}
trap finish EXIT
rm -rf "$stage"
mkdir -p "$stage/old"
tar -x --no-same-owner -C "$stage"
[ -e "$stage/{WHOLE}" ] || {{ echo "The connection was cut."; exit 1; }}
sites=()
if [ -e "$stage/bootstrap" ]; then
    for code in "$install"/active/bootstrap/lib/python3*/site-packages/dcos_internal_utils; do
        sites+=("${{code%/*}}")
        cp -a "$stage/bootstrap" "$stage/bootstrap-${{#sites[@]}}"
    done
    [ ${{#sites[@]}} -gt 0 ] || {{ echo "There is no bootstrap code in $install/active/bootstrap."; exit 1; }}
fi
trap '' HUP INT TERM PIPE
if [ "$1" = all ]; then
    shift
    for path in "$tests"/*; do
        if is_code "$path" && [[ " $* " != *" ${{path##*/}} "* ]]; then
            [ -e "$stage/tests/${{path##*/}}" ] || echo "gone: $path"
            away "$path"
        fi
    done
fi
replace_by "$stage/tests" "$tests"
for ((number = 1; number <= ${{#sites[@]}}; number++)); do
    replace_by "$stage/bootstrap-$number" "${{sites[number - 1]}}"
done
"""


@dataclass(frozen=True)
class Checkout:
    """A checkout of DC/OS, whose variant is that of the code in it."""

    path: Path
    variant: DCOSVariant

    @property
    def tests(self) -> Path:
        """The directory of the integration tests."""
        return self.path / TESTS_EXTRA

    @property
    def bootstrap(self) -> Path:
        """The directory of the bootstrap code, if it has any."""
        return self.path / BOOTSTRAP_EXTRA

    def check_for(self, variant: DCOSVariant) -> None:
        """Raise `UsageError` when this is Enterprise code, and the cluster, which is of this variant, is not."""
        if self.variant is DCOSVariant.ENTERPRISE and variant is DCOSVariant.OSS:
            raise UsageError(
                f"{self.path.absolute()} is a checkout of DC/OS Enterprise, and the cluster is one of open DC/OS.",
                hint="Sync a checkout of open DC/OS, or create a cluster from an Enterprise installer.",
            )


def read_checkout(path: Path) -> Checkout:
    """Return the checkout in a directory; raise `UsageError` when there is none."""
    if not path.is_dir():
        raise UsageError(
            f"{path} is no directory." if os.path.lexists(path) else f"There is no directory {path}.", hint=WHAT_TO_GIVE
        )
    if not (path / TESTS_EXTRA).is_dir():
        raise UsageError(
            f"{path.absolute()} is not a DC/OS checkout: there is no {TESTS_EXTRA} in it.",
            hint=WHAT_TO_GIVE,
        )
    return Checkout(path, DCOSVariant.ENTERPRISE if (path / UPSTREAM).is_file() else DCOSVariant.OSS)


def sync(
    masters: Sequence[Member],
    checkout: Checkout,
    variant: DCOSVariant,
    cancellation: Cancellation,
    progress: Progress,
) -> None:
    """Put a checkout's tests and bootstrap code on the masters of a cluster of a variant, all at the same time.

    On each, what was there stays until all has come.
    """
    checkout.check_for(variant)
    archive = pack(checkout, variant)
    arguments = which(checkout, variant)

    def put(member: Member) -> None:
        command = ["bash", "-c", SCRIPT, "bash", *arguments]
        said = check(member.transport, command, stdin=archive, doing=f"Syncing to {member.name}").stdout
        for line in said.decode(errors="replace").splitlines():
            progress.detail(f"{member.name}: {line}")

    parallel(put, masters, cancellation)


def which(checkout: Checkout, variant: DCOSVariant) -> list[str]:
    """Return what the script is told: whether all code of tests goes, and what of it stays nevertheless."""
    if checkout.variant is not variant:
        return ["named"]  # the tests of the other variant are beside
    # Enterprise is built with the open tests, which are not in its checkout.
    return ["all", OPEN_TESTS, UTIL] if variant is DCOSVariant.ENTERPRISE else ["all"]


def pack(checkout: Checkout, variant: DCOSVariant) -> bytes:
    """Return a tar of what goes to a master: `tests` with what is to be in that directory, and `bootstrap`."""
    buffer = io.BytesIO()
    try:
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for source, target in _placed(checkout, variant):
                tar.add(source, arcname=target, filter=_ours)
            tar.addfile(tarfile.TarInfo(WHOLE))
    except OSError as error:
        raise PathError(f"{error.filename or checkout.path} could not be read: {error.strerror or error}.") from error
    return buffer.getvalue()


def _placed(checkout: Checkout, variant: DCOSVariant) -> Iterator[tuple[Path, str]]:
    """Yield what is to be sent, and where in the archive it is to be."""
    if checkout.variant is variant:
        yield checkout.tests.resolve(), "tests"
    else:  # as Enterprise itself is built
        for path in sorted(checkout.tests.iterdir()):
            if path.name != "conftest.py":
                yield path, f"tests/{UTIL}" if path.name == UTIL else f"tests/{OPEN_TESTS}/{path.name}"
    if checkout.bootstrap.is_dir():
        yield checkout.bootstrap.resolve(), f"bootstrap/{checkout.bootstrap.name}"


def _ours(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out what running the code has made; the rest all may read, as some of DC/OS' services are not root."""
    if PurePosixPath(member.name).name in LEFT_OUT or member.name.endswith(".pyc"):
        return None
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        return None
    member.uid, member.gid, member.uname, member.gname = 0, 0, "", ""
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member
