from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framing.spans import (
    Document,
    LabelledDocument,
    LabelledSpan,
    ScoredDocument,
    Span,
    merge_spans,
)

spans = st.tuples(st.integers(0, 50), st.integers(1, 20)).map(lambda x: Span(x[0], x[0] + x[1]))


@pytest.mark.parametrize(("start", "end"), [(3, 3), (5, 4), (-1, 2), (0, 0)])
def test_an_empty_reversed_or_negative_span_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match=rf"span {start}:{end}: expected 0 <= start < end"):
        Span(start, end)


@given(spans, spans)
def test_overlap_counts_the_characters_that_both_hold(first: Span, second: Span) -> None:
    shared = set(range(first.start, first.end)) & set(range(second.start, second.end))
    assert first.overlap(second) == second.overlap(first) == len(shared)


@given(spans)
def test_the_length_of_a_span_is_the_characters_it_holds(span: Span) -> None:
    assert len(span) == span.overlap(span) == len(range(span.start, span.end))


@given(st.lists(spans, max_size=6))
def test_merged_spans_are_apart_in_order_and_hold_the_same_characters(each: list[Span]) -> None:
    merged = merge_spans(each)
    assert all(a.end <= b.start for a, b in pairwise(merged))
    characters = {i for span in each for i in range(span.start, span.end)}
    assert {i for span in merged for i in range(span.start, span.end)} == characters
    assert merge_spans(merged) == merged


def test_spans_that_only_touch_are_not_merged() -> None:
    touching = [Span(0, 3), Span(3, 5)]
    assert merge_spans(touching) == touching


def test_spans_are_ordered_by_place_and_then_by_device_and_voice() -> None:
    ordered = [
        LabelledSpan(0, 5, "foreignising", "own"),
        LabelledSpan(0, 9, "denial", "own"),
        LabelledSpan(0, 9, "denial", "quoted"),
        LabelledSpan(2, 3, "blame_shifting", "own"),
    ]
    assert sorted(set(ordered)) == ordered


def test_the_score_of_a_span_is_no_part_of_its_identity() -> None:
    gold = LabelledSpan(0, 5, "denial", "own")
    assert gold == LabelledSpan(0, 5, "denial", "own", score=0.9, voice_score=0.8)
    assert gold != LabelledSpan(0, 5, "denial", "quoted")
    assert len({gold, LabelledSpan(0, 5, "denial", "own", score=0.9)}) == 1


def test_a_labelled_span_is_checked_like_any_span() -> None:
    with pytest.raises(ValueError, match="span 7:2: expected 0 <= start < end"):
        LabelledSpan(7, 2, "denial", "own")


def test_offsets_count_code_points() -> None:
    # 🜁 is one code point (two UTF-16 units); 'é' here is two: 'e' and a combining accent.
    text = "🜁 cafe\u0301 denied"
    labelled = LabelledDocument(Document("a", text), (LabelledSpan(8, 14, "denial", "own"),))
    assert labelled.quote(labelled.spans[0]) == "denied"


def test_a_span_that_ends_after_the_text_is_refused() -> None:
    spans = (LabelledSpan(0, 4, "denial", "own"), LabelledSpan(2, 5, "denial", "own"))
    with pytest.raises(ValueError, match=r"quay-1 2:5: the text has only 4 characters"):
        LabelledDocument(Document("quay-1", "Quay"), spans)
    assert LabelledDocument(Document("quay-1", "Quay"), spans[:1]).spans == spans[:1]


def test_a_scored_document_is_checked_like_a_labelled_one() -> None:
    with pytest.raises(ValueError, match="the text has only 4 characters"):
        ScoredDocument(Document("quay-1", "Quay"), (LabelledSpan(2, 5, "denial", "own"),))


def test_the_sha256_is_that_of_the_text_as_utf8() -> None:
    text = "Môle 🜁\r\n"
    assert Document("a", text).sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_a_lone_surrogate_has_a_sha256_too() -> None:
    broken, mended = Document("a", "caf\udce9").sha256, Document("a", "caf\ufffd").sha256
    assert broken != mended
    assert broken == Document("b", "caf\udce9").sha256


def test_metadata_is_no_part_of_a_documents_identity() -> None:
    assert Document("a", "Quay", metadata={"side": "north"}) == Document("a", "Quay")
    assert Document("a", "Quay") != Document("a", "Quai")


def test_the_spans_of_one_device_are_picked_in_order() -> None:
    spans = tuple(LabelledSpan(i, i + 1, ("denial", "doubt")[i % 2], "own") for i in range(4))
    document = LabelledDocument(Document("d", "text"), spans)
    assert document.spans_of("doubt") == [spans[1], spans[3]]
    assert document.spans_of("blame") == []
