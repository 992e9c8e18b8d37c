"""Name swaps: consistent, and with every span in place."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest
from five_documents import TAXONOMY
from hypothesis import given
from hypothesis import strategies as st

from framing.augmentation import (
    draw_swaps,
    name_bank,
    real_nations,
    swap_names,
    swapped_documents,
)
from framing.corpus import Corpus
from framing.rows import ManifestRow, Name
from framing.sentences import enclosing_sentences, sentence_bounds
from framing.spans import Document, LabelledDocument, LabelledSpan, Span, text_sha256

ILVAKA = Name("Ilvaka", "country", {"noun": "Ilvaka", "adjective": "Ilvakan", "upper": "ILVAKA"})
TARR = Name("Ilko Tarr", "person", {"noun": "Ilko Tarr", "surname": "Tarr"})
RADIO = Name("Radio Ilvaka", "outlet", {"noun": "Radio Ilvaka"})
SWAPS = {"Ilvaka": "Ostrem", "Ilvakan": "Ostremi", "ILVAKA": "OSTREM", "Tarr": "Vo"}


def labelled(text: str, *spans: tuple[int, int]) -> LabelledDocument:
    return LabelledDocument(
        Document("d", text), tuple(LabelledSpan(*span, "denial", "own") for span in spans)
    )


def test_all_forms_and_mentions_are_replaced_together() -> None:
    text = "ILVAKA: Tarr, the Ilvakan minister, left Ilvaka's capital."
    swapped = swap_names(labelled(text), SWAPS)
    assert swapped.document.text == "OSTREM: Vo, the Ostremi minister, left Ostrem's capital."


def test_words_that_only_contain_a_form_stay() -> None:
    text = "Tarrow met Ilvakanists."
    assert swap_names(labelled(text), SWAPS).document.text == text


def test_the_title_is_swapped_with_the_text() -> None:
    document = Document("d", "Ilvaka falls\nTarr left.", title="Ilvaka falls")
    assert swap_names(LabelledDocument(document), SWAPS).document.title == "Ostrem falls"


@pytest.mark.parametrize(
    ("text", "swaps", "expected"),
    [
        ("An Ilvakan ship", {"Ilvakan": "Dorri"}, "A Dorri ship"),
        ("a Dorri ship", {"Dorri": "Ilvakan"}, "an Ilvakan ship"),
        ("a Dorri ship", {"Dorri": "Kelti"}, "a Kelti ship"),
        ("Panama a\nDorri", {"Dorri": "Ilvakan"}, "Panama an\nIlvakan"),
    ],
)
def test_the_article_follows_the_sound(text: str, swaps: dict[str, str], expected: str) -> None:
    assert swap_names(labelled(text), swaps).document.text == expected


def test_a_span_after_an_article_leaves_it_out() -> None:
    text = "It was an Ilvakan plot."
    swapped = swap_names(labelled(text, (10, 22)), {"Ilvakan": "Dorri"})
    assert [swapped.quote(span) for span in swapped.spans] == ["Dorri plot"]


def test_a_span_that_starts_or_ends_inside_a_word_takes_the_whole_of_it() -> None:
    swapped = swap_names(labelled("See Ilko Tarr go", (9, 16), (0, 8)), {"Ilko Tarr": "Ana Vo"})
    assert [swapped.quote(span) for span in swapped.spans] == ["Ana Vo go", "See Ana Vo"]


WORDS = ["Ilvaka", "Ilvakan", "Tarr", "a", "an", "went", "\U0001d54f", "e\u0301", "— never."]
NEW = {"Ilvaka": "Ó", "Ilvakan": "Verylongname", "Tarr": "\U0001d54f\U0001d54f"}


@st.composite
def documents(draw: st.DrawFn) -> LabelledDocument:
    words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12))
    starts = [sum(len(word) + 1 for word in words[:place]) for place in range(len(words))]
    spans = []
    for _ in range(draw(st.integers(0, 4))):
        first = draw(st.integers(0, len(words) - 1))
        last = draw(st.integers(first, len(words) - 1))
        spans.append((starts[first], starts[last] + len(words[last])))
    return labelled(" ".join(words), *spans)


@given(documents())
def test_a_span_holds_the_same_words_but_for_the_names(document: LabelledDocument) -> None:
    swapped = swap_names(document, NEW)
    for span, moved in zip(document.spans, swapped.spans, strict=True):
        words = [NEW.get(word, word) for word in document.quote(span).split(" ")]
        found = swapped.quote(moved).split(" ")
        assert [w for w in found if w not in {"a", "an"}] == [
            w for w in words if w not in {"a", "an"}
        ]
        assert len(found) == len(words)
        assert (moved.device, moved.voice) == (span.device, span.voice)


@given(documents())
def test_swapping_back_gives_the_document_back(document: LabelledDocument) -> None:
    text = document.document.text
    if re.search(r"(?<!\w)an? (Ilvaka|Tarr)", text):  # an article may have been wrong before
        return
    back = {new: old for old, new in NEW.items()}
    assert swap_names(swap_names(document, NEW), back) == document


def test_a_name_gets_one_of_its_kind_with_all_its_forms() -> None:
    bare = Name("Arrun", "country", {"noun": "Arrun"})
    whole = Name("Ostrem", "state", {"noun": "Ostrem", "adjective": "Ostremi"})
    person = Name("Ana Vo", "person", {"noun": "Ana Vo"})
    swaps = draw_swaps([ILVAKA, TARR], name_bank([bare, whole, person]), random.Random(1))
    assert swaps == {
        "Ilvaka": "Ostrem",
        "Ilvakan": "Ostremi",
        "ILVAKA": "OSTREM",
        "Ilko Tarr": "Ana Vo",
        "Tarr": "Vo",
    }


def test_forms_of_a_name_are_gathered_from_all_documents() -> None:
    names = [
        Name("Ostrem", "country", {"noun": "Ostrem"}),
        Name("Ostrem", "country", {"adjective": "Ostremi"}),
    ]
    swaps = draw_swaps([ILVAKA], name_bank(names), random.Random(1))
    assert swaps["Ilvakan"] == "Ostremi"


def test_a_name_inside_another_is_swapped_there() -> None:
    bank = name_bank([Name("Ostrem", "country", {"noun": "Ostrem", "adjective": "Ostremi"})])
    swaps = draw_swaps([ILVAKA, RADIO], bank, random.Random(1))
    text = "Radio Ilvaka said so."
    assert swap_names(labelled(text), swaps).document.text == "Radio Ostrem said so."


def test_two_names_never_get_the_same_one() -> None:
    names = [Name(noun, "country", {"noun": noun}) for noun in ("Arrun", "Bellia")]
    bank = name_bank([Name(noun, "country", {"noun": noun}) for noun in ("Ostrem", "Dorr")])
    for seed in range(20):
        assert len(set(draw_swaps(names, bank, random.Random(seed)).values())) == 2


def test_a_name_stays_where_the_bank_has_nothing_for_it() -> None:
    ship = Name("Star of Arrun", "ship", {"noun": "Star of Arrun"})
    assert draw_swaps([ship, TARR], name_bank([]), random.Random(1)) == {}


def test_real_nations_have_every_form_and_come_from_all_regions() -> None:
    nations = {name.name: name.forms for name in real_nations()}
    assert len(nations) > 80
    assert {"Kenya", "Peru", "Poland", "Iran", "Vietnam", "Fiji"} <= nations.keys()
    assert all(
        forms.keys() == {"noun", "adjective", "plural", "person"} for forms in nations.values()
    )


@pytest.fixture
def corpus() -> Corpus:
    """Three documents of train, two of them with listed names."""
    texts = {"d1": "Ilvaka denies it.", "d2": "No names here.", "d3": "Tarr came from Ilvaka."}
    names = {"d1": (ILVAKA,), "d2": (), "d3": (ILVAKA, TARR)}
    rows = {
        doc_id: ManifestRow(
            doc_id=doc_id,
            collection="authored",
            sha256=text_sha256(text),
            n_characters=len(text),
            names=names[doc_id],
        )
        for doc_id, text in texts.items()
    }
    documents = tuple(
        LabelledDocument(Document(doc_id, text), (LabelledSpan(0, 6, "denial", "own"),))
        for doc_id, text in texts.items()
    )
    return Corpus(TAXONOMY, rows, documents, dict.fromkeys(texts, "train"), ())


def test_no_share_changes_nothing(corpus: Corpus) -> None:
    assert swapped_documents(corpus, corpus.documents, 0.0, 1) == list(corpus.documents)


def test_a_whole_share_changes_every_document_with_names(corpus: Corpus) -> None:
    swapped = swapped_documents(corpus, corpus.documents, 1.0, 1)
    assert "Ilvaka" not in swapped[0].document.text + swapped[2].document.text
    assert swapped[1] == corpus.documents[1]


def test_a_document_gets_the_same_names_whatever_stands_beside_it(corpus: Corpus) -> None:
    alone = swapped_documents(corpus, corpus.documents[:1], 1.0, 1)
    assert swapped_documents(corpus, corpus.documents, 1.0, 1)[:1] == alone
    assert swapped_documents(corpus, corpus.documents[:1], 1.0, 2) != alone


def test_spans_of_the_shipped_documents_stay_inside_their_sentences(
    shipped_corpus: Corpus,
) -> None:
    documents = [
        each
        for each in shipped_corpus.split("dev", {"authored"})
        if shipped_corpus.manifest[each.document.doc_id].names
    ]
    for before, after in zip(
        documents, swapped_documents(shipped_corpus, documents, 1.0, 5), strict=True
    ):
        sentences = sentence_bounds(before.document.text)
        moved = sentence_bounds(after.document.text)
        if len(moved) != len(sentences):  # a name that ends like an abbreviation
            continue
        for span, new in zip(before.spans, after.spans, strict=True):
            here = enclosing_sentences(sentences, Span(span.start, span.end))
            there = enclosing_sentences(moved, Span(new.start, new.end))
            assert sentences.index(here) == moved.index(there)
        assert replace(after, document=before.document, spans=before.spans) == before
