from __future__ import annotations

import json

import msgspec
import pytest
from corpus_files import CorpusFiles

from framing.attachment import attach
from framing.corpus import SpanRow, read_corpus
from framing.validation import (
    check_corpus,
    check_stats,
    corpus_stats,
    format_all_figures,
    format_stats,
)

QUAY = 'The quay burned. "We never lit it," said Oru.'
MILL = "The mill closed on Friday. No one was hurt."
WIRE = "Known sources say so.\r\nThe wire has no more."


@pytest.fixture
def files(tmp_path):
    files = CorpusFiles(tmp_path)
    files.add("quay-1", QUAY, ("denial", "quoted", "We never lit it"))
    files.add("mill-1", MILL, split="dev", setting="mill")
    files.add("wire-7", WIRE, ("sourcing_appeal", "own", "Known sources"), collection="wire")
    return files


def mark(files, doc_id, *spans):
    """Give a document spans, each (start, end, device) and, if need be, voice and quote."""
    rows = []
    for start, end, device, *more in spans:
        voice = more[0] if more else "own"
        quote = more[1] if len(more) > 1 else QUAY[start:end]
        rows.append(SpanRow(start, end, device, voice, quote))
    files.rows[doc_id] = msgspec.structs.replace(files.rows[doc_id], spans=tuple(rows))


def test_a_sound_corpus_has_no_problem(files):
    assert check_corpus(*files.write()) == []


def one_problem(files):
    (problem,) = check_corpus(*files.write())
    return problem


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        # 'burned.' ends at 16, the space behind it at 17.
        ((4, 16, "denial"), "quay-1 4:16: ends with '.'"),
        ((3, 15, "denial"), "quay-1 3:15: starts with white space"),
        ((4, 9, "denial"), "quay-1 4:9: ends with white space"),
        ((9, 26, "denial"), "quay-1 9:26: goes over the end of a sentence at 17"),
        ((4, 8, "irony"), "quay-1 4:8: unknown device 'irony'"),
        ((4, 8, "denial", "loud"), "quay-1 4:8: unknown voice 'loud'"),
        ((4, 80, "denial"), "quay-1 4:80: the text has only 45 characters"),
        ((8, 4, "denial"), "quay-1 8:4: empty or reversed"),
        ((4, 8, "denial", "own", "quai"), "quay-1 4:8: quote 'quai' differs from the text 'quay'"),
        ((4, 8, "denial", "own", None), "quay-1 4:8: no quote"),
    ],
)
def test_a_span_that_is_not_one_is_a_problem(files, span, expected):
    mark(files, "quay-1", span)
    problem = one_problem(files)
    assert "authored.jsonl:2: " + expected in problem


def test_free_span_bounds_leave_edges_and_sentence_ends_unchecked(files):
    mark(files, "quay-1", (3, 26, "denial"), (4, 16, "foreignising"))
    labels, seeds = files.write()
    assert len(check_corpus(labels, seeds)) == 3
    taxonomy = labels / "taxonomy.toml"
    taxonomy.write_text('span_bounds = "free"\n' + taxonomy.read_text("utf-8"), "utf-8")
    assert check_corpus(labels, seeds) == []
    mark(files, "quay-1", (3, 26, "denial"), (4, 16, "denial"))
    files.write()
    assert "quay-1 4:16: overlaps 3:26" in one_problem(files)


def test_overlap_is_a_problem_within_a_device_alone(files):
    mark(files, "quay-1", (0, 8, "denial"), (4, 15, "foreignising"))
    assert check_corpus(*files.write()) == []
    mark(files, "quay-1", (0, 8, "denial"), (4, 15, "denial"))
    assert "quay-1 4:15: overlaps 0:8, also denial" in one_problem(files)


def test_overlap_is_found_without_the_text(files):
    mark(files, "wire-7", (0, 5, "denial", "own", None), (2, 9, "denial", "own", None))
    assert "wire-7 2:9: overlaps 0:5" in one_problem(files)


