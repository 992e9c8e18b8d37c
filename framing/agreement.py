"""Annotators against each other: two layers of labels of the same documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from framing.corpus import read_text
from framing.errors import LabelsError
from framing.metrics import (
    OverlapCounts,
    intersection_over_union,
    overlap_counts,
    touched_sentences,
    voice_counts,
)
from framing.rows import LabelRow, ManifestRow
from framing.sentences import sentence_bounds
from framing.span_rules import labelled_spans
from framing.spans import LabelledSpan, Span
from framing.taxonomy import Taxonomy

AGREED_IOU = 0.8
MICRO = "micro"
ALL = "all"
Kind = Literal["agreed", "voice", "edges", "only_first", "only_second"]
LayerSpans: TypeAlias = tuple[Sequence[LabelledSpan], ...]
"""Spans of one document, layer by layer."""


@dataclass(frozen=True)
class SpanPair:
    """A span of the first layer and its counterpart of the second, or one that has none.

    Attributes:
        kind: `agreed` (intersection over union of at least 0.8, same voice), `voice` (as much,
            another voice), `edges` (less), `only_first` or `only_second`.
    """

    kind: Kind
    first: LabelledSpan | None
    second: LabelledSpan | None


@dataclass(frozen=True)
class AgreementRow:
    """How far two layers agree on one device (or `micro`) in one collection (or `all`).

    Attributes:
        n_documents: documents that both layers label.
        n_first: spans of the first layer.
        n_second: spans of the second layer.
        f1: overlap F1 in [0, 1], the same whichever layer is gold; None where neither has a span.
        n_matched: spans of the first layer with a counterpart of at least half their union.
        voice: share in [0, 1] of the matched spans with the same voice; None where none is matched.
        n_with_text: documents of `n_documents` whose text is at hand; alpha rests on them alone.
        alpha: Krippendorff's alpha, at most 1; the unit is a sentence, the value whether a span of
            the device touches it (`micro`: a unit is a sentence and a device). None where there are
            no sentences, or all of them have one value.
    """

    collection: str
    device: str
    n_documents: int
    n_first: int
    n_second: int
    f1: float | None
    n_matched: int
    voice: float | None
    n_with_text: int
    alpha: float | None


@dataclass(frozen=True)
class _Tally:
    counts: OverlapCounts = field(default_factory=OverlapCounts)
    n_first: int = 0
    n_second: int = 0
    n_same_voice: int = 0
    n_matched: int = 0

    def __add__(self, other: _Tally) -> _Tally:
        return _Tally(
            self.counts + other.counts,
            self.n_first + other.n_first,
            self.n_second + other.n_second,
            self.n_same_voice + other.n_same_voice,
            self.n_matched + other.n_matched,
        )


def compute_agreement(
    first: Mapping[str, LabelRow],
    second: Mapping[str, LabelRow],
    collections: Mapping[str, str],
    taxonomy: Taxonomy,
    sentences: Mapping[str, Sequence[Span]],
) -> list[AgreementRow]:
    """Compare two layers on the documents that both hold: each device and micro, each collection.

    Args:
        first: label rows by document id.
        second: label rows by document id.
        collections: collection of each document.
        taxonomy: the devices to compare.
        sentences: bounds of the sentences of each document whose text is at hand.

    Returns:
        Rows of all collections together first, then of each one.

    Raises:
        LabelsError: if the layers share no document, label different texts, or hold a document of
            no collection.
    """
    shared = shared_documents(first, second)
    unknown = [doc_id for doc_id in shared if doc_id not in collections]
    if unknown:
        raise LabelsError([f"{doc_id} is not in the manifest. Add it there." for doc_id in unknown])
    scopes = {ALL: shared}
    for doc_id in shared:
        scopes.setdefault(collections[doc_id], []).append(doc_id)
    documents = {
        doc_id: (labelled_spans(first[doc_id].spans), labelled_spans(second[doc_id].spans))
        for doc_id in shared
    }
    rows: list[AgreementRow] = []
    for collection in (ALL, *sorted(scopes.keys() - {ALL})):
        in_scope = {doc_id: documents[doc_id] for doc_id in scopes[collection]}
        rows += _collection_rows(collection, in_scope, taxonomy, sentences)
    return rows


def nominal_alpha(units: Iterable[Sequence[Hashable | None]]) -> float | None:
    """Return Krippendorff's alpha of nominal values.

    1 is perfect agreement, 0 what chance gives, less is systematic disagreement. Source:
    Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section C, in the form
    1 - (n-1)(n - Σ o_cc) / (n² - Σ n_c²).

    Args:
        units: for each unit the values of its annotators; None is a missing one. A unit with fewer
            than two values does not count.

    Returns:
        At most 1.0; None where no value can be paired, or all are the same.

    >>> nominal_alpha([("a", "a"), ("b", "b"), ("a", "b"), ("b", None)])
    0.4444444444444444
    """
    totals: Counter[Hashable] = Counter()
    n_agreeing = 0.0
    for unit in units:
        values = Counter(value for value in unit if value is not None)
        n_values = values.total()
        if n_values > 1:
            totals += values
            n_agreeing += sum(n * (n - 1) for n in values.values()) / (n_values - 1)
    n = totals.total()
    n_disagreeing_by_chance = n**2 - sum(count**2 for count in totals.values())
    if not n_disagreeing_by_chance:
        return None
    return 1 - (n - 1) * (n - n_agreeing) / n_disagreeing_by_chance


def sentence_values(
    device: str, layers: LayerSpans, sentences: Sequence[Span]
) -> Iterator[tuple[bool, ...]]:
    """Yield for each sentence whether a span of a device touches it, layer by layer."""
    touched = [
        touched_sentences(sentences, (span for span in spans if span.device == device))
        for spans in layers
    ]
    return (tuple(index in each for each in touched) for index in range(len(sentences)))


def shared_sentences(
    first: Mapping[str, LabelRow],
    second: Mapping[str, LabelRow],
    manifest: Mapping[str, ManifestRow],
    seeds: Path,
) -> dict[str, tuple[Span, ...]]:
    """Return the sentences of each document that two layers share and whose text is at hand.

    Raises:
        LabelsError: as `shared_documents` and `read_text`.
    """
    sentences = {}
    for doc_id in shared_documents(first, second):
        source = manifest.get(doc_id)
        # A text that is not the one that was labelled is as good as none.
        if source is not None and source.sha256 == first[doc_id].sha256:
            text = read_text(seeds, source)
            if text is not None:
                sentences[doc_id] = sentence_bounds(text)
    return sentences


def shared_documents(first: Mapping[str, LabelRow], second: Mapping[str, LabelRow]) -> list[str]:
    """Return the ids of the documents that both layers label, sorted.

    Raises:
        LabelsError: if there is none, or the two label different texts of one id.
    """
    shared = sorted(first.keys() & second.keys())
    if not shared:
        raise LabelsError(["The two layers share no document. Expected labels of the same ones."])
    changed = [doc_id for doc_id in shared if first[doc_id].sha256 != second[doc_id].sha256]
    if changed:
        raise LabelsError([f"{doc_id}: the layers label different texts." for doc_id in changed])
    return shared


def document_pairs(
    first: Mapping[str, LabelRow], second: Mapping[str, LabelRow]
) -> dict[str, list[SpanPair]]:
    """Return the paired spans of each document that two layers share.

    Raises:
        LabelsError: as `shared_documents`.
    """
    return {
        doc_id: pair_spans(
            labelled_spans(first[doc_id].spans), labelled_spans(second[doc_id].spans)
        )
        for doc_id in shared_documents(first, second)
    }


def pair_spans(first: Iterable[LabelledSpan], second: Iterable[LabelledSpan]) -> list[SpanPair]:
    """Pair the spans of two annotators, device by device, and list them in order of place.

    Each span has one counterpart at most; pairs with the greatest intersection over union are made
    first.
    """
    left, right = set(first), set(second)
    candidates = sorted(
        (-intersection_over_union(one, other), one, other)
        for one in left
        for other in right
        if one.device == other.device and one.overlap(other)
    )
    pairs = []
    for negative_iou, one, other in candidates:
        if one in left and other in right:
            left.remove(one)
            right.remove(other)
            pairs.append(SpanPair(_kind(-negative_iou, one, other), one, other))
    pairs += [SpanPair("only_first", span, None) for span in left]
    pairs += [SpanPair("only_second", None, span) for span in right]
    return sorted(pairs, key=_place)


def _kind(iou: float, first: LabelledSpan, second: LabelledSpan) -> Kind:
    if iou < AGREED_IOU:
        return "edges"
    return "agreed" if first.voice == second.voice else "voice"


def _place(pair: SpanPair) -> LabelledSpan:
    span = pair.first or pair.second
    assert span is not None
    return span


def _collection_rows(
    collection: str,
    documents: Mapping[str, LayerSpans],
    taxonomy: Taxonomy,
    sentences: Mapping[str, Sequence[Span]],
) -> Iterator[AgreementRow]:
    """Yield the row of each device and of `micro` over the documents of a collection."""
    n_with_text = len(documents.keys() & sentences.keys())
    total = _Tally()
    all_units: list[tuple[bool, ...]] = []
    for device in taxonomy.device_names:
        tally = _tally(device, documents.values())
        units = [
            unit
            for doc_id, layers in documents.items()
            for unit in sentence_values(device, layers, sentences.get(doc_id, ()))
        ]
        total += tally
        all_units += units
        yield _row(collection, device, len(documents), tally, n_with_text, units)
    yield _row(collection, MICRO, len(documents), total, n_with_text, all_units)


def _tally(device: str, documents: Iterable[LayerSpans]) -> _Tally:
    total = _Tally()
    for first, second in documents:
        gold = [span for span in first if span.device == device]
        predicted = [span for span in second if span.device == device]
        counts = overlap_counts(gold, predicted)
        total += _Tally(counts, len(gold), len(predicted), *voice_counts(gold, predicted))
    return total


def _row(
    collection: str,
    device: str,
    n_documents: int,
    tally: _Tally,
    n_with_text: int,
    units: Iterable[tuple[bool, ...]],
) -> AgreementRow:
    return AgreementRow(
        collection,
        device,
        n_documents,
        tally.n_first,
        tally.n_second,
        tally.counts.f1 if tally.n_first + tally.n_second else None,
        tally.n_matched,
        tally.n_same_voice / tally.n_matched if tally.n_matched else None,
        n_with_text,
        nominal_alpha(units),
    )
