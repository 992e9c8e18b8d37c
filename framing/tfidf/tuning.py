"""Clauses, thresholds and calibration of a fitted baseline, chosen on held-out documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from framing.decoding import Candidate
from framing.spans import LabelledDocument
from framing.taxonomy import Taxonomy
from framing.tfidf.ngrams import F32, F64
from framing.tfidf.reading import document_raw, find_candidates, read_piece, squared_odds
from framing.tfidf.samples import Sample
from framing.tfidf.voice_cues import Quotations
from framing.tfidf.weights import TfidfWeights
from framing.tuning import Tuning, tune_setting, tuning_of

INSIDE = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0)
# Sentences that tuning looks into: this share, or this multiple of those that hold the device.
MIN_SHARE, MULTIPLE = 0.1, 3


def tune_weights(
    weights: TfidfWeights,
    dev: Sequence[Sample],
    documents: Sequence[LabelledDocument],
    taxonomy: Taxonomy,
) -> tuple[TfidfWeights, Tuning]:
    """Choose `inside` of each device by overlap F1, with the thresholds and calibration it takes.

    Args:
        weights: of the model; their own `inside` is not looked at.
        dev: samples of the held-out documents.
        documents: these documents.
        taxonomy: of the model.

    Returns:
        The weights with the new `inside`, all else as it was, and what was found with them.
    """
    logits = [read_piece(sample.piece, weights).logits for sample in dev]
    floors = _floors(logits, dev)
    found = {
        inside: _dev_candidates(weights, inside, dev, floors, len(documents), taxonomy)
        for inside in INSIDE
    }
    chosen = {device: tune_setting(found, documents, device) for device in taxonomy.device_names}
    insides = [inside for inside, _ in chosen.values()]
    tunings = {device: tuning for device, (_, tuning) in chosen.items()}
    raw = _document_scores(dev, logits, len(documents), taxonomy)
    tuned = replace(weights, inside=np.array(insides, dtype=np.float32))
    return tuned, tuning_of(tunings, raw, documents)


def _dev_candidates(
    weights: TfidfWeights,
    inside: float,
    dev: Sequence[Sample],
    floors: F64,
    n_documents: int,
    taxonomy: Taxonomy,
) -> list[list[Candidate]]:
    """Return for each document the spans of the sentences that tuning looks into."""
    tried = replace(weights, inside=np.full_like(weights.inside, inside))
    found: list[list[Candidate]] = [[] for _ in range(n_documents)]
    for sample in dev:
        reading = read_piece(sample.piece, weights)
        quotations = Quotations.of(sample.text)
        found[sample.document] += find_candidates(
            reading, reading.logits >= floors, sample.text, quotations, tried, taxonomy
        )
    return found


def _floors(logits: Sequence[F32], dev: Sequence[Sample]) -> F64:
    shares = np.concatenate([sample.targets for sample in dev]).mean(axis=0)
    looked_into = np.clip(MULTIPLE * shares, MIN_SHARE, 1)
    columns = zip(np.concatenate(logits).T, looked_into, strict=True)
    return np.array([np.quantile(column, 1 - share) for column, share in columns])


def _document_scores(
    dev: Sequence[Sample], logits: Sequence[F32], n_documents: int, taxonomy: Taxonomy
) -> list[dict[str, float]]:
    odds = np.zeros((n_documents, len(taxonomy.devices)))
    for sample, found in zip(dev, logits, strict=True):
        odds[sample.document] += squared_odds(found)
    raw = document_raw(odds)
    return [dict(zip(taxonomy.device_names, row.tolist(), strict=True)) for row in raw]