def test_a_quote_of_a_text_that_is_not_shipped_is_a_problem(files):
    mark(files, "wire-7", (0, 5, "denial", "own", "Known"))
    assert "wire-7 0:5: a quote of a text that is not shipped" in one_problem(files)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Cafe\u0301 closed.", "mill-1: the text is not in Unicode form NFC"),
        ("One.\r\nTwo.", "mill-1: the text has CR line ends"),
        ("It was {{denial/own: no}}.", "mill-1: left over in the text: '{{', '}}'. Import"),
        ("It <b>was</b>. TODO", "mill-1: left over in the text: '<b>', '</b>', 'TODO'. Import"),
    ],
)
def test_authored_text_is_nfc_with_lf_and_without_markup(files, text, expected):
    files.add("mill-1", text, split="dev", setting="mill")
    assert "manifest.jsonl:1: " + expected in one_problem(files)


def test_a_wrong_number_of_characters_is_a_problem(files):
    files.manifest["mill-1"] = msgspec.structs.replace(files.manifest["mill-1"], n_characters=9)
    assert "mill-1: n_characters 9, but the text has 43" in one_problem(files)


def test_a_missing_and_a_changed_text_are_problems(files):
    labels, seeds = files.write()
    (seeds / "authored" / "mill" / "mill-1.txt").unlink()
    (seeds / "authored" / "harbour" / "quay-1.txt").write_text(QUAY.upper())
    first, second = check_corpus(labels, seeds)
    assert "mill-1.txt: cannot be read" in first
    assert "quay-1.txt: SHA-256" in second


def test_labels_in_the_file_of_another_collection_are_a_problem(files):
    labels, seeds = files.write()
    (labels / "spans" / "wire.jsonl").rename(labels / "spans" / "news.jsonl")
    (problem,) = check_corpus(labels, seeds)
    assert "news.jsonl:1: wire-7: of collection wire. Move it to wire.jsonl" in problem


def test_labels_without_a_source_are_a_problem(files):
    labels, seeds = files.write()
    with (labels / "spans" / "authored.jsonl").open("ab") as rows:
        rows.write(msgspec.json.encode(files.rows["wire-7"]).replace(b"wire-7", b"gone-1"))
    (problem,) = check_corpus(labels, seeds)
    assert "authored.jsonl:3: gone-1 is not in" in problem


def test_every_labelled_document_is_in_a_split_and_no_other_is(files):
    del files.splits["mill-1"]
    files.splits["ghost"] = "test"
    ghost, missing = check_corpus(*files.write())
    assert "ghost of test has no labels" in ghost
    assert "mill-1 is in no split" in missing


def test_an_id_in_two_splits_is_a_problem(files):
    labels, seeds = files.write()
    (labels / "splits.json").write_text('{"seed": 1, "dev": ["a"], "test": ["a"]}')
    (problem,) = check_corpus(labels, seeds)
    assert "a is in dev and again in test" in problem


def test_a_setting_a_pair_and_a_text_stay_in_one_split(files):
    files.add("quay-2", "Another text.", split="test")  # the setting of quay-1
    files.add("wire-8", "A first.", collection="wire", split="test", pair="p")
    files.add("wire-9", "A second.", collection="wire", split="dev", pair="p")
    files.add("wire-6", WIRE, collection="wire", split="dev")
    setting, pair, text = check_corpus(*files.write())
    assert "setting 'harbour' is in train (quay-1) and test (quay-2)" in setting
    assert "pair 'p' is in test (wire-8) and dev (wire-9)" in pair
    assert "one text is in dev (wire-6) and train (wire-7)" in text


def test_problems_of_all_files_come_in_order_of_place(files):
    labels, seeds = files.write()
    with (seeds / "manifest.jsonl").open("a") as manifest:
        manifest.write("{\n")
    with (labels / "spans" / "authored.jsonl").open("a") as rows:
        rows.write("[]\n")
    (labels / "splits.json").write_text("{")
    problems = check_corpus(labels, seeds)
    assert [problem.split(": ")[0].rpartition("/")[2] for problem in problems] == [
        "manifest.jsonl:4",
        "authored.jsonl:3",
        "splits.json",
    ]


