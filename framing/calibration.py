"""Probabilities made honest, and how honest they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

# numpy (0.1 s) is imported inside the functions: many commands read a manifest and its `Sigmoid`s
# and need no numpy.
if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

MIN_POINTS = 10


class Sigmoid(msgspec.Struct, frozen=True):
    """A fitted map from a raw score to a probability: 1 / (1 + exp(-(slope * raw + intercept))).

    Source: Platt 1999.
    """

    slope: float
    intercept: float


class ReliabilityBin(msgspec.Struct, frozen=True):
    """Predictions of like probability: how many, their mean probability, the share correct."""

    n: int
    mean_probability: float
    share_correct: float


class RiskPoint(msgspec.Struct, frozen=True):
    """What abstaining from all but the surest predictions brings.

    Attributes:
        coverage: share of the predictions that are kept.
        risk: share of these that are wrong.
        probability: the least of them.
    """

    coverage: float
    risk: float
    probability: float


def apply_sigmoid(sigmoid: Sigmoid, raw: npt.ArrayLike) -> Floats:
    """Map raw scores of any shape to probabilities in [0, 1].

    >>> apply_sigmoid(Sigmoid(slope=2.0, intercept=0.0), [0.0]).tolist()
    [0.5]
    """
    import numpy as np

    logits = sigmoid.slope * np.asarray(raw, dtype=np.float64) + sigmoid.intercept
    probabilities: Floats = 0.5 * (1.0 + np.tanh(0.5 * logits))  # no overflow at either end
    return probabilities


def fit_sigmoid(
    raw: Sequence[float] | Floats, correct: Sequence[bool] | npt.NDArray[np.bool_]
) -> Sigmoid:
    """Fit the map from raw scores to probabilities on examples that were held out from training.

    The targets are smoothed to (n₊ + 1)/(n₊ + 2) and 1/(n₋ + 2), so that few examples never give a
    certain answer. Where a slope cannot be learned (fewer than 10 examples, one class, one raw
    score for all) or would turn the order of the scores round, it stays 1, and the intercept alone
    is fitted, so that the mean probability is the smoothed share correct, (n₊ + 1)/(n + 2); no
    examples at all give slope 1 and intercept 0. The slope is thus always above 0.

    Source: Platt 1999; Newton's method with step halving as in Lin, Lin and Weng 2007.

    Args:
        raw: [n] raw scores, best on the scale of log odds.
        correct: [n] whether the prediction was right.
    """
    import numpy as np

    scores, outcomes = np.asarray(raw, dtype=np.float64), np.asarray(correct, dtype=bool)
    n_correct = int(outcomes.sum())
    n_wrong = len(outcomes) - n_correct
    if not len(outcomes):
        return Sigmoid(1.0, 0.0)
    centre, spread = scores.mean(), scores.std()
    varied = spread > 1e-9 * max(1.0, abs(centre))
    if len(outcomes) >= MIN_POINTS and n_correct and n_wrong and varied:
        targets = np.where(outcomes, (n_correct + 1) / (n_correct + 2), 1 / (n_wrong + 2))
        features = np.stack([(scores - centre) / spread, np.ones_like(scores)], axis=1)
        slope, intercept = _fit_logistic(features, targets)
        if slope > 0:
            return Sigmoid(float(slope / spread), float(intercept - slope * centre / spread))
    share = (n_correct + 1) / (len(outcomes) + 2)
    return Sigmoid(1.0, _fit_intercept(scores, share))


def reliability_bins(
    probabilities: npt.ArrayLike, correct: npt.ArrayLike, n_bins: int = 15
) -> list[ReliabilityBin]:
    """Sort predictions into bins of equal number by their probability: the reliability curve.

    Predictions of one probability may fall into two neighbouring bins. Source: Nguyen and O'Connor
    2015 (adaptive bins).

    Args:
        probabilities: [n] in [0, 1].
        correct: [n] whether the prediction was right.
        n_bins: how many bins; with fewer predictions each has a bin of its own.

    Returns:
        The bins in order of probability; none where there are no predictions.
    """
    import numpy as np

    values, outcomes = np.asarray(probabilities, float), np.asarray(correct, float)
    parts = np.array_split(np.argsort(values, kind="stable"), max(1, min(n_bins, len(values))))
    return [
        ReliabilityBin(len(part), float(values[part].mean()), float(outcomes[part].mean()))
        for part in parts
        if len(part)
    ]


def risk_coverage(
    probabilities: npt.ArrayLike, correct: npt.ArrayLike, n_points: int = 10
) -> list[RiskPoint]:
    """Return how many predictions are wrong among the surest ones: the risk-coverage curve.

    Source: El-Yaniv and Wiener 2010.

    Args:
        probabilities: [n] in [0, 1].
        correct: [n] whether the prediction was right.
        n_points: points at even steps of coverage; with fewer predictions one for each.

    Returns:
        The points in order of coverage; none where there are no predictions.

    >>> [(point.coverage, point.risk) for point in risk_coverage([0.9, 0.4], [True, False])]
    [(0.5, 0.0), (1.0, 0.5)]
    """
    import numpy as np

    values, outcomes = np.asarray(probabilities, float), np.asarray(correct, bool)
    order = np.argsort(-values, kind="stable")
    wrong = np.cumsum(~outcomes[order])
    n_points = min(n_points, len(values))
    kept = [-(-len(values) * step // n_points) for step in range(1, n_points + 1)]
    return [
        RiskPoint(n / len(values), float(wrong[n - 1] / n), float(values[order[n - 1]]))
        for n in kept
    ]


def expected_calibration_error(
    probabilities: npt.ArrayLike, correct: npt.ArrayLike, n_bins: int = 15
) -> float | None:
    """Return the mean gap of probability and share correct over the bins of the reliability curve.

    Source: Naeini, Cooper and Hauskrecht 2015, with bins of equal mass.

    Args:
        probabilities: [n] in [0, 1].
        correct: [n] whether the prediction was right.
        n_bins: how many bins, see `reliability_bins`.

    Returns:
        The error in [0, 1]; None where there are no predictions.

    >>> expected_calibration_error([0.8, 0.8], [True, False], n_bins=1)
    0.30000000000000004
    """
    bins = reliability_bins(probabilities, correct, n_bins)
    n = sum(part.n for part in bins)
    gaps = sum(part.n * abs(part.mean_probability - part.share_correct) for part in bins)
    return gaps / n if n else None


def brier_score(probabilities: npt.ArrayLike, correct: npt.ArrayLike) -> float | None:
    """Return the mean squared gap of probability and outcome. Source: Brier 1950.

    Args:
        probabilities: [n] in [0, 1].
        correct: [n] whether the prediction was right.

    Returns:
        The score in [0, 1], 0 is best; None where there are no predictions.

    >>> brier_score([0.5, 1.0], [True, True])
    0.125
    """
    import numpy as np

    values, outcomes = np.asarray(probabilities, float), np.asarray(correct, float)
    return float(np.mean((values - outcomes) ** 2)) if len(values) else None


def _fit_logistic(features: Floats, targets: Floats) -> Floats:
    """Return the weights [n_features] of least cross entropy; features [n, n_features]."""
    import numpy as np

    weights = np.zeros(features.shape[1])
    for _ in range(100):
        probabilities = 0.5 * (1.0 + np.tanh(0.5 * (features @ weights)))
        gradient = features.T @ (probabilities - targets)
        if np.max(np.abs(gradient)) < 1e-9 * len(targets):
            break
        curvature = (features.T * (probabilities * (1 - probabilities))) @ features
        damped = curvature + 1e-12 * np.eye(len(weights))
        step = np.asarray(np.linalg.solve(damped, gradient), dtype=np.float64)
        weights = weights - _step_length(features, targets, weights, step) * step
    return weights


def _step_length(features: Floats, targets: Floats, weights: Floats, step: Floats) -> float:
    """Halve the step until it does not raise the cross entropy."""
    length, before = 1.0, _cross_entropy(features @ weights, targets)
    while length > 1e-10 and _cross_entropy(features @ (weights - length * step), targets) > before:
        length /= 2
    return length


def _cross_entropy(logits: Floats, targets: Floats) -> float:
    import numpy as np

    return float(np.sum(np.logaddexp(0.0, logits) - targets * logits))


def _fit_intercept(scores: Floats, share: float) -> float:
    """Return the intercept at which the mean probability of slope 1 is a share, by bisection."""
    import numpy as np

    centre = float(np.log(share / (1 - share)))
    low, high = centre - float(scores.max()), centre - float(scores.min())
    for _ in range(60):
        middle = (low + high) / 2
        if apply_sigmoid(Sigmoid(1.0, middle), scores).mean() < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2
