from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from framing.calibration import Sigmoid, apply_sigmoid
from framing.decoding import Candidate, grade
from framing.metrics import OverlapCounts, overlap_counts
from framing.model_folder import Calibration, Thresholds
from framing.spans import Document, LabelledDocument, LabelledSpan, Span
from framing.tuning import (
    DeviceTuning,
    fit_document_scores,
    overlap_f1,
    tune_device,
    tuning_of,
)


def candidate(start: int, end: int, raw: float) -> Candidate:
    return Candidate(Span(start, end), "denial", raw, "own", 0.9)


def gold(start: int, end: int) -> LabelledSpan:
    return LabelledSpan(start, end, "denial", "own")


def reported(
    candidates: list[list[Candidate]], tuning: DeviceTuning
) -> list[tuple[LabelledSpan, ...]]:
    calibration = Calibration({"denial": tuning.sigmoid}, {})
    return [grade(found, {"denial": tuning.thresholds}, calibration)[0] for found in candidates]


def test_the_threshold_is_where_overlap_f1_is_best() -> None:
    # Two documents, one gold span each, found exactly with the raw scores 2 and 1; false alarms
    # have -1 and -3.
    # cut <= -3: P 2/4, R 2/2, F1 0.667; -3 < cut <= -1: P 2/3, F1 0.8; -1 < cut <= 1: F1 1;
    # 1 < cut <= 2: P 1, R 1/2, F1 0.667.
    found = [
        [candidate(0, 10, 2.0), candidate(30, 40, -1.0)],
        [candidate(0, 10, 1.0), candidate(30, 40, -3.0)],
    ]
    tuning = tune_device(found, [[gold(0, 10)], [gold(0, 10)]])
    assert tuning.f1 == 1.0
    kept = reported(found, tuning)
    assert [[(s.start, s.end) for s in spans] for spans in kept] == [[(0, 10)], [(0, 10)]]


def test_a_partly_right_candidate_earns_its_share() -> None:
    # The one candidate covers gold 0:10 and as much beside it: P 10/20, R 10/10, F1 2/3.
    tuning = tune_device([[candidate(0, 20, 0.0)]], [[gold(0, 10)]])
    assert tuning.f1 == pytest.approx(2 / 3)


def test_the_middle_of_the_plateau_is_taken() -> None:
    # Ten raw scores are 0 (false alarms) and ten are 10 (right), so every cut above 0 gives F1 1.
    # Their quantiles at k/39 lie at the ranks 19 k/39: k = 19 and 20 fall between rank 9 (raw 0)
    # and rank 10 (raw 10), at 9.256 and 9.744. The cuts are 0, 2.56, 7.44 and 10; the last three
    # are best, and the middle one of them is 10 * (19 * 20/39 - 9) = 7.4359.
    found = [[candidate(0, 10, 10.0), candidate(30, 40, 0.0)] for _ in range(10)]
    tuning = tune_device(found, [[gold(0, 10)]] * 10)
    assert tuning.f1 == 1.0
    assert tuning.thresholds.report == pytest.approx(
        float(apply_sigmoid(tuning.sigmoid, 10 * (19 * 20 / 39 - 9)))
    )


def test_on_a_wide_plateau_the_threshold_keeps_away_from_both_ends() -> None:
    # 20 documents, each with one right candidate. Ten have also a false alarm below all right
    # ones; the raw scores of the false alarms are -10 … -1, of the right ones 1 … 20. Cuts from
    # above -1 to 1 give F1 1; a cut at 2 loses one of 20 (P 1, R 0.95, F1 0.974), under 1 - 0.01.
    # At -1 there is one false alarm (P 20/21, F1 0.976), also under it.
    found = [[candidate(0, 10, float(i + 1))] for i in range(20)]
    for i in range(10):
        found[i].append(candidate(30, 40, float(i - 10)))
    tuning = tune_device(found, [[gold(0, 10)]] * 20)
    low, high = apply_sigmoid(tuning.sigmoid, [-1.0, 1.0])
    assert low < tuning.thresholds.report <= high
    assert tuning.f1 == 1.0