def test_without_a_taxonomy_nothing_else_is_checked(files):
    labels, seeds = files.write()
    (labels / "taxonomy.toml").unlink()
    (problem,) = check_corpus(labels, seeds)
    assert "taxonomy.toml: cannot be read" in problem


def test_an_attached_text_is_checked_like_a_shipped_one(files, tmp_path):
    # 'so.' ends at 21, where the sentence does.
    mark(files, "wire-7", (6, 21, "sourcing_appeal", "own", None))
    labels, seeds = files.write()
    assert check_corpus(labels, seeds) == []
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text(WIRE, encoding="utf-8", newline="")
    attach(tmp_path / "mine", seeds)
    (problem,) = check_corpus(labels, seeds)
    assert "wire-7 6:21: ends with '.'" in problem


def test_stats_count_documents_spans_devices_and_voices(files):
    files.add("quay-2", "It is false.", ("denial", "own", "It is false"), split="test")
    stats = json.loads(json.dumps(corpus_stats(read_corpus(*files.write()))))
    assert stats["all"]["n_documents"] == 4
    assert stats["all"]["n_spans"] == 3
    assert stats["all"]["n_without_spans"] == 1
    # Documents have 12, 43, 44 and 45 characters.
    assert stats["all"]["document_characters"] == {"min": 12, "median": 43.5, "max": 45}
    assert stats["all"]["share_without_spans"] == 0.25
    assert stats["all"]["voices"] == {"own": 2, "quoted": 1, "reported": 0}
    assert stats["all"]["voice_shares"] == {"own": 0.6667, "quoted": 0.3333, "reported": 0.0}
    # 'We never lit it' has 4 words and 15 characters, 'It is false' 3 and 11.
    assert stats["all"]["devices"]["denial"] == {
        "n_spans": 2,
        "n_documents": 2,
        "voices": {"own": 1, "quoted": 1, "reported": 0},
        "span_characters": {"min": 11, "median": 13, "max": 15},
        "span_words": {"min": 3, "median": 3.5, "max": 4},
    }
    assert stats["all"]["devices"]["foreignising"]["span_words"] is None
    assert stats["all"]["devices"]["sourcing_appeal"]["span_words"] is None
    assert stats["collections"]["authored"]["splits"] == {"train": 1, "dev": 1, "test": 1}
    assert stats["collections"]["wire"]["n_spans"] == 1
    assert stats["splits"]["train"]["n_documents"] == 2
    assert stats["splits"]["test"]["devices"]["denial"]["n_spans"] == 1
    assert stats["splits"]["test"]["n_without_spans"] == 0
    assert stats["authored"]["n_documents"] == 3


def test_stats_do_not_depend_on_attached_texts(files, tmp_path):
    labels, seeds = files.write()
    before = format_stats(read_corpus(labels, seeds))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text(WIRE, encoding="utf-8", newline="")
    assert attach(tmp_path / "mine", seeds).attached == {"wire": 1}
    assert format_stats(read_corpus(labels, seeds)) == before


def test_texts_at_hand_are_measured_in_print_alone(files, tmp_path):
    labels, seeds = files.write()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text(WIRE, encoding="utf-8", newline="")
    attach(tmp_path / "mine", seeds)
    corpus = read_corpus(labels, seeds)
    printed = json.loads(format_all_figures(corpus))
    # 2 authored documents and the attached one.
    assert printed.pop("at_hand")["n_documents"] == 3
    assert printed == json.loads(format_stats(corpus))
    assert printed["authored"]["n_documents"] == 2


def test_stats_that_are_missing_or_old_are_a_problem(files):
    labels, seeds = files.write()
    corpus = read_corpus(labels, seeds)
    assert "stats.json: missing" in check_stats(corpus, labels)[0]
    (labels / "stats.json").write_text(format_stats(corpus), encoding="utf-8")
    assert check_stats(corpus, labels) == []
    files.rows["quay-1"] = msgspec.structs.replace(files.rows["quay-1"], spans=())
    assert "not up to date" in check_stats(read_corpus(*files.write()), labels)[0]
