from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framing.calibration import (
    ReliabilityBin,
    RiskPoint,
    Sigmoid,
    apply_sigmoid,
    brier_score,
    expected_calibration_error,
    fit_sigmoid,
    reliability_bins,
    risk_coverage,
)

RAW = st.floats(-50, 50)
EXAMPLES = st.lists(st.tuples(RAW, st.booleans()), max_size=40)


def sample(slope, intercept, n=4000):
    generator = np.random.default_rng(11)
    raw = generator.normal(0, 2, n)
    correct = generator.random(n) < 1 / (1 + np.exp(-(slope * raw + intercept)))
    return raw, correct


def test_the_fit_finds_the_sigmoid_that_made_the_examples():
    raw, correct = sample(0.8, -0.5)
    sigmoid = fit_sigmoid(raw, correct)
    # standard errors of 4,000 examples: about .03 and .04
    assert sigmoid.slope == pytest.approx(0.8, abs=0.09)
    assert sigmoid.intercept == pytest.approx(-0.5, abs=0.12)


def test_the_fit_is_logistic_regression_on_smoothed_targets():
    from sklearn.linear_model import LogisticRegression

    raw, correct = sample(1.5, 0.3, n=60)
    n_correct, n_wrong = correct.sum(), (~correct).sum()
    target = np.where(correct, (n_correct + 1) / (n_correct + 2), 1 / (n_wrong + 2))
    # a target between 0 and 1 is both outcomes, weighted
    features = np.concatenate([raw, raw])[:, None]
    outcomes = np.repeat([1, 0], 60)
    model = LogisticRegression(C=1e9, tol=1e-10, max_iter=1000)
    model.fit(features, outcomes, sample_weight=np.concatenate([target, 1 - target]))
    sigmoid = fit_sigmoid(raw, correct)
    assert sigmoid.slope == pytest.approx(model.coef_[0, 0], rel=1e-4)
    assert sigmoid.intercept == pytest.approx(model.intercept_[0], rel=1e-4)


def test_separable_examples_do_not_give_certainty():
    sigmoid = fit_sigmoid([-1.0] * 10 + [1.0] * 10, [False] * 10 + [True] * 10)
    # at the two raw scores the fit meets the targets 1/12 and 11/12
    assert apply_sigmoid(sigmoid, [-1.0, 1.0]) == pytest.approx([1 / 12, 11 / 12])


def test_of_few_examples_only_the_mean_is_fitted():
    raw = [-3.0, 0.0, 2.0]
    sigmoid = fit_sigmoid(raw, [False, True, True])
    assert sigmoid.slope == 1.0
    assert apply_sigmoid(sigmoid, raw).mean() == pytest.approx(3 / 5)  # (2 + 1) / (3 + 2)


def test_of_examples_that_are_all_correct_only_the_mean_is_fitted():
    raw = np.linspace(-4, 4, 18)
    sigmoid = fit_sigmoid(raw, np.ones(18, dtype=bool))
    assert sigmoid.slope == 1.0
    assert apply_sigmoid(sigmoid, raw).mean() == pytest.approx(19 / 20)


def test_scores_that_point_the_wrong_way_do_not_turn_the_order_round():
    raw = np.linspace(-4, 4, 20)
    sigmoid = fit_sigmoid(raw, raw < 0)
    assert sigmoid.slope == 1.0
    assert apply_sigmoid(sigmoid, raw).mean() == pytest.approx(11 / 22)


def test_without_examples_raw_scores_are_read_as_log_odds():
    assert fit_sigmoid([], []) == Sigmoid(1.0, 0.0)


@given(EXAMPLES)
def test_any_fit_is_finite_and_rises(examples):
    raw, correct = [raw for raw, _ in examples], [correct for _, correct in examples]
    sigmoid = fit_sigmoid(raw, correct)
    assert sigmoid.slope > 0
    assert np.isfinite([sigmoid.slope, sigmoid.intercept]).all()
    probabilities = apply_sigmoid(sigmoid, raw)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