def test_a_dense_group_does_not_outvote_a_sparse_one() -> None:
    # Ten dense documents: right at raw 2, right at raw 1. One sparse: right at 2, false alarms at
    # 1, three of them. Pooled, cut 1 is best (P 21/24, R 1 against P 1, R 11/21); by the mean of
    # the groups cut 2 is (dense 2/3, sparse 1: 0.83) against cut 1 (dense 1, sparse P 1/4: 0.7).
    dense = [candidate(0, 10, 2.0), candidate(20, 30, 1.0)]
    sparse = [candidate(0, 10, 2.0), *(candidate(i, i + 5, 1.0) for i in (40, 50, 60))]
    found = [dense] * 10 + [sparse]
    golds = [[gold(0, 10), gold(20, 30)]] * 10 + [[gold(0, 10)]]
    pooled = tune_device(found, golds)
    assert sum(map(len, reported(found, pooled))) == 24
    grouped = tune_device(found, golds, ["dense"] * 10 + ["sparse"])
    assert sum(map(len, reported(found, grouped))) == 11
    assert grouped.f1 == pytest.approx((2 / 3 + 1) / 2)


def test_figures_before_and_after_a_tuning_are_means_of_the_two_kinds_of_text() -> None:
    def of(collection: str) -> LabelledDocument:
        document = Document(collection, "x" * 80, metadata={"collection": collection})
        return LabelledDocument(document, (gold(0, 10),))

    # authored: found exactly, twice; news: not found (F1 0). Pooled it were R 2/3, F1 0.8.
    documents = [of("authored"), of("authored"), of("news")]
    assert overlap_f1(documents, [[Span(0, 10)], [Span(0, 10)], []], "denial") == 0.5


def test_a_group_without_gold_spans_has_no_vote() -> None:
    found = [[candidate(0, 10, 1.0)], [candidate(0, 10, 2.0)]]
    tuning = tune_device(found, [[gold(0, 10)], []], ["told", "silent"])
    assert tuning.f1 == 1.0
    assert sum(map(len, reported(found, tuning))) == 2


def test_cuts_almost_as_good_as_the_best_count_as_equal() -> None:
    # 200 documents with a right candidate each, one of raw score 0 and 199 of raw score 10. The
    # cuts are 0 (F1 1) and 10: R 199/200, F1 0.9975, less than 0.01 below. The upper one is taken.
    found = [[candidate(0, 10, 10.0)] for _ in range(199)] + [[candidate(0, 10, 0.0)]]
    tuning = tune_device(found, [[gold(0, 10)]] * 200)
    assert tuning.f1 == pytest.approx(2 * 199 / 399)
    assert tuning.thresholds.report == float(apply_sigmoid(tuning.sigmoid, 10.0))


def test_a_span_is_uncertain_from_half_the_report_threshold_on() -> None:
    tuning = tune_device([[candidate(0, 10, 1.0)]], [[gold(0, 10)]])
    assert tuning.thresholds.uncertain == pytest.approx(tuning.thresholds.report / 2)


@pytest.mark.parametrize("n_documents", [0, 3])
def test_without_any_candidate_the_threshold_is_a_half(n_documents: int) -> None:
    tuning = tune_device([[]] * n_documents, [[gold(0, 10)]] * n_documents)
    assert tuning == DeviceTuning(Sigmoid(1.0, 0.0), Thresholds(0.5, 0.25), 0.0)


def test_where_every_candidate_is_right_all_are_reported() -> None:
    found = [[candidate(0, 10, raw)] for raw in (-2.0, 0.5, 3.0)]
    tuning = tune_device(found, [[gold(0, 10)]] * 3)
    assert tuning.f1 == 1.0
    assert all(reported(found, tuning))


