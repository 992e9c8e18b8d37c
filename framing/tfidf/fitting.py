"""Fitting the baseline: linear models on train, their settings and thresholds on dev."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from framing.model_folder import Calibration, SettingValue, Thresholds
from framing.spans import LabelledDocument
from framing.taxonomy import Taxonomy
from framing.tfidf.ngrams import F32, Mask, Vocabulary, fit_vocabulary
from framing.tfidf.reading import piece_ngrams
from framing.tfidf.samples import (
    Sample,
    clause_matrix,
    samples,
    sentence_matrix,
    voice_matrix,
)
from framing.tfidf.tuning import tune_weights
from framing.tfidf.voice_cues import CUES
from framing.tfidf.weights import Linear, TfidfWeights, save_weights

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Progress = Callable[[str], None]
Choice = tuple[float, str | None]
"""C, the inverse strength of the penalty, and scikit-learn's class_weight."""

GRID: tuple[Choice, ...] = tuple((c, weight) for weight in (None, "balanced") for c in (3, 10))
CLAUSE_CHOICE: Choice = (10, None)
VOICE_C = 3
TOLERANCE = 0.01  # half the time of 1e-4; mean average precision on dev moves by 0.0001
CERTAIN = 10.0  # log odds of a device, or a voice, that all training examples have or none has
DEV_F1 = "dev_overlap_f1"
"""The setting that holds the overlap F1 of each device on dev, as tuning takes it."""


@dataclass(frozen=True)
class TfidfModel:
    """A fitted baseline, and what its manifest keeps.

    Attributes:
        weights: of its linear models.
        thresholds: chosen on dev by overlap F1.
        calibration: fitted on dev.
        settings: what was tried and chosen on dev, for the record.
    """

    taxonomy: Taxonomy
    weights: TfidfWeights
    thresholds: dict[str, Thresholds]
    calibration: Calibration
    settings: dict[str, SettingValue]

    def save(self, folder: Path) -> list[str]:
        """Write the weights into a folder and return the names of the files."""
        return save_weights(self.weights, self.taxonomy, folder)


def fit_tfidf(
    train: Sequence[LabelledDocument],
    dev: Sequence[LabelledDocument],
    taxonomy: Taxonomy,
    seed: int,
    progress: Progress,
) -> TfidfModel:
    """Fit the baseline.

    Args:
        train: documents that the linear models learn from.
        dev: documents that settings, thresholds and calibration are chosen on.
        taxonomy: the devices and voices of their spans.
        seed: of the solver.
        progress: takes a line for each step.
    """
    train_samples, dev_samples = samples(train, taxonomy), samples(dev, taxonomy)
    vocabulary = fit_vocabulary(
        (piece_ngrams(sample.piece), len(sample.piece.sentences)) for sample in train_samples
    )
    progress(
        f"{len(train)} documents to train on, {len(dev)} to tune on, {len(vocabulary)} n-grams"
    )
    sentence, record = _fit_sentences(
        train_samples, dev_samples, vocabulary, taxonomy, seed, progress
    )
    progress("clauses and voices")
    voice, cue = _fit_voices(train_samples, vocabulary, taxonomy)
    weights = TfidfWeights(
        vocabulary=vocabulary,
        sentence=sentence,
        clause=_fit_clauses(train_samples, vocabulary, taxonomy, seed),
        voice=voice,
        cue=cue,
        inside=np.zeros(len(taxonomy.devices), dtype=np.float32),
    )
    weights, tuning = tune_weights(weights, dev_samples, dev, taxonomy)
    for (device, f1), inside in zip(tuning.f1.items(), weights.inside, strict=True):
        progress(f"{device}: overlap F1 {f1:.3f} on dev, clauses from log odds {inside}")
    record[DEV_F1] = tuning.f1
    return TfidfModel(taxonomy, weights, tuning.thresholds, tuning.calibration, record)


