"""The files of the corpus as they stand on disk: manifest rows, label rows, splits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from glob import glob
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from framing.errors import LabelsError
from framing.files import write_text

MANIFEST = "manifest.jsonl"
SPLITS = "splits.json"
SPLIT_NAMES = ("train", "dev", "test")
FILE_NAME = re.compile(r"\w[\w.-]*")
"""What an id, a collection or an annotator is called: such a name leads out of no folder."""


class Name(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An invented name in a document: its kind (country, group, …) and each form of it."""

    name: str
    kind: str
    forms: dict[str, str] = {}


class ManifestRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source document: what it is and where its text lies.

    Attributes:
        path: text file below `seeds/`, with '/'; None where the text may not be shipped.
        sha256: SHA-256 of the text as UTF-8.
        setting: the invented event that documents of several sides tell of.
        obtain: how a user gets the text, where `path` is None.
        pair: name shared by the documents of a contrast pair.
    """

    doc_id: str
    collection: str
    path: str | None = None
    sha256: str
    n_characters: Annotated[int, msgspec.Meta(ge=0)]
    title: str | None = None
    outlet: str | None = None
    genre: str | None = None
    setting: str | None = None
    side: str | None = None
    date: str | None = None
    language: str | None = None
    licence: str | None = None
    names: tuple[Name, ...] = ()
    obtain: str | None = None
    pair: str | None = None


class SpanRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A span of a label row; `quote` is its words, None where the text is not ours to print."""

    start: Annotated[int, msgspec.Meta(ge=0)]
    end: Annotated[int, msgspec.Meta(ge=1)]
    device: str
    voice: str
    quote: str | None = None


class LabelRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The labels of one document, also of a document without a span."""

    doc_id: str
    sha256: str
    annotators: tuple[str, ...]
    adjudicated: bool
    codebook_version: str
    spans: tuple[SpanRow, ...]
    note: str | None = None


class Splits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document ids of each split, and the seed that drew them."""

    seed: int
    train: tuple[str, ...] = ()
    dev: tuple[str, ...] = ()
    test: tuple[str, ...] = ()

    def items(self) -> Iterator[tuple[str, str]]:
        """Yield each document id with the name of its split."""
        for name in SPLIT_NAMES:
            for doc_id in getattr(self, name):
                yield doc_id, name


Row = TypeVar("Row", ManifestRow, LabelRow)


def read_rows(
    paths: Iterable[Path], kind: type[Row]
) -> tuple[dict[str, tuple[str, Row]], list[str]]:
    """Read JSON lines, each the row of one document.

    Returns:
        For each document id the place (file:line) and the row, and the problems found.
    """
    rows: dict[str, tuple[str, Row]] = {}
    problems = []
    decoder = msgspec.json.Decoder(kind)
    for path in paths:
        try:
            lines = path.read_bytes().split(b"\n")
        except OSError as error:
            problems.append(f"{path}: cannot be read ({error.strerror}). Expected JSON lines.")
            continue
        for number, line in enumerate(lines, 1):
            place = f"{path}:{number}"
            try:
                row = decoder.decode(line) if line.strip() else None
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                problems.append(f"{place}: {error}. Expected the JSON of one {kind.__name__}.")
                continue
            if row is not None and row.doc_id in rows:
                problems.append(
                    f"{place}: {row.doc_id} stands in {rows[row.doc_id][0]} already. Remove one."
                )
            elif row is not None:
                rows[row.doc_id] = (place, row)
    return rows, problems


def label_files(path: Path) -> list[Path]:
    """Return the label files of a layer, given its folder or one file."""
    return sorted(path.glob("*.jsonl")) if path.is_dir() else [path]


def read_manifest(path: Path) -> dict[str, ManifestRow]:
    """Read the rows of a manifest, by document id.

    Raises:
        LabelsError: if the file cannot be read, or a row is not as its format demands.
    """
    rows, problems = read_rows([path], ManifestRow)
    if problems:
        raise LabelsError(problems)
    return {doc_id: row for doc_id, (_, row) in rows.items()}