@pytest.mark.parametrize("n", [1, 5, 40])
def test_where_no_candidate_is_right_none_is_reported(n: int) -> None:
    found = [[candidate(0, 10, i / n - 3)] for i in range(n)]
    tuning = tune_device(found, [[]] * n)
    assert tuning.f1 == 0.0
    assert not any(reported(found, tuning))
    assert tuning.thresholds == Thresholds(0.5, 0.25)


def test_span_scores_are_calibrated_on_whether_candidates_are_right() -> None:
    # 20 candidates of raw score 1, 15 of them right; slope stays 1 where all raw scores are one,
    # and the mean probability is the smoothed share (15 + 1) / (20 + 2).
    found = [[candidate(0, 10, 1.0)] for _ in range(20)]
    tuning = tune_device(found, [[gold(0, 10)]] * 15 + [[]] * 5)
    assert float(apply_sigmoid(tuning.sigmoid, 1.0)) == pytest.approx(16 / 22)


@given(
    st.lists(
        st.tuples(st.lists(st.integers(-12, 12), max_size=4), st.booleans()),
        min_size=1,
        max_size=12,
    )
)
@example(  # a cut between two scores that rounded to the lower one
    [
        ([0, 0, 2, -7], False),
        ([-1, 0, 3, -7], True),
        ([0, -3, -12, -12], False),
        ([-1, 4], True),
        ([-8, -7, -8], False),
        ([-10, -5, -8], True),
    ]
)
def test_what_the_thresholds_report_has_the_f1_that_tuning_found(
    drawn: list[tuple[list[int], bool]],
) -> None:
    found = [
        [candidate(20 * i, 20 * i + 10, float(raw)) for i, raw in enumerate(raws)]
        for raws, _ in drawn
    ]
    golds = [[gold(0, 10)] if has_one else [] for _, has_one in drawn]
    tuning = tune_device(found, golds)
    kept = reported(found, tuning)
    counts = sum(map(overlap_counts, golds, kept), OverlapCounts())
    assert counts.f1 == pytest.approx(tuning.f1)
    assert 0 <= tuning.thresholds.uncertain <= tuning.thresholds.report <= 1
    assert tuning.sigmoid.slope > 0


def labelled(doc_id: str, *devices: str) -> LabelledDocument:
    spans = tuple(LabelledSpan(0, 4, device, "own") for device in devices)
    return LabelledDocument(Document(doc_id, "They deny."), spans)


def test_document_scores_are_fitted_device_by_device_on_what_documents_hold() -> None:
    documents = [labelled("a", "denial"), labelled("b", "denial", "denial"), labelled("c")]
    raw = [{"denial": 0.0, "foreignising": 0.0}] * 3
    fitted = fit_document_scores(raw, documents)
    # one raw score: the mean is the smoothed share, (2 + 1) / (3 + 2) and (0 + 1) / (3 + 2)
    assert float(apply_sigmoid(fitted["denial"], 0.0)) == pytest.approx(0.6)
    assert float(apply_sigmoid(fitted["foreignising"], 0.0)) == pytest.approx(0.2)


def test_without_documents_there_is_nothing_to_fit() -> None:
    assert fit_document_scores([], []) == {}


def test_a_tuning_holds_what_a_manifest_keeps_of_each_device() -> None:
    first = DeviceTuning(Sigmoid(1.0, 2.0), Thresholds(0.6, 0.3), 0.7)
    second = DeviceTuning(Sigmoid(3.0, 4.0), Thresholds(0.4, 0.2), 0.5)
    documents, raw = [labelled("a", "denial")], [{"denial": 0.0, "doubt": 0.0}]
    tuning = tuning_of({"denial": first, "doubt": second}, raw, documents)
    assert tuning.calibration.spans == {"denial": first.sigmoid, "doubt": second.sigmoid}
    assert tuning.calibration.documents == fit_document_scores(raw, documents)
    assert tuning.thresholds == {"denial": first.thresholds, "doubt": second.thresholds}
    assert tuning.f1 == {"denial": 0.7, "doubt": 0.5}
