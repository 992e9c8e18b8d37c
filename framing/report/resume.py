"""What an interrupted batch has written already."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from framing.errors import UsageError
from framing.files import atomic_writer
from framing.model_folder import ModelManifest
from framing.report.csv import COLUMNS, format_rows
from framing.report.output import Target
from framing.report.records import ModelRecord

Key = tuple[str, str]


class _Line(msgspec.Struct):
    """As much of a line as tells whether its document is done; a failure has no text."""

    id: str
    text_sha256: str | None = None
    model: ModelRecord | None = None


def keep_finished(target: Target, manifest: ModelManifest) -> frozenset[Key]:
    """Bring FILE.part to the state before the interrupt, and return what it holds.

    It keeps the whole records of documents; a torn last line goes, as do failures, which are tried
    again. Of CSV, where a row is a span, all rows of the last document go. Where there is no
    FILE.part but FILE, a finished run, that one is continued.

    Returns:
        Id and text SHA-256 of each document that need not be scored again.

    Raises:
        UsageError: if the file is not of the target's format or was written by another model.
    """
    assert target.part is not None
    assert target.path is not None
    earlier = target.part if target.part.exists() else target.path
    if not earlier.exists():
        target.part.touch()
        return frozenset()
    finished = _finished_lines if target.format == "jsonl" else _finished_rows
    done: set[Key] = set()
    with (
        earlier.open(encoding="utf-8", errors="replace", newline="\n") as stream,
        atomic_writer(target.part) as kept,
    ):
        for key, record in finished(stream, earlier, manifest):
            kept.write(record)
            done.add(key)
    return frozenset(done)


def _finished_lines(
    stream: IO[str], path: Path, manifest: ModelManifest
) -> Iterator[tuple[Key, str]]:
    for number, text in enumerate(stream, start=1):
        if not text.endswith("\n"):
            return
        try:
            line = msgspec.json.decode(text, type=_Line)
        except msgspec.DecodeError as error:
            raise UsageError(f"{path}:{number}: no line of scores: {error}. {_ADVICE}") from error
        if line.model is None or line.text_sha256 is None:
            continue
        _check_model(f"{path}:{number}", f"{line.model.name} {line.model.version}", manifest)
        yield (line.id, line.text_sha256), text


def _finished_rows(
    stream: IO[str], path: Path, manifest: ModelManifest
) -> Iterator[tuple[Key, str]]:
    rows = csv.reader(stream)
    header, expected = ",".join(next(rows, COLUMNS)), ",".join(COLUMNS)
    if not expected.startswith(header):
        raise UsageError(f"{path}:1: columns {header[:80]}, expected {expected}. {_ADVICE}")
    held: list[tuple[str, ...]] = [COLUMNS]
    held_key: Key | None = None
    for row in rows:
        if len(row) < len(COLUMNS):
            return  # torn: its document may be the one held, so that one goes as well
        cells = dict(zip(COLUMNS, row, strict=False))
        _check_model(f"{path}:{rows.line_num}", cells["model"].removeprefix("'"), manifest)
        key = (cells["id"].removeprefix("'"), cells["text_sha256"])
        if held_key is not None and key != held_key:
            yield held_key, format_rows(held)
            held = []
        held_key = key
        held.append(tuple(row))


def _check_model(place: str, found: str, manifest: ModelManifest) -> None:
    expected = f"{manifest.name} {manifest.version}"
    if found != expected:
        raise UsageError(f"{place}: written by model {found}, now {expected}. {_ADVICE}")


_ADVICE = "Resume with the options of the first run, or leave --resume out to start anew."
