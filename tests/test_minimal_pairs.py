"""Pairs that differ by a word or two: the shipped transformer must tell them apart.

`minimal_pairs.jsonl` was written by a language model, as the authored documents were, and is in no
split. Kind 'negation': a text with a device, and one that a negation or its like takes it from.
Kind 'voice': a clause that its narrator says, that somebody is quoted with, that is reported.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import framing
from framing.classifier import Classifier
from framing.spans import LabelledSpan

HERE = Path(__file__).parent
PAIRS = [
    json.loads(line) for line in (HERE / "minimal_pairs.jsonl").read_text("utf-8").splitlines()
]
FLOORS = json.loads((HERE / "quality_floors.json").read_text("utf-8"))["minimal_pairs"]
VOICES = ("own", "quoted", "reported")


@pytest.fixture(scope="module")
def transformer() -> Classifier:
    return framing.load("transformer")


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [pair for pair in PAIRS if pair["kind"] == kind]


def found(classifier: Classifier, text: str, device: str) -> list[LabelledSpan]:
    """Return spans of a device, uncertain ones too: a short text gives a model little to go by."""
    scored = classifier.predict(text)
    return [span for span in (*scored.spans, *scored.uncertain) if span.device == device]


def over_clause(classifier: Classifier, pair: dict[str, Any], voice: str) -> LabelledSpan | None:
    """Return the span with the highest score over the clause, None where there is none."""
    start = pair[voice].index(pair[f"span_{voice}"])
    end = start + len(pair[f"span_{voice}"])
    spans = [
        span
        for span in found(classifier, pair[voice], pair["device"])
        if span.start < end and start < span.end
    ]
    return max(spans, key=lambda span: span.score or 0, default=None)


def test_the_pairs_are_as_they_say() -> None:
    assert (len(of_kind("negation")), len(of_kind("voice"))) == (60, 60)
    assert all(pair["with"].count(pair["span"]) == 1 for pair in of_kind("negation"))
    assert all(
        pair[voice].count(pair[f"span_{voice}"]) == 1
        for pair in of_kind("voice")
        for voice in VOICES
    )


def test_a_device_scores_lower_when_it_is_negated(transformer: Classifier) -> None:
    lower = [
        transformer.predict(pair["without"]).device_scores[pair["device"]]
        < transformer.predict(pair["with"]).device_scores[pair["device"]]
        for pair in of_kind("negation")
    ]
    assert sum(lower) / len(lower) >= FLOORS["negation"]


def test_the_voice_of_a_clause_follows_who_says_it(transformer: Classifier) -> None:
    spans = {
        (index, voice): over_clause(transformer, pair, voice)
        for index, pair in enumerate(of_kind("voice"))
        for voice in VOICES
    }
    judged = [(voice, span.voice) for (_, voice), span in spans.items() if span is not None]
    right = sum(expected == said for expected, said in judged) / len(judged)
    assert len(judged) / len(spans) >= FLOORS["voice_found"]
    assert right >= FLOORS["voice_right"]
