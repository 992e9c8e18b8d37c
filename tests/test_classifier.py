from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator

import pytest
from phrase_matcher import PhraseMatcher

from framing.classifier import Classifier
from framing.spans import Document, ScoredDocument


class Counting(PhraseMatcher):
    """Counts the calls of `score_documents`."""

    n_calls = 0

    def score_documents(self, documents: Iterable[Document]) -> Iterator[ScoredDocument]:
        self.n_calls += 1
        return super().score_documents(documents)


def test_a_text_gives_one_scored_document() -> None:
    scored = PhraseMatcher().predict("It never happened.")
    assert isinstance(scored, ScoredDocument)
    assert [scored.quote(span) for span in scored.spans] == ["never happened"]


def test_a_document_gives_one_scored_document_and_keeps_its_identity() -> None:
    document = Document("quay-1", "It never happened.", title="Quay")
    scored = PhraseMatcher().predict(document)
    assert scored.document is document


@pytest.mark.parametrize("n", [0, 1, 3])
def test_a_sequence_gives_always_a_list_in_its_order(n: int) -> None:
    scored = PhraseMatcher().predict([f"It never happened. {i}" for i in range(n)])
    assert isinstance(scored, list)
    assert [s.document.text[-1] for s in scored] == [str(i) for i in range(n)]


def test_texts_are_named_by_their_place_and_documents_keep_their_names() -> None:
    scored = PhraseMatcher().predict(["Rain.", Document("quay-1", "Snow."), "Hail."])
    assert [s.document.doc_id for s in scored] == ["text-0", "quay-1", "text-2"]


def test_a_tuple_is_a_sequence_too() -> None:
    assert [s.document.text for s in PhraseMatcher().predict(("Rain.", "Snow."))] == [
        "Rain.",
        "Snow.",
    ]


def test_a_sequence_is_scored_in_one_go_so_that_a_network_can_batch_it() -> None:
    classifier = Counting()
    classifier.predict(["Rain.", "Snow.", "Hail."])
    assert classifier.n_calls == 1


def test_the_empty_text_is_scored() -> None:
    scored = PhraseMatcher().predict("")
    assert (scored.spans, scored.uncertain, scored.sentences) == ((), (), ())


def test_a_model_must_say_how_it_scores() -> None:
    assert inspect.isabstract(Classifier)
    with pytest.raises(TypeError, match="score_documents"):
        Classifier()  # type: ignore[abstract]
