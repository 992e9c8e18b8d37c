"""From a piece of text to candidate spans: sentences, then clauses, then voices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from framing.decoding import Candidate, snap
from framing.spans import Span
from framing.taxonomy import Taxonomy
from framing.tfidf.ngrams import F32, F64, Features, Mask, NGrams, Vocabulary, count_ngrams
from framing.tfidf.pieces import ClauseText, Piece, clause_text
from framing.tfidf.voice_cues import Quotations, voice_cues
from framing.tfidf.weights import TfidfWeights

_NO_SENTENCE = 1e-18  # squared odds of a text without a word


@dataclass(frozen=True)
class Reading:
    """What the baseline sees in the sentences of a piece.

    Attributes:
        features: their TF-IDF.
        logits: log odds that each holds each device, shape (n_sentences, n_devices).
    """

    piece: Piece
    features: Features
    logits: F32


@dataclass(frozen=True)
class _Found:
    """A stretch of clauses: its place in the piece, its sentence and its device by position."""

    span: Span
    row: int
    column: int


def read_piece(piece: Piece, weights: TfidfWeights) -> Reading:
    """Judge the sentences of a piece."""
    features = weights.vocabulary.weigh(piece_ngrams(piece), len(piece.sentences))
    return Reading(piece, features, weights.sentence.logits(features))


def piece_ngrams(piece: Piece) -> NGrams:
    """Return the n-grams of the sentences of a piece."""
    return count_ngrams(piece.text, piece.sentences)


def squared_odds(logits: F32) -> F64:
    """Return the sum of the squared odds of sentences, shape (n_devices,)."""
    odds: F64 = np.exp(2 * np.minimum(logits.astype(np.float64), 300)).sum(axis=0)
    return odds


def document_raw(total: F64) -> F64:
    """Return the raw score of documents, given the sums of their sentences' squared odds.

    It is the logarithm of the Euclidean norm of the sentences' odds: close to the log odds of the
    strongest sentence, raised where several are strong.
    """
    raw: F64 = 0.5 * np.log(total + _NO_SENTENCE)
    return raw


def clause_features(clauses: ClauseText, vocabulary: Vocabulary) -> Features:
    """Return the TF-IDF of clauses."""
    ngrams = count_ngrams(clauses.text, clauses.text_sentences, clauses.text_clauses)
    return vocabulary.weigh(ngrams, len(clauses.clauses))


def find_candidates(
    reading: Reading,
    wanted: Mask,
    text: str,
    quotations: Quotations,
    weights: TfidfWeights,
    taxonomy: Taxonomy,
) -> list[Candidate]:
    """Return the spans of the sentences that are looked into.

    A span is a run of clauses that belong to it rather than not; where none does, the likeliest
    clause. Its raw score is the log odds of its sentence.

    Args:
        reading: the sentences of a piece.
        wanted: where to look, shape (n_sentences, n_devices).
        text: the whole text that the piece is from.
        quotations: of the whole text.
        weights: of the model.
        taxonomy: names the devices and voices.
    """
    rows = np.flatnonzero(wanted.any(axis=1))
    if not len(rows):
        return []
    clauses = clause_text(reading.piece, rows.tolist())
    logits = weights.clause.logits(clause_features(clauses, weights.vocabulary))
    found = list(_runs(reading.piece, clauses, logits, wanted, weights.inside))
    voices = _voice_probabilities(reading, found, text, quotations, weights)
    return [
        Candidate(
            span=_shifted(item.span, reading.piece.start),
            device=taxonomy.device_names[item.column],
            raw=float(reading.logits[item.row, item.column]),
            voice=taxonomy.voice_names[int(probabilities.argmax())],
            voice_score=float(probabilities.max()),
        )
        for item, probabilities in zip(found, voices, strict=True)
    ]


def _runs(
    piece: Piece, clauses: ClauseText, logits: F32, wanted: Mask, inside: F32
) -> Iterator[_Found]:
    """Yield the runs of neighbouring clauses of one sentence that belong to a span of a device."""
    firsts = np.flatnonzero(np.diff(clauses.rows, prepend=-1))
    best = np.maximum.reduceat(logits, firsts, axis=0)
    best = np.repeat(best, np.diff(firsts, append=len(clauses.rows)), axis=0)
    belongs = (logits >= np.minimum(inside, best)) & wanted[clauses.rows]
    columns, positions = np.nonzero(belongs.T)
    rows = clauses.rows[positions]
    is_first = (np.diff(positions, prepend=-2) != 1) | (np.diff(rows, prepend=-1) != 0)
    is_first |= np.diff(columns, prepend=-1) != 0
    is_last = np.concatenate((is_first[1:], [True]))
    runs = (columns[is_first], rows[is_first], positions[is_first], positions[is_last])
    for column, row, first, last in zip(*(array.tolist() for array in runs), strict=True):
        start, end = clauses.clauses[first].start, clauses.clauses[last].end
        span = snap(piece.text, piece.sentences[row], start, end)
        if span is not None:
            yield _Found(span, row, column)


def _voice_probabilities(
    reading: Reading,
    found: Sequence[_Found],
    text: str,
    quotations: Quotations,
    weights: TfidfWeights,
) -> F32:
    """Return the probability of each voice for each span, shape (n_found, n_voices)."""
    if not found:
        return np.zeros((0, len(weights.voice.bias)), dtype=np.float32)
    piece, rows = reading.piece, np.array([item.row for item in found])
    spans = [_shifted(item.span, piece.start) for item in found]
    sentences = [_shifted(piece.sentences[row], piece.start) for row in rows]
    cues = voice_cues(text, quotations, spans, sentences)
    logits = weights.voice.logits(reading.features.only(rows))[rows] + cues @ weights.cue
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: F32 = odds / odds.sum(axis=1, keepdims=True)
    return probabilities


def _shifted(span: Span, offset: int) -> Span:
    return Span(span.start + offset, span.end + offset)
