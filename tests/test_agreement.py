from __future__ import annotations

import msgspec
import pytest
from corpus_files import TAXONOMY
from hypothesis import given
from hypothesis import strategies as st

from framing.agreement import compute_agreement, document_pairs, pair_spans
from framing.corpus import LabelRow, SpanRow
from framing.errors import LabelsError
from framing.spans import LabelledSpan

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


def rows_of(first, second):
    rows = compute_agreement(first, second, COLLECTIONS, TAXONOMY)
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


def test_pairs_are_listed_for_each_common_document():
    pairs = document_pairs(FIRST, SECOND)
    assert {doc_id: [pair.kind for pair in each] for doc_id, each in pairs.items()} == {
        "a": ["edges", "only_first"],
        "b": ["voice"],
    }
