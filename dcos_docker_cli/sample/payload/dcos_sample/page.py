"""The page at ``/``: the cluster's nodes, seen when it is asked for."""

from __future__ import annotations

from html import escape
from typing import Any

from . import node

TEMPLATE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="5">
<title>{name}: a sample, not DC/OS</title>
<style>
body {{ font: 16px/1.5 sans-serif; margin: 3em auto; max-width: 45em; }}
table {{ border-collapse: collapse; width: 100%; }}
td, th {{ border-bottom: 1px solid #ddd; padding: .3em .5em; text-align: left; }}
.note {{ background: #fff3cd; padding: .5em 1em; }}
</style>
</head>
<body>
<h1>{name}</h1>
<p class="note"><strong>This is a stand-in made by dcos-docker, not DC/OS.</strong>
It stands in for version {version}, {variant}. Nothing that you deploy here is run.</p>
<table>
<tr><th>Node</th><th>Role</th><th>State</th></tr>
{rows}
</table>
</body>
</html>
"""


def master_row(master: dict[str, Any]) -> tuple[str, str, str]:
    """Return a master, as the ensemble sees it."""
    leading = ", leads" if master["isLeader"] else ""
    return master["hostname"], "master", master["description"] + leading


def agent_row(agent: dict[str, Any]) -> tuple[str, str, str]:
    """Return an agent, as it registered."""
    return agent["hostname"], "public agent" if agent["attributes"] else "agent", "registered"


def render(masters: list[dict[str, Any]], agents: list[dict[str, Any]]) -> str:
    """Return the page."""
    rows = [*map(master_row, masters), *map(agent_row, agents)]
    return TEMPLATE.format(
        name=escape(node.config()["cluster_name"]),
        version=escape(node.version()["version"]),
        variant="Enterprise" if node.enterprise() else "Open",
        rows="\n".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows),
    )
