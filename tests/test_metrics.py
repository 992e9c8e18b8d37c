from __future__ import annotations

import numpy as np
import pytest
from five_documents import GOLD, PREDICTED, SENTENCES, D, S
from hypothesis import given, settings
from hypothesis import strategies as st

from framing import metrics
from framing.metrics import OverlapCounts
from framing.spans import LabelledSpan, Span

SPANS = st.lists(
    st.builds(
        lambda start, length: Span(start, start + length), st.integers(0, 30), st.integers(1, 9)
    ),
    max_size=6,
)


def spans_of(document, device):
    return [span for span in document.spans if span.device == device]


def totals(count, device):
    counts = [
        count(spans_of(gold, device), spans_of(predicted, device))
        for gold, predicted in zip(GOLD, PREDICTED, strict=True)
    ]
    return sum(counts, OverlapCounts())


def merged_sets(spans):
    """Unite sets of characters for as long as two of them meet."""
    sets = [set(range(span.start, span.end)) for span in spans]
    while True:
        pair = next(
            ((a, b) for i, a in enumerate(sets) for b in sets[i + 1 :] if a & b),
            None,
        )
        if pair is None:
            return sets
        sets.remove(pair[0])
        sets.remove(pair[1])
        sets.append(pair[0] | pair[1])


def test_overlap_of_denial_in_the_five_documents():
    # predicted: one 20/20, two 20/20 + 10/10, three 0/30, four 20/20, five 0/20 -> 4 of 6
    # gold: one 20/20, two 30/40, four (0:10 and 5:20 merged) 20/20 -> 2.75 of 3
    counts = totals(metrics.overlap_counts, D)
    assert counts == OverlapCounts(4.0, 6, 2.75, 3)
    assert counts.precision == pytest.approx(2 / 3)
    assert counts.recall == pytest.approx(11 / 12)
    # 2 · 2/3 · 11/12 ÷ (8/12 + 11/12) = 11/9 · 12/19
    assert counts.f1 == pytest.approx(44 / 57)


def test_overlap_of_sourcing_appeals_in_the_five_documents():
    # predicted: one 10/10, five 20/40 -> 1.5 of 2; gold: one 10/20, four 0/20, five 20/20
    counts = totals(metrics.overlap_counts, S)
    assert counts == OverlapCounts(1.5, 2, 1.5, 3)
    assert counts.f1 == pytest.approx(0.6)  # 2 · .75 · .5 ÷ 1.25


def test_micro_average_adds_the_counts_of_the_devices():
    # P 5.5/8 = 33/48, R 4.25/6 = 34/48; F1 = 2 · 33 · 34 ÷ (48 · 67)
    counts = totals(metrics.overlap_counts, D) + totals(metrics.overlap_counts, S)
    assert counts.f1 == pytest.approx(187 / 268)


def test_exact_matches_in_the_five_documents():
    # only 0:20 of one has both ends; four has two gold spans that are not merged here
    assert totals(metrics.exact_counts, D) == OverlapCounts(1, 6, 1, 4)
    assert totals(metrics.exact_counts, S) == OverlapCounts(0, 2, 0, 3)


def test_sentences_in_the_five_documents():
    def count(gold, predicted):
        return metrics.sentence_counts(SENTENCES, gold, predicted)

    # D gold: one {0}, two {1, 2}, four {0}; predicted: these and three {0, 1}, five {1}
    assert totals(count, D) == OverlapCounts(4, 7, 4, 4)
    # S gold: one {2}, four {3}, five {1}; predicted: one {2}, five {0, 1, 2}
    assert totals(count, S) == OverlapCounts(2, 4, 2, 3)


def test_voices_of_matched_spans_in_the_five_documents():
    counts = {
        device: [
            metrics.voice_counts(spans_of(gold, device), spans_of(predicted, device))
            for gold, predicted in zip(GOLD, PREDICTED, strict=True)
        ]
        for device in (D, S)
    }
    # two: 20:40 has IoU 20/40 with 20:60, quoted is not own; four: 0:20 matches 0:10 (10/20, own)
    # and 5:20 (15/20, quoted)
    assert counts[D] == [(1, 1), (0, 1), (0, 0), (1, 2), (0, 0)]
    # one: 10/20; five: 20/40
    assert counts[S] == [(1, 1), (0, 0), (0, 0), (0, 0), (1, 1)]


def test_of_two_spans_with_the_same_overlap_the_shorter_is_matched():
    gold = [LabelledSpan(10, 20, D, "own")]
    predicted = [LabelledSpan(0, 90, D, "quoted"), LabelledSpan(10, 22, D, "own")]
    assert metrics.voice_counts(gold, predicted) == (1, 1)
    assert metrics.voice_counts(gold, predicted[:1]) == (0, 0)  # IoU 10/90


