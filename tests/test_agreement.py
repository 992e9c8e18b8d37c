from __future__ import annotations

import msgspec
import pytest
from corpus_files import TAXONOMY
from hypothesis import given
from hypothesis import strategies as st

from framing.agreement import (
    compute_agreement,
    document_pairs,
    nominal_alpha,
    pair_spans,
    sentence_values,
    shared_sentences,
)
from framing.corpus import LabelRow, ManifestRow, SpanRow
from framing.errors import LabelsError
from framing.spans import LabelledSpan, Span, text_sha256

COLLECTIONS = {"a": "authored", "b": "wire", "c": "wire"}


def span(start, end, device="denial", voice="own"):
    return LabelledSpan(start, end, device, voice)


def layer(**spans):
    return {
        doc_id: LabelRow(
            doc_id=doc_id,
            sha256="0" * 64,
            annotators=("ann",),
            adjudicated=False,
            codebook_version="1.0",
            spans=tuple(SpanRow(s.start, s.end, s.device, s.voice) for s in each),
        )
        for doc_id, each in spans.items()
    }


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        (span(0, 10), span(0, 10), "agreed"),
        (span(0, 10), span(0, 8), "agreed"),  # 8 shared of 10
        (span(0, 10), span(0, 7), "edges"),  # 7 shared of 10
        (span(0, 10), span(0, 8, voice="quoted"), "voice"),
        (span(0, 10), span(0, 7, voice="quoted"), "edges"),
    ],
)
def test_two_spans_that_overlap_are_a_pair(first, second, kind):
    (pair,) = pair_spans([first], [second])
    assert (pair.kind, pair.first, pair.second) == (kind, first, second)


def test_spans_without_a_counterpart_are_listed_in_order_of_place():
    first = [span(0, 5), span(20, 30)]
    second = [span(0, 5, "foreignising"), span(10, 15), span(22, 30)]
    kinds = [(pair.kind, (pair.first or pair.second).start) for pair in pair_spans(first, second)]
    assert kinds == [
        ("only_first", 0),
        ("only_second", 0),
        ("only_second", 10),
        ("agreed", 20),
    ]


def test_a_span_has_the_counterpart_that_fits_best():
    # 0:10 shares 4 of 10 with 0:4 and 6 of 10 with 4:10.
    left, best = pair_spans([span(0, 10)], [span(0, 4), span(4, 10)])
    assert (left.kind, left.second) == ("only_second", span(0, 4))
    assert (best.kind, best.second) == ("edges", span(4, 10))


SPANS = st.lists(
    st.builds(
        lambda start, length, device, voice: span(start, start + length, device, voice),
        st.integers(0, 30),
        st.integers(1, 9),
        st.sampled_from(["denial", "foreignising"]),
        st.sampled_from(["own", "quoted"]),
    ),
    max_size=5,
    unique=True,
)


@given(SPANS, SPANS)
def test_every_span_is_in_one_pair(first, second):
    pairs = pair_spans(first, second)
    assert sorted(pair.first for pair in pairs if pair.first) == sorted(first)
    assert sorted(pair.second for pair in pairs if pair.second) == sorted(second)


@given(SPANS)
def test_an_annotator_agrees_with_herself(spans):
    assert {pair.kind for pair in pair_spans(spans, spans)} <= {"agreed"}


FIRST = layer(
    a=[span(0, 10), span(20, 30, "foreignising")],
    b=[span(0, 10, voice="quoted")],
    c=[],
)
SECOND = layer(a=[span(5, 10)], b=[span(0, 10)], d=[span(0, 1)])


def rows_of(first, second, sentences=None):
    rows = compute_agreement(first, second, COLLECTIONS, TAXONOMY, sentences or {})
    return {(row.collection, row.device): row for row in rows}


