"""How shells complete: with click's scripts, and what these lack for `--option=VALUE` and for descriptions.

Importing this is what makes click use it.
"""

from __future__ import annotations

import click.shell_completion as click_completion
from click.shell_completion import CompletionItem, add_completion_class


@add_completion_class
class BashComplete(click_completion.BashComplete):
    """Bash takes `--option=VALUE` for three words and replaces the last one, unless COMP_WORDBREAKS was changed."""

    _whole_word = False

    def get_completion_args(self) -> tuple[list[str], str]:
        """Put words together again that bash has split at an equals sign."""
        args, incomplete = super().get_completion_args()
        self._whole_word = incomplete.startswith("--") and "=" in incomplete
        *before, last = _joined([*args, incomplete])
        return before, last

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return what bash is to put in the place of the word that it has."""
        items = super().get_completions(args, incomplete)
        prefix = "".join(incomplete.partition("=")[:2]) if self._whole_word else ""
        return [CompletionItem(f"{prefix}{item.value}", item.type, item.help) for item in items]


@add_completion_class
class ZshComplete(click_completion.ZshComplete):
    """Zsh replaces the whole word, unless it is told that the option in front of a value stays; with -U it is not."""

    source_template = (
        click_completion.ZshComplete.source_template.replace(
            "    for type key descr", "    compset -P 1 '--*='\n    for type key descr"
        )
        .replace("completions_with_descriptions -U", "completions_with_descriptions")
        .replace("compadd -U ", "compadd ")
    )


@add_completion_class
class FishComplete(click_completion.FishComplete):
    """Fish replaces the whole word, so what is offered begins with the option; descriptions have commas in them."""

    source_template = click_completion.FishComplete.source_template.replace(
        'string split "," $completion', 'string split --max 1 "," $completion'
    ).replace(
        '"(%(complete_func)s)"',
        "\"(%(complete_func)s | string replace --regex -- '^' "
        "(string match --regex -- '^--[^=]+=' (commandline -ct); or echo ''))\"",
    )


def _joined(words: list[str]) -> list[str]:
    joined: list[str] = []
    for word in words:
        if joined and (word == "=" or joined[-1].endswith("=")):
            joined[-1] += word
        else:
            joined.append(word)
    return joined
