"""The corpus: texts in `seeds/` and stand-off labels in `labels/`, read as labelled documents."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from framing.errors import LabelsError, MissingExtraError, UsageError
from framing.rows import (
    FILE_NAME,
    MANIFEST,
    SPLIT_NAMES,
    SPLITS,
    LabelRow,
    ManifestRow,
    Name,
    SpanRow,
    label_files,
    read_labels,
    read_manifest,
    read_rows,
    read_splits,
    write_labels,
    write_manifest,
    write_splits,
)
from framing.span_rules import labelled_spans, span_problems
from framing.spans import Document, LabelledDocument, text_sha256
from framing.taxonomy import Taxonomy, read_taxonomy

if TYPE_CHECKING:
    from datasets import DatasetDict

__all__ = [
    "AUTHORED",
    "MANIFEST",
    "SPLITS",
    "SPLIT_NAMES",
    "Corpus",
    "LabelRow",
    "ManifestRow",
    "Name",
    "SpanRow",
    "read_corpus",
    "read_documents",
    "read_labels",
    "read_manifest",
    "read_splits",
    "read_text",
    "text_path",
    "write_labels",
    "write_manifest",
    "write_splits",
]

AUTHORED = "authored"
_METADATA = ("collection", "genre", "setting", "side", "outlet", "date", "pair")


@dataclass(frozen=True)
class Corpus:
    """Labelled documents with their splits.

    Attributes:
        manifest: row of every source document, by document id.
        documents: those that are labelled and whose text is at hand, in order of id.
        splits: for each document id 'train', 'dev' or 'test'.
        unavailable: ids of labelled documents whose text is not at hand.
        rows: label row of every labelled document, at hand or not.
    """

    taxonomy: Taxonomy
    manifest: Mapping[str, ManifestRow]
    documents: tuple[LabelledDocument, ...]
    splits: Mapping[str, str]
    unavailable: tuple[str, ...]
    rows: Mapping[str, LabelRow] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Version of the labels."""
        return self.taxonomy.labels_version

    def split(
        self, name: str | None, collections: Collection[str] | None = None
    ) -> tuple[LabelledDocument, ...]:
        """Return the documents at hand of one split, or of all, and of the collections named.

        Raises:
            UsageError: if there is no split of that name.
        """
        if name not in (None, *SPLIT_NAMES):
            raise UsageError(f"split {name!r}: expected one of {', '.join(SPLIT_NAMES)}")
        return tuple(
            labelled
            for labelled in self.documents
            if name in (None, self.splits.get(labelled.document.doc_id))
            and (collections is None or labelled.document.metadata.get("collection") in collections)
        )

    def digest(self, documents: Sequence[LabelledDocument]) -> str:
        """Return 12 hexadecimal digits that change with any id, text or span, not with order."""
        lines = sorted(
            f"{labelled.document.doc_id} {labelled.document.sha256} "
            + " ".join(f"{s.start}:{s.end}:{s.device}:{s.voice}" for s in sorted(labelled.spans))
            for labelled in documents
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]

    def to_dataset(self) -> DatasetDict:
        """Return the splits as Hugging Face data sets, a row a document at hand.

        Raises:
            MissingExtraError: if `datasets` is not installed.
        """
        try:
            from datasets import Dataset, DatasetDict, Features, List, Value
        except ImportError as error:
            raise MissingExtraError("datasets", "train", "A Hugging Face data set") from error
        text = Value("string")
        span = {"start": Value("int64"), "end": Value("int64"), "device": text, "voice": text}
        names = ("doc_id", "text", "title", *_METADATA)
        features = Features({**dict.fromkeys(names, text), "spans": List(span)})
        datasets = {}
        for name in SPLIT_NAMES:
            records = [_record(labelled) for labelled in self.split(name)]
            columns = {column: [record[column] for record in records] for column in features}
            datasets[name] = Dataset.from_dict(columns, features=features)
        return DatasetDict(datasets)


def read_corpus(labels: Path, seeds: Path) -> Corpus:
    """Read labels, splits and texts, and check that they belong together.

    A labelled document whose text is not shipped and not attached is `unavailable`, no error.

    Raises:
        LabelsError: if a file is not as its format demands, a manifest path leads out of `seeds`,
            a text is missing or is not the one that was labelled, or a span does not fit its text.
    """
    taxonomy = read_taxonomy(labels / "taxonomy.toml")
    splits = read_splits(labels / SPLITS)
    manifest, problems = read_rows([seeds / MANIFEST], ManifestRow)
    rows, row_problems = read_rows(label_files(labels / "spans"), LabelRow)
    problems += row_problems
    documents, unavailable = [], []
    for doc_id, (place, row) in sorted(rows.items()):
        try:
            labelled = _labelled_document(place, row, manifest.get(doc_id), taxonomy, seeds)
        except LabelsError as error:
            problems += error.problems
        else:
            if labelled is None:
                unavailable.append(doc_id)
            else:
                documents.append(labelled)
    if problems:
        raise LabelsError(problems)
    return Corpus(
        taxonomy,
        {doc_id: row for doc_id, (_, row) in manifest.items()},
        tuple(documents),
        dict(splits.items()),
        tuple(unavailable),
        {doc_id: row for doc_id, (_, row) in rows.items()},
    )


