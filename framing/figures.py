"""Figures of one model on a group of documents, each with its support and its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from framing import metrics
from framing.calibration import (
    ReliabilityBin,
    RiskPoint,
    expected_calibration_error,
    reliability_bins,
    risk_coverage,
)
from framing.metrics import Floats, OverlapCounts, Statistic
from framing.spans import LabelledDocument, LabelledSpan, ScoredDocument, Span

MICRO = "micro"
_MATCHES = ("overlap", "exact", "sentence", "document")


class Figure(msgspec.Struct, frozen=True):
    """A figure and the ends of its 95 % interval; None where there is no support."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


class MatchFigures(msgspec.Struct, frozen=True):
    """Precision, recall and F1 by one way of matching, and how many units there are."""

    precision: Figure
    recall: Figure
    f1: Figure
    n_gold: int
    n_predicted: int


class DeviceFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Every figure of one device, or of all devices together (micro average).

    Attributes:
        overlap: partial matches of spans, `metrics.overlap_counts`.
        exact: spans with the same ends.
        sentence: sentences that a span touches.
        document: documents that hold a span.
        n_matched: matched spans that `voice_accuracy` is the share of.
        average_precision: by sentence; scores of reported and of uncertain spans.
        n_scored: reported and uncertain spans with a score, which the calibration is judged by.
        expected_calibration_error: over 15 bins of equal mass; without an interval, as resampling
            makes it greater.
        false_alarms: neutral sentences touched by a predicted span, in 1,000 neutral sentences; a
            sentence is neutral when no gold span of any device touches it.
        false_alarms_in_neutral_documents: the same in documents without any gold span.
    """

    overlap: MatchFigures
    exact: MatchFigures
    sentence: MatchFigures
    document: MatchFigures
    voice_accuracy: Figure
    n_matched: int
    average_precision: Figure
    n_scored: int
    expected_calibration_error: Figure
    brier_score: Figure
    reliability: tuple[ReliabilityBin, ...]
    risk_coverage: tuple[RiskPoint, ...]
    false_alarms: Figure
    n_neutral_sentences: int
    false_alarms_in_neutral_documents: Figure
    n_sentences_of_neutral_documents: int


class GroupFigures(msgspec.Struct, frozen=True):
    """Figures of one model on one group of documents: 'all', 'authored' or 'real' (all others).

    Attributes:
        n_spans: gold spans; those of one device with the same two ends count once.
    """

    n_documents: int
    n_spans: int
    micro: DeviceFigures
    devices: dict[str, DeviceFigures]


@dataclass(frozen=True)
class DocumentCounts:
    """Gold against predicted spans of one device, or of all devices, in one document.

    Attributes:
        voice: matched spans of the right voice, and matched spans.
        alarms: neutral sentences touched, and neutral sentences.
        neutral_alarms: the same if the document holds no gold span, else 0 and 0.
        sentence_scores: [n_sentences] by `metrics.sentence_scores`.
        sentence_gold: [n_sentences] whether a gold span touches the sentence.
        span_scores: score of each span that has one, uncertain ones as well.
        span_correct: for each of these, whether it is correct (`metrics.is_correct`).
    """

    overlap: OverlapCounts
    exact: OverlapCounts
    sentence: OverlapCounts
    document: OverlapCounts
    voice: tuple[int, int]
    alarms: tuple[int, int]
    neutral_alarms: tuple[int, int]
    sentence_scores: tuple[float, ...]
    sentence_gold: tuple[bool, ...]
    span_scores: tuple[float, ...]
    span_correct: tuple[bool, ...]


def count_device(
    gold: LabelledDocument, predicted: ScoredDocument, sentences: Sequence[Span], device: str
) -> DocumentCounts:
    """Count what a model found of one device in one document."""
    gold_spans, spans = gold.spans_of(device), predicted.spans_of(device)
    scored = [*spans, *(span for span in predicted.uncertain if span.device == device)]
    touched = metrics.touched_sentences(sentences, gold_spans)
    alarms, neutral_alarms = _alarms(gold, spans, sentences)
    judged = [span for span in scored if span.score is not None]
    return DocumentCounts(
        overlap=metrics.overlap_counts(gold_spans, spans),
        exact=metrics.exact_counts(gold_spans, spans),
        sentence=metrics.sentence_counts(sentences, gold_spans, spans),
        document=metrics.set_counts({0} if gold_spans else set(), {0} if spans else set()),
        voice=metrics.voice_counts(gold_spans, [span for span in spans if span.voice]),
        alarms=alarms,
        neutral_alarms=neutral_alarms,
        sentence_scores=tuple(metrics.sentence_scores(sentences, scored)),
        sentence_gold=tuple(index in touched for index in range(len(sentences))),
        span_scores=tuple(span.score for span in judged if span.score is not None),
        span_correct=tuple(metrics.is_correct(gold_spans, span) for span in judged),
    )


def count_document(
    gold: LabelledDocument,
    predicted: ScoredDocument,
    sentences: Sequence[Span],
    devices: Sequence[str],
) -> dict[str | None, DocumentCounts]:
    """Count what a model found of each device in one document, and of all (under None).

    All is the sum of the devices, but for alarms, where a sentence counts once.
    """
    parts = [count_device(gold, predicted, sentences, device) for device in devices]
    spans = [span for span in predicted.spans if span.device in devices]
    alarms, neutral_alarms = _alarms(gold, spans, sentences)
    return {**dict(zip(devices, parts, strict=True)), None: _micro(parts, alarms, neutral_alarms)}


def group_figures(
    counts: Sequence[dict[str | None, DocumentCounts]], weights: Floats, scored: bool
) -> GroupFigures:
    """Add up the counts of a group of documents.

    Args:
        counts: by `count_document`, of each document.
        weights: by `metrics.bootstrap_weights`, [n_resamples, n_documents].
        scored: whether the spans have scores; without them figures of scores have no value.
    """
    figures = {
        device: device_figures([document[device] for document in counts], weights, scored)
        for device in counts[0]
    }
    micro = figures.pop(None)
    devices = {str(device): figure for device, figure in figures.items()}
    return GroupFigures(len(counts), micro.exact.n_gold, micro, devices)


def device_figures(
    counts: Sequence[DocumentCounts], weights: Floats, scored: bool
) -> DeviceFigures:
    """Add up the counts of one device, or of all, over documents (arguments: `group_figures`)."""
    matches = {
        name: _match_figures([getattr(count, name) for count in counts], weights)
        for name in _MATCHES
    }
    rows = {
        name: np.array([getattr(count, name) for count in counts], dtype=np.float64)
        for name in ("voice", "alarms", "neutral_alarms")
    }
    thousand = {name: row * [1000.0, 1.0] for name, row in rows.items()}
    probabilities = [score for count in counts for score in count.span_scores]
    correct = [outcome for count in counts for outcome in count.span_correct]
    brier = [_brier_row(count) for count in counts]
    return DeviceFigures(
        **matches,
        voice_accuracy=_ratio_figure(rows["voice"], weights),
        n_matched=int(rows["voice"][:, 1].sum()),
        average_precision=_average_precision(counts, weights) if scored else Figure(),
        n_scored=len(probabilities),
        expected_calibration_error=Figure(expected_calibration_error(probabilities, correct)),
        brier_score=_ratio_figure(np.array(brier), weights),
        reliability=tuple(reliability_bins(probabilities, correct)),
        risk_coverage=tuple(risk_coverage(probabilities, correct)),
        false_alarms=_ratio_figure(thousand["alarms"], weights),
        n_neutral_sentences=int(rows["alarms"][:, 1].sum()),
        false_alarms_in_neutral_documents=_ratio_figure(thousand["neutral_alarms"], weights),
        n_sentences_of_neutral_documents=int(rows["neutral_alarms"][:, 1].sum()),
    )


def figure(statistic: Statistic, weights: Floats) -> Figure:
    """Return a statistic over the documents with its bootstrap interval; None at zero support."""
    value = float(statistic(np.ones((1, weights.shape[1])))[0])
    if np.isnan(value):
        return Figure()
    return Figure(value, *(metrics.bootstrap_interval(statistic, weights) or ()))


def _micro(
    parts: Sequence[DocumentCounts], alarms: tuple[int, int], neutral_alarms: tuple[int, int]
) -> DocumentCounts:
    return DocumentCounts(
        overlap=sum((part.overlap for part in parts), OverlapCounts()),
        exact=sum((part.exact for part in parts), OverlapCounts()),
        sentence=sum((part.sentence for part in parts), OverlapCounts()),
        document=sum((part.document for part in parts), OverlapCounts()),
        voice=(sum(part.voice[0] for part in parts), sum(part.voice[1] for part in parts)),
        alarms=alarms,
        neutral_alarms=neutral_alarms,
        sentence_scores=tuple(score for part in parts for score in part.sentence_scores),
        sentence_gold=tuple(touched for part in parts for touched in part.sentence_gold),
        span_scores=tuple(score for part in parts for score in part.span_scores),
        span_correct=tuple(outcome for part in parts for outcome in part.span_correct),
    )


def _match_figures(counts: Sequence[OverlapCounts], weights: Floats) -> MatchFigures:
    rows = np.array([count.row for count in counts], dtype=np.float64)
    return MatchFigures(
        precision=figure(lambda drawn: metrics.precision(drawn @ rows), weights),
        recall=figure(lambda drawn: metrics.recall(drawn @ rows), weights),
        f1=figure(lambda drawn: metrics.f1(drawn @ rows), weights),
        n_gold=int(rows[:, 3].sum()),
        n_predicted=int(rows[:, 1].sum()),
    )


def _ratio_figure(rows: Floats, weights: Floats) -> Figure:
    return figure(lambda drawn: metrics.ratio(drawn @ rows), weights)


def _average_precision(counts: Sequence[DocumentCounts], weights: Floats) -> Figure:
    indices = np.repeat(np.arange(len(counts)), [len(count.sentence_gold) for count in counts])
    scores = np.array([score for count in counts for score in count.sentence_scores], dtype=float)
    gold = np.array([touched for count in counts for touched in count.sentence_gold], dtype=bool)
    return figure(metrics.average_precision(indices, scores, gold), weights)


def _brier_row(counts: DocumentCounts) -> tuple[float, int]:
    """Return the sum of squared gaps and their number: the Brier score of one document."""
    pairs = zip(counts.span_scores, counts.span_correct, strict=True)
    return sum((score - outcome) ** 2 for score, outcome in pairs), len(counts.span_scores)


def _alarms(
    gold: LabelledDocument, spans: Sequence[LabelledSpan], sentences: Sequence[Span]
) -> tuple[tuple[int, int], tuple[int, int]]:
    alarms = metrics.false_alarm_counts(sentences, gold.spans, spans)
    return alarms, (0, 0) if gold.spans else alarms
