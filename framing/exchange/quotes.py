"""Blind annotation by quotation: anonymous texts out, answers that quote their spans in.

An answer is a JSON line: `{"doc_id": "d001", "spans": [{"device": …, "voice": …, "quote": …,
"occurrence": 1}], "note": …}`, `occurrence` (from 1) where the quote stands in the text repeatedly.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from framing.corpus import AUTHORED, read_documents
from framing.errors import LabelsError, UsageError
from framing.files import write_text
from framing.rows import FILE_NAME, SPLITS, LabelRow, read_splits, update_labels
from framing.span_rules import edge_faults, label_faults, overlaps_within_device, span_rows
from framing.spans import Document, LabelledSpan
from framing.taxonomy import Taxonomy, read_taxonomy


class _Quotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    device: str
    voice: str
    quote: str
    occurrence: Annotated[int, msgspec.Meta(ge=1)] | None = None


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    doc_id: str
    spans: tuple[_Quotation, ...]
    note: str | None = None


def write_packet(documents: Sequence[Document], folder: Path, key: Path, seed: int) -> None:
    """Write texts without a name in shuffled order, and the key that tells which is which.

    Args:
        documents: what is to be annotated.
        folder: gets `texts/d001.txt` and so on, the whole of what an annotator sees.
        key: JSON file to write, from the names of the texts to document ids.
        seed: of the order.

    Raises:
        UsageError: if the key would lie in the folder, or the folder holds texts already.
    """
    if key.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{key}: the key lies inside {folder}, where the annotator sees it")
    texts = folder / "texts"
    if texts.exists() and any(texts.iterdir()):
        raise UsageError(f"{texts}: holds files already; name a new folder")
    order = sorted(documents, key=lambda document: document.doc_id)
    random.Random(seed).shuffle(order)  # noqa: S311
    names = {f"d{number:03}": document for number, document in enumerate(order, 1)}
    for name, document in names.items():
        write_text(texts / f"{name}.txt", document.text)
    content = msgspec.json.encode({name: document.doc_id for name, document in names.items()})
    write_text(key, msgspec.json.format(content, indent=1).decode() + "\n")


def read_answers(
    path: Path, key: Path, documents: Sequence[Document], taxonomy: Taxonomy, annotator: str
) -> list[LabelRow]:
    """Read an annotator's answers as label rows, in order of document id.

    Args:
        path: JSON lines, one answer for each text of the packet.
        key: by `write_packet`.
        documents: at least those of the packet.
        taxonomy: the devices and voices that answers may name.
        annotator: name that the rows carry.

    Raises:
        LabelsError: all faults: an answer missing, double or unknown; a span with an unknown label,
            a quote not found or ambiguous, unclean edges, or an overlap within its device.
    """
    packet = _read_key(key, {document.doc_id: document for document in documents})
    answers, problems = _read_lines(path, packet)
    rows = []
    for name, (place, answer) in answers.items():
        document = packet[name]
        spans, faults = _find_spans(answer, document.text, taxonomy)
        problems += [f"{place}: {name}: {fault}" for fault in faults]
        ours = document.metadata.get("collection") == AUTHORED
        rows.append(
            LabelRow(
                doc_id=document.doc_id,
                sha256=document.sha256,
                annotators=(annotator,),
                adjudicated=False,
                codebook_version=taxonomy.codebook_version,
                spans=span_rows(spans, document.text, with_quotes=ours),
                note=answer.note,
            )
        )
    problems += [
        f"{path}: no answer for {name}. Add it." for name in sorted(packet.keys() - answers)
    ]
    if problems:
        raise LabelsError(problems)
    return sorted(rows, key=lambda row: row.doc_id)


def export_packet(
    labels: Path,
    seeds: Path,
    folder: Path,
    key: Path,
    seed: int,
    split: str | None = None,
    collections: Collection[str] | None = None,
) -> int:
    """Write a packet of documents at hand, labelled or not, and return their number.

    Args:
        labels: folder with the splits.
        seeds: folder of the texts.
        folder: as in `write_packet`.
        key: as in `write_packet`.
        seed: of the order.
        split: only the documents of this split.
        collections: only the documents of these.

    Raises:
        LabelsError: if splits, manifest or texts are not as they should be.
        UsageError: if there is no such document, or as in `write_packet`.
    """
    splits = dict(read_splits(labels / SPLITS).items())
    documents = [
        document
        for document in read_documents(seeds)
        if split in (None, splits.get(document.doc_id))
        and (not collections or document.metadata["collection"] in collections)
    ]
    if not documents:
        raise UsageError("no such document is at hand. Run 'framing seeds list' to see them.")
    write_packet(documents, folder, key, seed)
    return len(documents)


def import_answers(path: Path, key: Path, labels: Path, seeds: Path, annotator: str) -> int:
    """Write an annotator's answers as the layer `labels/annotators/<name>`; return their number.

    Raises:
        LabelsError: as `read_answers`.
        UsageError: if the annotator's name cannot be that of a folder.
    """
    if not FILE_NAME.fullmatch(annotator):
        raise UsageError(f"annotator {annotator!r}: expected letters, digits, '_', '-', '.' alone")
    documents = {document.doc_id: document for document in read_documents(seeds)}
    taxonomy = read_taxonomy(labels / "taxonomy.toml")
    rows = read_answers(path, key, tuple(documents.values()), taxonomy, annotator)
    placed = ((documents[row.doc_id].metadata["collection"], row) for row in rows)
    update_labels(labels / "annotators" / annotator, placed)
    return len(rows)


def _read_key(key: Path, documents: Mapping[str, Document]) -> dict[str, Document]:
    try:
        names = msgspec.json.decode(key.read_bytes(), type=dict[str, str])
    except OSError as error:
        raise LabelsError([f"{key}: cannot be read ({error.strerror}). Expected a key."]) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LabelsError([f"{key}: {error}. Expected the key of a packet."]) from error
    missing = sorted(set(names.values()) - set(documents))
    if missing:
        raise LabelsError([f"{key}: the text of {doc_id} is not at hand." for doc_id in missing])
    return {name: documents[doc_id] for name, doc_id in names.items()}


def _read_lines(
    path: Path, packet: Mapping[str, Document]
) -> tuple[dict[str, tuple[str, _Answer]], list[str]]:
    answers: dict[str, tuple[str, _Answer]] = {}
    problems = []
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise LabelsError([f"{path}: cannot be read ({error.strerror})."]) from error
    for number, line in enumerate(lines, 1):
        place = f"{path}:{number}"
        try:
            answer = msgspec.json.decode(line, type=_Answer) if line.strip() else None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            problems.append(f"{place}: {error}. Expected the JSON of one answer.")
            continue
        if answer is None:
            continue
        if answer.doc_id not in packet:
            problems.append(f"{place}: {answer.doc_id} is not in the packet. Correct the doc_id.")
        elif answer.doc_id in answers:
            first = answers[answer.doc_id][0]
            problems.append(f"{place}: {answer.doc_id} is answered in {first} already. Remove one.")
        else:
            answers[answer.doc_id] = (place, answer)
    return answers, problems


def _find_spans(
    answer: _Answer, text: str, taxonomy: Taxonomy
) -> tuple[list[LabelledSpan], list[str]]:
    spans, faults = [], []
    for quotation in answer.spans:
        found = label_faults(quotation.device, quotation.voice, taxonomy)
        found += edge_faults(quotation.quote)
        starts = list(_occurrences(quotation.quote, text)) if quotation.quote else []
        found += _place_faults(quotation, len(starts)) if quotation.quote else []
        faults += [f"quote {quotation.quote!r}: {fault}" for fault in found]
        if not found:
            start = starts[(quotation.occurrence or 1) - 1]
            end = start + len(quotation.quote)
            spans.append(LabelledSpan(start, end, quotation.device, quotation.voice))
    faults += [
        f"quote {text[second.start : second.end]!r}: overlaps {text[first.start : first.end]!r}, "
        f"also {first.device}. Keep one, or join them."
        for first, second in overlaps_within_device(spans)
    ]
    return sorted(spans), faults


def _place_faults(quotation: _Quotation, n_found: int) -> list[str]:
    if not n_found:
        return ["not in the text. Copy the words exactly."]
    if quotation.occurrence is None and n_found > 1:
        return [f"stands in the text {n_found} times. Lengthen it, or give its occurrence."]
    if (quotation.occurrence or 1) > n_found:
        return [f"occurrence {quotation.occurrence}, but the text has it {n_found} times."]
    return []


def _occurrences(quote: str, text: str) -> Iterator[int]:
    start = text.find(quote)
    while start >= 0:
        yield start
        start = text.find(quote, start + 1)
