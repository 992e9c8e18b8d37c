"""What the linear models learn from: sentences, clauses and spans with their targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from framing.sentences import sentence_bounds, sentence_index
from framing.spans import LabelledDocument, LabelledSpan, Span
from framing.taxonomy import Taxonomy
from framing.tfidf.ngrams import F32, Features, Mask, Vocabulary
from framing.tfidf.pieces import Piece, clause_text, pieces
from framing.tfidf.reading import clause_features, piece_ngrams
from framing.tfidf.voice_cues import Quotations, voice_cues

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class Sample:
    """A piece of a labelled document.

    Attributes:
        document: position of the document among those it comes with.
        text: the whole text of the document.
        spans: the gold spans in the piece and their bounds in it.
        targets: whether a sentence holds a device, shape (n_sentences, n_devices).
    """

    document: int
    text: str
    piece: Piece
    spans: tuple[tuple[LabelledSpan, Span], ...]
    targets: Mask


def samples(documents: Iterable[LabelledDocument], taxonomy: Taxonomy) -> list[Sample]:
    """Return the pieces of labelled documents; a sentence holds a device when a span touches it."""
    return [
        _sample(index, labelled, piece, taxonomy)
        for index, labelled in enumerate(documents)
        for piece in pieces(labelled.document.text, sentence_bounds(labelled.document.text))
    ]


def sentence_matrix(train: Sequence[Sample], vocabulary: Vocabulary) -> csr_matrix:
    """Return the TF-IDF of all sentences, shape (n_sentences, n_columns)."""
    return _stack(
        [
            vocabulary.weigh(piece_ngrams(sample.piece), len(sample.piece.sentences))
            for sample in train
        ],
        vocabulary,
    )


def clause_matrix(
    train: Sequence[Sample], vocabulary: Vocabulary, taxonomy: Taxonomy
) -> tuple[csr_matrix, Mask, Mask]:
    """Return the clauses of the sentences that hold a device.

    Returns:
        Their TF-IDF, shape (n_clauses, n_columns); whether half of a clause or more lies in a span
        of each device, and whether its sentence holds the device: shape (n_clauses, n_devices).
    """
    features, belongs, holds = [], [], []
    for sample in train:
        clauses = clause_text(sample.piece, np.flatnonzero(sample.targets.any(axis=1)).tolist())
        features.append(clause_features(clauses, vocabulary))
        belongs.append(_in_spans(sample, clauses.clauses, taxonomy))
        holds.append(sample.targets[clauses.rows])
    return _stack(features, vocabulary), np.concatenate(belongs), np.concatenate(holds)


def voice_matrix(
    train: Sequence[Sample], vocabulary: Vocabulary
) -> tuple[csr_matrix, F32, list[str]]:
    """Return for each gold span the TF-IDF of its sentence, its cues, and its voice."""
    from scipy.sparse import vstack

    matrices, cues, voices = [], [], []
    for sample in train:
        piece = sample.piece
        rows = [sentence_index(piece.sentences, local.start) for _, local in sample.spans]
        found = vocabulary.weigh(piece_ngrams(piece), len(piece.sentences))
        matrices.append(_stack([found], vocabulary)[rows])
        sentences = [_shifted(piece.sentences[row], piece.start) for row in rows]
        spans = [_shifted(local, piece.start) for _, local in sample.spans]
        cues.append(voice_cues(sample.text, Quotations.of(sample.text), spans, sentences))
        voices += [span.voice for span, _ in sample.spans]
    return vstack(matrices).tocsr(), np.concatenate(cues), voices


def _sample(index: int, labelled: LabelledDocument, piece: Piece, taxonomy: Taxonomy) -> Sample:
    placed = [(span, piece.local(span)) for span in labelled.spans]
    spans = tuple((span, local) for span, local in placed if local is not None)
    targets = np.zeros((len(piece.sentences), len(taxonomy.devices)), dtype=bool)
    for span, local in spans:
        first = sentence_index(piece.sentences, local.start)
        last = sentence_index(piece.sentences, local.end - 1)
        targets[first : last + 1, taxonomy.device_names.index(span.device)] = True
    return Sample(index, labelled.document.text, piece, spans, targets)


def _in_spans(sample: Sample, clauses: Sequence[Span], taxonomy: Taxonomy) -> Mask:
    """Return whether half of each clause, white space at its end left out, lies in a span."""
    n_shared = np.zeros((len(clauses), len(taxonomy.devices)))
    words = [sample.piece.text[clause.start : clause.end].rstrip() for clause in clauses]
    for span, local in sample.spans:
        column = taxonomy.device_names.index(span.device)
        n_shared[:, column] += [clause.overlap(local) for clause in clauses]
    lengths = np.array([max(1, len(word)) for word in words])
    belongs: Mask = 2 * n_shared >= lengths.reshape(-1, 1)
    return belongs


def _stack(features: Sequence[Features], vocabulary: Vocabulary) -> csr_matrix:
    from scipy.sparse import csr_matrix

    sizes = [np.diff(found.bounds) for found in features]
    bounds = np.concatenate(([0], np.cumsum(np.concatenate([np.zeros(0, dtype=int), *sizes]))))
    empty: npt.NDArray[np.float32] = np.zeros(0, dtype=np.float32)
    values = np.concatenate([empty, *(found.values for found in features)])
    columns = np.concatenate([empty.astype(int), *(found.columns for found in features)])
    return csr_matrix((values, columns, bounds), shape=(len(bounds) - 1, len(vocabulary)))


def _shifted(span: Span, offset: int) -> Span:
    return Span(span.start + offset, span.end + offset)
