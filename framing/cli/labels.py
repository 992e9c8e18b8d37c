"""`framing labels`: the gold labels and the annotators' layers."""

from __future__ import annotations

from dataclasses import astuple, fields
from pathlib import Path
from typing import Annotated, Literal

import typer

from framing.cli.seeds import Seeds

app = typer.Typer(
    no_args_is_help=True, help="Check, count, split, compare, import and export the labels."
)

Labels = Annotated[Path, typer.Option("--labels", help="Folder of the labels.")]
Write = Annotated[bool, typer.Option("--write", help="Write the file instead of printing.")]


@app.command()
def check(labels: Labels = Path("labels"), seeds: Seeds = Path("seeds")) -> None:
    """Check texts, labels, splits and counts, name every problem, and warn of what looks odd."""
    from framing.corpus import SPLITS, read_corpus
    from framing.diversity import measured_findings
    from framing.errors import LabelsError
    from framing.validation import check_corpus, check_stats

    problems = check_corpus(labels, seeds)
    if problems:
        raise LabelsError(problems)
    corpus = read_corpus(labels, seeds)
    findings = measured_findings(corpus, labels / SPLITS)
    for warning in findings.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if problems := [*findings.problems, *check_stats(corpus, labels)]:
        raise LabelsError(problems)
    n_spans = sum(len(row.spans) for row in corpus.rows.values())
    typer.echo(
        f"{len(corpus.rows)} documents, {n_spans} spans, labels {corpus.version}: no problem; "
        f"{len(corpus.unavailable)} texts are not at hand"
    )


@app.command()
def stats(
    labels: Labels = Path("labels"), seeds: Seeds = Path("seeds"), write: Write = False
) -> None:
    """Count documents, spans, devices and voices, and measure texts (all at hand when printing)."""
    from framing.corpus import read_corpus
    from framing.validation import format_all_figures

    if write:
        _write_stats(labels, seeds)
    else:
        typer.echo(format_all_figures(read_corpus(labels, seeds)), nl=False)


@app.command()
def split(
    labels: Labels = Path("labels"),
    seeds: Seeds = Path("seeds"),
    seed: Annotated[int, typer.Option("--seed", help="Seed of the shuffle.")] = 2026,
    write: Annotated[bool, typer.Option("--write", help="Write the splits, too.")] = False,
) -> None:
    """Assign new documents to splits by setting, and show how many each split holds."""
    from framing.cli.columns import format_columns
    from framing.corpus import SPLIT_NAMES, SPLITS, read_corpus, write_splits
    from framing.splits import FRACTIONS, assign_splits, count_splits, split_groups

    corpus = read_corpus(labels, seeds)
    splits = assign_splits(split_groups(corpus), corpus.splits, FRACTIONS, seed)
    typer.echo(format_columns(("collection", *SPLIT_NAMES), count_splits(corpus, splits)))
    if write:
        write_splits(labels / SPLITS, seed, splits)
        typer.echo(f"wrote {labels / SPLITS}", err=True)


@app.command()
def agreement(
    first: Annotated[str, typer.Argument(help="Folder or file of label rows, or a glob of them.")],
    second: Annotated[str, typer.Argument(help="The layers to compare them with, likewise.")],
    labels: Labels = Path("labels"),
    seeds: Seeds = Path("seeds"),
    output_format: Annotated[
        Literal["table", "json"], typer.Option("--format", help="A table, or JSON with all pairs.")
    ] = "table",
) -> None:
    """Compare two annotators, or groups of them, on the documents that both labelled."""
    import msgspec

    from framing.agreement import (
        AgreementRow,
        compute_agreement,
        document_pairs,
        shared_sentences,
    )
    from framing.cli.columns import format_columns
    from framing.rows import MANIFEST, read_layers, read_manifest
    from framing.taxonomy import read_taxonomy

    layers = read_layers(first), read_layers(second)
    manifest = read_manifest(seeds / MANIFEST)
    collections = {doc_id: row.collection for doc_id, row in manifest.items()}
    taxonomy = read_taxonomy(labels / "taxonomy.toml")
    sentences = shared_sentences(*layers, manifest, seeds)
    rows = compute_agreement(*layers, collections, taxonomy, sentences)
    if output_format == "json":
        content = {"rows": rows, "documents": document_pairs(*layers)}
        typer.echo(msgspec.json.format(msgspec.json.encode(content), indent=1))
    else:
        header = [field.name for field in fields(AgreementRow)]
        typer.echo(format_columns(header, [astuple(row) for row in rows]))