def read_documents(seeds: Path) -> tuple[Document, ...]:
    """Read every document of the manifest whose text is at hand, labelled or not, in order of id.

    Raises:
        LabelsError: as `read_manifest` and `read_text`.
    """
    rows = sorted(read_manifest(seeds / MANIFEST).items())
    texts = ((row, read_text(seeds, row)) for _, row in rows)
    return tuple(_document(row, text, seeds) for row, text in texts if text is not None)


def source_problems(
    place: str, row: LabelRow, source: ManifestRow | None, manifest: Path
) -> list[str]:
    """Return why a label row does not belong to its manifest row, if it does not."""
    if source is None:
        return [f"{place}: {row.doc_id} is not in {manifest}. Add it there, or remove its labels."]
    if row.sha256 == source.sha256:
        return []
    return [
        f"{place}: {row.doc_id}: labels of the text with SHA-256 {row.sha256[:12]}…, expected "
        f"{source.sha256[:12]}… of {manifest}. Label the text of the manifest."
    ]


def _labelled_document(
    place: str,
    row: LabelRow,
    placed: tuple[str, ManifestRow] | None,
    taxonomy: Taxonomy,
    seeds: Path,
) -> LabelledDocument | None:
    source = placed[1] if placed else None
    problems = source_problems(place, row, source, seeds / MANIFEST)
    text = read_text(seeds, source) if source and not problems else None
    problems += span_problems(place, row, text, taxonomy)
    if problems:
        raise LabelsError(problems)
    if source is None or text is None:
        return None
    return LabelledDocument(_document(source, text, seeds), labelled_spans(row.spans))


def _document(source: ManifestRow, text: str, seeds: Path) -> Document:
    metadata = {name: value for name in _METADATA if (value := getattr(source, name)) is not None}
    path = str(text_path(seeds, source))
    return Document(source.doc_id, text, path, source.title, metadata)


def _record(labelled: LabelledDocument) -> dict[str, object]:
    document = labelled.document
    spans = [
        {"start": span.start, "end": span.end, "device": span.device, "voice": span.voice}
        for span in labelled.spans
    ]
    fields = {"doc_id": document.doc_id, "text": document.text, "title": document.title}
    metadata = {name: document.metadata.get(name) for name in _METADATA}
    return {**fields, **metadata, "spans": spans}


def text_path(seeds: Path, row: ManifestRow) -> Path:
    """Return where the text of a manifest row lies or, if it is not shipped, would be attached.

    Raises:
        LabelsError: if the path, the id or the collection leads out of `seeds`.
    """
    place = f"{seeds / MANIFEST}: {row.doc_id}"
    for name in (row.doc_id, row.collection):
        if not FILE_NAME.fullmatch(name):
            raise LabelsError(
                [f"{place}: {name!r}: expected letters, digits, '_', '-', '.' alone."]
            )
    relative = PurePosixPath(row.path or f"attached/{row.collection}/{row.doc_id}.txt")
    path = seeds / relative
    if ".." in relative.parts or not path.resolve().is_relative_to(seeds.resolve()):
        raise LabelsError([f"{place}: path {str(relative)!r} leads out of {seeds}. Correct it."])
    return path


def read_text(seeds: Path, row: ManifestRow) -> str | None:
    """Return the text of a manifest row as it was labelled; None if it is not shipped nor attached.

    Raises:
        LabelsError: if the path leads out of `seeds`, or a shipped text is missing, or the file is
            not UTF-8 or not the text of the row's SHA-256.
    """
    path = text_path(seeds, row)
    fix = "Restore the file." if row.path else "Remove it and run 'framing seeds attach' again."
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        if row.path is None and isinstance(error, FileNotFoundError):
            return None
        raise LabelsError([f"{path}: cannot be read ({error.strerror}). {fix}"]) from error
    except UnicodeDecodeError as error:
        raise LabelsError([f"{path}: not UTF-8: {error}. {fix}"]) from error
    found = text_sha256(text)
    if found != row.sha256:
        raise LabelsError(
            [f"{path}: SHA-256 {found[:12]}…, expected {row.sha256[:12]}… of the manifest. {fix}"]
        )
    return text
