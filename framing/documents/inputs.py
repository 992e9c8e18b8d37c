"""What a user names on the command line, as a stream of documents."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from framing.documents.readers import DOCUMENT_SUFFIXES, place_of, read_bytes, read_document
from framing.documents.tables import TableColumns, is_table, read_table, read_table_stream
from framing.errors import InputError
from framing.spans import Document


def read_inputs(
    inputs: Sequence[str],
    *,
    stdin: BinaryIO | None = None,
    text_column: str | None = None,
    id_column: str | None = None,
    title_column: str | None = None,
) -> Iterator[Document | InputError]:
    """Yield the documents of files, folders, glob patterns and standard input, in order.

    An input that cannot be read is yielded as an error in its place, so that the others go on.
    A folder is read with its subfolders in order of names: hidden files are passed over, so are
    files of unknown kinds, and tables unless `text_column` is given. Tables yield a document a row.

    Args:
        inputs: paths, patterns, or '-' for standard input (a table, if `text_column` is given).
        stdin: standard input; None for the process's own.
        text_column: column of the text in tables; None for 'text'.
        id_column: column of the id; None for 'id' or 'doc_id', where there is one.
        title_column: column of the headline; None for 'title', where there is one.
    """
    columns = TableColumns(text_column or "text", id_column, title_column)
    for name in inputs:
        if name == "-":
            stream = stdin or sys.stdin.buffer
            yield from _read_stream(stream, columns if text_column else None)
            continue
        for found in _find(name, with_tables=text_column is not None):
            yield from [found] if isinstance(found, InputError) else _read_file(found, columns)


def _read_stream(stream: BinaryIO, columns: TableColumns | None) -> Iterator[Document | InputError]:
    if columns is not None:
        yield from read_table_stream(stream, "stdin", columns)
        return
    try:
        yield read_bytes(stream.read(), "stdin")
    except InputError as error:
        yield error


def _read_file(path: Path, columns: TableColumns) -> Iterator[Document | InputError]:
    if is_table(path):
        yield from read_table(path, place_of(path), columns)
        return
    try:
        yield read_document(path)
    except InputError as error:
        yield error


def _find(name: str, *, with_tables: bool) -> Iterator[Path | InputError]:
    paths = [Path(name)] if os.path.lexists(name) else _matches(name)
    if not paths:
        yield InputError(place_of(Path(name)), "no such file or folder")
    for path in paths:
        if path.is_dir():
            yield from _files_or_error(path, with_tables=with_tables)
        else:
            yield path


def _matches(pattern: str) -> list[Path]:
    if not any(character in pattern for character in "*?["):
        return []
    paths = [Path(name) for name in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207
    # '**' names the files of a folder beside the folder itself.
    return [path for path in paths if "**" not in pattern or not path.is_dir()]


def _files_or_error(folder: Path, *, with_tables: bool) -> Iterator[Path | InputError]:
    found = False
    for item in _walk(folder):
        if isinstance(item, InputError) or _is_read(item, with_tables=with_tables):
            found = True
            yield item
    if not found:
        kinds = ", ".join(sorted(DOCUMENT_SUFFIXES))
        hint = "" if with_tables else ". Tables in a folder are read when a text column is named"
        yield InputError(place_of(folder), f"no readable file in it; expected {kinds}{hint}")


def _is_read(path: Path, *, with_tables: bool) -> bool:
    known = path.suffix.lower() in DOCUMENT_SUFFIXES or not path.suffix
    return known or (with_tables and is_table(path))


def _walk(folder: Path) -> Iterator[Path | InputError]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield InputError(place_of(folder), f"cannot be read: {error.strerror}")
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry))
        elif entry.is_file():
            yield Path(entry)
