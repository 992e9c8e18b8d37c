from __future__ import annotations

import msgspec
import pytest
from corpus_files import CorpusFiles
from hypothesis import given
from hypothesis import strategies as st

from framing.corpus import Name, read_corpus
from framing.diversity import (
    authored_figures,
    figures_at_hand,
    leftover_markup,
    measured_findings,
)
from framing.diversity.cues import cue_monotony
from framing.diversity.duplicates import near_duplicates
from framing.diversity.names import fisher_p
from framing.diversity.trigrams import word_trigrams

DEVICES = ("blame_shifting", "foreignising", "denial", "sourcing_appeal")


@pytest.fixture
def files(tmp_path):
    return CorpusFiles(tmp_path)


def corpus_of(files):
    return read_corpus(*files.write())


def findings_of(files):
    return measured_findings(corpus_of(files), files.labels / "splits.json")


def attach(files, doc_id, text, *spans, split="train"):
    """Add a document of the collection 'wire' with the user's own copy of its text."""
    files.add(doc_id, text, *spans, collection="wire", split=split)
    folder = files.seeds / "attached" / "wire"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{doc_id}.txt").write_text(text, encoding="utf-8")


def test_trigrams_are_runs_of_three_words_whatever_their_case_and_punctuation():
    assert word_trigrams("“We DIDN’T, Oru; no.”") == {"we didn't oru", "didn't oru no"}
    assert word_trigrams("Two words") == set()


# Near-duplicates

WORDS = [f"word{number}" for number in range(200)]


def test_two_texts_with_more_than_half_of_their_trigrams_in_common_are_near_duplicates():
    # 50 words are 48 trigrams. With 10 other words behind, they have 58: 48 / 58 = 0.83.
    # With 48 others, 96: 48 / 96 = 0.5, not over it.
    texts = {
        "a": " ".join(WORDS[:50]),
        "b": " ".join(WORDS[:60]).upper(),
        "c": " ".join(WORDS[:98]),
        "d": " ".join(WORDS[100:150]),
    }
    pairs = {(pair.first, pair.second): pair.similarity for pair in near_duplicates(texts)}
    # b and c: 58 of 96.
    assert pairs == {("a", "b"): pytest.approx(48 / 58), ("b", "c"): pytest.approx(58 / 96)}


def test_texts_without_three_words_are_like_no_other():
    assert near_duplicates({"a": "", "b": "", "c": "Two words", "d": "Two words"}) == []


@given(st.lists(st.text("abc ", max_size=60), max_size=6))
def test_near_duplicates_are_those_of_the_exact_measure(texts):
    named = {str(index): text for index, text in enumerate(texts)}
    trigrams = {doc_id: word_trigrams(text) for doc_id, text in named.items()}
    expected = [
        (one, other)
        for one in sorted(named)
        for other in sorted(named)
        if one < other
        and 2 * len(trigrams[one] & trigrams[other]) > len(trigrams[one] | trigrams[other])
    ]
    assert [(pair.first, pair.second) for pair in near_duplicates(named)] == expected


LETTER = (
    "The harbour office of Tarn sent the crews home before the storm had reached the outer quay."
)


def test_near_duplicates_in_two_splits_are_a_problem_and_in_one_a_warning(files):
    attach(files, "wire-1", LETTER, split="train")
    attach(files, "wire-2", LETTER + " They came.", split="test")
    attach(files, "wire-3", LETTER + " They left.", split="test")
    findings = findings_of(files)
    # LETTER has 17 words, 15 trigrams; with two more words 17: 15 / 17 = 0.88. The two that have
    # them share 'outer quay they' too: 16 / 18 = 0.89.
    first, second = findings.problems
    assert "splits.json: wire-1 (train) and wire-2 (test) are near-duplicates, similarity" in first
    assert "similarity 0.88. Keep them in one split" in first
    assert "wire-1 (train) and wire-3 (test)" in second
    (warning,) = findings.warnings
    assert warning.startswith(
        "wire-2 (test) and wire-3 (test) are near-duplicates, similarity 0.89"
    )


def test_a_contrast_pair_may_be_alike(files):
    files.add("quay-1", LETTER, split="train", pair="p")
    files.add("quay-2", LETTER + " They came.", split="test", pair="p")
    findings = findings_of(files)
    assert (findings.problems, findings.warnings) == ((), ())
    assert figures_at_hand(corpus_of(files))["near_duplicates"] == []