def _fit_sentences(
    train: Sequence[Sample],
    dev: Sequence[Sample],
    vocabulary: Vocabulary,
    taxonomy: Taxonomy,
    seed: int,
    progress: Progress,
) -> tuple[Linear, dict[str, SettingValue]]:
    """Fit the sentences' model of each device, with the choice of the best average precision."""
    matrix, dev_matrix = (sentence_matrix(split, vocabulary) for split in (train, dev))
    targets = np.concatenate([sample.targets for sample in train])
    dev_targets = np.concatenate([sample.targets for sample in dev])
    fitted: list[Linear] = []
    figures: dict[str, float] = {}
    for column, device in enumerate(taxonomy.device_names):
        models = {choice: _fit_linear(matrix, targets[:, column], choice, seed) for choice in GRID}
        found = {
            choice: _average_precision(dev_matrix, dev_targets[:, column], model)
            for choice, model in models.items()
        }
        best = max(GRID, key=lambda choice: found[choice])
        fitted.append(models[best])
        figures |= {f"{device}: {_describe(choice)}": found[choice] for choice in GRID}
        progress(f"{device}: average precision {found[best]:.3f} on dev, {_describe(best)}")
    return _join(fitted), {"n_columns": len(vocabulary), "dev_average_precision": figures}


def _fit_clauses(
    train: Sequence[Sample], vocabulary: Vocabulary, taxonomy: Taxonomy, seed: int
) -> Linear:
    matrix, belongs, holds = clause_matrix(train, vocabulary, taxonomy)
    return _join(
        [
            _fit_linear(matrix[held], belongs[held, column], CLAUSE_CHOICE, seed)
            for column, held in enumerate(holds.T)
        ]
    )


def _fit_voices(
    train: Sequence[Sample], vocabulary: Vocabulary, taxonomy: Taxonomy
) -> tuple[Linear, F32]:
    """Fit one multinomial model over the n-grams of spans' sentences and their cues."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.linear_model import LogisticRegression

    ngrams, cues, voices = voice_matrix(train, vocabulary)
    names = taxonomy.voice_names
    weights = np.zeros((ngrams.shape[1] + len(CUES), len(names)), dtype=np.float32)
    bias = np.full(len(names), -CERTAIN, dtype=np.float32)
    seen = [index for index, name in enumerate(names) if name in voices]
    bias[seen] = 0
    if len(seen) > 1:
        model = LogisticRegression(C=VOICE_C, solver="newton-cg", tol=1e-3)
        model.fit(hstack([ngrams, csr_matrix(cues)]).tocsr(), [names.index(v) for v in voices])
        both = len(seen) == 2  # then scikit-learn keeps the log odds of the second alone
        weights[:, seen] = (
            np.stack([model.coef_[0] * 0, model.coef_[0]], 1) if both else model.coef_.T
        )
        bias[seen] = [0, model.intercept_[0]] if both else model.intercept_
    return Linear(weights[: len(vocabulary)], bias), weights[len(vocabulary) :]


def _fit_linear(matrix: csr_matrix, targets: Mask, choice: Choice, seed: int) -> Linear:
    """Fit one logistic regression; where the targets are all alike, a constant."""
    from sklearn.linear_model import LogisticRegression

    if targets.all() or not targets.any():
        certain = CERTAIN if targets.any() else -CERTAIN
        return Linear(np.zeros((matrix.shape[1], 1), np.float32), np.array([certain], np.float32))
    c, class_weight = choice
    model = LogisticRegression(
        C=c,
        class_weight=class_weight,
        solver="liblinear",
        dual=True,
        tol=TOLERANCE,
        max_iter=1000,
        random_state=seed,
    ).fit(matrix, targets)
    return Linear(model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32))


def _join(models: Sequence[Linear]) -> Linear:
    weights = np.concatenate([model.weights for model in models], axis=1)
    return Linear(weights, np.concatenate([model.bias for model in models]))


def _average_precision(matrix: csr_matrix, targets: Mask, model: Linear) -> float:
    from sklearn.metrics import average_precision_score

    if not targets.any():
        return 0.0
    return float(average_precision_score(targets, matrix @ model.weights[:, 0]))


def _describe(choice: Choice) -> str:
    c, class_weight = choice
    return f"C {c:g}" + (f", {class_weight}" if class_weight else "")