def test_agreement_is_given_by_device_and_by_collection():
    rows = rows_of(FIRST, SECOND)
    assert list(dict.fromkeys(collection for collection, _ in rows)) == ["all", "authored", "wire"]
    # denial in a: first 0:10, second 5:10: precision 1/1, recall 0.5/1, F1 1/1.5; IoU 0.5: matched.
    denial = rows["authored", "denial"]
    assert (denial.n_documents, denial.n_first, denial.n_second) == (1, 1, 1)
    assert denial.f1 == pytest.approx(2 / 3)
    assert (denial.n_matched, denial.voice) == (1, 1.0)
    # all documents: precision (1 + 1)/2, recall (0.5 + 1)/2, F1 1.5/1.75; one of two voices.
    assert rows["all", "denial"].f1 == pytest.approx(1.5 / 1.75)
    assert rows["all", "denial"].voice == 0.5
    # micro: one foreignising span of the first more: recall 1.5/3, F1 1/1.5.
    assert rows["all", "micro"].f1 == pytest.approx(2 / 3)
    assert rows["all", "micro"].n_first == 3
    assert rows["all", "foreignising"].f1 == 0.0


def test_documents_of_one_layer_alone_do_not_count():
    assert rows_of(FIRST, SECOND)["all", "micro"].n_documents == 2


def test_without_spans_there_is_no_figure():
    row = rows_of(layer(a=[]), layer(a=[]))["all", "micro"]
    assert (row.f1, row.voice, row.n_matched) == (None, None, 0)


@given(SPANS, SPANS)
def test_f1_is_the_same_whichever_layer_comes_first(first, second):
    one = rows_of(layer(a=first), layer(a=second))["all", "micro"].f1
    assert one == pytest.approx(rows_of(layer(a=second), layer(a=first))["all", "micro"].f1)


def test_layers_without_a_common_document_are_an_error():
    with pytest.raises(LabelsError, match="share no document"):
        rows_of(layer(a=[]), layer(b=[]))


def test_labels_of_different_texts_are_an_error():
    other = {"a": msgspec.structs.replace(FIRST["a"], sha256="1" * 64)}
    with pytest.raises(LabelsError, match="a: the layers label different texts"):
        document_pairs(FIRST, other)


def test_a_document_of_no_collection_is_an_error():
    with pytest.raises(LabelsError, match="d is not in the manifest"):
        rows_of(layer(d=[]), SECOND)


# Krippendorff's alpha


def test_alpha_of_two_annotators_without_missing_values_is_as_published():
    # Krippendorff 2011, B. Of the 24 values 4 are a, 6 b, 6 c, 6 d, 2 e. Agreeing units: one aa,
    # two bb, three cc, two dd, one ee, two values each: 18 on the diagonal.
    # alpha = (23 * 18 - (4*3 + 6*5 + 6*5 + 6*5 + 2*1)) / (24 * 23 - 104) = 310 / 448 = 0.692
    units = zip("aabbdcccedda", "babbbccceddd", strict=True)
    assert nominal_alpha(units) == pytest.approx(310 / 448)


def test_alpha_of_two_values_is_as_published():
    # Krippendorff 2011, A. Ten units: five 00, one 11, four of both: 4 off the diagonal on each
    # side; 14 zeros, 6 ones. alpha = 1 - 19 * 4 / (14 * 6) = 8 / 84 = 0.095
    units = zip("0100000010", "1110010000", strict=True)
    assert nominal_alpha(units) == pytest.approx(8 / 84)


FOUR_OBSERVERS = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")


def test_alpha_of_four_annotators_with_missing_values_is_as_published():
    # Krippendorff 2011, C. A value pairs with each other one of its unit, at weight 1 / (m - 1):
    # unit 1: 111: 3; 2: 2232: 1-1-1 pairs of 2: 6 / 3 = 2; 3 and 4: 3333: 4 each; 5: 2222: 4;
    # 6: 1234: 0; 7: 4444: 4; 8: 1121: 2; 9: 2222: 4; 10: 555: 3; 11: 11: 2; 12 has one value alone.
    # Diagonal: 1: 3+2+2 = 7, 2: 2+4+4 = 10, 3: 8, 4: 4, 5: 3, together 32. Values: 9 of 1, 13 of 2,
    # 10 of 3, 5 of 4, 3 of 5, together 40.
    # alpha = (39 * 32 - (72 + 156 + 90 + 20 + 6)) / (40 * 39 - 344) = 904 / 1216 = 0.743
    columns = zip(*FOUR_OBSERVERS, strict=True)
    units = [[None if value == "." else value for value in column] for column in columns]
    assert nominal_alpha(units) == pytest.approx(904 / 1216)


