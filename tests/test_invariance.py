from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from corpus_files import CorpusFiles
from five_documents import TAXONOMY, D, Listed, S
from hypothesis import given
from hypothesis import strategies as st

from framing.corpus import read_corpus
from framing.evaluation import evaluate
from framing.invariance import (
    NAMES,
    Flips,
    Variants,
    all_variants,
    curly_quotes,
    html_leftovers,
    measure_flips,
    nations_in,
    plain_dashes,
    straight_quotes,
)
from framing.report.evaluation import render_markdown
from framing.spans import Document, LabelledDocument, LabelledSpan, ScoredDocument

SPAN = LabelledSpan(0, 1, D, "own", 0.9, 0.9)


class Shouted(Listed):
    """Reports denial where a text has a capital A, is uncertain of it where it has an a."""

    def __init__(self) -> None:
        super().__init__("shouted", [])

    def score_documents(self, documents: Iterable[Document]) -> Iterator[ScoredDocument]:
        for document in documents:
            reported, uncertain = "A" in document.text, "a" in document.text
            yield ScoredDocument(
                document,
                (SPAN,) if reported else (),
                {D: 0.9 if reported else 0.1, S: 0.0},
                (SPAN,) if uncertain and not reported else (),
            )


def documents(*texts: str) -> list[LabelledDocument]:
    return [LabelledDocument(Document(f"d{i}", text)) for i, text in enumerate(texts)]


def flips_of(
    labelled: list[LabelledDocument], variants: dict[str, Variants]
) -> dict[str, dict[str, Flips]]:
    scored = list(Shouted().score_documents(each.document for each in labelled))
    return measure_flips(Shouted(), labelled, scored, variants, seed=0)


def flips(*texts: str) -> dict[str, Flips]:
    upper = {
        "upper": lambda labelled: [replace(labelled.document, text=labelled.document.text.upper())]
    }
    return flips_of(documents(*texts), upper)["upper"]


def test_verdicts_that_change_are_counted_by_their_direction() -> None:
    # 'b' stays without; 'a' was uncertain and is reported; 'c' has no change of letters
    found = flips("b", "a", "Ab", "123")
    assert found[D].n_documents == 3
    assert found[D].n_verdicts == 3
    assert found[D].rate.value == pytest.approx(1 / 3)
    assert (found[D].gained.value, found[D].lost.value) == (pytest.approx(1 / 3), 0)
    assert found[D].firm.value == 0
    assert found[D].shift.value == pytest.approx(0.8 / 3)
    assert found[S].rate.value == 0
    assert found["micro"].n_verdicts == 6
    assert found["micro"].rate.value == pytest.approx(1 / 6)


def test_a_lost_report_without_a_trace_is_firm() -> None:
    lower = {"lower": lambda labelled: [replace(labelled.document, text="b")]}
    found = flips_of(documents("A", "Ab"), lower)["lower"][D]
    assert (found.lost.value, found.firm.value, found.gained.value) == (1, 1, 0)


def test_a_kind_that_changes_no_document_is_left_out() -> None:
    same = {"same": lambda labelled: [labelled.document]}
    assert flips_of(documents("A"), same) == {}


@pytest.fixture
def swapped(tmp_path):
    files = CorpusFiles(tmp_path)
    files.add("quay", "Nobody in Chad fell ill.\nThe quay of Chad is shut.\n", split="test")
    files.add("mill", "The mill is open.\n", split="test")
    return read_corpus(*files.write())


def test_names_are_those_of_the_manifest_or_else_real_nations(swapped) -> None:
    quay, mill = swapped.split("test")[::-1]
    names = all_variants(swapped, 3, seed=1)[NAMES]
    texts = [variant.text for variant in names(quay)]
    assert len(texts) == 3
    assert all("Chad" not in text and text.startswith("Nobody in ") for text in texts)
    assert [variant.text for variant in names(mill)] == [mill.document.text] * 3
    assert texts == [variant.text for variant in names(quay)]


def test_flips_stand_in_the_evaluation_when_they_are_asked_for(swapped) -> None:
    corpus = replace(swapped, taxonomy=TAXONOMY)
    plain, with_swaps = (evaluate([Shouted()], corpus, n_swaps=n) for n in (0, 2))
    assert plain.models[0].flips == {}
    assert "flip" not in render_markdown(plain)
    found = with_swaps.models[0].flips
    assert found[NAMES][D].n_documents == 1
    assert found["upper case"][D].gained.value == 0.5  # the mill has no A
    assert "### Upper case: 2 documents" in render_markdown(with_swaps)


def test_nations_are_found_in_all_forms() -> None:
    assert [name.name for name in nations_in("Chadians met a Kenyan; chile is a pepper.")] == [
        "Chad",
        "Kenya",
    ]


@given(st.text(alphabet="ab '\"“”‘’—\n"))
def test_styles_keep_the_words(text: str) -> None:
    for style in (straight_quotes, curly_quotes, plain_dashes):
        assert [c for c in style(text) if c.isalpha()] == [c for c in text if c.isalpha()]
    assert straight_quotes(curly_quotes(straight_quotes(text))) == straight_quotes(text)


def test_leftovers_of_html_are_escaped_once() -> None:
    assert html_leftovers("a < b\nc") == "a &lt; b<br />\nc"