def test_false_alarms_are_predictions_in_sentences_without_gold_of_any_device():
    counts = [
        metrics.false_alarm_counts(SENTENCES, gold.spans, predicted.spans)
        for gold, predicted in zip(GOLD, PREDICTED, strict=True)
    ]
    # one: neutral 1, 3; two: 0, 3; three: all, of which 0:30 touches 0 and 1; four: 1, 2;
    # five: 0, 2, 3, of which 10:50 touches 0 and 2 (D 20:40 is wrong, but lies in a gold sentence)
    assert counts == [(0, 2), (0, 2), (2, 4), (0, 2), (2, 3)]


def test_a_span_that_ends_where_a_sentence_starts_does_not_touch_it():
    assert metrics.touched_sentences(SENTENCES, [Span(0, 20)]) == {0}
    assert metrics.touched_sentences(SENTENCES, [Span(19, 21)]) == {0, 1}
    assert metrics.touched_sentences(SENTENCES, [Span(20, 80)]) == {1, 2, 3}


def test_a_sentence_takes_the_greatest_score_of_its_spans():
    spans = [LabelledSpan(0, 25, D, "own", 0.4), LabelledSpan(5, 9, D, "own", 0.7)]
    assert metrics.sentence_scores(SENTENCES, spans).tolist() == [0.7, 0.4, 0.0, 0.0]


def test_a_span_is_correct_when_half_of_it_is_gold():
    gold = [Span(0, 10), Span(5, 12), Span(20, 23)]  # merged 0:12 and 20:23
    assert metrics.is_correct(gold, Span(2, 30)) is False  # 10 + 3 of 28
    assert metrics.is_correct(gold, Span(2, 28)) is True  # 13 of 26
    assert metrics.is_correct([], Span(2, 28)) is False


def test_average_precision_by_sentence_in_the_five_documents():
    def items(device):
        for index, (gold, predicted) in enumerate(zip(GOLD, PREDICTED, strict=True)):
            scored = [*predicted.spans, *predicted.uncertain]
            spans = [span for span in scored if span.device == device]
            touched = metrics.touched_sentences(SENTENCES, spans_of(gold, device))
            for number, score in enumerate(metrics.sentence_scores(SENTENCES, spans)):
                yield index, score, number in touched

    def average_precision(device):
        indices, scores, gold = map(np.array, zip(*items(device), strict=True))
        return metrics.average_precision(indices, scores, gold)(np.ones((1, 5)))[0]

    # D: .9 finds 2 of 4 at P 1; .7 a third at P 1; .6 the last at P 4/6: 1/2 + 1/4 + 1/4 · 2/3
    assert average_precision(D) == pytest.approx(11 / 12)
    # S: .8 1 of 3 at P 1; .5 a second at 2/4; uncertain .3 the third at 3/5: (1 + 1/2 + 3/5) ÷ 3
    assert average_precision(S) == pytest.approx(0.7)


@settings(deadline=None)  # the first call imports scikit-learn
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.5, 0.9]), st.booleans()), min_size=1))
def test_average_precision_is_that_of_scikit_learn(items):
    from sklearn.metrics import average_precision_score

    scores, gold = (np.array(column) for column in zip(*items, strict=True))
    indices = np.arange(len(items)) % 3
    found = metrics.average_precision(indices, scores.astype(float), gold)(np.ones((1, 3)))[0]
    if gold.any():
        assert found == pytest.approx(average_precision_score(gold, scores))
    else:
        assert np.isnan(found)


def test_average_precision_of_drawn_documents_is_that_of_documents_repeated():
    generator = np.random.default_rng(3)
    indices = np.repeat(np.arange(6), 5)
    scores = generator.integers(0, 4, 30) / 4
    gold = generator.random(30) < 0.4
    weights = metrics.bootstrap_weights(6, seed=1, n_resamples=20)
    found = metrics.average_precision(indices, scores, gold)(weights)
    for row, value in zip(weights, found, strict=True):
        drawn = np.repeat(np.arange(30), row[indices].astype(int))
        alone = metrics.average_precision(np.zeros(len(drawn), int), scores[drawn], gold[drawn])
        assert value == pytest.approx(alone(np.ones((1, 1)))[0])


@given(SPANS, SPANS)
def test_overlap_counts_agree_with_sets_of_characters(gold, predicted):
    gold_sets, predicted_sets = merged_sets(gold), merged_sets(predicted)
    pairs = [(t, s, len(t & s)) for t in gold_sets for s in predicted_sets]
    counts = metrics.overlap_counts(gold, predicted)
    assert counts.precision_sum == pytest.approx(sum(i / len(s) for _, s, i in pairs))
    assert counts.recall_sum == pytest.approx(sum(i / len(t) for t, _, i in pairs))
    assert (counts.n_gold, counts.n_predicted) == (len(gold_sets), len(predicted_sets))


@given(SPANS, SPANS)
def test_swapping_gold_and_predicted_swaps_precision_and_recall(gold, predicted):
    there, back = metrics.overlap_counts(gold, predicted), metrics.overlap_counts(predicted, gold)
    assert there.precision == pytest.approx(back.recall)
    assert there.recall == pytest.approx(back.precision)
    assert there.f1 == pytest.approx(back.f1)