@given(EXAMPLES.filter(bool))
def test_the_mean_probability_is_the_mean_of_the_smoothed_targets(examples):
    raw, correct = (np.array(column) for column in zip(*examples, strict=True))
    mean = apply_sigmoid(fit_sigmoid(raw, correct), raw).mean()
    n, n_correct = len(correct), correct.sum()
    n_wrong = n - n_correct
    # the constant of a logistic regression makes the means equal; else it is the smoothed share
    smoothed = np.where(correct, (n_correct + 1) / (n_correct + 2), 1 / (n_wrong + 2)).mean()
    share = (n_correct + 1) / (n + 2)
    assert min(abs(mean - smoothed), abs(mean - share)) < 1e-5


def test_extreme_raw_scores_become_0_and_1():
    probabilities = apply_sigmoid(Sigmoid(10.0, 0.0), np.array([[-1e6, 1e6], [0.0, 1.0]]))
    assert probabilities.tolist() == [[0.0, 1.0], [0.5, pytest.approx(1 / (1 + np.exp(-10)))]]


def test_bins_hold_the_same_number_of_predictions():
    probabilities = [0.9, 0.1, 0.3, 0.7, 0.8]
    correct = [True, False, True, False, True]
    # in order .1 .3 .7 | .8 .9: means 1.1/3 and 1.7/2, correct 1/3 and 2/2
    low, high = reliability_bins(probabilities, correct, n_bins=2)
    assert low == ReliabilityBin(3, pytest.approx(1.1 / 3), pytest.approx(1 / 3))
    assert high == ReliabilityBin(2, pytest.approx(0.85), 1.0)
    # 3/5 · .1/3 + 2/5 · .15 = .02 + .06
    assert expected_calibration_error(probabilities, correct, n_bins=2) == pytest.approx(0.08)


def test_fewer_predictions_than_bins_have_a_bin_each():
    assert [part.n for part in reliability_bins([0.2, 0.4], [True, False])] == [1, 1]


def test_without_predictions_there_is_no_calibration():
    assert reliability_bins([], []) == []
    assert expected_calibration_error([], []) is None
    assert brier_score([], []) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1), st.integers(1, 20))
def test_calibration_errors_lie_between_0_and_1_and_bins_lose_no_prediction(pairs, n_bins):
    probabilities, correct = zip(*pairs, strict=True)
    assert sum(part.n for part in reliability_bins(probabilities, correct, n_bins)) == len(pairs)
    error = expected_calibration_error(probabilities, correct, n_bins)
    brier = brier_score(probabilities, correct)
    assert -1e-12 <= error <= 1 + 1e-12
    # the gap of a bin is at most the mean gap of its members, whose square is at most Brier's
    assert error**2 <= brier + 1e-9


def test_risk_falls_when_only_the_surest_are_kept():
    # in order .9 right, .8 wrong, .7 right, .2 wrong; two points: 1/2 of two, 2/4 of four
    half, whole = risk_coverage([0.7, 0.9, 0.2, 0.8], [True, True, False, False], n_points=2)
    assert half == RiskPoint(coverage=0.5, risk=0.5, probability=0.8)
    assert whole == RiskPoint(coverage=1.0, risk=0.5, probability=0.2)
    assert risk_coverage([], []) == []


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1), st.integers(1, 20))
def test_all_predictions_kept_are_as_wrong_as_they_are(pairs, n_points):
    probabilities, correct = zip(*pairs, strict=True)
    points = risk_coverage(probabilities, correct, n_points)
    assert len(points) == min(n_points, len(pairs))
    assert points[-1].coverage == 1
    assert points[-1].risk == pytest.approx(1 - sum(correct) / len(correct))
    assert [p.probability for p in points] == sorted((p.probability for p in points), reverse=True)


def test_brier_score_is_the_mean_squared_gap():
    # (.2² + .3² + 1²) ÷ 3
    assert brier_score([0.8, 0.3, 1.0], [True, False, False]) == pytest.approx(1.13 / 3)


def test_importing_the_module_imports_no_heavy_library():
    code = (
        "import sys, framing.calibration; print({'numpy', 'sklearn', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
