"""Texts that may not be shipped: the user's own copies, found by checksum and taken in."""

from __future__ import annotations

import gzip
import os
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from framing.corpus import MANIFEST, ManifestRow, read_manifest, read_text, text_path
from framing.errors import InputError, LabelsError
from framing.files import write_text
from framing.spans import text_sha256

_SUFFIXES = (".txt", ".jsonl", ".jsonl.gz")


@dataclass(frozen=True)
class AttachReport:
    """What became of a user's folder: documents by collection, and files.

    Attributes:
        attached: documents whose text was found and taken in.
        already: documents whose text was at hand before.
        missing: documents whose text is still not at hand.
        n_unmatched: files that hold no text of the manifest.
        unreadable: a line for each file that could not be read to its end.
    """

    attached: Mapping[str, int]
    already: Mapping[str, int]
    missing: Mapping[str, int]
    n_unmatched: int
    unreadable: tuple[str, ...]


class _Record(msgspec.Struct):
    text: str | None = None


def attach(folder: Path, seeds: Path) -> AttachReport:
    """Take from a folder the texts that may not be shipped, found by SHA-256 alone.

    Looks at `.txt` files and at the field `text` of `.jsonl` and `.jsonl.gz` lines, in all
    sub-folders; links that lead out of the folder are not followed. A text counts also if it fits
    with LF for CRLF line ends, or without the white space at its end; what fits is stored.

    Raises:
        InputError: if there is no such folder.
        LabelsError: if the manifest cannot be read, or one of its rows leads out of `seeds`.
    """
    if not folder.is_dir():
        raise InputError(str(folder), "no such folder. Expected one that holds your copies.")
    rows = [row for row in read_manifest(seeds / MANIFEST).values() if row.path is None]
    already = {row.doc_id for row in rows if _is_attached(seeds, row)}
    wanted: dict[str, list[ManifestRow]] = {}
    for row in rows:
        wanted.setdefault(row.sha256, []).append(row)
    found: set[str] = set()
    n_unmatched, unreadable = 0, []
    for path in _files_below(folder):
        taken: set[str] = set()
        try:
            for text in _texts(path):
                taken |= _take(text, wanted, seeds, already | found | taken)
        except (OSError, EOFError, zlib.error, msgspec.DecodeError) as error:
            unreadable.append(f"{path}: {error}")
        else:
            n_unmatched += not taken
        found |= taken
    return AttachReport(
        _count(row for row in rows if row.doc_id in found - already),
        _count(row for row in rows if row.doc_id in already),
        _count(row for row in rows if row.doc_id not in found | already),
        n_unmatched,
        tuple(unreadable),
    )


def _is_attached(seeds: Path, row: ManifestRow) -> bool:
    text_path(seeds, row)
    try:
        return read_text(seeds, row) is not None
    except LabelsError:  # a damaged copy is replaced when the text is found again
        return False


def _files_below(folder: Path) -> Iterator[Path]:
    root = folder.resolve()
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if name.endswith(_SUFFIXES) and path.resolve().is_relative_to(root):
                yield path


def _texts(path: Path) -> Iterator[str]:
    """Yield the texts of a file; a text file that is not UTF-8 holds none that was labelled."""
    if path.suffix == ".txt":
        yield path.read_bytes().decode("utf-8", "replace")
        return
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        for line in lines:
            if line.strip() and (text := msgspec.json.decode(line, type=_Record).text) is not None:
                yield text


def _take(
    text: str, wanted: Mapping[str, list[ManifestRow]], seeds: Path, at_hand: set[str]
) -> set[str]:
    """Store a text for each row that it fits and that lacks one; return the ids of all it fits."""
    with_lf = text.replace("\r\n", "\n")
    for variant in dict.fromkeys((text, with_lf, text.rstrip(), with_lf.rstrip())):
        rows = wanted.get(text_sha256(variant), ())
        for row in rows:
            if row.doc_id not in at_hand:
                write_text(text_path(seeds, row), variant)
        if rows:
            return {row.doc_id for row in rows}
    return set()


def _count(rows: Iterator[ManifestRow]) -> dict[str, int]:
    return dict(sorted(Counter(row.collection for row in rows).items()))
