from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pytest
from corpus_files import TAXONOMY
from hypothesis import given
from hypothesis import strategies as st

from framing.calibration import Sigmoid
from framing.decoding import (
    Candidate,
    TokenProbabilities,
    decode_candidates,
    grade,
    logit,
    snap,
)
from framing.encoding import Tokens
from framing.model_folder import Calibration, Thresholds
from framing.sentences import sentence_bounds
from framing.spans import LabelledSpan, Span

OWN = (0.8, 0.15, 0.05)  # probabilities of the voices own, quoted, reported


def tokens_of_words(text: str) -> Tokens:
    """One token for each stretch without white space."""
    bounds, start = [], 0
    for word in text.split():
        start = text.index(word, start)
        bounds.append((start, start + len(word)))
        start += len(word)
    starts, ends = np.array(bounds, dtype=np.int32).reshape(-1, 2).T
    return Tokens(np.zeros(len(bounds), dtype=np.int32), starts, ends)


def decode(
    text: str,
    scores: Mapping[str, Sequence[float]],
    *,
    edges: Mapping[str, float] | None = None,
    shortest: int = 1,
    max_gap: int = 0,
    voices: Sequence[Sequence[float]] | None = None,
    sentences: Sequence[Span] | None = None,
) -> list[Candidate]:
    """Decode a text whose words have the given probabilities of some devices, 0 of the others."""
    tokens = tokens_of_words(text)
    devices = np.zeros((len(tokens), len(TAXONOMY.devices)), dtype=np.float32)
    for device, values in scores.items():
        devices[:, TAXONOMY.device_names.index(device)] = values
    said = np.array([OWN] * len(tokens) if voices is None else voices, dtype=np.float32)
    said = said.reshape(-1, len(TAXONOMY.voices))
    return decode_candidates(
        text,
        sentence_bounds(text) if sentences is None else sentences,
        tokens,
        TokenProbabilities(devices, said),
        TAXONOMY,
        edges or dict.fromkeys(TAXONOMY.device_names, 0.5),
        dict.fromkeys(TAXONOMY.device_names, shortest),
        max_gap,
    )


def words(text: str, candidates: Sequence[Candidate]) -> list[str]:
    return [text[c.span.start : c.span.end] for c in candidates]


def test_a_run_of_tokens_at_the_edge_probability_is_a_candidate() -> None:
    text = "He said we never did it at all"
    found = decode(text, {"denial": [0.1, 0.2, 0.5, 0.9, 0.8, 0.7, 0.49, 0.1]})
    assert words(text, found) == ["we never did it"]
    assert found[0].device == "denial"


@pytest.mark.parametrize(
    ("max_gap", "expected"), [(0, ["a", "d", "g"]), (1, ["a", "d", "g"]), (2, ["a b c d e f g"])]
)
def test_runs_are_joined_over_gaps_of_at_most_max_gap_tokens(
    max_gap: int, expected: list[str]
) -> None:
    text = "a b c d e f g"
    found = decode(text, {"denial": [0.9, 0, 0, 0.9, 0, 0, 0.9]}, max_gap=max_gap)
    assert words(text, found) == expected


def test_a_run_is_cut_where_a_sentence_ends() -> None:
    text = "We deny it. We deny all."
    found = decode(text, {"denial": [0.9] * 6}, max_gap=2)
    assert words(text, found) == ["We deny it", "We deny all"]


def test_no_gap_is_bridged_over_the_end_of_a_sentence() -> None:
    text = "We deny it. We deny all."
    found = decode(text, {"denial": [0.9, 0.9, 0, 0, 0.9, 0.9]}, max_gap=5)
    assert words(text, found) == ["We deny", "deny all"]


def test_stretches_of_two_devices_may_overlap() -> None:
    text = "foreign hands never did it"
    found = decode(
        text, {"denial": [0, 0, 0.9, 0.9, 0.9], "foreignising": [0.9, 0.9, 0.9, 0.1, 0.1]}
    )
    assert {c.device: w for c, w in zip(found, words(text, found), strict=True)} == {
        "foreignising": "foreign hands never",
        "denial": "never did it",
    }


def test_only_the_devices_with_an_edge_are_looked_for() -> None:
    text = "foreign hands"
    found = decode(text, {"denial": [1, 1], "foreignising": [1, 1]}, edges={"denial": 0.5})
    assert [c.device for c in found] == ["denial"]