# Markup


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("They {{denial/own: denied}} it.", ["{{", "}}"]),
        ("See [[Tarn]].", ["[["]),
        ('A <A href="x">link</A>,<br/> again <br/>.', ['<A href="x">', "</A>", "<br/>"]),
        ("TODO: Lorem ipsum.", ["TODO", "Lorem"]),
        ("1 < 2 > 0, <anon> wrote of Loremont [1] {x} and of todo lists.", []),
    ],
)
def test_leftover_markup_is_found_and_other_brackets_are_not(text, found):
    assert leftover_markup(text) == found


def test_markup_in_more_than_one_text_of_a_hundred_is_a_warning(files):
    for number in range(100):
        attach(files, f"w-{number:02}", f"Line {number}." + "<p>" * (number == 3))
    assert figures_at_hand(corpus_of(files))["n_with_markup"] == {"wire": 1}
    assert findings_of(files).warnings == ()
    attach(files, "w-07", "Line TODO.")
    assert findings_of(files).warnings == ("wire: 2 texts hold leftover markup, the first is w-03",)


# Cue phrases


def test_monotony_is_the_share_of_spans_with_one_of_the_ten_most_frequent_trigrams():
    # 'there was no' is in three spans of five, 'was no fire' in two; all others in one each.
    quotes = [
        "there was no fire",
        "There was no fire!",
        "there was no flood",
        "we lit nothing at all",
        "lies",
    ]
    measured = cue_monotony(quotes)
    assert measured.cues == ("there was no", "was no fire")
    assert measured.share == 3 / 5


def test_only_the_ten_most_frequent_trigrams_are_cues():
    # Eleven trigrams in two spans each, without a word in common; ten of them are cues.
    quotes = [f"a{number} b{number} c{number}" for number in range(11)] * 2
    measured = cue_monotony(quotes)
    assert len(measured.cues) == 10
    assert measured.share == 20 / 22


def test_without_spans_there_is_no_monotony():
    assert cue_monotony([]).share is None


def many(files, n_documents, quote_of, device="denial", voice="own"):
    """Add authored documents of 60 words and more, a setting each, with one span each."""
    for number in range(n_documents):
        quote = quote_of(number)
        rest = " ".join(f"x{number}y{word}" for word in range(60))
        spans = [(device, voice, quote)] if quote else []
        files.add(f"d-{number:03}", f"{quote}: {rest}", *spans, setting=f"s{number}")


def test_over_a_quarter_of_spans_with_a_cue_is_a_warning(files):
    # 14 of 56 are a quarter, which is allowed; 15 of 56 are not.
    many(files, 56, lambda n: "there was no fire" if n < 14 else f"u{n} v{n} w{n}")
    cued = [line for line in findings_of(files).warnings if "cues" in line]
    assert cued == []
    many(files, 56, lambda n: "there was no fire" if n < 15 else f"u{n} v{n} w{n}")
    authored, at_hand = [line for line in findings_of(files).warnings if "cues" in line]
    assert authored.startswith(
        "authored: 27% of the spans of denial hold one of ten cues, expected at most 25%: "
        "'there was no', 'was no fire'"
    )
    assert at_hand.startswith("all texts at hand: 27%")


def test_a_share_of_few_spans_is_no_warning(files):
    many(files, 49, lambda _: "there was no fire")
    assert findings_of(files).warnings == ()


# Balance and lengths


def test_a_rare_voice_and_a_collection_without_empty_documents_are_warnings(files):
    # 50 documents, each with a span of its own voice: no document without one, no other voice.
    many(files, 50, lambda n: f"u{n} v{n} w{n}")
    assert findings_of(files).warnings == (
        "authored: only 0% of the documents have no span, expected at least 10%",
        "only 0% of the spans are of voice quoted, expected at least 20%",
        "only 0% of the spans are of voice reported, expected at least 20%",
    )


def test_balance_is_measured_without_texts(files):
    for number in range(50):
        files.add(f"w-{number}", "We lied.", ("denial", "own", "We lied"), collection="wire")
    assert "wire: only 0% of the documents have no span" in findings_of(files).warnings[0]


