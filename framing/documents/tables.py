"""Tables of documents (JSON lines, CSV, Parquet), read row by row and never whole."""

from __future__ import annotations

import datetime
import decimal
import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from framing.documents.rows import Row, byte_lines, csv_rows, json_rows, parquet_rows
from framing.errors import InputError
from framing.spans import Document

_ROW_FORMATS = {
    ".csv": "csv", ".jsonl": "json", ".ndjson": "json", ".parquet": "parquet", ".tsv": "tsv",
}  # fmt: skip
# Rows may leave out empty fields: so many are looked at before a column counts as missing.
_ROWS_FOR_COLUMNS = 100
_SCALARS = (str, int, float, decimal.Decimal, datetime.date, datetime.time)


@dataclass(frozen=True, slots=True)
class TableColumns:
    """The columns of a table that make a document.

    Attributes:
        text: column of the text.
        doc_id: column of the id; None for `id` or `doc_id`, where there is one.
        title: column of the headline; None for `title`, where there is one.
    """

    text: str = "text"
    doc_id: str | None = None
    title: str | None = None


def is_table(path: Path) -> bool:
    """Tell by its suffix whether a file is a table: .jsonl, .ndjson, .csv, .tsv (.gz), .parquet."""
    return _row_format(path) is not None


def read_table(path: Path, place: str, columns: TableColumns) -> Iterator[Document | InputError]:
    """Yield a document for each row of a table file, and an error for each row that is none.

    `doc_id` is the id column's value, or `place:row`; `source` is always `place:row`. Rows of JSON
    lines count lines, other rows count from 1 after the header. All other columns that hold text,
    numbers, dates or truth values are metadata.
    """
    row_format = _row_format(path)
    try:
        if row_format == "parquet":
            yield from _documents(parquet_rows(path, place), place, columns)
            return
        with _open(path) as stream:
            lines = byte_lines(stream, place)
            if row_format == "json":
                rows = json_rows(lines, place)
            else:
                rows = csv_rows(lines, place, "\t" if row_format == "tsv" else None)
            yield from _documents(rows, place, columns)
    except (OSError, EOFError, zlib.error) as error:
        yield InputError(place, f"cannot be read: {getattr(error, 'strerror', None) or error}")
    except InputError as error:
        yield error


def read_table_stream(
    stream: BinaryIO, place: str, columns: TableColumns
) -> Iterator[Document | InputError]:
    """Yield a document for each row of JSON lines (if the first line begins with '{') or CSV."""
    lines = byte_lines(stream, place)
    try:
        first = next(lines, b"")
        all_lines = chain([first], lines)
        is_json = first.lstrip().startswith(b"{")
        rows = json_rows(all_lines, place) if is_json else csv_rows(all_lines, place, None)
        yield from _documents(rows, place, columns)
    except InputError as error:
        yield error


def _row_format(path: Path) -> str | None:
    name = path.name.lower()
    row_format = _ROW_FORMATS.get(Path(name.removesuffix(".gz")).suffix)
    return None if row_format == "parquet" and name.endswith(".gz") else row_format


def _open(path: Path) -> BinaryIO:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return path.open("rb")


def _documents(
    rows: Iterator[Row | InputError], place: str, columns: TableColumns
) -> Iterator[Document | InputError]:
    head = list(islice(rows, _ROWS_FOR_COLUMNS))
    if not head:
        yield InputError(place, "is empty: the table has no rows")
    present = list(
        dict.fromkeys(name for row in head if isinstance(row, Row) for name in row.fields)
    )
    problem = _missing_column(present, columns)
    if present and problem:
        yield InputError(place, problem)
        return
    resolved = _with_defaults(columns, present)
    for row in chain(head, rows):
        yield row if isinstance(row, InputError) else _row_document(row, place, resolved)


def _missing_column(present: Sequence[str], columns: TableColumns) -> str | None:
    for name in (columns.text, columns.doc_id, columns.title):
        if name is not None and name not in present:
            return f"no column {name!r}; the table has: {', '.join(present)}"
    return None


def _with_defaults(columns: TableColumns, present: Sequence[str]) -> TableColumns:
    free = [name for name in present if name != columns.text]
    doc_id = columns.doc_id or next((name for name in ("id", "doc_id") if name in free), None)
    title = columns.title or ("title" if "title" in free else None)
    return replace(columns, doc_id=doc_id, title=title)


def _row_document(row: Row, place: str, columns: TableColumns) -> Document | InputError:
    source = f"{place}:{row.number}"
    text = row.fields.get(columns.text)
    if text is None or (isinstance(text, str) and not text.strip()):
        return InputError(source, f"column {columns.text!r} is empty")
    if not isinstance(text, str):
        kind = type(text).__name__
        return InputError(source, f"column {columns.text!r} holds type {kind}; expected a string")
    metadata = _scalars(row.fields)
    metadata.pop(columns.text)
    doc_id = metadata.pop(columns.doc_id, None) if columns.doc_id else None
    title = metadata.pop(columns.title, None) if columns.title else None
    return Document(doc_id or source, text, source, title, metadata)


def _scalars(fields: Mapping[str, object]) -> dict[str, str]:
    return {name: string for name, value in fields.items() if (string := _as_string(value))}


def _as_string(value: object) -> str | None:
    """Return a scalar as a string; None for nested, absent and not-a-number values."""
    if not isinstance(value, _SCALARS) or value != value:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
