"""Nodes of a cluster, looked at and changed without the program, which takes longer to start than all of it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.engine import execute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

TAR = "/usr/local/bin/tar"


@dataclass(frozen=True)
class Nodes:
    """The nodes of one cluster."""

    client: APIClient
    cluster_id: str

    def container(self, node: str) -> str:
        """Return the name of a node's container."""
        role, _, index = node.rpartition("_")
        return f"dcos-docker-{self.cluster_id}-{role.replace('_', '')}-{index}"

    def output(self, *args: str, node: str = "master_0") -> str:
        """Return what a command on a node prints, which must succeed, without the last line's end."""
        return execute(self.client, self.container(node), *args).rstrip("\n")

    def shell(self, script: str, *args: str, node: str = "master_0") -> str:
        """Return what a script of the shell prints, which must succeed."""
        return self.output("sh", "-ec", script, "sh", *args, node=node)

    def listing(self, path: str, node: str = "master_0") -> list[str]:
        """Return what is below a directory: names, kinds, where links lead, and what is in files, of a line each.

        What is being removed meanwhile may not be there.
        """
        show = (
            'cd "$1"; find . -mindepth 1 -type f -printf "%P f " -exec cat {} \\; '
            '-o -mindepth 1 -type l -printf "%P l %l\\n" -o -mindepth 1 -printf "%P %y\\n" || :'
        )
        return sorted(line.strip() for line in self.shell(show, path, node=node).splitlines())

    @contextmanager
    def tar(self, script: str, node: str = "master_0") -> Iterator[None]:
        """Have another `tar` on a node, which is this line of shell."""
        self.shell(f'printf "#!/bin/sh\\n%s\\n" "$1" >{TAR}; chmod +x {TAR}', script, node=node)
        try:
            yield
        finally:
            self.output("rm", TAR, node=node)
