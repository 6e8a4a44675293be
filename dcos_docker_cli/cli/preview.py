"""What `--dry-run` shows."""

from __future__ import annotations

from typing import Any

import click

from dcos_docker_cli.cli.output import as_text, print_facts, print_json, print_table


def show(preview: dict[str, Any], output: str | None) -> None:
    """Print what would be done, as text or as JSON."""
    if output == "json":
        print_json(preview)
        return
    nodes = preview["nodes"]
    print_facts({key: value for key, value in preview.items() if key != "nodes"})
    click.echo()
    keys = [key for key in nodes[0] if any(node[key] not in (None, [], {}) for node in nodes)]
    rows = [[as_text(node[key]) for key in keys] for node in nodes]
    print_table([key.replace("_", " ").upper() for key in keys], rows)
