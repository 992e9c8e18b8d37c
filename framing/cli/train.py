"""`framing train`: from labels to a model folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from framing.cli.labels import Labels
from framing.cli.seeds import Seeds
from framing.errors import UsageError

if TYPE_CHECKING:
    from framing.corpus import Corpus
    from framing.training import TrainingRun

app = typer.Typer(no_args_is_help=True, help="Train a model on labels and save it as a folder.")

BASE_MODEL = "sentence-transformers/all-MiniLM-L6-v2"

OutputOption = Annotated[
    Path, typer.Option("--output", "-o", help="Model folder to write; its name is the model's.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of all chance.")]
CollectionOption = Annotated[
    list[str] | None,
    typer.Option("--collection", help="Train on this collection only (repeat for several)."),
]
SwapsOption = Annotated[
    float,
    typer.Option(
        "--name-swaps",
        min=0,
        max=1,
        help="Share of the documents with listed names that are learned under other names.",
    ),
]
VersionOption = Annotated[str, typer.Option("--model-version", help="Version the model gets.")]
EvaluateOption = Annotated[
    Literal["dev", "test"],
    typer.Option(
        "--evaluate-on", help="Split of the card's figures; test when the model is final."
    ),
]


@app.command()
def tfidf(
    output: OutputOption,
    labels: Labels = Path("labels"),
    seeds: Seeds = Path("seeds"),
    collection: CollectionOption = None,
    name_swaps: SwapsOption = 0.0,
    seed: SeedOption = 0,
    model_version: VersionOption = "1.0.0",
    evaluate_on: EvaluateOption = "dev",
) -> None:
    """Train the TF-IDF baseline (seconds)."""
    from framing.training import train_tfidf

    run = _run(output, labels, seeds, collection, name_swaps, seed, model_version)
    train_tfidf(run, tell)
    evaluate_saved(run.output, run.corpus, evaluate_on, run.seed)


@app.command()
def transformer(
    output: OutputOption,
    base_model: Annotated[
        str, typer.Option("--base-model", help="Hugging Face encoder, by name or folder.")
    ] = BASE_MODEL,
    labels: Labels = Path("labels"),
    seeds: Seeds = Path("seeds"),
    collection: CollectionOption = None,
    name_swaps: SwapsOption = 0.0,
    epochs: Annotated[float, typer.Option("--epochs", min=0, help="Passes over the labels.")] = 6,
    learning_rate: Annotated[
        float, typer.Option("--learning-rate", min=0, help="Highest learning rate of the encoder.")
    ] = 1e-4,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Windows of text in a step.")
    ] = 16,
    auxiliary: Annotated[
        list[Path] | None,
        typer.Option(
            "--auxiliary",
            metavar="FOLDER",
            help="Folder with 'labels' and 'seeds' of other devices to learn from as well; the "
            "model does not report them (repeat for several).",
        ),
    ] = None,
    seed: SeedOption = 0,
    model_version: VersionOption = "1.0.0",
    evaluate_on: EvaluateOption = "dev",
) -> None:
    """Fine-tune a transformer (an hour on two cores) and export it to ONNX."""
    from framing.corpus import read_corpus
    from framing.training import require_torch, train_transformer

    require_torch()
    from framing.transformer import TransformerSettings

    settings = TransformerSettings(
        base_model=base_model, epochs=epochs, learning_rate=learning_rate, batch_size=batch_size
    )
    run = _run(output, labels, seeds, collection, name_swaps, seed, model_version)
    related = [read_corpus(folder / "labels", folder / "seeds") for folder in auxiliary or ()]
    train_transformer(run, settings, tell, related)
    evaluate_saved(run.output, run.corpus, evaluate_on, run.seed)


def _run(
    output: Path,
    labels: Path,
    seeds: Path,
    collections: list[str] | None,
    name_swaps: float,
    seed: int,
    model_version: str,
) -> TrainingRun:
    from framing.corpus import read_corpus
    from framing.training import TrainingRun

    corpus = read_corpus(labels, seeds)
    known = {row.collection for row in corpus.manifest.values()}
    unknown = sorted(set(collections or ()) - known)
    if unknown:
        names = ", ".join(sorted(known))
        raise UsageError(f"--collection {unknown[0]}: unknown. Expected one of: {names}.")
    tell_unavailable(corpus)
    return TrainingRun(
        corpus=corpus,
        output=output,
        seed=seed,
        collections=collections,
        name_swaps=name_swaps,
        model_version=model_version,
        command=command_line(),
    )


def tell_unavailable(corpus: Corpus) -> None:
    """Tell how many labelled documents have no text here, if any."""
    if corpus.unavailable:
        tell(
            f"{len(corpus.unavailable)} labelled documents have no text here and are left out "
            "(see 'framing seeds attach')"
        )


def command_line() -> str:
    """Return the command as it was given, for a manifest."""
    return " ".join(["framing", *sys.argv[1:]])


def tell(line: str) -> None:
    """Show a line of progress on standard error."""
    typer.echo(f"framing: {line}", err=True)


def evaluate_saved(output: Path, corpus: Corpus, split: str, seed: int) -> None:
    """Write the card and the evaluation of a model that was just saved, and tell its figure."""
    from framing.report.model_card import write_card
    from framing.scoring import load_folder

    figure = write_card(output, load_folder(output), corpus, split, seed).headline
    tell(
        f"no figure on {split}"
        if figure.value is None
        else f"overlap F1 {figure.value:.3f} on {split}"
    )
    tell(f"saved {output}; look at it with: framing models show {output}")
