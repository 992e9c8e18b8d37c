"""All checks of the corpus, and its counts."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import median

import msgspec

from framing.corpus import AUTHORED, Corpus, read_text, source_problems
from framing.diversity import authored_figures, figures_at_hand, leftover_markup
from framing.errors import LabelsError
from framing.rows import (
    MANIFEST,
    SPLIT_NAMES,
    SPLITS,
    LabelRow,
    ManifestRow,
    SpanRow,
    label_files,
    read_rows,
    read_splits,
)
from framing.sentences import sentence_bounds, sentence_index
from framing.span_rules import edge_faults, labelled_spans, overlaps_within_device, span_problems
from framing.spans import Span
from framing.taxonomy import SpanBounds, Taxonomy, read_span_bounds, read_taxonomy

STATS = "stats.json"


def check_corpus(labels: Path, seeds: Path) -> list[str]:
    """Return every problem of texts, labels and splits, in order of place; none if all is well.

    Texts that may not be shipped are checked where they are attached. What is measured of a corpus
    that has no such problem is told by `framing.diversity.measured_findings`.
    """
    try:
        taxonomy = read_taxonomy(labels / "taxonomy.toml")
        bounds = read_span_bounds(labels / "taxonomy.toml")
    except LabelsError as error:
        return list(error.problems)
    manifest, problems = read_rows([seeds / MANIFEST], ManifestRow)
    texts: dict[str, str] = {}
    for place, source in manifest.values():
        text, text_problems = _check_text(place, source, seeds)
        problems += text_problems
        if text is not None:
            texts[source.doc_id] = text
    rows, row_problems = read_rows(label_files(labels / "spans"), LabelRow)
    problems += row_problems
    for doc_id, (place, row) in rows.items():
        found = manifest.get(doc_id)
        problems += _check_row(place, row, found and found[1], seeds / MANIFEST)
        problems += _check_spans(place, row, texts.get(doc_id), taxonomy, bounds)
    labelled = {doc_id: found[1] for doc_id in rows if (found := manifest.get(doc_id))}
    return problems + _check_splits(labels / SPLITS, labelled)


def _check_text(place: str, source: ManifestRow, seeds: Path) -> tuple[str | None, list[str]]:
    try:
        text = read_text(seeds, source)
    except LabelsError as error:
        return None, list(error.problems)
    faults = []
    if text is not None and len(text) != source.n_characters:
        faults.append(
            f"n_characters {source.n_characters}, but the text has {len(text)}. Correct it."
        )
    if text is not None and source.collection == AUTHORED:
        if not unicodedata.is_normalized("NFC", text):
            faults.append("the text is not in Unicode form NFC. Normalise it before labelling.")
        if "\r" in text:
            faults.append("the text has CR line ends. Expected LF.")
        if leftovers := leftover_markup(text):
            faults.append(
                f"left over in the text: {', '.join(map(repr, leftovers))}. Import the marked "
                "file, or remove them."
            )
    return text, [f"{place}: {source.doc_id}: {fault}" for fault in faults]


def _check_row(
    place: str, row: LabelRow, source: ManifestRow | None, manifest: Path
) -> Iterator[str]:
    yield from source_problems(place, row, source, manifest)
    if source is None:
        return
    file_name = f"{source.collection}.jsonl"
    if Path(place.rpartition(":")[0]).name != file_name:
        yield f"{place}: {row.doc_id}: of collection {source.collection}. Move it to {file_name}."
    for span in row.spans:
        if source.path is None and span.quote is not None:
            yield (
                f"{place}: {row.doc_id} {span.start}:{span.end}: a quote of a text that is not "
                "shipped. Set quote to null."
            )
        elif source.path is not None and span.quote is None:
            yield f"{place}: {row.doc_id} {span.start}:{span.end}: no quote. Add the words."


def _check_spans(
    place: str, row: LabelRow, text: str | None, taxonomy: Taxonomy, bounds: SpanBounds
) -> Iterator[str]:
    problems = span_problems(place, row, text, taxonomy)
    yield from problems
    if problems:
        return
    spans = labelled_spans(row.spans)
    if text is not None and spans and bounds == "clean":
        yield from (f"{place}: {row.doc_id} {fault}" for fault in _bound_faults(spans, text))
    for one, other in overlaps_within_device(spans):
        yield (
            f"{place}: {row.doc_id} {other.start}:{other.end}: overlaps {one.start}:{one.end}, "
            f"also {one.device}. Keep one, or join them."
        )


def _bound_faults(spans: Iterable[Span], text: str) -> Iterator[str]:
    sentences = sentence_bounds(text)
    for span in spans:
        where = f"{span.start}:{span.end}"
        yield from (f"{where}: {fault}" for fault in edge_faults(text[span.start : span.end]))
        first = sentence_index(sentences, span.start)
        if first != sentence_index(sentences, span.end - 1):
            end = sentences[first].end
            yield f"{where}: goes over the end of a sentence at {end}. Mark each sentence alone."


def _check_splits(path: Path, labelled: Mapping[str, ManifestRow]) -> list[str]:
    try:
        splits = dict(read_splits(path).items())
    except LabelsError as error:
        return list(error.problems)
    problems = [
        f"{path}: {doc_id} of {name} has no labels. Remove it, or label it."
        for doc_id, name in sorted(splits.items())
        if doc_id not in labelled
    ]
    problems += [
        f"{path}: {doc_id} is in no split. Run 'framing labels split --write'."
        for doc_id in sorted(labelled.keys() - splits.keys())
    ]
    settings = {d: row.setting for d, row in labelled.items() if row.collection == AUTHORED}
    problems += _spread(path, "setting", settings, splits)
    problems += _spread(path, "pair", {d: row.pair for d, row in labelled.items()}, splits)
    problems += _spread(path, "text", {d: row.sha256 for d, row in labelled.items()}, splits)
    return problems


def _spread(
    path: Path, kind: str, values: Mapping[str, str | None], splits: Mapping[str, str]
) -> Iterator[str]:
    """Yield a problem for each value (a setting, …) whose documents are in several splits."""
    by_value: dict[str, dict[str, str]] = {}
    for doc_id, value in sorted(values.items()):
        if value is not None and doc_id in splits:
            by_value.setdefault(value, {}).setdefault(splits[doc_id], doc_id)
    for value, examples in sorted(by_value.items()):
        if len(examples) > 1:
            places = " and ".join(f"{name} ({doc_id})" for name, doc_id in examples.items())
            named = f"{kind} {value!r}" if kind != "text" else "one text"
            yield f"{path}: {named} is in {places}. Keep it in one split."


def corpus_stats(corpus: Corpus) -> dict[str, object]:
    """Count documents, spans, devices and voices of the labels, and measure the authored texts.

    Everything comes from label rows, manifest and shipped texts, so it is the same whether other
    texts are attached or not; lengths in words are of spans whose words are shipped.
    """
    sources = corpus.manifest
    by_collection: dict[str, list[LabelRow]] = {}
    by_split: dict[str, list[LabelRow]] = {name: [] for name in SPLIT_NAMES}
    for doc_id, row in sorted(corpus.rows.items()):
        by_collection.setdefault(sources[doc_id].collection, []).append(row)
        if doc_id in corpus.splits:
            by_split[corpus.splits[doc_id]].append(row)
    collections: dict[str, object] = {}
    for name, rows in sorted(by_collection.items()):
        split_sizes = Counter(corpus.splits.get(row.doc_id) for row in rows)
        collections[name] = {
            **_counts(rows, corpus),
            "splits": {split: split_sizes[split] for split in SPLIT_NAMES},
        }
    return {
        "labels_version": corpus.version,
        "all": _counts(corpus.rows.values(), corpus),
        "collections": collections,
        "splits": {name: _counts(rows, corpus) for name, rows in by_split.items()},
        "authored": authored_figures(corpus),
    }


def format_stats(corpus: Corpus) -> str:
    """Return the counts as the content of `labels/stats.json`."""
    return _format(corpus_stats(corpus))


def format_all_figures(corpus: Corpus) -> str:
    """Return the counts, and under `at_hand` what is measured of all texts at hand, as JSON."""
    return _format(corpus_stats(corpus) | {"at_hand": figures_at_hand(corpus)})


def check_stats(corpus: Corpus, labels: Path) -> list[str]:
    """Return a problem if `labels/stats.json` is missing or holds other counts than the labels."""
    path = labels / STATS
    if path.exists() and path.read_text(encoding="utf-8") == format_stats(corpus):
        return []
    state = "not up to date" if path.exists() else "missing"
    return [f"{path}: {state}. Run 'framing labels stats --write'."]


def _format(figures: dict[str, object]) -> str:
    return msgspec.json.format(msgspec.json.encode(figures), indent=1).decode() + "\n"


def _counts(rows: Iterable[LabelRow], corpus: Corpus) -> dict[str, object]:
    rows = list(rows)
    spans = [span for row in rows for span in row.spans]
    n_without_spans = sum(not row.spans for row in rows)
    voices = _voice_counts(spans, corpus.taxonomy)
    return {
        "n_documents": len(rows),
        "n_without_spans": n_without_spans,
        "share_without_spans": _share(n_without_spans, len(rows)),
        "n_adjudicated": sum(row.adjudicated for row in rows),
        "n_spans": len(spans),
        "document_characters": _lengths(corpus.manifest[row.doc_id].n_characters for row in rows),
        "devices": {
            device: _device_counts(device, rows, corpus.taxonomy)
            for device in corpus.taxonomy.device_names
        },
        "voices": voices,
        "voice_shares": {voice: _share(n, len(spans)) for voice, n in voices.items()},
    }


def _device_counts(device: str, rows: Iterable[LabelRow], taxonomy: Taxonomy) -> dict[str, object]:
    by_document = [[span for span in row.spans if span.device == device] for row in rows]
    spans = [span for spans in by_document for span in spans]
    return {
        "n_spans": len(spans),
        "n_documents": sum(map(bool, by_document)),
        "voices": _voice_counts(spans, taxonomy),
        "span_characters": _lengths(span.end - span.start for span in spans),
        "span_words": _lengths(len(span.quote.split()) for span in spans if span.quote),
    }


def _voice_counts(spans: Iterable[SpanRow], taxonomy: Taxonomy) -> dict[str, int]:
    counts = Counter(span.voice for span in spans)
    return {voice: counts[voice] for voice in taxonomy.voice_names}


def _share(n: int, n_all: int) -> float | None:
    return round(n / n_all, 4) if n_all else None


def _lengths(lengths: Iterable[int]) -> dict[str, float] | None:
    """Return least, median and greatest length; None where there is none."""
    ordered = sorted(lengths)
    if not ordered:
        return None
    return {"min": ordered[0], "median": median(ordered), "max": ordered[-1]}
