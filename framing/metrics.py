"""Gold spans against predicted spans: counts of one device in one document, and their sums.

Counts are made device by device and document by document and then added up, over documents for
the figure of a device and over devices too for the micro average.
Sentences are bounds in order and without overlap, as `sentence_bounds` returns them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from operator import add, attrgetter

import numpy as np
import numpy.typing as npt

from framing.spans import LabelledSpan, Span, merge_spans

Floats = npt.NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""From how often each document is drawn [n_resamples, n_documents] to figures [n_resamples]."""

MATCH_IOU = 0.5
LEVEL = 0.95
N_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class OverlapCounts:
    """Credit for predicted and for gold units (spans, sentences, documents), and their numbers.

    Counts of several documents or devices are added with `+`; the default is the neutral element.

    Attributes:
        precision_sum: credit of the predicted units, each in [0, 1].
        n_predicted: number of predicted units.
        recall_sum: credit of the gold units, each in [0, 1].
        n_gold: number of gold units.

    >>> OverlapCounts(1.0, 2, 1.0, 1).f1
    0.6666666666666666
    """

    precision_sum: float = 0.0
    n_predicted: int = 0
    recall_sum: float = 0.0
    n_gold: int = 0

    def __add__(self, other: OverlapCounts) -> OverlapCounts:
        return OverlapCounts(*map(add, self.row, other.row))

    @property
    def precision(self) -> float:
        """Mean credit of a predicted unit; 0.0 where nothing is predicted."""
        return self.precision_sum / self.n_predicted if self.n_predicted else 0.0

    @property
    def recall(self) -> float:
        """Mean credit of a gold unit; 0.0 where there is no gold unit."""
        return self.recall_sum / self.n_gold if self.n_gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0.0 where both are (so also at zero support)."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    @property
    def row(self) -> tuple[float, int, float, int]:
        """The four numbers in the order that `precision`, `recall` and `f1` take from arrays."""
        return (self.precision_sum, self.n_predicted, self.recall_sum, self.n_gold)


def overlap_counts(gold: Iterable[Span], predicted: Iterable[Span]) -> OverlapCounts:
    """Count partial matches of one device in one document.

    A predicted span s earns the share of its characters that lie in gold, a gold span t the share
    that was found: with i shared characters, precision = Σ i/|s| ÷ number of predicted spans,
    recall = Σ i/|t| ÷ number of gold spans, over all pairs. Overlapping spans of a side are merged
    first, so that no character counts twice.

    Source: Da San Martino et al. 2020 (SemEval-2020 Task 11), measure of span identification;
    Da San Martino et al. 2019, the same with labels.

    >>> overlap_counts(gold=[Span(0, 10)], predicted=[Span(5, 25)])
    OverlapCounts(precision_sum=0.25, n_predicted=1, recall_sum=0.5, n_gold=1)
    """
    merged_gold, merged_predicted = merge_spans(gold), merge_spans(predicted)
    precision_sum = recall_sum = 0.0
    for target, span, shared in _overlaps(merged_gold, merged_predicted):
        precision_sum += shared / len(span)
        recall_sum += shared / len(target)
    return OverlapCounts(precision_sum, len(merged_predicted), recall_sum, len(merged_gold))


def exact_counts(gold: Iterable[Span], predicted: Iterable[Span]) -> OverlapCounts:
    """Count spans of one device in one document with the same two ends on both sides.

    Spans are not merged; two with the same ends are one, whatever their voices.
    Source: Tjong Kim Sang and De Meulder 2003 (CoNLL), exact match.
    """
    return set_counts(
        {(span.start, span.end) for span in gold}, {(span.start, span.end) for span in predicted}
    )


def set_counts(gold: AbstractSet[object], predicted: AbstractSet[object]) -> OverlapCounts:
    """Count the members of two sets: credit 1 for each that stands in both, else 0.

    Source: van Rijsbergen 1979, chapter 7 (precision and recall of sets).
    """
    n_common = len(gold & predicted)
    return OverlapCounts(n_common, len(predicted), n_common, len(gold))


def touched_sentences(sentences: Sequence[Span], spans: Iterable[Span]) -> set[int]:
    """Return the indices of the sentences that share a character with a span."""
    return {index for span in spans for index in _touched(sentences, span)}


