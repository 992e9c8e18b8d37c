"""What `framing score` says on standard error while it works."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from framing.errors import InputError

if TYPE_CHECKING:
    from framing.report.output import Tally, Target
    from framing.scoring import Result

Watched = Callable[[Iterable["Result"]], Iterator["Result"]]


@contextmanager
def watching(target: Target, tally: Tally, *, quiet: bool) -> Iterator[Watched]:
    """Yield a function that passes results on, naming each failure and showing how far it is.

    Progress is shown on a terminal, unless a table goes there.
    """
    table_on_screen = target.path is None and sys.stdout.isatty()
    if quiet or table_on_screen or not sys.stderr.isatty():
        yield lambda results: _watched(results, lambda: None)
        return
    with _progress_bar(tally) as advance:
        yield lambda results: _watched(results, advance)


def _watched(results: Iterable[Result], advance: Callable[[], None]) -> Iterator[Result]:
    from framing.report.segments import printable_line

    for result in results:
        if isinstance(result, InputError):
            typer.echo(f"framing: {printable_line(str(result))}", err=True)
        yield result
        advance()


@contextmanager
def _progress_bar(tally: Tally) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    shown = TextColumn(
        "{task.fields[n_documents]:,} documents, {task.fields[speed]:,} characters/s"
    )
    console = Console(stderr=True)
    with Progress(
        SpinnerColumn(), shown, TimeElapsedColumn(), console=console, transient=True
    ) as bar:
        task = bar.add_task("", total=None, n_documents=0, speed=0)

        def advance() -> None:
            seconds = bar.tasks[0].elapsed or 0
            bar.update(
                task,
                n_documents=tally.n_scored + tally.n_failed,
                speed=round(tally.n_characters / seconds) if seconds else 0,
            )

        yield advance
