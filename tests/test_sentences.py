from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from framing.sentences import enclosing_sentences, sentence_bounds, sentence_index
from framing.spans import Span

PIECES = st.sampled_from(
    [
        "We left.",
        "Mr. Bo stayed",
        "“Never!” he said.",
        " ",
        "\t",
        "\n",
        "\r\n",
        "\n \n",
        "[6]",
        "[a][12] ",
        "🜁",
        "e\u0301",
        "\u00a0",
        "\u2028",
        "…",
        "3.5",
        "\udce9",
    ]
)
TEXTS = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=25).map("".join))


def sentences(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentence_bounds(text)]


@given(TEXTS)
@example("")
@example("   ")
@example("\n\n\n")
@example("End.[1]")
def test_sentences_tile_every_text(text: str) -> None:
    bounds = sentence_bounds(text)
    assert "".join(text[span.start : span.end] for span in bounds) == text
    assert all(left.end == right.start for left, right in pairwise(bounds))
    assert bounds == () or (bounds[0].start, bounds[-1].end) == (0, len(text))


@given(TEXTS.filter(bool), st.data())
def test_each_character_is_found_in_its_sentence(text: str, data: st.DataObject) -> None:
    bounds = sentence_bounds(text)
    offset = data.draw(st.integers(0, len(text) - 1))
    found = bounds[sentence_index(bounds, offset)]
    assert found.start <= offset < found.end


def test_white_space_after_a_sentence_belongs_to_it() -> None:
    assert sentences("The quay burned.  Nobody was hurt.\n") == [
        "The quay burned.  ",
        "Nobody was hurt.\n",
    ]


def test_an_abbreviation_ends_no_sentence() -> None:
    assert sentences("Dr. Oru and Mr. Bo met. They spoke.") == [
        "Dr. Oru and Mr. Bo met. ",
        "They spoke.",
    ]


@pytest.mark.parametrize("gap", ["\n", "\n\n", "\r\n", "\r\n\r\n", " \n \t\n"])
def test_a_headline_without_full_stop_is_a_sentence(gap: str) -> None:
    text = f"Quay burns again{gap}The fire began at noon. It spread."
    assert sentences(text) == [f"Quay burns again{gap}", "The fire began at noon. ", "It spread."]


WRAPPED = """\
The council of the old harbour met on the first Monday of the
month to hear what the wardens had found in the long shed and
to ask who had left the gate unlocked. No one had an answer to
the question, and so the meeting was put off until the river
had fallen and the shed could be searched once more by day."""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_in_a_hard_wrapped_text_a_line_end_ends_no_sentence(line_end: str) -> None:
    first, second = sentences(WRAPPED.replace("\n", line_end))
    assert first.rstrip().endswith("left the gate unlocked.")
    assert second.startswith("No one had an answer to")


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_in_a_hard_wrapped_text_a_blank_line_ends_a_sentence(line_end: str) -> None:
    text = f"Wardens find nothing\n\n{WRAPPED}".replace("\n", line_end)
    assert sentences(text)[0].rstrip() == "Wardens find nothing"
    assert len(sentences(text)) == 3


def test_a_few_long_lines_without_full_stop_are_not_hard_wrapped() -> None:
    first = "Wardens of the old harbour find the gate of the long shed unlocked"
    second = "Council puts off its meeting until the river has fallen once more"
    assert sentences(f"{first}\n{second}\nNo one had an answer.") == [
        f"{first}\n",
        f"{second}\n",
        "No one had an answer.",
    ]


def test_four_short_lines_are_not_hard_wrapped() -> None:
    assert len(sentences("Bread\nSalt\nOil\nRope\nTar")) == 5


def test_a_footnote_mark_stays_with_the_sentence_that_it_follows() -> None:
    assert sentences("The river fell.[6] The shed was searched.[a][12] It was bare.") == [
        "The river fell.[6] ",
        "The shed was searched.[a][12] ",
        "It was bare.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "word " * 200_000,
        "x" * 1_000_000,
        "The ships left the harbour again. " * 29_000,
        "a" + " " * 1_000_000 + "b",
        "a" + ("\t" * 1000 + "\n") * 1000 + "b",
        "a" + "\n" * 1_000_000 + "b",
        "." * 1_000_000,
        "[1]" * 330_000,
    ],
    ids=["words", "one word", "sentences", "spaces", "tabs", "line ends", "dots", "footnotes"],
)
def test_a_megabyte_takes_seconds_whatever_it_holds(text: str) -> None:
    started = time.process_time()
    bounds = sentence_bounds(text)
    # 0.01 to 1 s of processor time; a quadratic search would take minutes.
    assert time.process_time() - started < 10
    assert bounds[-1].end == len(text)


def test_enclosing_sentences_reach_from_the_first_to_the_last_that_a_span_touches() -> None:
    bounds = (Span(0, 10), Span(10, 20), Span(20, 30))
    assert enclosing_sentences(bounds, Span(12, 15)) == Span(10, 20)
    assert enclosing_sentences(bounds, Span(10, 20)) == Span(10, 20)
    assert enclosing_sentences(bounds, Span(9, 11)) == Span(0, 20)
    assert enclosing_sentences(bounds, Span(0, 30)) == Span(0, 30)
