"""The installer on a bootstrap node, where what it unpacks and loads is kept for the next cluster from it.

A file in the cache says when that is whole; a cache that an interrupted create has left half-full is filled anew.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dcos_docker_cli.dcos.genconf import SCRIPT_NAME, Genconf
from dcos_docker_cli.exceptions import CommandError, GenconfError
from dcos_docker_cli.transports.base import check
from dcos_docker_cli.transports.sending import send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dcos_docker_cli.dcos.installer import Installer
    from dcos_docker_cli.progress import Progress
    from dcos_docker_cli.transports.base import NodeTransport

CACHE_DIR = "/cache"
"""On a bootstrap node: what is kept for the next one with the same installer."""
WORK_DIR = f"{CACHE_DIR}/work"
"""On a bootstrap node: where the installer is run; `genconf/serve` in it is the cluster's, the rest is the cache's."""
WHOLE = f"{CACHE_DIR}/whole"
READY_SECONDS = 900
"""How long another create may use the cache of the same installer."""
FORGET = f"find {WORK_DIR}/genconf -mindepth 1 -maxdepth 1 ! -name serve -exec rm -rf {{}} +"
"""The configuration is a cluster's, and may have secrets: it does not stay in the cache."""
START = f"""
for try in $(seq {READY_SECONDS * 10}); do
    docker version >/dev/null 2>&1 && break
    [ $try = 100 ] && echo "Another create uses this installer: waiting for it." >&2
    sleep 0.1
done
docker version >/dev/null || exit 1
docker ps --all --quiet | xargs --no-run-if-empty docker rm --force >/dev/null
{FORGET}
test -e {WHOLE} && echo whole
exit 0
"""
EMPTY = f"find {WORK_DIR} -mindepth 1 -maxdepth 1 ! -name genconf -exec rm -rf {{}} +"


@contextmanager
def installer_on(node: NodeTransport, installer: Installer, progress: Progress) -> Iterator[Genconf]:
    """Have the installer ready on a bootstrap node; what it leaves in the cache is kept when all went well."""
    _bring(node, installer, progress)
    yield Genconf(node, progress, WORK_DIR)
    check(node, ["sh", "-c", f"{FORGET} && touch {WHOLE}"], doing="Keeping the installer's cache")


def _bring(node: NodeTransport, installer: Installer, progress: Progress) -> None:
    """Have the installer in the cache."""
    state = bytearray()
    note = lambda data: progress.note(data.decode(errors="replace").rstrip())  # noqa: E731
    if node.stream(["sh", "-c", START], stdout=state.extend, stderr=note) != 0:
        raise GenconfError(
            "Docker did not start on the bootstrap node, or another create has kept this installer's cache for "
            f"{READY_SECONDS // 60} minutes.",
            hint="If no other create runs: dcos-docker clean --cache. Then check the machine: dcos-docker doctor",
        )
    if state.strip() == b"whole":
        return
    progress.detail(f"Sending {installer.path} to the engine")
    check(node, ["sh", "-c", EMPTY], doing="Emptying the installer's cache")
    try:
        send(node, installer.path.resolve(), f"{WORK_DIR}/{SCRIPT_NAME}", node="the bootstrap node")
    except CommandError as error:
        error.hint = "Is there room for it on the engine (docker system df)? Then run the command again."
        raise
