"""The `framing` command: its sub-commands, exit statuses, and how errors are shown.

Exit status: 0 done, 1 an error, 2 wrong usage, 3 done but some inputs failed, 130 interrupted.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from framing import __version__
from framing.cli import evaluate, labels, models, score, seeds, train
from framing.errors import FramingError, UsageError

app = typer.Typer(
    name="framing",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("score")(score.score)
app.add_typer(train.app, name="train")
app.command("evaluate")(evaluate.evaluate)
app.add_typer(labels.app, name="labels")
app.add_typer(seeds.app, name="seeds")
app.add_typer(models.app, name="models")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"framing {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Find framing devices in news and statements, as spans, offline.

    Blame shifting, foreignising, denial, sourcing appeals: with voice and probability.
    """


def run() -> None:
    """Run the command line and leave with its exit status; a traceback only with `--debug`."""
    sys.exit(_status("--debug" in sys.argv[1:]))


def _status(debug: bool) -> int:
    try:
        app()
    except SystemExit as leave:
        if isinstance(leave.__context__, BrokenPipeError):  # typer has muted standard output
            return 141
        return leave.code if isinstance(leave.code, int) else 1
    except FramingError as error:
        if debug:
            raise
        typer.echo(f"framing: {error}", err=True)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 130
    return 0
