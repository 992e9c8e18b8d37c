"""`framing models`: which models there are, whether their files are sound, speed, calibration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from framing.cli.labels import Labels
from framing.cli.seeds import Seeds
from framing.cli.train import (
    BASE_MODEL,
    EvaluateOption,
    OutputOption,
    command_line,
    evaluate_saved,
    tell,
    tell_unavailable,
)
from framing.errors import ModelError
from framing.model_folder import check_files, find_model, model_folders, read_manifest, user_models

app = typer.Typer(no_args_is_help=True, help="List, describe, verify, calibrate and time models.")

Format = Annotated[
    Literal["table", "json"], typer.Option("--format", "-f", help="Form of the answer.")
]


@app.command("list")
def list_models(format_name: Format = "table") -> None:
    """List the models that --model knows by name."""
    from framing.report.models import format_facts, model_facts

    models = []
    for folder in _known_models().values():
        try:
            models.append(model_facts(folder))
        except ModelError as error:
            typer.echo(f"framing: {error}", err=True)
    if format_name == "json":
        _echo_json(models)
    else:
        typer.echo(format_facts(models), nl=False)


@app.command()
def show(
    model: Annotated[str, typer.Argument(help="Name or folder of the model.")],
    format_name: Format = "table",
) -> None:
    """Show how a model was made, its thresholds and its files."""
    from framing.report.models import format_manifest

    folder = find_model(model)
    manifest = read_manifest(folder)
    if format_name == "json":
        _echo_json(manifest)
    else:
        typer.echo(format_manifest(folder, manifest), nl=False)


@app.command()
def verify(
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODEL", help="Names or folders; all models by default."),
    ] = None,
) -> None:
    """Check every file of models against the SHA-256 in their manifests."""
    problems = []
    for name in models or _known_models():
        try:
            folder = find_model(name)
            damaged = check_files(folder, read_manifest(folder))
        except ModelError as error:
            damaged = [str(error)]
        problems += damaged
        if not damaged:
            typer.echo(f"{name}: all files are sound")
    if problems:
        raise ModelError("\n".join(problems))


@app.command()
def calibrate(
    model: Annotated[str, typer.Argument(help="Name or folder of the model.")],
    output: OutputOption,
    labels: Labels = Path("labels"),
    seeds: Seeds = Path("seeds"),
    split: Annotated[
        Literal["train", "dev", "test"], typer.Option("--split", help="Documents to calibrate on.")
    ] = "dev",
    evaluate_on: EvaluateOption = "dev",
) -> None:
    """Choose the thresholds and the calibration of a model anew on your own labels."""
    from framing.corpus import read_corpus
    from framing.evaluation import gold_documents
    from framing.recalibration import recalibrate

    folder = find_model(model)
    corpus = read_corpus(labels, seeds)
    tell_unavailable(corpus)
    gold_documents(corpus, evaluate_on)  # told before the work is done
    manifest = recalibrate(folder, corpus, split, output, command_line(), tell)
    evaluate_saved(output, corpus, evaluate_on, manifest.seed)


@app.command()
def benchmark(
    model: Annotated[str, typer.Argument(help="Name or folder of the model.")],
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT...", help="Articles to measure on: files, folders, globs."),
    ],
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, help="How often each contender runs.")
    ] = 5,
    base_model: Annotated[
        str,
        typer.Option(
            "--base-model", help="Encoder of the pipeline that the model is held against."
        ),
    ] = BASE_MODEL,
    format_name: Format = "table",
) -> None:
    """Measure a model's speed on this machine, beside the bare runtime and the usual library."""
    from framing.benchmark import format_benchmark, run_benchmark

    measured = run_benchmark(model, inputs, base_model, rounds, tell)
    if format_name == "json":
        _echo_json(measured)
    else:
        typer.echo(format_benchmark(measured), nl=False)


def _echo_json(value: object) -> None:
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def _known_models() -> Mapping[str, Path]:
    folders = model_folders()
    if not folders:
        typer.echo(f"framing: no model is installed, nor is there one in {user_models()}", err=True)
    return folders
