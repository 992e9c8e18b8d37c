"""`framing score`: find the devices in articles."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from framing.cli.progress import watching
from framing.errors import UsageError
from framing.model_folder import DEFAULT_MODEL

if TYPE_CHECKING:
    from framing.report.output import Tally, Target

Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT",
        help="Files, folders, globs, or '-' for standard input.",
        show_default=False,
    ),
]
Model = Annotated[str, typer.Option("--model", "-m", help="Name or folder of the model.")]
Format = Annotated[
    Literal["table", "jsonl", "csv", "html"] | None,
    typer.Option(
        "--format",
        "-f",
        help="Form of the scores; without it that of the file's suffix, "
        "else a table on a terminal and JSON lines elsewhere.",
    ),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="File to write, instead of standard output.")
]
MinScore = Annotated[
    float | None,
    typer.Option(
        min=0, max=1, help="Report the spans from this score on, not from the model's thresholds."
    ),
]
VoiceNames = Annotated[
    str | None, typer.Option("--voice", help="Keep these voices only, as in own,quoted,reported.")
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Documents scored at a time, two by default; the model itself uses every core.",
    ),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the FILE.part of an interrupted run.")
]
TextColumn = Annotated[
    str | None, typer.Option(help="Column with the text, in JSON lines, CSV and Parquet.")
]
IdColumn = Annotated[str | None, typer.Option(help="Column with the id of each text.")]
TitleColumn = Annotated[str | None, typer.Option(help="Column with the headline of each text.")]
WithText = Annotated[
    bool, typer.Option("--with-text", help="Put the whole text into each JSON record.")
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Show no progress; failed inputs are named all the same."),
]


def _show_schema(wanted: bool) -> None:
    if wanted:
        from framing.report.records import record_schema

        typer.echo(json.dumps(record_schema(), indent=2))
        raise typer.Exit


Schema = Annotated[
    bool,
    typer.Option(
        "--schema", callback=_show_schema, is_eager=True, help="Show the JSON schema of a record."
    ),
]


def score(
    inputs: Inputs = None,
    model: Model = DEFAULT_MODEL,
    format_name: Format = None,
    output: Output = None,
    min_score: MinScore = None,
    voice: VoiceNames = None,
    workers: Workers = None,
    resume: Resume = False,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    title_column: TitleColumn = None,
    with_text: WithText = False,
    schema: Schema = False,  # noqa: ARG001
    quiet: Quiet = False,
) -> None:
    """Find the devices in articles, as spans with a voice and a score."""
    from framing import scoring
    from framing.documents import read_inputs
    from framing.report.output import Tally, choose_target, write_results
    from framing.report.resume import keep_finished

    target = choose_target(
        format_name, output, resume=resume, with_text=with_text, to_terminal=sys.stdout.isatty()
    )
    places = _places(inputs)
    classifier = scoring.load(model)
    voices = None if voice is None else scoring.parse_voices(voice, classifier.manifest.taxonomy)
    documents = read_inputs(
        places, text_column=text_column, id_column=id_column, title_column=title_column
    )
    tally = Tally()
    with _leaving_at_once(target, tally), watching(target, tally, quiet=quiet) as watched:
        done = keep_finished(target, classifier.manifest) if target.resume else frozenset()
        tally.n_kept = len(done)
        results = scoring.score_inputs(
            classifier,
            documents,
            min_score=min_score,
            voices=voices,
            workers=workers or scoring.DEFAULT_WORKERS,
            done=done,
        )
        write_results(watched(results), target, classifier.manifest, tally)
    raise typer.Exit(tally.exit_status)


def _places(inputs: list[str] | None) -> list[str]:
    if inputs:
        return inputs
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("no input: name files or folders, or pipe a text in")
    return ["-"]


@contextmanager
def _leaving_at_once(target: Target, tally: Tally) -> Iterator[None]:
    # Python waits for its threads at exit; theirs are documents that nobody wants any more.
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"framing: {_how_to_go_on(target, tally)}", err=True)
        _leave(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _leave(141)


def _how_to_go_on(target: Target, tally: Tally) -> str:
    from framing.report.output import RESUMABLE

    if target.path is not None and target.format in RESUMABLE:
        return (
            f"interrupted; documents done and kept in {target.part}: "
            f"{tally.n_kept + tally.n_scored}. "
            "Go on with the same command and --resume."
        )
    return (
        f"interrupted; documents done: {tally.n_scored}. "
        "A batch written with --output FILE.jsonl or FILE.csv can go on with --resume."
    )


def _leave(status: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
