"""Authored files: a header of `key: value` lines, a line `---`, then a text in authoring markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from framing.corpus import AUTHORED, Corpus, text_path
from framing.errors import LabelsError
from framing.exchange.markup import format_markup, parse_markup
from framing.files import write_text
from framing.rows import (
    MANIFEST,
    LabelRow,
    ManifestRow,
    Name,
    read_manifest,
    setting_slug,
    update_labels,
    write_manifest,
)
from framing.span_rules import span_rows
from framing.spans import LabelledDocument, LabelledSpan, text_sha256
from framing.taxonomy import Taxonomy, read_taxonomy

_REQUIRED = ("doc_id", "genre", "setting", "writer")
_FIELDS = (
    "doc_id",
    "title",
    "genre",
    "setting",
    "side",
    "outlet",
    "date",
    "pair",
    "language",
    "licence",
)
_KEYS = (*_FIELDS, "writer", "names")


@dataclass(frozen=True)
class AuthoredDocument:
    """A document of an authored file: its rows of manifest and labels, and its plain text."""

    source: ManifestRow
    labels: LabelRow
    text: str


def read_authored(path: Path, taxonomy: Taxonomy) -> AuthoredDocument:
    """Read an authored file; the last line end of the file is not part of the text.

    Raises:
        LabelsError: if the file is not UTF-8, NFC and LF, its header lacks a key or has an unknown
            or doubled one, or its text has faults of markup.
    """
    head, found, body = _read_nfc(path).partition("\n---\n")
    if not found:
        raise LabelsError([f"{path}: no line '---'. Expected it between header and text."])
    header, names, problems = _parse_header(head, path)
    text, spans = "", tuple[LabelledSpan, ...]()
    try:
        first_line = head.count("\n") + 3
        text, spans = parse_markup(body.removesuffix("\n"), taxonomy, str(path), first_line)
    except LabelsError as error:
        problems += error.problems
    if problems:
        raise LabelsError(problems)
    source = ManifestRow(
        **{key: value for key, value in header.items() if key != "writer"},
        collection=AUTHORED,
        path=f"{AUTHORED}/{setting_slug(header['setting'])[:60]}/{header['doc_id']}.txt",
        sha256=text_sha256(text),
        n_characters=len(text),
        names=names,
    )
    labels = LabelRow(
        doc_id=source.doc_id,
        sha256=source.sha256,
        annotators=tuple(re.split(r",\s*", header["writer"])),
        adjudicated=False,
        codebook_version=taxonomy.codebook_version,
        spans=span_rows(spans, text, with_quotes=True),
    )
    return AuthoredDocument(source, labels, text)


def format_authored(labelled: LabelledDocument, source: ManifestRow, labels: LabelRow) -> str:
    """Return a labelled document as an authored file holds it; its annotators are its writer."""
    header = {key: getattr(source, key) for key in _FIELDS}
    header["writer"] = ", ".join(labels.annotators)
    if source.names:
        header["names"] = msgspec.json.encode(source.names).decode()
    lines = [f"{key}: {' '.join(value.split())}" for key, value in header.items() if value]
    return "\n".join([*lines, "---", format_markup(labelled)]) + "\n"


def import_authored(paths: Iterable[Path], labels: Path, seeds: Path) -> int:
    """Take authored files into the corpus, all or none, and return their number.

    The text of a new document goes to `seeds/authored`, its row to the manifest, its spans to the
    gold labels. Of a document that the manifest has, with the same text, the labels are replaced.

    Raises:
        LabelsError: if a file has faults, an id comes twice, or a labelled text was edited.
    """
    taxonomy = read_taxonomy(labels / "taxonomy.toml")
    manifest = read_manifest(seeds / MANIFEST) if (seeds / MANIFEST).exists() else {}
    imported: dict[str, AuthoredDocument] = {}
    problems: list[str] = []
    for path in paths:
        try:
            document = read_authored(path, taxonomy)
            text_path(seeds, document.source)
        except LabelsError as error:
            problems += error.problems
            continue
        known = manifest.get(document.source.doc_id, document.source)
        if document.source.doc_id in imported:
            problems.append(f"{path}: {document.source.doc_id} comes twice. Remove one file.")
        elif known.sha256 != document.source.sha256:
            problems.append(
                f"{path}: {known.doc_id}: the text differs from the one that was labelled. "
                "Restore it, or give it a new doc_id."
            )
        imported[document.source.doc_id] = document
    if problems:
        raise LabelsError(problems)
    _store(imported, manifest, labels, seeds)
    return len(imported)


def export_authored(corpus: Corpus, documents: Iterable[LabelledDocument], folder: Path) -> int:
    """Write labelled documents as authored files into a folder, and return their number."""
    contents = {}
    for labelled in documents:
        doc_id = labelled.document.doc_id
        contents[doc_id] = format_authored(labelled, corpus.manifest[doc_id], corpus.rows[doc_id])
    for doc_id, content in contents.items():
        write_text(folder / f"{doc_id}.txt", content)
    return len(contents)


def _read_nfc(path: Path) -> str:
    try:
        content = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise LabelsError([f"{path}: cannot be read ({error.strerror})."]) from error
    except UnicodeDecodeError as error:
        raise LabelsError([f"{path}: not UTF-8: {error}. Save it as UTF-8."]) from error
    if "\r" in content:
        raise LabelsError([f"{path}: CR line ends. Expected LF: save it so."])
    if not unicodedata.is_normalized("NFC", content):
        raise LabelsError([f"{path}: not in Unicode form NFC. Normalise it."])
    return content


def _parse_header(head: str, path: Path) -> tuple[dict[str, str], tuple[Name, ...], list[str]]:
    header: dict[str, str] = {}
    problems = []
    for number, line in enumerate(head.split("\n"), 1):
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or key not in _KEYS:
            problems.append(
                f"{path}:{number}: {line!r}. Expected 'key: value' of {', '.join(_KEYS)}."
            )
        elif key in header:
            problems.append(f"{path}:{number}: {key} comes twice. Remove one.")
        elif value:
            header[key] = value
    problems += [
        f"{path}: no {key} in the header. Add it." for key in _REQUIRED if key not in header
    ]
    names: tuple[Name, ...] = ()
    try:
        names = msgspec.json.decode(header.pop("names", "[]"), type=tuple[Name, ...])
    except msgspec.DecodeError as error:
        problems.append(f"{path}: names: {error}. Expected a JSON list of names.")
    return header, names, problems


def _store(
    imported: Mapping[str, AuthoredDocument],
    manifest: Mapping[str, ManifestRow],
    labels: Path,
    seeds: Path,
) -> None:
    new = {doc_id: each for doc_id, each in imported.items() if doc_id not in manifest}
    for document in new.values():
        write_text(text_path(seeds, document.source), document.text)
    sources = {**manifest, **{doc_id: document.source for doc_id, document in new.items()}}
    write_manifest(seeds / MANIFEST, sources.values())
    rows = []
    for doc_id, document in imported.items():
        source, row = sources[doc_id], document.labels
        if source.path is None:  # the words of a text that is not ours are not printed
            spans = tuple(msgspec.structs.replace(span, quote=None) for span in row.spans)
            row = msgspec.structs.replace(row, spans=spans)
        rows.append((source.collection, row))
    update_labels(labels / "spans", rows)
