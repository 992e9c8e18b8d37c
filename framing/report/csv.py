"""Scores as a table for spreadsheets: a row a span."""

from __future__ import annotations

import csv
import io
from typing import IO

from framing.errors import InputError
from framing.model_folder import ModelManifest
from framing.report.records import ScoreRecord, SpanRecord, score_record
from framing.scoring import Result

COLUMNS = (
    "id", "source", "title", "outlet", "date", "text_sha256", "model", "device", "voice",
    "score", "voice_score", "start", "end", "text",
)  # fmt: skip

# A spreadsheet takes a cell that begins so for a formula, and would run it.
# Source: OWASP, CSV injection.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class CsvWriter:
    """Writes the spans of each document, pushed out at once; failures have no row."""

    def __init__(self, stream: IO[str], manifest: ModelManifest, *, header: bool) -> None:
        self._stream = stream
        self._manifest = manifest
        if header:
            stream.write(format_rows([COLUMNS]))

    def write(self, result: Result) -> None:
        """Write a row for each reported span of a scored document."""
        if not isinstance(result, InputError):
            record = score_record(result, self._manifest)
            # One write for a document, so that a crash tears one document at most.
            self._stream.write(format_rows([_row(record, span) for span in record.spans]))
        self._stream.flush()

    def close(self) -> None:
        """Do nothing: every row is written."""


def format_rows(rows: list[tuple[str, ...]]) -> str:
    """Return rows as lines of CSV (RFC 4180: lines end in CR LF)."""
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows(rows)
    return lines.getvalue()


def inert(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe goes before one.

    >>> inert("=HYPERLINK(1)"), inert("plain")
    ("'=HYPERLINK(1)", 'plain')
    """
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def _row(record: ScoreRecord, span: SpanRecord) -> tuple[str, ...]:
    cells = {
        "id": record.id,
        "source": record.source or "",
        "title": record.title or "",
        "outlet": record.metadata.get("outlet", ""),
        "date": record.metadata.get("date", ""),
        "text_sha256": record.text_sha256,
        "model": f"{record.model.name} {record.model.version}",
        "device": span.device,
        "voice": span.voice,
        "score": str(span.score),
        "voice_score": "" if span.voice_score is None else str(span.voice_score),
        "start": str(span.start),
        "end": str(span.end),
        "text": span.text,
    }
    return tuple(inert(cells[column]) for column in COLUMNS)