def test_each_device_has_its_own_edge() -> None:
    text = "foreign hands"
    scores = {"denial": [0.3, 0.3], "foreignising": [0.3, 0.3]}
    found = decode(text, scores, edges={"denial": 0.4, "foreignising": 0.2})
    assert [c.device for c in found] == ["foreignising"]


def test_the_raw_score_is_the_logit_of_the_mean_probability_with_bridged_tokens() -> None:
    found = decode("a b c", {"denial": [0.9, 0.3, 0.9]}, max_gap=1)
    # mean of 0.9, 0.3, 0.9 = 0.7; logit(0.7) = ln(0.7 / 0.3) = 0.8473
    assert [c.raw for c in found] == [pytest.approx(math.log(0.7 / 0.3), abs=1e-5)]


def test_the_voice_is_the_likeliest_by_the_mean_over_the_stretch() -> None:
    voices = [(1.0, 0.0, 0.0), (0.4, 0.6, 0.0), (0.0, 1.0, 0.0), (0.1, 0.2, 0.7)]
    found = decode("a b c d", {"denial": [0.9, 0.9, 0.9, 0]}, voices=voices)
    # means over the first three: own 1.4/3 = 0.467, quoted 1.6/3 = 0.533, reported 0
    assert (found[0].voice, found[0].voice_score) == ("quoted", pytest.approx(1.6 / 3))


def test_a_token_that_starts_inside_a_word_gives_the_whole_word() -> None:
    text = "It was unthinkable then"
    tokens = Tokens(
        np.zeros(1, dtype=np.int32), np.array([9], dtype=np.int32), np.array([13], dtype=np.int32)
    )
    devices = np.full((1, 4), 0.9, dtype=np.float32)
    found = decode_candidates(
        text,
        sentence_bounds(text),
        tokens,
        TokenProbabilities(devices, np.array([OWN], dtype=np.float32)),
        TAXONOMY,
        {"denial": 0.5},
        {"denial": 1},
        0,
    )
    assert words(text, found) == ["unthinkable"]


@pytest.mark.parametrize(("shortest", "expected"), [(1, ["a", "c d"]), (2, ["c d"]), (3, [])])
def test_a_stretch_of_fewer_words_than_the_shortest_span_is_left_out(
    shortest: int, expected: list[str]
) -> None:
    found = decode("a b c d", {"denial": [0.9, 0, 0.9, 0.9]}, shortest=shortest)
    assert words("a b c d", found) == expected


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("[“We never did it.”]", "We never did it"),
        ("['We never did it!']", "We never did it"),
        ("«[We never] did it»", "We never"),
        ("[- and we never did it,]", "we never did it"),
        ("[But “we never] did it”", "we never"),
        ("[because it is a lie;]", "it is a lie"),
        ("th[e minis]ter’s lie", "the minister"),
        ("[the minister’s lie]", "the minister’s lie"),
        ("[3.5 per cent]", "3.5 per cent"),
        ("Cafe\u0301 ow[ner]s deny", "owners"),
        ("[🜁 never]", "🜁 never"),
        ("[never… ]", "never"),
        ("[… never]", "never"),
        ("[android never did]", "android never did"),
    ],
)
def test_edges_are_whole_words_without_quotes_final_marks_and_conjunctions(
    marked: str, expected: str
) -> None:
    text = marked.replace("[", "").replace("]", "")
    found = snap(text, Span(0, len(text)), marked.index("["), marked.index("]") - 1)
    assert found is not None
    assert text[found.start : found.end] == expected


@pytest.mark.parametrize("text", ["“…”!", " , ", "—", "and “", "...", "(*)", "…", "%"])
def test_where_no_word_is_left_there_is_no_span(text: str) -> None:
    assert snap(text, Span(0, len(text)), 0, len(text)) is None


def test_a_run_without_a_word_is_no_candidate() -> None:
    assert decode("We — deny", {"denial": [0, 0.9, 0]}) == []


def test_snapping_stays_inside_the_sentence() -> None:
    text = "onetwothree"
    assert snap(text, Span(3, 6), 4, 5) == Span(3, 6)
    assert snap(text, Span(3, 6), 4, 9) == Span(3, 6)


def test_a_long_run_of_marks_takes_no_quadratic_time() -> None:
    text = "a" + "." * 200_000 + "b" + " " * 200_000 + "c"
    started = time.process_time()
    assert snap(text, Span(0, len(text)), 0, len(text)) == Span(0, len(text))
    assert time.process_time() - started < 5  # 0.01 s; from each mark anew it took minutes


