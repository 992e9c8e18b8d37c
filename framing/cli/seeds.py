"""`framing seeds`: the source texts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(no_args_is_help=True, help="List, check and attach the source texts.")

Seeds = Annotated[Path, typer.Option("--seeds", help="Folder of the source texts.")]


@app.command("list")
def list_seeds(
    seeds: Seeds = Path("seeds"),
    output_format: Annotated[
        Literal["table", "jsonl"], typer.Option("--format", help="A table, or JSON lines.")
    ] = "table",
) -> None:
    """List the source texts, and how to obtain those that are not at hand."""
    import msgspec

    from framing.cli.columns import format_columns
    from framing.corpus import MANIFEST, read_manifest, text_path

    rows = [
        (row.collection, row.doc_id, row.n_characters, text_path(seeds, row).is_file(), row.obtain)
        for row in read_manifest(seeds / MANIFEST).values()
    ]
    header = ("collection", "doc_id", "n_characters", "at_hand", "obtain")
    if output_format == "jsonl":
        for row in rows:
            typer.echo(msgspec.json.encode(dict(zip(header, row, strict=True))))
    else:
        lines = [(*row[:3], "at hand" if row[3] else row[4] or "not at hand") for row in rows]
        typer.echo(format_columns((*header[:3], "text"), lines))


@app.command()
def check(seeds: Seeds = Path("seeds")) -> None:
    """Check that every text at hand has the checksum of the manifest."""
    from framing.corpus import MANIFEST, read_manifest, read_text
    from framing.errors import LabelsError

    rows = read_manifest(seeds / MANIFEST).values()
    n_at_hand, problems = 0, list[str]()
    for row in rows:
        try:
            n_at_hand += read_text(seeds, row) is not None
        except LabelsError as error:
            problems += error.problems
    if problems:
        raise LabelsError(problems)
    typer.echo(f"{n_at_hand} texts match the manifest, {len(rows) - n_at_hand} are not at hand")


@app.command()
def attach(
    folder: Annotated[Path, typer.Argument(help="Folder that holds your copies.")],
    seeds: Seeds = Path("seeds"),
) -> None:
    """Take your own copies of texts that may not be shipped, found by checksum."""
    from framing.attachment import attach as attach_folder
    from framing.cli.columns import format_columns

    report = attach_folder(folder, seeds)
    counts = (report.attached, report.already, report.missing)
    collections = sorted(set().union(*counts))
    rows = [(name, *(count.get(name, 0) for count in counts)) for name in collections]
    typer.echo(format_columns(("collection", "attached", "already", "missing"), rows))
    typer.echo(f"{report.n_unmatched} files hold no text of the manifest", err=True)
    for line in report.unreadable:
        typer.echo(f"framing: {line}", err=True)
    if report.unreadable:
        raise typer.Exit(3)