@pytest.mark.parametrize("units", [[], [("a", None)], [("a", "a"), ("a", "a"), ("b", None)]])
def test_without_two_different_values_that_can_be_paired_there_is_no_alpha(units):
    assert nominal_alpha(units) is None


UNITS = st.lists(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=3, max_size=3))


@given(UNITS)
def test_alpha_is_the_same_whatever_the_order_of_annotators_and_at_most_1(units):
    alpha = nominal_alpha(units)
    assert alpha == nominal_alpha([unit[::-1] for unit in units[::-1]])
    assert alpha is None or alpha <= 1.0


@given(UNITS)
def test_alpha_is_one_minus_observed_by_expected_disagreement(units):
    weights = {}  # the coincidence matrix, pair by pair
    for unit in units:
        values = [value for value in unit if value is not None]
        for i, one in enumerate(values):
            for j, other in enumerate(values):
                if i != j:
                    pair = (one, other)
                    weights[pair] = weights.get(pair, 0) + 1 / (len(values) - 1)
    n = sum(weights.values())
    totals = {a: sum(w for (one, _), w in weights.items() if one == a) for a in "abc"}
    observed = sum(w for (one, other), w in weights.items() if one != other)
    expected = sum(totals[a] * totals[b] for a in "abc" for b in "abc" if a != b)
    if expected:
        assert nominal_alpha(units) == pytest.approx(1 - (n - 1) * observed / expected)
    else:
        assert nominal_alpha(units) is None


SENTENCES = [Span(0, 10), Span(10, 20), Span(20, 30)]


def test_a_sentence_has_the_value_of_a_device_when_a_span_touches_it():
    layers = ([span(5, 11), span(0, 30, "foreignising")], [span(0, 10)])
    assert list(sentence_values("denial", layers, SENTENCES)) == [
        (True, True),
        (True, False),
        (False, False),
    ]


def test_alpha_rests_on_the_documents_whose_text_is_at_hand():
    rows = rows_of(FIRST, SECOND, {"a": SENTENCES})
    # denial in a: first 0:10, second 5:10; both touch the first sentence alone of three.
    assert rows["authored", "denial"].alpha == 1.0
    assert rows["authored", "denial"].n_with_text == 1
    # foreignising: first 20:30, second none: of 6 values one is 1; 1 - 5 * 1 / (5 * 1) = 0.
    assert rows["authored", "foreignising"].alpha == 0.0
    # micro: 12 sentences and devices; 3 of 24 values are 1, two of them agree:
    # 1 - 23 * 1 / (21 * 3) = 40 / 63.
    assert rows["authored", "micro"].alpha == pytest.approx(40 / 63)
    assert rows["authored", "denial"].f1 == pytest.approx(2 / 3)
    # b is without its text: it counts for F1 alone.
    assert (rows["wire", "denial"].n_with_text, rows["wire", "denial"].alpha) == (0, None)
    assert rows["wire", "denial"].f1 == 1.0
    both = rows["all", "denial"]
    assert (both.n_documents, both.n_with_text, both.alpha) == (2, 1, 1.0)


def test_sentences_are_those_of_the_texts_that_were_labelled(tmp_path):
    text = "We left. They stayed."
    (tmp_path / "attached" / "wire").mkdir(parents=True)
    for name in "bc":
        (tmp_path / "attached" / "wire" / f"{name}.txt").write_text(text, encoding="utf-8")
    sha256 = text_sha256(text)
    manifest = {
        doc_id: ManifestRow(doc_id=doc_id, collection="wire", sha256=sha256, n_characters=21)
        for doc_id in ("b", "c", "d")
    }
    labels = layer(b=[], c=[], d=[], e=[])
    # b fits; the labels of c are of another text, the text of d is not at hand, e is not known.
    labels |= {d: msgspec.structs.replace(labels[d], sha256=sha256) for d in ("b", "d", "e")}
    sentences = shared_sentences(labels, labels, manifest, tmp_path)
    assert sentences == {"b": (Span(0, 9), Span(9, 21))}


def test_pairs_are_listed_for_each_common_document():
    pairs = document_pairs(FIRST, SECOND)
    assert {doc_id: [pair.kind for pair in each] for doc_id, each in pairs.items()} == {
        "a": ["edges", "only_first"],
        "b": ["voice"],
    }
