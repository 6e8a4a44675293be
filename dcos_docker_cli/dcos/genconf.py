"""Running the installer, unmodified, on a bootstrap node.

What it unpacks and loads stays in the node's cache. A file in it says when that is whole; a cache that an interrupted
create has left half-full is filled anew.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.backends.base import CACHE_DIR, WORK_DIR
from dcos_docker_cli.dcos.config import config, ip_detect, to_yaml
from dcos_docker_cli.dcos.installer import variant_of
from dcos_docker_cli.exceptions import GenconfError
from dcos_docker_cli.model import DCOSVariant, Role
from dcos_docker_cli.transports.base import check, run, write_files
from dcos_docker_cli.transports.files import send

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dcos_docker_cli.backends.base import Layout
    from dcos_docker_cli.dcos.installer import Installer
    from dcos_docker_cli.model import ClusterPlan
    from dcos_docker_cli.progress import Progress
    from dcos_docker_cli.transports.base import NodeTransport

SCRIPT = f"{WORK_DIR}/dcos_generate_config.sh"
WHOLE = f"{CACHE_DIR}/whole"
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
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


class Genconf:
    """The installer on a bootstrap node."""

    def __init__(self, node: NodeTransport, progress: Progress) -> None:
        self._node = node
        self._progress = progress

    def run(
        self, plan: ClusterPlan, layout: Layout[Any], installer: Installer, extra_config: Mapping[str, Any]
    ) -> DCOSVariant:
        """Fill `genconf/serve`, from which the nodes are installed; return what they will be."""
        self._bring(installer)
        variant = plan.variant or self._ask_variant()
        addresses: dict[Role, list[str]] = {role: [] for role in Role}
        for ref, address in layout.addresses.items():
            addresses[ref.role].append(address)
        settings = config(plan.cluster_id, addresses, variant, extra_config)
        files = {"config.yaml": to_yaml(settings), "ip-detect": ip_detect(layout.subnet).encode()}
        write_files(
            self._node,
            {f"{WORK_DIR}/genconf/{name}": content for name, content in files.items()},
            doing="Writing the configuration",
        )
        self._installer("--genconf")
        check(self._node, ["sh", "-c", f"{FORGET} && touch {WHOLE}"], doing="Keeping the installer's cache")
        return variant

    def _bring(self, installer: Installer) -> None:
        """Have the installer in the cache."""
        state = bytearray()
        if self._node.stream(["sh", "-c", START], stdout=state.extend, stderr=self._note) != 0:
            raise GenconfError(
                "Docker did not start on the bootstrap node, or another create has kept this installer's cache for "
                f"{READY_SECONDS // 60} minutes.",
                hint="If no other create runs: dcos-docker clean. Then check the machine: dcos-docker doctor",
            )
        if state.strip() == b"whole":
            return
        self._progress.detail(f"Sending {installer.path} to the engine")
        check(self._node, ["sh", "-c", EMPTY], doing="Emptying the installer's cache")

        send(self._node, installer.path.resolve(), SCRIPT)

    def _ask_variant(self) -> DCOSVariant:
        """Return the variant of an installer whose header does not tell."""
        text = self._installer("--version")
        try:  # at its first run it has told the name of a file before
            word = json.JSONDecoder().raw_decode(text, text.index("{"))[0]["variant"]
        except (ValueError, KeyError, TypeError):
            word = None
        variant = variant_of(word) if isinstance(word, str) else None
        if variant is None:
            raise GenconfError(
                "The installer does not tell which variant of DC/OS it is.",
                hint="Say it with --variant oss or --variant enterprise.",
                details=text.splitlines()[-5:],
            )
        return variant

    def _installer(self, option: str) -> str:
        """Run the installer; return its standard output; raise `GenconfError` with its own lines when it fails."""
        # Its default name is one and the same on each run, and its own clean-up kills whatever bears it.
        env = {"DCOS_INSTALLER_CONTAINER_NAME": f"dcos-genconf-{secrets.token_hex(6)}"}
        result = run(self._node, ["sh", "-c", f'cd {WORK_DIR} && exec bash {SCRIPT} "$0"', option], env=env)
        stdout = ANSI.sub("", result.stdout.decode(errors="replace"))
        stderr = ANSI.sub("", result.stderr.decode(errors="replace"))
        self._progress.detail(stdout + stderr)
        if result.returncode != 0:
            lines = [line for line in (stdout + stderr).splitlines() if line.strip()]
            raise GenconfError(
                f"The installer refused, with status {result.returncode} to {option}. It says:",
                hint="If that is about the configuration: correct what --extra-config sets.",
                details=lines[-20:],
            )
        return stdout

    def _note(self, data: bytes) -> None:
        self._progress.note(data.decode(errors="replace").rstrip())
