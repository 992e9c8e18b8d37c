"""The shipped models and the shipped data, as a user gets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framing import load
from framing.corpus import Corpus
from framing.evaluation import evaluate

ROOT = Path(__file__).parent.parent
# Floors lie about the half width of the 95 % interval under the measured figure: chance alone does
# not break them, a real loss does. A new model may raise them; lowering one needs a reason here.
FLOORS = json.loads((ROOT / "tests" / "quality_floors.json").read_text("utf-8"))


def test_authored_test_split_is_the_one_that_the_floors_were_measured_on(
    shipped_corpus: Corpus,
) -> None:
    assert shipped_corpus.digest(shipped_corpus.split("test", {"authored"})) == FLOORS["digest"]


@pytest.mark.parametrize("name", ["transformer", "tfidf"])
def test_shipped_model_stays_over_its_floors(shipped_corpus: Corpus, name: str) -> None:
    evaluation = evaluate([load(name)], shipped_corpus, "test", {"authored"})
    group = evaluation.models[0].groups["all"]
    figures = {"micro": group.micro.overlap.f1.value} | {
        device: of_device.overlap.f1.value for device, of_device in group.devices.items()
    }
    low = {
        key: (figures[key], floor)
        for key, floor in FLOORS["overlap_f1"][name].items()
        if not (figures[key] or 0) >= floor
    }
    assert not low


@pytest.mark.parametrize("name", ["transformer", "tfidf"])
def test_shipped_model_finds_a_plain_denial_in_its_voices(name: str) -> None:
    text = (
        "The ministry issued a statement on the prison.\n\n"
        "No such prison exists in our province, and none has ever existed.\n\n"
        'The spokesman rejected the report. "These claims are lies from first to last," he said.'
    )
    scored = load(name).predict(text)
    denials = [span for span in scored.spans if span.device == "denial"]
    assert any("exist" in scored.quote(span) for span in denials)
    assert scored.device_scores["denial"] > 0.5 > scored.device_scores["foreignising"]


def test_first_tenth_and_last_authored_documents_are_as_labelled(shipped_corpus: Corpus) -> None:
    documents = shipped_corpus.split(None, {"authored"})
    facts = [
        (d.document.doc_id, len(d.document.text), len(d.spans))
        for d in (documents[0], documents[9], documents[-1])
    ]
    assert [list(fact) for fact in facts] == FLOORS["records"]["facts"]
    assert len(documents) == FLOORS["records"]["n_documents"]
