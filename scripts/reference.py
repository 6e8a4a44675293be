"""Print docs/cli.md: what the commands say of themselves, behind a head that is written by hand (reference.md here)."""

from __future__ import annotations

import re
from inspect import cleandoc
from pathlib import Path

import click

from dcos_docker_cli.cli.groups import GROUPS, IMAGE_GROUPS
from dcos_docker_cli.cli.main import ALL_COMMANDS, SETTINGS, cli
from dcos_docker_cli.cli.options import common

HEAD = Path(__file__).with_suffix(".md")
WRITTEN_DEFAULT = re.compile(r"\s*\[default: (.*)\]$")
"""How a help text itself tells a default that is no value."""
NO_LIMIT = 1_000_000
"""Numbers above it are there for computers, not for people."""


def document() -> str:
    """Return the whole page."""
    groups = {title: [path for name in names for path in _paths(name)] for title, names in GROUPS.items()}
    parts = [HEAD.read_text(encoding="utf-8"), _of_all(), _contents(groups)]
    for title, paths in groups.items():
        parts += [f"## {title}\n", *map(_section, paths)]
    return "\n".join(parts)


def _paths(name: str) -> list[str]:
    """Return a command and, when it is a group, those in it."""
    inner = [f"{name} {each}" for lines in IMAGE_GROUPS.values() for each in lines]
    return [path for path in (name, *inner) if path in ALL_COMMANDS]


def _contents(groups: dict[str, list[str]]) -> str:
    rows = [
        [title if number == 0 else "", f"[`{path}`](#{path.replace(' ', '-')})", _line(path)]
        for title, paths in groups.items()
        for number, path in enumerate(paths)
    ]
    return "## All of them\n\n" + _table(["", "command", ""], rows)


def _of_all() -> str:
    """Return the section about the options that every command has."""
    context = _context(click.Command("all", params=_common()))
    rows = [[_spelled(option, context), _help(option)] for option in context.command.get_params(context)]
    return "## Options of all commands\n\n" + _table(["option", ""], rows)


def _line(path: str) -> str:
    """Return what the help of the program, or of a group, says of a command."""
    group, _, name = path.rpartition(" ")
    lines = IMAGE_GROUPS if group else GROUPS
    return next(its[name] for its in lines.values() if name in its)


def _section(path: str) -> str:
    """Return the section about a command."""
    context = _context(cli)
    for name in path.split():
        group = context.command
        assert isinstance(group, click.Group)
        found = group.get_command(context, name)
        assert found
        context = _context(found, context, name)
    command = context.command
    usage = " ".join(["dcos-docker", path, *command.collect_usage_pieces(context)])
    shared = {option.name for option in _common()}
    own = [parameter for parameter in command.params if parameter.name not in shared]
    own.sort(key=lambda parameter: isinstance(parameter, click.Option))  # arguments first, the rest as it stands
    table = [_table(["", "default", "variable", ""], [_row(one, context) for one in own])] if own else []
    return "\n".join([f"### {path}\n", f"```\n{usage}\n```\n", *_description(command.help or ""), *table])


def _context(command: click.Command, parent: click.Context | None = None, name: str = "dcos-docker") -> click.Context:
    return click.Context(command, parent, info_name=name, **(SETTINGS if parent is None else {}))  # type: ignore[arg-type]


def _common() -> list[click.Parameter]:
    return list(reversed(getattr(common(lambda: None), "__click_params__", [])))


def _description(text: str) -> list[str]:
    """Return the paragraphs of a help text; those that click is told to leave as they are, are examples."""
    paragraphs = [paragraph.split("\n") for paragraph in cleandoc(text).split("\n\n")]
    return [
        "```sh\n" + "\n".join(lines[1:]) + "\n```\n" if lines[0] == "\b" else " ".join(map(_escaped, lines)) + "\n"
        for lines in paragraphs
    ]


def _row(parameter: click.Parameter, context: click.Context) -> list[str]:
    return [_spelled(parameter, context), _default(parameter, context), _variable(parameter, context), _help(parameter)]


def _spelled(parameter: click.Parameter, context: click.Context) -> str:
    if isinstance(parameter, click.Option):
        return f"`{parameter.get_help_record(context)[0]}`"  # type: ignore[index]
    return f"`{parameter.make_metavar(context)}`"


def _default(parameter: click.Parameter, context: click.Context) -> str:
    """Return a default as it is written; in words where the help has words for it."""
    if not isinstance(parameter, click.Option):
        return f"`{parameter.default}`" if isinstance(parameter.default, str) else ""
    in_words = WRITTEN_DEFAULT.search(parameter.help or "")
    if in_words:
        return in_words[1]
    default = parameter.get_help_extra(context).get("default", "")
    if isinstance(parameter.show_default, str):
        default = parameter.show_default
    if parameter.is_bool_flag and default:
        default = f"--{default}"
    return f"`{default.removesuffix('.0')}`" if default and " " not in default else default


def _variable(parameter: click.Parameter, context: click.Context) -> str:
    if isinstance(parameter, click.Argument):
        return f"`{parameter.envvar}`" if parameter.envvar else ""
    return f"`{parameter.envvar or f'{context.auto_envvar_prefix}_{(parameter.name or str()).upper()}'}`"


def _help(parameter: click.Parameter) -> str:
    """Return the help, with the limits of a number; arguments are explained above their table."""
    if isinstance(parameter, click.Argument):
        return "Must be given." if parameter.required else "Can be left out."
    text = WRITTEN_DEFAULT.sub("", getattr(parameter, "help", None) or "")
    if isinstance(parameter.type, (click.IntRange, click.FloatRange)) and not getattr(parameter, "count", False):
        lowest, highest = parameter.type.min, parameter.type.max
        no_limit = highest is None or highest > NO_LIMIT
        text += f" At least {lowest}." if no_limit else f" From {lowest} to {highest}."
    return _escaped(text)


def _escaped(text: str) -> str:
    """Return text in which Markdown finds no tags; code stays as it is."""
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(piece if piece.startswith("`") else piece.replace("<", "&lt;") for piece in pieces)


def _table(headers: list[str], rows: list[list[str]]) -> str:
    """Return a table, less the columns in which nothing stands."""
    kept = [number for number in range(len(headers)) if any(row[number] for row in rows)]
    lines = [[line[number] for number in kept] for line in (headers, ["---"] * len(headers), *rows)]
    return "".join("|".join(["", *map(_cell, line), ""]) + "\n" for line in lines)


def _cell(text: str) -> str:
    escaped = text.replace("|", "\\|")
    return f" {escaped} " if text.strip("-") else text or " "


if __name__ == "__main__":
    print(document(), end="")