@app.command("import")
def import_labels(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Marked files, one file of answers, or the folder of the PTC corpus."),
    ],
    input_format: Annotated[
        Literal["markup", "quotes", "ptc"],
        typer.Option("--format", help="What the files hold; ptc writes new labels and seeds."),
    ],
    labels: Labels = Path("labels"),
    seeds: Seeds = Path("seeds"),
    key: Annotated[Path | None, typer.Option("--key", help="Key of the packet (quotes).")] = None,
    annotator: Annotated[
        str | None, typer.Option("--annotator", help="Name of the layer to write (quotes).")
    ] = None,
    task: Annotated[
        Literal["si", "tc"],
        typer.Option("--task", help="Spans of any technique, or of each of the 14 (ptc)."),
    ] = "si",
) -> None:
    """Take in authored files, answers to a packet, or the corpus of SemEval-2020 Task 11."""
    from framing.errors import UsageError
    from framing.exchange.authored import import_authored
    from framing.exchange.ptc import import_ptc
    from framing.exchange.quotes import import_answers

    if input_format == "markup":
        n_documents = import_authored(paths, labels, seeds)
    elif input_format == "ptc":
        if len(paths) != 1:
            raise UsageError("--format ptc: give one folder, that of the corpus")
        n_documents = import_ptc(paths[0], task, labels, seeds)
        _write_stats(labels, seeds)
    elif key is None or annotator is None or len(paths) != 1:
        raise UsageError("--format quotes: give one file of answers, --key and --annotator")
    else:
        n_documents = import_answers(paths[0], key, labels, seeds, annotator)
    typer.echo(f"imported {n_documents} documents", err=True)


@app.command("export")
def export_labels(
    folder: Annotated[Path, typer.Argument(help="New folder to write.")],
    output_format: Annotated[
        Literal["markup", "packet"],
        typer.Option("--format", help="Texts with marked spans, or anonymous texts to annotate."),
    ],
    labels: Labels = Path("labels"),
    seeds: Seeds = Path("seeds"),
    split: Annotated[str | None, typer.Option("--split", help="Only this split.")] = None,
    collection: Annotated[
        list[str] | None, typer.Option("--collection", help="Only this collection (repeatable).")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="Key file to write (packet).")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the order (packet).")] = 2026,
) -> None:
    """Write documents with their spans marked, or a packet for blind annotation."""
    from framing.corpus import read_corpus
    from framing.errors import UsageError
    from framing.exchange.authored import export_authored
    from framing.exchange.quotes import export_packet

    if output_format == "markup":
        corpus = read_corpus(labels, seeds)
        documents = corpus.split(split, collection or None)
        n_documents = export_authored(corpus, documents, folder)
    elif key is None:
        raise UsageError("--format packet: give --key, a file outside the folder")
    else:
        n_documents = export_packet(labels, seeds, folder, key, seed, split, collection)
    typer.echo(f"wrote {n_documents} documents to {folder}", err=True)


def _write_stats(labels: Path, seeds: Path) -> None:
    from framing.corpus import read_corpus
    from framing.files import write_text
    from framing.validation import STATS, format_stats

    write_text(labels / STATS, format_stats(read_corpus(labels, seeds)))
    typer.echo(f"wrote {labels / STATS}", err=True)