@given(SPANS, SPANS)
def test_figures_lie_between_0_and_1(gold, predicted):
    for count in (metrics.overlap_counts, metrics.exact_counts):
        counts = count(gold, predicted)
        assert 0 <= counts.precision <= 1 + 1e-9
        assert 0 <= counts.recall <= 1 + 1e-9
        low, high = sorted((counts.precision, counts.recall))
        assert low - 1e-9 <= counts.f1 <= high + 1e-9


@given(SPANS.filter(bool))
def test_spans_against_themselves_are_perfect(spans):
    assert metrics.overlap_counts(spans, spans).f1 == pytest.approx(1.0)
    assert metrics.exact_counts(spans, spans).f1 == 1.0


def test_without_gold_or_prediction_every_figure_is_0():
    counts = metrics.overlap_counts([], [])
    assert (counts.precision, counts.recall, counts.f1) == (0.0, 0.0, 0.0)


@given(SPANS, SPANS)
def test_figures_of_arrays_are_those_of_counts(gold, predicted):
    counts = metrics.overlap_counts(gold, predicted)
    row = np.array(counts.row, dtype=float)
    assert np.nan_to_num(metrics.precision(row)) == pytest.approx(counts.precision)
    assert np.nan_to_num(metrics.recall(row)) == pytest.approx(counts.recall)
    assert np.nan_to_num(metrics.f1(row)) == pytest.approx(counts.f1)
    assert np.isnan(metrics.f1(row)) == (not gold and not predicted)


def test_bootstrap_draws_as_many_documents_as_there_are_and_obeys_its_seed():
    weights = metrics.bootstrap_weights(7, seed=5, n_resamples=50)
    assert (weights.sum(axis=1) == 7).all()
    assert (weights == metrics.bootstrap_weights(7, seed=5, n_resamples=50)).all()
    assert (weights != metrics.bootstrap_weights(7, seed=6, n_resamples=50)).any()


def test_bootstrap_interval_is_that_of_documents_drawn_one_by_one():
    # half of 40 documents are right: a binomial share, standard error sqrt(.25/40) = .079
    rows = np.array([[i % 2, 1] for i in range(40)], dtype=float)
    weights = metrics.bootstrap_weights(40, seed=0)
    low, high = metrics.bootstrap_interval(lambda drawn: metrics.ratio(drawn @ rows), weights)
    assert low == pytest.approx(0.5 - 1.96 * 0.079, abs=0.03)
    assert high == pytest.approx(0.5 + 1.96 * 0.079, abs=0.03)


def test_documents_that_are_all_alike_give_an_interval_of_no_width():
    rows = np.array([[1.0, 2.0, 1.0, 1.0]] * 5)  # P 1/2, R 1
    weights = metrics.bootstrap_weights(5, seed=0)
    interval = metrics.bootstrap_interval(lambda drawn: metrics.f1(drawn @ rows), weights)
    assert interval == pytest.approx((2 / 3, 2 / 3))


def test_there_is_no_interval_without_support_or_of_one_document():
    rows = np.zeros((5, 4))
    weights = metrics.bootstrap_weights(5, seed=0)
    assert metrics.bootstrap_interval(lambda drawn: metrics.f1(drawn @ rows), weights) is None
    one = np.ones((1, 4))
    weights = metrics.bootstrap_weights(1, seed=0)
    assert metrics.bootstrap_interval(lambda drawn: metrics.f1(drawn @ one), weights) is None


def test_resamples_without_support_are_left_out():
    rows = np.array([[1.0, 1.0], [0.0, 0.0]])  # drawn without the first document: 0/0
    weights = metrics.bootstrap_weights(2, seed=0)
    interval = metrics.bootstrap_interval(lambda drawn: metrics.ratio(drawn @ rows), weights)
    assert interval == (1.0, 1.0)


def test_a_model_does_not_differ_from_itself():
    rows = np.array([[1.0, 2, 1, 1], [0, 1, 0, 2], [1, 1, 1, 1]])
    weights = metrics.bootstrap_weights(3, seed=0)
    difference = metrics.paired_difference(metrics.f1, rows, rows, weights, seed=0)
    assert difference == metrics.Difference(0.0, (0.0, 0.0), 1.0)


def test_a_model_that_is_better_on_each_of_ten_documents_differs():
    worst, best = np.array([[0.0, 1, 0, 1]] * 10), np.array([[1.0, 1, 1, 1]] * 10)
    weights = metrics.bootstrap_weights(10, seed=0)
    difference = metrics.paired_difference(metrics.f1, worst, best, weights, seed=0)
    assert difference.value == 1.0
    assert difference.interval == (1.0, 1.0)
    # 2 of 2^10 swaps differ as much: p is 2/1024, of 2,000 swaps tried give or take .001
    assert difference.p_value == pytest.approx(2 / 1024, abs=0.003)
    back = metrics.paired_difference(metrics.f1, best, worst, weights, seed=0)
    assert (back.value, back.p_value) == (-1.0, difference.p_value)


def test_models_without_support_cannot_be_compared():
    rows = np.zeros((3, 4))
    weights = metrics.bootstrap_weights(3, seed=0)
    assert metrics.paired_difference(metrics.f1, rows, rows, weights, seed=0) is None