def read_labels(path: Path) -> dict[str, LabelRow]:
    """Read the label rows of a layer (a folder or one file), by document id.

    Raises:
        LabelsError: if a file cannot be read, or a row is not as its format demands.
    """
    rows, problems = read_rows(label_files(path), LabelRow)
    if problems:
        raise LabelsError(problems)
    return {doc_id: row for doc_id, (_, row) in rows.items()}


def read_layers(pattern: str) -> dict[str, LabelRow]:
    """Read the label rows of every layer (folder or file) that a glob pattern names.

    Raises:
        LabelsError: if the pattern names none, a file is not as its format demands, or two of the
            layers hold one document.
    """
    layers = sorted(Path(name) for name in glob(pattern))  # noqa: PTH207  # may be absolute
    if not layers:
        raise LabelsError([f"{pattern}: names no layer. Expected a folder or file of label rows."])
    rows, problems = read_rows([file for layer in layers for file in label_files(layer)], LabelRow)
    if problems:
        raise LabelsError(problems)
    return {doc_id: row for doc_id, (_, row) in rows.items()}


def read_splits(path: Path) -> Splits:
    """Read the splits; where there is no file yet, every split is empty.

    Raises:
        LabelsError: if the file is not as its format demands, or an id stands in two splits.
    """
    if not path.exists():
        return Splits(seed=0)
    try:
        splits = msgspec.json.decode(path.read_bytes(), type=Splits)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LabelsError([f"{path}: {error}. Expected seed, train, dev and test."]) from error
    seen: dict[str, str] = {}
    problems = []
    for doc_id, name in splits.items():
        if doc_id in seen:
            problems.append(f"{path}: {doc_id} is in {seen[doc_id]} and again in {name}. Keep one.")
        seen[doc_id] = name
    if problems:
        raise LabelsError(problems)
    return splits


def write_manifest(path: Path, rows: Iterable[ManifestRow]) -> None:
    """Write manifest rows in order of document id, one JSON line each."""
    _write_rows(path, rows)


def write_labels(path: Path, rows: Iterable[LabelRow]) -> None:
    """Write label rows in order of document id, one JSON line each, spans in order of place."""
    _write_rows(path, (msgspec.structs.replace(row, spans=_sorted(row.spans)) for row in rows))


def update_labels(folder: Path, rows: Iterable[tuple[str, LabelRow]]) -> None:
    """Put label rows into the layer of a folder, each in the place of an older row of its document.

    Args:
        folder: the layer; it has one file for each collection.
        rows: each with the collection of its document.

    Raises:
        LabelsError: if a file of the layer is not as its format demands.
    """
    updates: dict[str, dict[str, LabelRow]] = {}
    for collection, row in rows:
        updates.setdefault(collection, {})[row.doc_id] = row
    for collection, new in updates.items():
        path = folder / f"{collection}.jsonl"
        write_labels(path, ((read_labels(path) if path.exists() else {}) | new).values())


def write_splits(path: Path, seed: int, assignment: Mapping[str, str]) -> None:
    """Write for each document id its split, as sorted lists of ids."""
    ids = {
        name: sorted(d for d, split in assignment.items() if split == name) for name in SPLIT_NAMES
    }
    content = msgspec.json.format(msgspec.json.encode({"seed": seed, **ids}), indent=1)
    write_text(path, content.decode() + "\n")


def setting_slug(setting: str) -> str:
    """Return a setting as a file name: small letters and digits, with hyphens between the words.

    >>> setting_slug("Orel valley fires (insurgency, Tarn)")
    'orel-valley-fires-insurgency-tarn'
    """
    return re.sub(r"[\W_]+", "-", setting.lower()).strip("-") or "setting"


def _write_rows(path: Path, rows: Iterable[ManifestRow | LabelRow]) -> None:
    lines = [msgspec.json.encode(row) for row in sorted(rows, key=lambda row: row.doc_id)]
    write_text(path, b"".join(line + b"\n" for line in lines).decode())


def _sorted(spans: Iterable[SpanRow]) -> tuple[SpanRow, ...]:
    return tuple(sorted(spans, key=lambda span: (span.start, span.end, span.device, span.voice)))
