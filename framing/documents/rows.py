"""The rows of a table, format by format, as mappings from column to value."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import msgspec

from framing.documents.encodings import try_codec
from framing.errors import InputError, MissingExtraError

LONGEST_LINE = 64 * 1024 * 1024
LONGEST_FIELD = 16 * 1024 * 1024
_BATCH_ROWS = 256


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table.

    Attributes:
        number: its place in the table: the line for JSON lines, else counted from 1.
        fields: its values by column.
    """

    number: int
    fields: Mapping[str, object]


def byte_lines(stream: BinaryIO, place: str) -> Iterator[bytes]:
    """Yield the lines of a stream with their line ends, without a byte order mark.

    UTF-16 with a byte order mark becomes UTF-8, other bytes stay as they are.

    Raises:
        InputError: if a line is longer than 64 MB.
    """
    lines = _bounded_lines(stream, place)
    first = next(lines, b"")
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield from _recoded_lines(chain([first], lines), place)
    elif first:
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from lines


def json_rows(lines: Iterator[bytes], place: str) -> Iterator[Row | InputError]:
    """Yield the objects of JSON lines, and an error for each line that is none."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield InputError(f"{place}:{number}", f"broken JSON ({error}); expected an object")
            continue
        if isinstance(value, dict):
            yield Row(number, value)
        else:
            kind = type(value).__name__
            yield InputError(f"{place}:{number}", f"found type {kind}; expected an object")


def csv_rows(
    lines: Iterator[bytes], place: str, delimiter: str | None
) -> Iterator[Row | InputError]:
    """Yield the rows of CSV below its header, and an error for each that does not fit the header.

    Args:
        lines: the file, header first; each line UTF-8, or else cp1252.
        place: name of the file, for the errors.
        delimiter: None for the one of comma, semicolon and tab that gives the most columns.

    Raises:
        InputError: if a line is neither UTF-8 nor cp1252.
    """
    csv.field_size_limit(LONGEST_FIELD)
    texts = (_decoded(line, place) for line in lines)
    first = next(texts, "")
    reader = csv.reader(chain([first], texts), delimiter=delimiter or _delimiter(first))
    header: list[str] | None = None
    for number, record in enumerate(_records(reader)):
        if isinstance(record, csv.Error):
            yield InputError(f"{place}:{number}", f"broken CSV ({record})")
        elif header is None:
            header = [name.strip() for name in record]
        elif len(record) == len(header):
            yield Row(number, dict(zip(header, record, strict=True)))
        else:
            yield InputError(
                f"{place}:{number}",
                f"{len(record)} fields; expected {len(header)}, as in the header."
                " Put texts that hold delimiters or line ends between double quotes",
            )


def parquet_rows(path: Path, place: str) -> Iterator[Row | InputError]:
    """Yield the rows of a Parquet file, some hundred in memory at a time.

    Raises:
        InputError: if the file is damaged, or pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        missing = MissingExtraError("pyarrow", "tables", "reading Parquet")
        raise InputError(place, str(missing)) from error
    try:
        with ParquetFile(path) as table:
            batches = table.iter_batches(batch_size=_BATCH_ROWS)
            rows = chain.from_iterable(batch.to_pylist() for batch in batches)
            for number, fields in enumerate(rows, start=1):
                yield Row(number, fields)
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(place, f"damaged or not a Parquet file ({reason})") from error


def _bounded_lines(stream: BinaryIO, place: str) -> Iterator[bytes]:
    while line := stream.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise InputError(place, f"a line is longer than {LONGEST_LINE // 1024**2} MB")
        yield line


def _recoded_lines(lines: Iterator[bytes], place: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")()
    pending = ""
    try:
        for line in lines:
            *complete, pending = (pending + decoder.decode(line)).split("\n")
            yield from (f"{text}\n".encode() for text in complete)
        yield (pending + decoder.decode(b"", final=True)).encode()
    except UnicodeDecodeError as error:
        raise InputError(place, "the bytes are not valid UTF-16. Save it as UTF-8") from error


def _decoded(line: bytes, place: str) -> str:
    for codec in ("utf-8", "cp1252"):
        text = try_codec(line, codec)
        if text is not None:
            return text
    raise InputError(place, "a line is neither UTF-8 nor cp1252. Save the table as UTF-8")


def _delimiter(header: str) -> str:
    return max(
        ",;\t", key=lambda delimiter: len(next(csv.reader([header], delimiter=delimiter), []))
    )


def _records(reader: Iterator[list[str]]) -> Iterator[list[str] | csv.Error]:
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield error
        else:
            if record:
                yield record
