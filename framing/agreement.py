"""Annotators against each other: two layers of labels of the same documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from framing.errors import LabelsError
from framing.metrics import OverlapCounts, intersection_over_union, overlap_counts, voice_counts
from framing.rows import LabelRow
from framing.span_rules import labelled_spans
from framing.spans import LabelledSpan
from framing.taxonomy import Taxonomy

AGREED_IOU = 0.8
MICRO = "micro"
ALL = "all"
Kind = Literal["agreed", "voice", "edges", "only_first", "only_second"]


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
    """

    collection: str
    device: str
    n_documents: int
    n_first: int
    n_second: int
    f1: float | None
    n_matched: int
    voice: float | None


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
) -> list[AgreementRow]:
    """Compare two layers on the documents that both hold: each device and micro, each collection.

    Args:
        first: label rows by document id.
        second: label rows by document id.
        collections: collection of each document.
        taxonomy: the devices to compare.

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
    rows = []
    for collection in (ALL, *sorted(scopes.keys() - {ALL})):
        doc_ids = scopes[collection]
        pairs = [(labelled_spans(first[d].spans), labelled_spans(second[d].spans)) for d in doc_ids]
        tallies = {device: _tally(device, pairs) for device in taxonomy.device_names}
        tallies[MICRO] = sum(tallies.values(), _Tally())
        rows += [_row(collection, name, len(doc_ids), tally) for name, tally in tallies.items()]
    return rows


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


def _tally(
    device: str, pairs: Sequence[tuple[Sequence[LabelledSpan], Sequence[LabelledSpan]]]
) -> _Tally:
    total = _Tally()
    for first, second in pairs:
        gold = [span for span in first if span.device == device]
        predicted = [span for span in second if span.device == device]
        counts = overlap_counts(gold, predicted)
        total += _Tally(counts, len(gold), len(predicted), *voice_counts(gold, predicted))
    return total


def _row(collection: str, device: str, n_documents: int, tally: _Tally) -> AgreementRow:
    return AgreementRow(
        collection,
        device,
        n_documents,
        tally.n_first,
        tally.n_second,
        tally.counts.f1 if tally.n_first + tally.n_second else None,
        tally.n_matched,
        tally.n_same_voice / tally.n_matched if tally.n_matched else None,
    )