def sentence_scores(sentences: Sequence[Span], spans: Iterable[LabelledSpan]) -> Floats:
    """Return for each sentence the greatest score of a span that touches it, else 0.0."""
    scores = np.zeros(len(sentences))
    for span in spans:
        for index in _touched(sentences, span):
            scores[index] = max(scores[index], span.score or 0.0)
    return scores


def sentence_counts(
    sentences: Sequence[Span], gold: Iterable[Span], predicted: Iterable[Span]
) -> OverlapCounts:
    """Count the sentences that spans of one device touch, in gold and predicted.

    Source: Da San Martino et al. 2019, sentence-level classification.
    """
    return set_counts(touched_sentences(sentences, gold), touched_sentences(sentences, predicted))


def false_alarm_counts(
    sentences: Sequence[Span], gold: Iterable[Span], predicted: Iterable[Span]
) -> tuple[int, int]:
    """Count neutral sentences that a predicted span touches, and neutral sentences.

    A sentence is neutral when no gold span of any device touches it.

    Args:
        sentences: bounds of the document's sentences.
        gold: gold spans of all devices.
        predicted: predicted spans of the device in question, or of all.
    """
    neutral = set(range(len(sentences))) - touched_sentences(sentences, gold)
    return len(neutral & touched_sentences(sentences, predicted)), len(neutral)


def voice_counts(
    gold: Iterable[LabelledSpan], predicted: Sequence[LabelledSpan]
) -> tuple[int, int]:
    """Count matched spans of one device whose voices agree, and matched spans.

    A gold span is matched when the predicted span with the greatest overlap (the shorter of two
    equal ones) has an intersection over union of at least 0.5 with it.
    """
    n_correct = n_matched = 0
    for target in gold:
        span = max(predicted, key=lambda span: (target.overlap(span), -len(span)), default=None)
        if span is not None and intersection_over_union(target, span) >= MATCH_IOU:
            n_matched += 1
            n_correct += span.voice == target.voice
    return n_correct, n_matched


def intersection_over_union(first: Span, second: Span) -> float:
    """Return shared characters ÷ characters of either, in [0, 1]. Source: Jaccard 1912."""
    shared = first.overlap(second)
    return shared / (len(first) + len(second) - shared)


def is_correct(gold: Iterable[Span], span: Span) -> bool:
    """Tell whether at least half of a predicted span lies in gold spans of its device.

    This is the event whose probability `span.score` states: calibration is fitted and judged by it.
    """
    return 2 * sum(span.overlap(target) for target in merge_spans(gold)) >= len(span)


def precision(totals: Floats) -> Floats:
    """Return the precision of rows of counts [..., 4]; NaN where nothing is predicted."""
    return ratio(totals[..., :2])


def recall(totals: Floats) -> Floats:
    """Return the recall of rows of counts [..., 4]; NaN where there is no gold."""
    return ratio(totals[..., 2:])


def f1(totals: Floats) -> Floats:
    """Return F1 of rows of counts [..., 4]; NaN where there is neither gold nor a prediction."""
    both = np.nan_to_num(precision(totals)), np.nan_to_num(recall(totals))
    n_units = totals[..., 1] + totals[..., 3]
    harmonic = ratio(np.stack([2 * both[0] * both[1], both[0] + both[1]], axis=-1))
    supported: Floats = np.where(n_units > 0, np.nan_to_num(harmonic), np.nan)
    return supported


def ratio(totals: Floats) -> Floats:
    """Return first ÷ second of rows [..., 2]; NaN where the second is 0."""
    above, below = totals[..., 0], totals[..., 1]
    quotient: Floats = np.divide(above, below, out=np.full(below.shape, np.nan), where=below > 0)
    return quotient


def average_precision(
    document_indices: npt.NDArray[np.int64], scores: Floats, gold: npt.NDArray[np.bool_]
) -> Statistic:
    """Make the statistic AP = Σ (Rₙ - Rₙ₋₁) Pₙ over sentences, sentences of one score in one step.

    Of each sentence [n_sentences] it takes the document (from 0), the score by `sentence_scores`,
    and whether a gold span touches it. It is NaN where no sentence of the documents drawn is gold.
    Source: Manning, Raghavan and Schütze 2008, section 8.4; ties as in scikit-learn.
    """
    # Most sentences score 0: those of one document and score are counted together.
    keys, inverse = np.unique(np.stack([-scores, document_indices]), axis=1, return_inverse=True)
    n_sentences = np.bincount(inverse.ravel(), minlength=keys.shape[1])
    n_gold = np.bincount(inverse.ravel(), weights=gold, minlength=keys.shape[1])
    step_ends = np.flatnonzero(np.diff(keys[0], append=np.inf))

    def statistic(weights: Floats) -> Floats:
        drawn = weights[:, keys[1].astype(np.int64)]
        found = np.cumsum(drawn * n_gold, axis=1)[:, step_ends]
        above = np.cumsum(drawn * n_sentences, axis=1)[:, step_ends]
        step_precision = np.nan_to_num(ratio(np.stack([found, above], axis=-1)))
        gained = np.sum(np.diff(found, prepend=0.0, axis=1) * step_precision, axis=1)
        return ratio(np.stack([gained, drawn @ n_gold], axis=-1))

    return statistic


