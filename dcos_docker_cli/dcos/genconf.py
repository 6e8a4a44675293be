"""Running the installer, unmodified, in a directory of a node that has Docker."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any

from dcos_docker_cli.dcos.config import GIVEN, secrets_in, to_yaml
from dcos_docker_cli.dcos.installer import variant_of
from dcos_docker_cli.exceptions import GenconfError
from dcos_docker_cli.transports.base import run, write_files
from dcos_docker_cli.transports.sending import send

if TYPE_CHECKING:
    from dcos_docker_cli.dcos.config import Configuration
    from dcos_docker_cli.model import DCOSVariant
    from dcos_docker_cli.progress import Progress
    from dcos_docker_cli.transports.base import NodeTransport

SCRIPT_NAME = "dcos_generate_config.sh"
SECONDS = 3600
"""For one run of it; the first unpacks and loads gigabytes."""
TIMED_OUT = 124
"""What timeout ends with then."""
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
UPGRADE_SCRIPT = re.compile(r"/(upgrade/[^/\s]+/dcos_node_upgrade\.sh)\s*$")


class Genconf:
    """An installer that is `dcos_generate_config.sh` in a directory of a node; `genconf` and its output are beside."""

    def __init__(self, node: NodeTransport, progress: Progress, directory: str) -> None:
        self._node = node
        self._progress = progress
        self.directory = directory
        self._secrets: list[str] = []

    def generate(self, configuration: Configuration) -> None:
        """Fill `genconf/serve`, from which nodes are installed."""
        self._configure(configuration)
        self._run("--genconf")

    def upgrade_script(self, configuration: Configuration, from_version: str) -> str:
        """Fill `genconf/serve` and add the script that upgrades nodes of a version; return its path in there."""
        self._configure(configuration)
        output = self._run("--generate-node-upgrade-script", from_version)
        found = UPGRADE_SCRIPT.search(output)
        if not found:
            raise GenconfError(
                "The installer does not tell where its upgrade script is.", details=output.splitlines()[-5:]
            )
        return found[1]

    def ask_variant(self) -> DCOSVariant:
        """Return the variant of an installer whose header does not tell."""
        text, told = self._ask()
        word = told.get("variant")
        variant = variant_of(word) if isinstance(word, str) else None
        if variant is None:
            raise GenconfError(
                "The installer does not tell which variant of DC/OS it is.",
                hint="Say it with --variant oss or --variant enterprise; in Python, give dcos_config.",
                details=text.splitlines()[-5:],
            )
        return variant

    def ask_version(self) -> str:
        """Return the version of DC/OS that is in the installer; empty when it does not tell."""
        return str(self._ask()[1].get("version", ""))

    def _ask(self) -> tuple[str, dict[str, Any]]:
        """Return what the installer says of itself, and the JSON in it."""
        text = self._run("--version")
        try:  # at its first run it has told the name of a file before
            told = json.JSONDecoder().raw_decode(text, text.index("{"))[0]
        except (ValueError, RecursionError):
            told = {}
        return text, told

    def _configure(self, configuration: Configuration) -> None:
        genconf = f"{self.directory}/genconf"
        self._secrets = sorted(secrets_in(configuration.settings), key=len, reverse=True)
        small = {"config.yaml": to_yaml(configuration.settings), "ip-detect": configuration.ip_detect.read_bytes()}
        write_files(
            self._node,
            {f"{genconf}/{name}": content for name, content in small.items()},
            doing="Writing the configuration",
            mode=0o600,
        )
        for target, source in configuration.files.items():
            send(self._node, source.resolve(), f"{genconf}/{target}")

    def _without_secrets(self, text: str) -> str:
        """Return what the installer says, less what its configuration has that nobody is to read in a log."""
        for secret in self._secrets:
            text = text.replace(secret, GIVEN)
        return text

    def _run(self, *arguments: str) -> str:
        """Run the installer; return its standard output; raise `GenconfError` with its own lines when it fails."""
        # Its default name is one and the same on each run, and its own clean-up kills whatever bears it.
        env = {"DCOS_INSTALLER_CONTAINER_NAME": f"dcos-genconf-{secrets.token_hex(6)}"}
        script = f'cd {self.directory} && exec timeout {SECONDS} bash {self.directory}/{SCRIPT_NAME} "$@"'
        tell = lambda line: self._progress.output("installer", self._without_secrets(ANSI.sub("", line)))  # noqa: E731
        result = run(self._node, ["sh", "-c", script, "sh", *arguments], env=env, on_line=tell)
        stdout = ANSI.sub("", result.stdout.decode(errors="replace"))
        stderr = ANSI.sub("", result.stderr.decode(errors="replace"))
        if result.returncode != 0:
            lines = [line for line in self._without_secrets(stdout + stderr).splitlines() if line.strip()]
            if result.returncode == TIMED_OUT:
                raise GenconfError(
                    f"The installer did not end within {SECONDS} s of {arguments[0]}.", details=lines[-20:]
                )
            raise GenconfError(
                f"The installer refused, with status {result.returncode} to {arguments[0]}. It says:",
                hint="If that is about the configuration: correct what you set with --extra-config or dcos_config.",
                details=lines[-20:],
            )
        return stdout