def test_many_short_or_long_authored_documents_are_a_warning(files):
    # 3 of 54 are 5.6 % and too many, 2 of 54 are 3.7 %.
    lengths = [59] * 3 + [60] * 24 + [1200] * 25 + [1201] * 2
    for number, n_words in enumerate(lengths):
        text = " ".join(f"x{number}y{word}" for word in range(n_words))
        files.add(f"d-{number}", text, setting=f"s{number}")
    figures = authored_figures(corpus_of(files))
    assert figures["share_under_60_words"] == 0.0556
    assert figures["share_over_1200_words"] == 0.037
    assert findings_of(files).warnings == (
        "authored: 5.6% of the documents have under 60 words, expected at most 5%",
    )


# Names


def test_fishers_exact_test_of_the_lady_tasting_tea():
    # Fisher 1935: 4 of 8 cups, all named rightly: 1 / 70; at least three of four: 17 / 70.
    assert fisher_p(4, 4, 4, 8) == pytest.approx(1 / 70)
    assert fisher_p(3, 4, 4, 8) == pytest.approx(17 / 70)
    assert fisher_p(0, 4, 4, 8) == 1.0


@given(st.data())
def test_the_chance_of_so_many_is_one_at_the_least_number_and_falls(data):
    n_documents = data.draw(st.integers(1, 40))
    n_name, n_device = (data.draw(st.integers(0, n_documents)) for _ in range(2))
    least = max(0, n_name + n_device - n_documents)
    chances = [
        fisher_p(n_both, n_name, n_device, n_documents)
        for n_both in range(least, min(n_name, n_device) + 1)
    ]
    assert chances[0] == 1.0
    assert chances == sorted(chances, reverse=True)


def leaky(files, names_of=None):
    """Add 40 documents: Oru in 10, which all deny, Belan in 10, half of which do; 5 others do."""
    for number in range(40):
        name = "Oru" if number < 10 else "Belan" if number < 20 else "They"
        spans = [("denial", "own", "denied it")] if number < 15 or number >= 35 else []
        text = f"{name} denied it, they said of u{number} v{number}"
        files.add(f"d-{number}", text, *spans, setting=f"s{number % 4}")
        if names_of:
            row = files.manifest[f"d-{number}"]
            files.manifest[f"d-{number}"] = msgspec.structs.replace(row, names=names_of(number))


def test_a_name_whose_documents_all_hold_a_device_leaks(files):
    leaky(files)
    (leak,) = authored_figures(corpus_of(files))["leaking_names"]
    # 20 of 40 deny. Oru and Belan are candidates ('They' is written small elsewhere), times four
    # devices: 8 tests. C(20, 10) / C(40, 10) = 184756 / 847660528 = 0.000218; times 8: 0.001744.
    assert leak == {
        "name": "Oru",
        "device": "denial",
        "n_documents": 10,
        "n_with_device": 10,
        "share_of_all": 0.5,
        "p_value": 0.001744,
    }
    assert findings_of(files).warnings == (
        "authored: the name 'Oru' gives denial away: in 10 of its 10 documents, against 50% of all "
        "(p = 0.002)",
    )


def test_names_of_the_manifest_come_before_capitalised_words(files):
    leaky(files, lambda number: (Name("Oruvia" if number < 10 else f"N{number}", "country"),))
    (leak,) = authored_figures(corpus_of(files))["leaking_names"]
    # One candidate, four tests: 4 * 0.000218.
    assert (leak["name"], leak["p_value"]) == ("Oruvia", 0.0008718)


def test_a_name_of_two_settings_alone_does_not_count(files):
    leaky(files)
    for number in range(10):
        row = files.manifest[f"d-{number}"]
        path = f"authored/s{number % 4}/d-{number}.txt"
        files.manifest[f"d-{number}"] = msgspec.structs.replace(
            row, setting=f"s{number % 2}", path=path
        )
    assert authored_figures(corpus_of(files))["leaking_names"] == []


def test_without_authored_documents_their_figures_are_empty(files):
    attach(files, "wire-1", LETTER)
    figures = authored_figures(corpus_of(files))
    assert figures["n_documents"] == 0
    assert figures["cue_monotony"] == {d: {"share": None, "cues": ()} for d in DEVICES}
    assert figures["leaking_names"] == []
    assert findings_of(files).problems == findings_of(files).warnings == ()