@given(st.text(alphabet="ab .,“”'-\n\u0301🜁", min_size=1, max_size=40), st.data())
def test_snapping_loses_no_letter_and_leaves_no_mark_at_the_edges(
    text: str, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    found = snap(text, Span(0, len(text)), start, end)
    letters = {i for i in range(start, end) if text[i].isalnum()}
    assert letters <= (set(range(found.start, found.end)) if found else set())
    if found:
        assert not {text[found.start], text[found.end - 1]} & set(" \n.,“”-")


def test_a_text_without_tokens_has_no_candidates() -> None:
    assert decode("", {}) == []


@given(st.lists(st.sampled_from([0.0, 0.2, 0.6, 1.0]), min_size=9, max_size=9), st.integers(0, 3))
def test_candidates_of_a_device_lie_inside_sentences_and_apart(
    values: list[float], max_gap: int
) -> None:
    text = "We deny it. “We never did it,” he said."
    sentences = sentence_bounds(text)
    found = decode(text, {"denial": values}, max_gap=max_gap, sentences=sentences)
    spans = sorted(c.span for c in found)
    assert all(any(s.overlap(span) == len(span) for s in sentences) for span in spans)
    assert all(left.end <= right.start for left, right in pairwise(spans))
    assert all(math.isfinite(c.raw) for c in found)


@pytest.mark.parametrize(
    ("probability", "expected"),
    # ln(0.8 / 0.2) = 1.386; at the ends ln(1e6 - 1) = 13.8155
    [(0.5, 0.0), (0.8, 1.386294), (0.0, -13.81551), (1.0, 13.81551)],
)
def test_the_logit_is_finite_everywhere(probability: float, expected: float) -> None:
    assert logit(probability) == pytest.approx(expected, abs=1e-5)


def candidate(start: int, raw: float, device: str = "denial") -> Candidate:
    return Candidate(Span(start, start + 5), device, raw, "own", 0.75)


CALIBRATION = Calibration(
    spans={"denial": Sigmoid(2.0, 1.0), "foreignising": Sigmoid(1.0, 0.0)}, documents={}
)


def test_the_two_thresholds_part_reported_uncertain_and_dropped_spans() -> None:
    thresholds = {"denial": Thresholds(0.8, 0.3)}
    # scores 1 / (1 + exp(-(2 raw + 1))): 0.5 → 0.881, -0.5 → 0.5, -2 → 0.047
    found = [candidate(20, -0.5), candidate(10, 0.5), candidate(0, -2.0)]
    reported, uncertain = grade(found, thresholds, CALIBRATION)
    assert [(s.start, s.score) for s in reported] == [(10, pytest.approx(0.880797))]
    assert [(s.start, s.score) for s in uncertain] == [(20, pytest.approx(0.5))]
    assert reported[0] == LabelledSpan(10, 15, "denial", "own")
    assert reported[0].voice_score == 0.75


def test_a_score_at_a_threshold_reaches_it() -> None:
    # sigmoid(2 * -0.5 + 1) = 0.5 exactly
    on_report = grade([candidate(0, -0.5)], {"denial": Thresholds(0.5, 0.25)}, CALIBRATION)
    assert [len(spans) for spans in on_report] == [1, 0]
    on_uncertain = grade([candidate(0, -0.5)], {"denial": Thresholds(0.9, 0.5)}, CALIBRATION)
    assert [len(spans) for spans in on_uncertain] == [0, 1]


def test_each_device_has_its_own_thresholds_and_calibration() -> None:
    thresholds = {"denial": Thresholds(0.9, 0.8), "foreignising": Thresholds(0.4, 0.2)}
    found = [candidate(0, 0.0), candidate(0, 0.0, "foreignising")]
    reported, uncertain = grade(found, thresholds, CALIBRATION)
    # denial: sigmoid(1) = 0.731 < 0.8; foreignising: sigmoid(0) = 0.5 >= 0.4
    assert [s.device for s in reported] == ["foreignising"]
    assert uncertain == ()


def test_spans_come_in_order_of_place() -> None:
    found = [candidate(start, 3.0) for start in (30, 0, 20)]
    reported, _ = grade(found, {"denial": Thresholds(0.5, 0.25)}, CALIBRATION)
    assert [span.start for span in reported] == [0, 20, 30]
