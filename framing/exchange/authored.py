"""Authored files: a header of `key: value` lines, a line `---`, then a text in authoring markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from framing.corpus import AUTHORED, MANIFEST, Corpus, read_manifest, text_path
from framing.errors import LabelsError
from framing.exchange.markup import format_markup, parse_markup
from framing.files import write_text
from framing.rows import LabelRow, ManifestRow, Name, update_labels, write_manifest
from framing.span_rules import span_rows
from framing.spans import text_sha256
from framing.taxonomy import Taxonomy

_REQUIRED = ("doc_id", "genre", "setting", "writer")
_FIELDS = ("doc_id", "title", "genre", "setting", "side", "outlet", "date", "pair")
_KEYS = (*_FIELDS, "writer", "names")
_HEADER_END = "---\n"


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
    content = _read_nfc(path)
    head, found, body = content.partition("\n" + _HEADER_END)
    if not found:
        raise LabelsError([f"{path}: no line '---'. Expected it between header and text."])
    header, problems = _parse_header(path, head)
    names: tuple[Name, ...] = ()
    try:
        names = msgspec.json.decode(header.get("names", "[]"), type=tuple[Name, ...])
    except msgspec.DecodeError as error:
        problems.append(f"{path}: names: {error}. Expected a JSON list of names.")
    text, spans = "", ()
    try:
        first_line = head.count("\n") + 3
        text, spans = parse_markup(body.removesuffix("\n"), taxonomy, str(path), first_line)
    except LabelsError as error:
        problems += error.problems
    if problems:
        raise LabelsError(problems)
    doc_id = header["doc_id"]
    source = ManifestRow(
        **{key: value for key, value in header.items() if key in _FIELDS},
        collection=AUTHORED,
        path=f"{AUTHORED}/{_folder_name(header['setting'])}/{doc_id}.txt",
        sha256=text_sha256(text),
        n_characters=len(text),
        names=names,
    )
    labels = LabelRow(
        doc_id=doc_id,
        sha256=source.sha256,
        annotators=tuple(re.split(r",\s*", header["writer"])),
        adjudicated=False,
        codebook_version=taxonomy.codebook_version,
        spans=span_rows(spans, text, with_quotes=True),
    )
    return AuthoredDocument(source, labels, text)


def format_authored(corpus: Corpus, doc_id: str) -> str:
    """Return a document at hand as an authored file holds it.

    Raises:
        LabelsError: if two of its spans cross.
    """
    (labelled,) = (each for each in corpus.documents if each.document.doc_id == doc_id)
