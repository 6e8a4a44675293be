"""`doctor --fix`: what would be changed is shown, and asked for, before it is."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from dcos_docker_cli.cli.operation import current_progress, operate
from dcos_docker_cli.exceptions import DcosDockerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dcos_docker_cli.doctor.finding import Result
    from dcos_docker_cli.doctor.fix import Cure

    Look = Callable[[list[Any]], list[Result]]
    """Runs checks."""


@dataclass(frozen=True)
class Fixing:
    """What is asked for. `words` are the checks that are named."""

    wanted: bool
    dry_run: bool
    yes: bool
    words: tuple[str, ...]

    def check(self) -> None:
        """Refuse what makes no sense, before the engine is contacted."""
        from dcos_docker_cli.doctor.diagnose import chosen
        from dcos_docker_cli.doctor.fix import check_fixable

        if not self.wanted:
            if self.dry_run or self.yes:
                raise click.UsageError(f"{'--dry-run' if self.dry_run else '--yes'} is for --fix.")
            return
        for word in self.words:
            check_fixable(chosen([word], ()))
        if not (self.yes or self.dry_run or (sys.stdin.isatty() and sys.stderr.isatty())):
            raise click.UsageError("--fix changes things, and there is no terminal to ask on: add --yes, or --dry-run.")

    def fixed(
        self, results: list[Result], look: Look, show: Callable[[list[Result]], None], *, as_json: bool
    ) -> list[Result]:
        """Cure what is wrong, if that is wanted; return what the checks find then. `show` shows what they find anew.

        What would be changed is data with `--dry-run`, unless these are JSON.
        """
        from dcos_docker_cli.doctor import fix

        if not self.wanted:
            return results
        cures = operate(lambda host, _: fix.cures(host, results))
        wanted = [cure for cure in cures if cure.changes]
        if not wanted:
            is_wrong = any(result.finding.level in fix.BAD for result in results)
            current_progress().note("What is wrong cannot be fixed from here." if is_wrong else "Nothing to fix.")
        _tell(cures, to_stderr=not self.dry_run or as_json)
        if self.dry_run or not wanted:
            return results
        if not self.yes and not click.confirm("Go on?", err=True):
            raise DcosDockerError("Nothing was changed.")
        operate(lambda host, progress: fix.apply(host, wanted, progress))
        again = look([cure.check for cure in wanted])
        show(again)
        new = {result.check.id: result for result in again}
        return [new.get(result.check.id, result) for result in results]


def fix_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for it; the command gets `fixing`."""

    @click.argument("checks", nargs=-1, metavar="[CHECK]...")
    @click.option(
        "--fix", is_flag=True, help="Cure what can be cured safely, of CHECKs or of all. Asks before it does."
    )
    @click.option("--dry-run", is_flag=True, help="With --fix: show what would be changed, and change nothing.")
    @click.option("-y", "--yes", is_flag=True, help="With --fix: do not ask.")
    @wraps(function)
    def with_fixing(checks: tuple[str, ...], fix: bool, dry_run: bool, yes: bool, **others: Any) -> Any:
        return function(fixing=Fixing(fix, dry_run, yes, checks), **others)

    return with_fixing


def _tell(cures: list[Cure], *, to_stderr: bool) -> None:
    """Say what would be changed, and how it is undone."""
    for cure in cures:
        for line in _lines(cure):
            click.echo(line, err=to_stderr or not cure.changes)


def _lines(cure: Cure) -> list[str]:
    title = f"{cure.check.id} {cure.check.name}"
    if cure.refusal:
        return [f"{title} is not fixed. {cure.refusal}"]
    undo = [f"  To undo it, on the engine's host: {cure.undo}"] if cure.undo else []
    return [f"{title}:", *(f"  {change}" for change in cure.changes), *undo, *([f"  {cure.note}"] if cure.note else [])]