def bootstrap_weights(n_documents: int, seed: int, n_resamples: int = N_RESAMPLES) -> Floats:
    """Draw documents with replacement; return how often each is drawn [n_resamples, n_documents].

    Source: Efron and Tibshirani 1993, chapter 6; documents are the unit because spans of one
    document are not independent.
    """
    generator = np.random.default_rng(seed)
    shares = np.full(n_documents, 1 / n_documents)
    return generator.multinomial(n_documents, shares, size=n_resamples).astype(np.float64)


def bootstrap_interval(statistic: Statistic, weights: Floats) -> tuple[float, float] | None:
    """Return the 95 % percentile bootstrap interval of a statistic over documents.

    Weights are those of `bootstrap_weights`. Resamples without support (NaN) are left out; the
    interval is None where no resample has support, or there are fewer than two documents.
    Source: Efron and Tibshirani 1993, section 13.3.
    """
    if weights.shape[1] < 2:
        return None
    values = np.concatenate([statistic(part) for part in np.array_split(weights, 8)])
    return _percentiles(values)


@dataclass(frozen=True, slots=True)
class Difference:
    """Second model minus first, over the same documents.

    Attributes:
        value: difference of the two figures.
        interval: ends of the paired percentile bootstrap interval; None below two documents.
        p_value: chance, if the models were exchangeable, of a difference at least this large.
    """

    value: float
    interval: tuple[float, float] | None
    p_value: float


def paired_difference(
    figure: Callable[[Floats], Floats], first: Floats, second: Floats, weights: Floats, seed: int
) -> Difference | None:
    """Compare two models over the same documents.

    Source: paired bootstrap, Efron and Tibshirani 1993; approximate randomisation, Noreen 1989 and
    Yeh 2000: the two models' counts of a document are swapped at random, and
    p = (1 + number of differences as large) ÷ (1 + number of swaps).

    Args:
        figure: `precision`, `recall`, `f1` or `ratio`.
        first: [n_documents, k] counts of the first model.
        second: [n_documents, k] counts of the second.
        weights: by `bootstrap_weights`, [n_resamples, n_documents]; as many swaps are tried.
        seed: of the swaps.

    Returns:
        The difference; None where one of the figures has no support.
    """
    value = float(figure(second.sum(axis=0)) - figure(first.sum(axis=0)))
    if np.isnan(value):
        return None
    resampled = figure(weights @ second) - figure(weights @ first)
    swaps = np.random.default_rng(seed).integers(0, 2, size=weights.shape).astype(np.float64)
    moved = swaps @ (second - first)
    swapped = figure(second.sum(axis=0) - moved) - figure(first.sum(axis=0) + moved)
    n_as_large = int(np.sum(np.abs(swapped) >= abs(value) - 1e-12))
    interval = _percentiles(resampled) if len(first) > 1 else None
    return Difference(value, interval, (1 + n_as_large) / (1 + len(swaps)))


def _percentiles(values: Floats) -> tuple[float, float] | None:
    values = values[~np.isnan(values)]
    if not len(values):
        return None
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _overlaps(gold: Sequence[Span], predicted: Sequence[Span]) -> Iterator[tuple[Span, Span, int]]:
    """Yield the pairs of two merged lists that share characters."""
    g = p = 0
    while g < len(gold) and p < len(predicted):
        if shared := gold[g].overlap(predicted[p]):
            yield gold[g], predicted[p], shared
        if gold[g].end <= predicted[p].end:
            g += 1
        else:
            p += 1


def _touched(sentences: Sequence[Span], span: Span) -> range:
    first = bisect_right(sentences, span.start, key=attrgetter("end"))
    return range(first, bisect_left(sentences, span.end, key=attrgetter("start")))
