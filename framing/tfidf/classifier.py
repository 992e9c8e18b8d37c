"""The baseline as a classifier: a few seconds to train, no library but numpy to score."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from framing.calibration import apply_sigmoid
from framing.classifier import Classifier
from framing.decoding import Candidate, grade, logit
from framing.errors import UsageError
from framing.model_folder import Calibration, ModelManifest, Thresholds
from framing.sentences import sentence_bounds
from framing.spans import Document, ScoredDocument
from framing.taxonomy import Taxonomy
from framing.tfidf.ngrams import F32, F64
from framing.tfidf.pieces import Piece, pieces
from framing.tfidf.reading import (
    document_raw,
    find_candidates,
    piece_ngrams,
    read_piece,
    squared_odds,
)
from framing.tfidf.voice_cues import Quotations
from framing.tfidf.weights import TfidfWeights, load_weights

N_EXPLAINED = 20

Explanation = tuple[str, int, int, float]
"""An n-gram as the text has it, its start and end, and what it adds to its sentence's log odds."""


class TfidfClassifier(Classifier):
    """Finds devices by the n-grams of sentences and clauses.

    Attributes:
        manifest: what the model is and how it was made.
        weights: its weights.
    """

    def __init__(self, weights: TfidfWeights, manifest: ModelManifest) -> None:
        self.manifest = manifest
        self.weights = weights
        self._floors = _raw_floors(manifest.taxonomy, manifest.thresholds, manifest.calibration)

    def score_documents(self, documents: Iterable[Document]) -> Iterator[ScoredDocument]:
        """Yield each document with its spans, in the order given, as soon as it is scored."""
        for document in documents:
            yield self._score(document)

    def explain(
        self, document: Document, device: str, limit: int = N_EXPLAINED
    ) -> list[Explanation]:
        """Return the n-grams that speak loudest for a device or against it, loudest first.

        Each occurrence stands for itself.

        Raises:
            UsageError: if the taxonomy has no such device.
        """
        names = self.manifest.taxonomy.device_names
        if device not in names:
            raise UsageError(f"{device}: unknown device. Expected one of: {', '.join(names)}.")
        found = (
            explanation
            for piece in pieces(document.text, sentence_bounds(document.text))
            for explanation in self._explain_piece(piece, names.index(device), limit)
        )
        return heapq.nlargest(limit, found, key=lambda explanation: abs(explanation[3]))

    def _score(self, document: Document) -> ScoredDocument:
        text, taxonomy = document.text, self.manifest.taxonomy
        sentences = sentence_bounds(text)
        quotations = Quotations.of(text)
        odds = np.zeros(len(taxonomy.devices))
        candidates: list[Candidate] = []
        for piece in pieces(text, sentences):
            reading = read_piece(piece, self.weights)
            odds += squared_odds(reading.logits)
            wanted = reading.logits >= self._floors
            candidates += find_candidates(reading, wanted, text, quotations, self.weights, taxonomy)
        spans, uncertain = grade(candidates, self.manifest.thresholds, self.manifest.calibration)
        return ScoredDocument(
            document,
            spans,
            device_scores=self._device_scores(document_raw(odds)),
            uncertain=uncertain,
            sentences=sentences,
        )

    def _device_scores(self, raw: F64) -> dict[str, float]:
        sigmoids = self.manifest.calibration.documents
        names = self.manifest.taxonomy.device_names
        return {
            name: float(apply_sigmoid(sigmoids[name], value))
            for name, value in zip(names, raw, strict=True)
        }

    def _explain_piece(self, piece: Piece, column: int, limit: int) -> list[Explanation]:
        ngrams, vocabulary = piece_ngrams(piece), self.weights.vocabulary
        features = vocabulary.weigh(ngrams, len(piece.sentences))
        contribution = features.values / features.counts
        contribution *= self.weights.sentence.weights[features.columns, column]
        known = vocabulary.column_of[ngrams.buckets]
        is_known = np.flatnonzero(known >= 0)
        keys = (ngrams.rows * len(vocabulary) + known)[is_known]
        places = np.searchsorted(features.rows * len(vocabulary) + features.columns, keys)
        values = contribution[places]
        loudest = np.argsort(-np.abs(values), kind="stable")[:limit]
        return [
            (piece.text[start:end], start + piece.start, end + piece.start, float(value))
            for start, end, value in zip(
                ngrams.starts[is_known][loudest].tolist(),
                ngrams.ends[is_known][loudest].tolist(),
                values[loudest],
                strict=True,
            )
        ]


def load_tfidf(folder: Path, manifest: ModelManifest) -> TfidfClassifier:
    """Load the baseline of a model folder.

    Raises:
        ModelError: if a file is missing or damaged, or the manifest does not belong to it.
    """
    return TfidfClassifier(load_weights(folder, manifest.taxonomy), manifest)


def _raw_floors(
    taxonomy: Taxonomy, thresholds: dict[str, Thresholds], calibration: Calibration
) -> F32:
    """Return the log odds of a sentence from which its spans can be uncertain, (n_devices,)."""
    floors = [
        (logit(thresholds[name].uncertain) - calibration.spans[name].intercept)
        / calibration.spans[name].slope
        for name in taxonomy.device_names
    ]
    # `grade` decides; the floor only spares it sentences that are out of reach.
    return np.array(floors, dtype=np.float32) - np.float32(1e-3)
