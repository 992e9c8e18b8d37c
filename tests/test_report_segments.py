from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from framing.report.segments import printable, printable_line, segments
from framing.spans import LabelledSpan

spans = st.builds(
    lambda start, length, device: LabelledSpan(start, start + length, device, "own"),
    st.integers(0, 20),
    st.integers(1, 15),
    st.sampled_from(["denial", "foreignising"]),
)


@given(st.lists(spans, max_size=6), st.integers(0, 10), st.integers(1, 30))
def test_segments_tile_the_stretch_and_carry_the_spans_over_each_character(
    found: list[LabelledSpan], start: int, length: int
) -> None:
    end = start + length
    cut = segments(found, start, end)
    assert [i for segment in cut for i in range(segment.start, segment.end)] == [*range(start, end)]
    for segment in cut:
        for i in range(segment.start, segment.end):
            assert sorted(segment.spans) == sorted(s for s in found if s.start <= i < s.end)


@given(st.lists(spans, max_size=6))
def test_each_span_opens_once_and_closes_once(found: list[LabelledSpan]) -> None:
    cut = segments(found, 0, 40)
    assert sorted(span for segment in cut for span in segment.opening) == sorted(found)
    assert sorted(span for segment in cut for span in segment.closing) == sorted(found)


def test_the_span_that_began_first_is_outermost() -> None:
    outer = LabelledSpan(0, 10, "denial", "own")
    inner = LabelledSpan(0, 4, "foreignising", "own")
    first, second = segments([inner, outer], 0, 10)
    assert first.spans == first.opening == (outer, inner)
    assert first.closing == (inner,)
    assert second.closing == (outer,)


def test_an_empty_stretch_has_no_segment() -> None:
    assert segments([], 0, 0) == []


@given(st.text())
def test_printable_text_holds_no_control_but_tabs_and_line_feeds(text: str) -> None:
    controls = {c for c in printable(text) if unicodedata.category(c) in {"Cc", "Cs"}}
    assert controls <= {"\n", "\t"}


def test_a_printable_line_is_one_line() -> None:
    assert printable_line("two\r\n lines\x1b[2J\u202e") == "two lines[2J"
