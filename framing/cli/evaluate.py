"""`framing evaluate`: models, or predictions of other systems, against the gold labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from framing.errors import FramingError, UsageError

if TYPE_CHECKING:
    from framing.evaluation import Evaluation


def evaluate(
    model: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]...",
            help="Names or folders of models; each is compared with the first.",
        ),
    ] = None,
    split: Annotated[
        Literal["train", "dev", "test"], typer.Option(help="Documents to evaluate on.")
    ] = "test",
    labels: Annotated[Path, typer.Option(help="Folder of the labels.")] = Path("labels"),
    seeds: Annotated[Path, typer.Option(help="Folder of the texts.")] = Path("seeds"),
    collection: Annotated[
        list[str] | None,
        typer.Option(help="A collection, or 'real' for all but 'authored'; can be given again."),
    ] = None,
    predictions: Annotated[
        list[Path] | None,
        typer.Option(help="JSON lines that another system predicted; can be given again."),
    ] = None,
    format: Annotated[  # noqa: A002
        Literal["markdown", "json"], typer.Option(help="Form of the standard output.")
    ] = "markdown",
    output: Annotated[
        Path | None,
        typer.Option(help="Folder to write evaluation.md and evaluation.json to instead."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of intervals and tests.")] = 0,
    name_swaps: Annotated[
        int,
        typer.Option(
            min=0,
            help="Also count the verdicts that flip when each document gets other names, so many "
            "times, and when its quotation marks, dashes or letters are written otherwise.",
        ),
    ] = 0,
) -> None:
    """Hold the spans of models against gold labels: figures with intervals, models side by side."""
    if not model and not predictions:
        raise UsageError("nothing to evaluate. Name a model, or a file with --predictions.")
    from framing.corpus import read_corpus
    from framing.evaluation import evaluate, read_predictions
    from framing.report.evaluation import render_json, render_markdown
    from framing.scoring import load

    models = [load(name) for name in model or ()]
    outside = [read_predictions(path) for path in predictions or ()]
    corpus = read_corpus(labels, seeds)
    evaluation = evaluate([*models, *outside], corpus, split, collection, seed, name_swaps)
    _warn_of_missing_texts(evaluation)
    if output is None:
        typer.echo((render_json if format == "json" else render_markdown)(evaluation), nl=False)
    else:
        _write(evaluation, output)


def _write(evaluation: Evaluation, output: Path) -> None:
    from framing.files import write_text
    from framing.report.evaluation import render_json, render_markdown

    try:
        write_text(output / "evaluation.json", render_json(evaluation))
        write_text(output / "evaluation.md", render_markdown(evaluation))
    except OSError as error:
        raise FramingError(
            f"--output {output}: cannot be written ({error.strerror}). Name a folder."
        ) from error


def _warn_of_missing_texts(evaluation: Evaluation) -> None:
    signature = evaluation.signature
    if signature.n_unavailable:
        typer.echo(
            f"framing: {signature.n_unavailable} of "
            f"{signature.n_unavailable + signature.n_documents} documents of the {signature.split} "
            "split have no text here; see 'framing seeds attach'",
            err=True,
        )
